"""Boxes with a coloured edge in a notebook, the same words in a terminal."""

import html
import sys
from dataclasses import dataclass
from typing import Literal

from IPython.display import display

Kind = Literal["open", "error", "wrong", "right", "note", "plain"]

# Okabe and Ito's colours; the title's words say the same without them
_EDGE = {
    "open": "#56B4E9",
    "error": "#CC79A7",
    "wrong": "#D55E00",
    "right": "#009E73",
    "note": "#999999",
    "plain": "transparent",
}
_SIGN = {"open": "○", "error": "!", "wrong": "✗", "right": "✓", "note": "i", "plain": ""}


@dataclass(frozen=True)
class Box:
    """A message: what happened, what it means, what to do next, and a line of detail."""

    kind: Kind
    title: str
    words: str
    next: str = ""
    detail: str = ""
    code: str = ""

    def __repr__(self) -> str:
        lines = [f"{self.title} {self.words}".strip(), self.detail and f"    {self.detail}", self.next, self.code]
        return "\n".join(line for line in lines if line)

    def _repr_html_(self) -> str:
        style = f"border-left: 6px solid {_EDGE[self.kind]}; padding: 0.4em 1em; margin: 0.3em 0; max-width: 60em"
        title = f"{_SIGN[self.kind]} {html.escape(self.title)}".strip()
        parts = [f"<strong>{title}</strong> {html.escape(self.words)}"]
        if self.detail:
            parts.append(f"<br><code>{html.escape(self.detail)}</code>")
        if self.next:
            parts.append(f"<br>{html.escape(self.next)}")
        if self.code:
            parts.append(f"<pre>{html.escape(self.code)}</pre>")
        return f'<div role="status" style="{style}">{"".join(parts)}</div>'


def in_notebook() -> bool:
    """Whether an IPython kernel runs this."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and hasattr(shell, "kernel")


def show_box(box: Box) -> None:
    """Show the box in a notebook; print its words elsewhere."""
    if in_notebook():
        display(box)
    else:
        print(box)
