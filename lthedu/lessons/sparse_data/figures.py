"""This lesson's figures of what was measured. Each returns a Figure and its description."""

from collections.abc import Mapping
from typing import Annotated, Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.figures.time_line import time_line as time_line
from lthedu.lessons.sparse_data.clock import CHANNELS, REAL, ROOM

Drawn = tuple[Figure, str]
MIDDLE = (
    "scene dimension inputs outputs share pairs kept kept_low kept_high rebuilt rebuilt_low rebuilt_high kept_torch"
)
Real = Annotated[pd.DataFrame, Columns("scene inputs outputs share boxed kept kept_cropped rebuilt_cropped")]
LOOKS: Mapping[int, dict[str, Any]] = {
    2: {"color": "#0072B2", "marker": "o", "ls": "-"},
    3: {"color": "#D55E00", "marker": "s", "ls": "--"},
}
TICKS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


def _axes(ax: Axes) -> None:
    ax.set(xscale="log", yscale="log", xlabel="active places (%)", xlim=(0.017, 0.6), ylim=(0.08, 400))
    ax.set_xticks(TICKS, [f"{100 * share:g}" for share in TICKS])
    ax.set_xticks([], minor=True)
    ax.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    ax.axhline(1, color="#777777", lw=1)


@typed
def times_by_share(
    middle: Annotated[pd.DataFrame, Columns(MIDDLE)],
    guess: Any = None,
    own: tuple[float, float | None] | None = None,
) -> Drawn:
    """How many times as fast as dense a layer is, by the active share; a column for each pair of channels.

    Above with a rule book that is kept, below with one that is made anew. `guess` are a learner's guesses of the share
    at which the two are level, by "pictures" and "volumes", in percent, drawn as stars; others are left out. `own` is a
    point of one's own with 16 channels, a share and a ratio.
    """
    every = [c for c in CHANNELS if len(_with(middle, c))]
    shared: dict[str, Any] = {"sharex": True, "sharey": True, "squeeze": False, "layout": "constrained"}
    figure, axes = plt.subplots(2, len(every), figsize=(4.0 * len(every) + 0.6, 7.2), **shared)
    for row, name in zip(axes, ("kept", "rebuilt"), strict=True):
        for ax, channels in zip(row, every, strict=True):
            rows = _with(middle, channels)
            for dimension, look in LOOKS.items():
                one = rows[rows["dimension"] == dimension].sort_values("share")
                bars = [one[name] - one[f"{name}_low"], one[f"{name}_high"] - one[name]]
                label = {2: "pictures", 3: "volumes"}[dimension]
                ax.errorbar(one["share"], one[name], yerr=bars, label=label, ms=5, capsize=2, **look)
                if name == "kept" and dimension == 3:
                    about = {"color": look["color"], "ls": ":", "lw": 1.2, "label": "volumes, beside torch's conv3d"}
                    ax.plot(one["share"], one["kept_torch"], **about)
            _axes(ax)
            ax.set_title(f"{channels[0]} to {channels[1]} channels, rule book {name}", fontsize=10)
        row[0].set_ylabel("times as fast as dense")
    if (16, 16) in every:
        _stars(axes[0, every.index((16, 16))], guess, own)
    figure.legend(*axes[0, -1].get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=3)
    figure.suptitle("Where little is active, skipping is many times as fast, with many channels above all", fontsize=12)
    return figure, (
        "Panels for pairs of channels, above with a rule book that is kept and below with one made anew: how many "
        "times as fast as dense a submanifold layer is, against the share of active places, both axes logarithmic. "
        "Lines for pictures and volumes, with bars from lowest to highest; a dotted one beside PyTorch's own conv3d; a "
        "grey line at 1 is as fast as dense."
    )


def _with(middle: pd.DataFrame, channels: tuple[int, int]) -> pd.DataFrame:
    fits = (middle["inputs"] == channels[0]) & (middle["outputs"] == channels[1])
    return middle[fits & (middle["scene"] == "thin")]


def _stars(ax: Axes, guess: Any, own: tuple[float, float | None] | None) -> None:
    for name, dimension in (("pictures", 2), ("volumes", 3)):
        value = guess.get(name) if isinstance(guess, Mapping) else None
        if isinstance(value, int | float) and 0 < value <= 100:
            look = {"mfc": "none", "mec": LOOKS[dimension]["color"]}
            ax.plot(value / 100, 1, "*", ms=14, ls="", label=f"your guess: {name}", **look)
    if own and own[1]:
        ax.plot(own[0], own[1], "*", ms=14, color="black", ls="", label="your scene")


@typed
def beside_the_cropped(
    middle: Annotated[pd.DataFrame, Columns("scene inputs outputs boxed kept kept_cropped")],
) -> Drawn:
    """For digits, a plate and a room: times as fast as dense on the whole grid, and on what cropping leaves of it."""
    real = middle[middle["scene"].isin(REAL)].reset_index(drop=True)
    figure, ax = plt.subplots(figsize=(8.6, 0.55 * len(real) + 1.7), layout="constrained")
    marks = {
        "kept": ("beside dense on the whole grid", "o", "#0072B2", "full"),
        "kept_cropped": ("beside dense, cropped (room: six flat boxes)", "s", "#D55E00", "full"),
        "rebuilt_cropped": ("the same, rule book rebuilt", "s", "#D55E00", "none"),
    }
    for name, (label, marker, colour, fill) in marks.items():
        face = colour if fill == "full" else "none"
        ax.plot(real[name], range(len(real)), marker, color=colour, mfc=face, ms=8, label=label)
    row: Any
    for y, row in enumerate(real.itertuples()):
        ax.plot([row.kept_cropped, row.kept], [y, y], color="#BBBBBB", lw=1, zorder=0)
    names = [f"{row['scene']}, {row['inputs']} to {row['outputs']}\n{_shares(row)}" for _, row in real.iterrows()]
    ax.set_yticks(range(len(real)), names, fontsize=9)
    ax.set(xscale="log", xlabel="times as fast as dense", ylim=(len(real) - 0.5, -0.5))
    ax.set_xticks([0.1, 0.3, 1, 3, 10, 30, 100], ["0.1", "0.3", "1", "3", "10", "30", "100"])
    ax.axvline(1, color="#777777", lw=1)
    figure.legend(fontsize=9, loc="outside lower center", ncols=3)
    ax.set_title("Most of the gain on large empty grids is what cropping gains as well", fontsize=12)
    return figure, (
        "A row for each scene and pair of channels: how many times as fast as dense a submanifold layer is, beside "
        "dense on the whole grid and on the smallest box that holds what is active (for the room, six flat boxes); "
        "there with the rule book kept and rebuilt. The axis is logarithmic."
    )


def _shares(row: Any) -> str:
    words = "in six flat boxes" if row["scene"] == ROOM else "if cropped"
    return f"{100 * row['share']:.1f} % active, {100 * row['boxed']:.0f} % {words}"


__all__ = ["beside_the_cropped", "time_line", "times_by_share", "use_style"]
