"""Boxes with a coloured edge in a notebook, the same words in a terminal."""

import html
import io
import re
import sys
from dataclasses import dataclass
from typing import Literal

import rich.console
import rich.table
from IPython.display import display
from rich.cells import cell_len

from lthedu.base.terminal import clean

Kind = Literal["open", "error", "wrong", "right", "note", "plain", "supported", "unsupported"]

# Okabe and Ito's colours; the title's words say the same without them. A verdict on a claim is no grade: its own look
_EDGE = {
    "open": "#56B4E9",
    "error": "#CC79A7",
    "wrong": "#D55E00",
    "right": "#009E73",
    "note": "#999999",
    "plain": "transparent",
    "supported": "#0072B2",
    "unsupported": "#E69F00",
}
GAP = 2  # spaces between the columns of a table
_SIGN = {"open": "○", "error": "!", "wrong": "✗", "right": "✓", "supported": "■", "unsupported": "□"}


@dataclass(frozen=True)
class Box:
    """A message: what happened, what it means, what to do next, and a line of detail."""

    kind: Kind
    title: str
    words: str = ""
    next: str = ""
    detail: str = ""
    code: str = ""

    def __repr__(self) -> str:
        lines = [f"{self.title} {self.words}".strip(), self.detail and f"    {self.detail}", self.next, self.code]
        return "\n".join(line for line in lines if line)

    def _repr_html_(self) -> str:
        style = f"border-left: 6px solid {_EDGE[self.kind]}; padding: 0.4em 1em; margin: 0.3em 0; max-width: 60em"
        title = f"{_SIGN.get(self.kind, '')} {html.escape(self.title)}".strip()
        parts = [f"<strong>{title}</strong> {_marked(self.words)}"]
        if self.detail:
            parts.append(f"<br><code>{html.escape(self.detail)}</code>")
        if self.next:
            parts.append(f"<br>{_marked(self.next)}")
        if self.code:
            parts.append(f"<pre>{html.escape(self.code)}</pre>")
        return f'<div role="status" style="{style}">{"".join(parts)}</div>'


@dataclass(frozen=True)
class Caption:
    """What to look for in the figure above it; and what the figure shows, folded away in a notebook."""

    words: str
    description: str

    def __repr__(self) -> str:
        return f"{self.words}\n    Description: {self.description}"

    def _repr_html_(self) -> str:
        folded = f"<details><summary>Description of the figure</summary>{_marked(self.description)}</details>"
        return f'<div style="max-width: 60em">{_marked(self.words)}{folded}</div>'


def _marked(text: str) -> str:
    """The text as HTML, with `code` between backticks set as code, and its lines kept apart."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text)).replace("\n", "<br>")


def in_notebook() -> bool:
    """Whether an IPython kernel runs this."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and hasattr(shell, "kernel")


def show_box(box: "Box | Caption | Table") -> None:
    """Show the box, caption or table in a notebook; print its words elsewhere."""
    if in_notebook():
        display(box)
    else:
        print(clean(box))


@dataclass(frozen=True)
class Table:
    """A small table with a title above and notes below; the first column names its row.

    `terms`, what its words mean, are folded away in a notebook under the first of them.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return self.text(width=1_000_000)

    def text(self, width: int) -> str:
        """The table in lines of at most `width` characters; no word of it is cut.

        Where that is too few, the widest columns are folded between words; where even that is too wide, each row is
        lines of its own.

        >>> table = Table("Two", ("name", "words"), (("a", "one two"), ("b", "three")))
        >>> print(table.text(12))
        Two
        name  words
        a     one
              two
        b     three
        >>> print(table.text(10))
        Two
        a
          words:
        one two
        b
          words:
        three
        """
        plain = {"color_system": None, "highlight": False, "markup": False, "emoji": False, "legacy_windows": False}
        console = rich.console.Console(file=io.StringIO(), width=width, force_jupyter=False, **plain)  # type: ignore[arg-type]
        with console.capture() as got:
            for part in (self.title, *self._body(width), *self.notes, *self.terms):
                console.print(part)
        return "\n".join(line.rstrip() for line in got.get().splitlines())

    def _body(self, width: int) -> list[rich.table.Table | str]:
        widths = self._widths(width)
        if widths is None:
            rows = (zip(self.columns, row, strict=True) for row in self.rows)
            named = ([f"  {name}: {text}" for name, text in row if text] for row in rows)
            return [line for row, (_, *rest) in zip(self.rows, named, strict=True) for line in (row[0], *rest)]
        grid = rich.table.Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False)
        for name, wide in zip(self.columns, widths, strict=True):
            grid.add_column(name, width=wide)
        for row in self.rows:
            grid.add_row(*row)
        return [grid]

    def _widths(self, width: int) -> list[int] | None:
        """How wide each column is in a table of `width`; None where that would cut a word."""
        columns = list(zip(self.columns, *self.rows, strict=True))
        widths = [max(map(cell_len, column)) for column in columns]
        least = [max(map(cell_len, " ".join(column).split())) for column in columns]
        while sum(widths) + GAP * (len(widths) - 1) > width:
            foldable = [wide if wide > word else 0 for wide, word in zip(widths, least, strict=True)]
            if not any(foldable):
                return None
            widths[foldable.index(max(foldable))] -= 1
        return widths

    def _repr_html_(self) -> str:
        def cell(tag: str, text: str) -> str:
            return f'<{tag} style="text-align: left; padding: 0.2em 0.8em">{_marked(text)}</{tag.split()[0]}>'

        head = "".join(cell('th scope="col"', name) for name in self.columns)
        body = "".join(
            "<tr>" + cell('th scope="row"', row[0]) + "".join(cell("td", text) for text in row[1:]) + "</tr>"
            for row in self.rows
        )
        caption = f'<caption style="text-align: left; font-weight: bold">{html.escape(self.title)}</caption>'
        notes = "".join(f"<div>{_marked(note)}</div>" for note in self.notes)
        return (
            f'<div style="max-width: 60em"><table>{caption}<thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>{notes}{self._folded()}</div>"
        )

    def _folded(self) -> str:
        if not self.terms:
            return ""
        told = "".join(f"<div>{_marked(term)}</div>" for term in self.terms[1:])
        return f"<details><summary>{_marked(self.terms[0])}</summary>{told}</details>"
