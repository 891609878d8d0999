"""When libraries were last released and last changed, on one time line."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lthedu.base.arguments import typed
from lthedu.sparsity.libraries import Library, Record

COLOURS = {"alive": "#009E73", "quiet": "#E69F00", "ended": "#D55E00", "removed": "#CC79A7"}
DISCUSSION = "2020-03-07"
LEGEND = {
    "last release": {"marker": "s", "ls": ""},
    "last commit seen": {"marker": "o", "mfc": "none", "ls": ""},
    "from the discussion on, if named in it (bold)": {"lw": 4, "alpha": 0.4},
}


@typed
def time_line(record: Record) -> tuple[Figure, str]:
    """The last release and the last commit of each library of which a date is known; and words.

    Libraries that the discussion names have a bar from it to their last sign. Those that are alive have an arrow to the
    day of the check, since their end is still to come.
    """
    dated = [one for one in record.libraries if one.last_commit or one.last_release]
    dated.sort(key=_last_sign)
    figure, ax = plt.subplots(figsize=(8.4, 0.32 * len(dated) + 1.9), layout="constrained")
    begun, checked = _year(DISCUSSION), _year(record.checked_on)
    for y, one in enumerate(dated):
        _row(ax, y, one, begun, checked)
    for at, name, side in ((begun, " the discussion", "left"), (checked, "the check ", "right")):
        ax.axvline(at, color="#777777", ls=":", lw=1)
        ax.text(at, -1.1, name, ha=side, va="center", fontsize=9, color="#555555")
    ax.set_yticks(range(len(dated)), [one.name for one in dated], fontsize=9)
    for label, one in zip(ax.get_yticklabels(), dated, strict=True):
        label.set_fontweight("bold" if one.named_in_2020 else "normal")
    ax.set(xlim=(2019, 2028.2), ylim=(-1.7, len(dated) - 0.4), xlabel="year")
    ax.set_xticks(range(2019, 2028))
    handles = [Line2D([], [], color="#555555", label=label, **look) for label, look in LEGEND.items()]  # type: ignore[arg-type]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=9)
    ax.set_title(f"What became of libraries for sparse networks, as seen on {record.checked_on}", fontsize=12)
    said = "; ".join(f"{one.name}: {_last_sign(one)}, {one.status_observed}" for one in dated)
    return figure, (
        "A row for each library, with a square at its last release and a ring at the last commit that was seen. Dotted "
        "lines at the discussion and at the day of the check. Libraries that the discussion names, in bold, have a bar "
        f"from it to their last sign of life, and living ones an arrow to the check. Last sign and state: {said}."
    )


def _row(ax: Axes, y: int, one: Library, begun: float, checked: float) -> None:
    colour, last = COLOURS[one.status_observed], _year(_last_sign(one))
    if one.named_in_2020:
        ax.plot([begun, last], [y, y], color=colour, lw=4, alpha=0.4, solid_capstyle="butt")
    for date, marker in ((one.last_release, "s"), (one.last_commit, "o")):
        if date:
            ax.plot(_year(date), y, marker, color=colour, mfc="none" if marker == "o" else colour, ms=6)
    if one.status_observed == "alive":
        ax.annotate("", (checked, y), (last, y), arrowprops={"arrowstyle": "->", "color": colour})
    ax.text(checked + 0.15, y, one.status_observed, va="center", fontsize=9, color=colour)


def _last_sign(one: Library) -> str:
    return max(filter(None, (one.last_commit, one.last_release)))


def _year(date: str) -> float:
    year, month, *day = map(int, date.split("-"))
    return year + (month - 1) / 12 + (day[0] if day else 15) / 365
