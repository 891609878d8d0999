"""When libraries were last released and last changed, on one time line."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.sparsity.libraries import Record

COLOURS = {"alive": "#009E73", "quiet": "#E69F00", "ended": "#D55E00", "removed": "#CC79A7"}


@typed
def time_line(record: Record) -> tuple[Figure, str]:
    """A line for each library of which a date is known, with an arrow where its end is still to come; and words."""
    dated = [one for one in record.libraries if one.last_commit or one.last_release]
    dated.sort(key=lambda one: max(filter(None, (one.last_commit, one.last_release))))
    figure, ax = plt.subplots(figsize=(8.4, 0.32 * len(dated) + 1.4), layout="constrained")
    for y, one in enumerate(dated):
        colour, dates = COLOURS[one.status_observed], [_year(d) for d in (one.last_release, one.last_commit) if d]
        ax.plot(dates, [y] * len(dates), color=colour, lw=1)
        for date, marker in ((one.last_release, "s"), (one.last_commit, "o")):
            if date:
                ax.plot(_year(date), y, marker, color=colour, mfc="none" if marker == "o" else colour, ms=6)
        if one.status_observed == "alive":
            ax.annotate("", (2027.35, y), (max(dates), y), arrowprops={"arrowstyle": "->", "color": colour})
        ax.text(2027.45, y, one.status_observed, va="center", fontsize=9, color=colour)
    ax.axvline(_year("2020-03-07"), color="#777777", ls=":")
    ax.set_yticks(range(len(dated)), [one.name for one in dated], fontsize=9)
    for label, one in zip(ax.get_yticklabels(), dated, strict=True):
        label.set_fontweight("bold" if one.named_in_2020 else "normal")
    words = "square: last release, ring: last commit seen; dotted: the discussion, bold: named in it"
    ax.set(xlim=(2019, 2028.5), xlabel=f"year ({words})")
    ax.set_xticks(range(2019, 2028))
    ax.set_title(f"What became of libraries for sparse networks, as seen on {record.checked_on}", fontsize=12)
    said = "; ".join(f"{one.name} {one.status_observed}" for one in dated)
    return figure, f"A line for each library, with its last release and the last commit that was seen: {said}."


def _year(date: str) -> float:
    year, month, *day = map(int, date.split("-"))
    return year + (month - 1) / 12 + (day[0] if day else 15) / 365
