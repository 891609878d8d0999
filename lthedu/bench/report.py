"""What the benchmarks say: tables of what was measured, printed, drawn and written."""

import io
import itertools
import json
import sys
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from lthedu.base import compiled
from lthedu.base.files import write_whole
from lthedu.base.machine import cpu_name, load, usable_cores
from lthedu.bench.measure import COPY, PRODUCT

TICKS = 8  # points of a curve that all get their number written
MORE_LOOKS = (  # of a fifth curve and a sixth, as `LOOKS` of the others
    {"color": "#CC79A7", "linestyle": "-", "marker": "v"},
    {"color": "#E69F00", "linestyle": "--", "marker": "x"},
)


def spread(values: Sequence[float], digits: int = 0) -> tuple[str, str, str]:
    """Median, minimum and maximum.

    >>> spread([1.0, 4.0, 1000.0])
    ('4', '1', '1,000')
    """
    return tuple(f"{value:,.{digits}f}" for value in (median(values), min(values), max(values)))  # type: ignore[return-value]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> list[str]:
    """Lines of columns as wide as their widest entry: `words` of them to the left, then numbers to the right.

    >>> table(("what", "ms"), [("a", "1.25"), ("b", "10")])
    ['what    ms', 'a     1.25', 'b       10']
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    sides = "<" * words + ">" * (len(head) - words)
    cells = [[f"{cell:{side}{w}}" for cell, side, w in zip(row, sides, widths, strict=True)] for row in (head, *rows)]
    return ["  ".join(row).rstrip() for row in cells]


@dataclass(frozen=True)
class Table:
    """What was measured of each contender in one unit, round by round: as lines, as a picture and as JSON.

    `names` are the heads of the columns that name a contender, and `more` the further columns by their heads. `along`
    is the one of `names` whose numbers are the horizontal axis of curves, `upright` the scale of their vertical one;
    without it the picture has bars.

    >>> print(*Table("ms/step", {"a": [1.0, 3.0], "b": [2.0, 2.0]}, digits=1).lines(), sep="\\n")
    per replicate  ms/step  min  max
    a                  2.0  1.0  3.0
    b                  2.0  2.0  2.0
    """

    unit: str
    found: Mapping[Any, Sequence[float]]  # by a contender's words: one, or a tuple with one for each of `names`
    names: tuple[str, ...] = ("per replicate",)
    more: Mapping[str, Sequence[str]] = field(default_factory=dict)
    digits: int = 2
    along: str | None = None
    upright: str = "log"

    def rows(self) -> list[tuple[tuple[str, ...], Sequence[float]]]:
        """Each contender's words, and what was measured of it."""
        return [((called,) if isinstance(called, str) else called, values) for called, values in self.found.items()]

    def lines(self) -> list[str]:
        """The printed table, with the median, minimum and maximum over the rounds."""
        more = list(zip(*self.more.values(), strict=True)) or [()] * len(self.found)
        rows = [(*called, *spread(v, self.digits), *m) for (called, v), m in zip(self.rows(), more, strict=True)]
        return table((*self.names, self.unit, "min", "max", *self.more), rows, words=len(self.names))

    def data(self) -> dict[str, Any]:
        """The numbers of every round, as JSON holds them."""
        rows = [{"name": called, "rounds": values} for called, values in self.rows()]
        return {"names": self.names, "unit": self.unit, "rows": rows, "more": self.more}

    def draw(self, ax: Any) -> None:
        """Draw medians on matplotlib's `ax`, each with a line from its minimum to its maximum."""
        from lthedu.figures.style import LOOKS

        curves: dict[str, dict[str, Sequence[float]]] = defaultdict(dict)  # contender: where, and what was measured
        for called, values in self.rows():
            words = dict(zip(self.names, called, strict=True))
            at = words.pop(self.along) if self.along else ""
            numbered = (f"{head} {word}" if word[0].isdigit() else word for head, word in words.items())
            curves[", ".join(numbered)][at] = values
        if self.along is None:
            middle, ends = _medians([values for curve in curves.values() for values in curve.values()])
            ax.barh(list(curves), middle, xerr=ends, color="#56B4E9")
            ax.invert_yaxis()
            ax.set_xlabel(self.unit)
        else:
            ax.set(xlabel=self.along, ylabel=self.unit, xscale="log", yscale=self.upright)
            for (contender, curve), look in zip(curves.items(), itertools.cycle([*LOOKS.values(), *MORE_LOOKS])):
                middle, ends = _medians(list(curve.values()))
                ax.errorbar([float(x) for x in curve], middle, yerr=ends, label=contender, capsize=2, **look)
                if len(curve) <= TICKS:
                    ax.set_xticks([float(x) for x in curve], list(curve), minor=False)
                    ax.set_xticks([], minor=True)
            if len(curves) > 1:
                ax.legend(fontsize="small")


def _medians(found: Sequence[Sequence[float]]) -> tuple[list[float], list[list[float]]]:
    """Medians, and how far the minima are below and the maxima above them."""
    middle = [median(values) for values in found]
    below = [m - min(values) for values, m in zip(found, middle, strict=True)]
    return middle, [below, [max(values) - m for values, m in zip(found, middle, strict=True)]]


def own_limits(found: Mapping[Any, Sequence[float]]) -> Table:
    """The table of what was measured of `limits`."""
    return Table("billion/s", {name: found[name] for name in (PRODUCT, COPY)}, ("this machine's own",), digits=1)


def _here() -> str:
    """The machine, its load and the versions."""
    numba = f"numba {sys.modules['numba'].__version__}" if compiled.AVAILABLE else "no numba"
    device = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    versions = f"numpy {np.__version__}, {numba}, torch {torch.__version__}{device}"
    return f"{cpu_name()}, {usable_cores()} cores, load {load()}; {versions}"


@dataclass(frozen=True)
class Report:
    """What a benchmark found: printed as text, and written as a picture and JSON under its `name`.

    `blocks` are tables and lines of words; `curves` are drawn and written, and too long to be printed.
    """

    name: str
    title: str
    blocks: Sequence[Table | Sequence[str]]
    curves: Sequence[Table] = ()
    here: str = field(default_factory=_here)

    def __str__(self) -> str:
        shown = (block.lines() if isinstance(block, Table) else block for block in self.blocks)
        return "\n".join([self.title, self.here, *(line for block in shown for line in ("", *block))])

    def write(self, folder: Path) -> None:
        """Write NAME.png and NAME.json into the folder, which is made where it is missing."""
        from matplotlib.figure import Figure

        from lthedu.figures.style import use_style

        use_style()
        tables = [*(block for block in self.blocks if isinstance(block, Table)), *self.curves]
        heights = [3.6 if each.along else 1 + 0.3 * len(each.found) for each in tables]
        figure = Figure(figsize=(9, sum(heights)), layout="constrained")
        axes = figure.subplots(len(tables), squeeze=False, height_ratios=heights)
        figure.suptitle(textwrap.fill(self.title, 100), fontsize="medium")
        for each, ax in zip(tables, axes.flat, strict=True):
            each.draw(ax)
        picture = io.BytesIO()
        figure.savefig(picture, format="png")
        found = {"title": self.title, "machine": self.here, "tables": [each.data() for each in tables]}
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{self.name}.png", picture.getvalue())
        write_whole(folder / f"{self.name}.json", json.dumps(found, indent=1) + "\n")
