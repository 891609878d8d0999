"""This lesson's figures of what was measured. Each returns a Figure and its description."""

from collections.abc import Mapping
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.figures.style import guessed_percentage
from lthedu.lessons.ship_it.experiment import BOTH, LEVELS, PRUNED, SMALL
from lthedu.lessons.ship_it.middle import EARLY, GRADUAL, RANDOM, REWOUND, SCRATCH, SHORT

Drawn = tuple[Figure, str]
LOWEST = 92  # percent that is shown of accuracy against bytes
LOOKS: Mapping[str, dict[str, Any]] = {
    LEVELS: {"color": "#D55E00", "marker": "s", "ls": "--"},
    PRUNED: {"color": "#0072B2", "marker": "o", "ls": "-"},
    BOTH: {"color": "#009E73", "marker": "D", "ls": "-."},
    SMALL: {"color": "#000000", "marker": "^", "ls": ":"},
}
FORMATS = {
    "dense": ("#000000", "-"),
    "COO": ("#CC79A7", ":"),
    "CSR": ("#D55E00", "--"),
    "CSR, short": ("#E69F00", "--"),
    "bit mask": ("#0072B2", "-"),
    "gaps": ("#56B4E9", "-."),
    "zip": ("#009E73", "-"),
}


@typed
def bytes_by_format(table: Annotated[pd.DataFrame, Columns("density")]) -> Drawn:
    """Bytes of one matrix in each format, by the share of its weights that is kept."""
    figure, ax = plt.subplots(figsize=(7.4, 4.4), layout="constrained")
    for name, (colour, line) in FORMATS.items():
        ax.plot(100 * table["density"], table[name] / 1000, color=colour, ls=line, label=name, lw=2)
    ax.set(xscale="log", yscale="log", xlabel="weights kept (%)", ylabel="kilobytes")
    ax.set_xticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
    ax.set_xticks([], minor=True)
    ax.set_yticks([10, 30, 100, 300, 1000, 3000], ["10", "30", "100", "300", "1000", "3000"])
    ax.set_yticks([], minor=True)
    ax.legend(fontsize=9, ncols=2)
    ax.set_title("With a tenth of the weights or more, zip is as small as formats made for zeros", fontsize=12)
    return figure, (
        "Kilobytes of a first layer against the share of weights kept, both axes logarithmic, a line for each format. "
        "Dense is flat; all others fall to the left."
    )


@typed
def accuracy_by_bytes(
    panels: Mapping[str, Annotated[pd.DataFrame, Columns("arm bits density bytes accuracy")]], guess: Any = None
) -> Drawn:
    """Test accuracy against the bytes of the zipped file, a panel for each table; mean and range over networks.

    `guess` are a learner's guesses in percent at 60 kB, by arm, drawn as stars in the first panel; one that lies below
    it stands at its edge, with its number.
    """
    size = (5.6 * len(panels), 5.2)
    figure, axes = plt.subplots(1, len(panels), figsize=size, sharex=True, sharey=True, layout="constrained")
    for ax, (title, table) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        for arm, look in LOOKS.items():
            for pixels in (784, 196) if arm in (BOTH, SMALL) else (784,):
                rows = table[(table["arm"] == arm) & (table["pixels"] == pixels)]
                if len(rows):
                    _curve(ax, rows, arm if pixels == 784 else f"{arm}, {pixels} pixels", look, pixels == 196)
        dense = table[(table["arm"] == "dense") & (table["pixels"] == 784)]
        if len(dense):
            ax.axhline(100 * dense["accuracy"].mean(), color="#777777", lw=1, label="dense, 32 bits")
        ax.set(xscale="log", xlabel="kilobytes of the zipped file", ylim=(LOWEST, 98.4))
        ax.set_xticks([5, 10, 20, 50, 100, 200, 400], ["5", "10", "20", "50", "100", "200", "400"])
        ax.set_xticks([], minor=True)
        ax.set_title(title, fontsize=11)
    for arm, value in guess.items() if isinstance(guess, Mapping) else ():
        number = guessed_percentage(value)
        if arm in LOOKS and number is not None:
            star = {"ms": 14, "mfc": "none", "color": LOOKS[arm]["color"], "ls": "none"}
            first = np.atleast_1d(axes)[0]
            first.plot(60, max(number, LOWEST + 0.15), "*", label=f"your guess, {arm}: {number:g}", **star)
            first.legend(fontsize=9, loc="lower right")
    np.atleast_1d(axes)[0].set_ylabel("test accuracy (%)")
    np.atleast_1d(axes)[-1].legend(fontsize=9, loc="lower right")
    figure.suptitle("What a byte buys: fewer weights, fewer bits, or both", fontsize=12)
    return figure, (
        f"Panels for {', '.join(panels)}: test accuracy against kilobytes of the zipped file on a logarithmic axis, a "
        "line an arm with bars from the least to the most accurate network. A grey line is the dense network in 32 "
        "bits. Small numbers are the bits of few bits, and the percentage of weights kept of pruned ones. Points below "
        f"{LOWEST} % are not shown."
    )


def _curve(ax: Axes, rows: pd.DataFrame, label: str, look: dict[str, Any], hollow: bool) -> None:
    one = rows.groupby(["bits", "density", "width"])
    found = pd.DataFrame({"x": one["bytes"].mean() / 1000, "y": 100 * one["accuracy"].mean()})
    found["low"], found["high"] = 100 * one["accuracy"].min(), 100 * one["accuracy"].max()
    found = found.sort_values("x")
    bars = [found["y"] - found["low"], found["high"] - found["y"]]
    fill = {"mfc": "white", "ms": 7} if hollow else {"ms": 5}
    ax.errorbar(found["x"], found["y"], yerr=bars, label=label, capsize=2, **look, **fill)
    if label in (LEVELS, PRUNED):
        few = label == LEVELS
        names = [f"{at[0]:g} bits" if few else f"{100 * at[1]:g} %" for at in found.index]  # (bits, density, width)
        near: Any = {"textcoords": "offset points", "fontsize": 8, "color": look["color"]}
        for name, x, y in zip(names, found["x"], found["y"], strict=True):
            if y > LOWEST + 0.3:
                ax.annotate(name, (x, y), (3, 7 if few else -11), **near)


@typed
def times_of_files(files: Annotated[pd.DataFrame, Columns("arm batch replicate times")]) -> Drawn:
    """How many times as fast as dense each file is, by batch: medians over rounds, a point a network."""
    arms = [arm for arm in files["arm"].unique() if arm != "dense"][::-1]
    batches = sorted(int(one) for one in files["batch"].unique())
    figure, axes = plt.subplots(1, len(batches), figsize=(11.2, 4.6), sharey=True, layout="constrained")
    for ax, batch in zip(np.atleast_1d(axes), batches, strict=True):
        at = files[files["batch"] == batch].groupby(["arm", "replicate"])["times"].median()
        for y, arm in enumerate(arms):
            colour = "#D55E00" if "int8" in arm else "#0072B2"
            middle = at[arm].median()
            ax.barh(y, middle - 1, left=1, color=colour, alpha=0.45)  # from 1, as the axis has no 0
            ax.annotate(
                f"{middle:.1f}", (max(middle, 1), y), (6, 0), textcoords="offset points", va="center", fontsize=9
            )
            ax.plot(at[arm], [y] * len(at[arm]), "o", ms=3, color=colour)
        ax.axvline(1, color="black", lw=1)
        ax.set(xscale="log", xlim=(0.8, 16), xlabel="times as fast as dense", yticks=range(len(arms)), yticklabels=arms)
        ax.set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
        ax.set_xticks([], minor=True)
        ax.set_title(f"{batch} image{'s' * (batch > 1)} at once", fontsize=11)
    figure.suptitle("Zeros change nothing; far fewer neurons and whole numbers do", fontsize=12)
    return figure, (
        f"A bar for each of {', '.join(arms[::-1])}: how many times as fast as the dense file ONNX Runtime is, for "
        f"{', '.join(map(str, batches))} images at once, with a point for each network. Bars begin at a line at 1."
    )


@typed
def at_equal_cost(middle: Annotated[pd.DataFrame, Columns("arm replicate accuracy")]) -> Drawn:
    """Test accuracy of each arm, a ring a network and a bar for the mean."""
    arms = [arm for arm in (GRADUAL, REWOUND, EARLY, RANDOM, SCRATCH, SHORT) if arm in set(middle["arm"])][::-1]
    figure, ax = plt.subplots(figsize=(7.4, 3.4), layout="constrained")
    for y, arm in enumerate(arms):
        found = 100 * middle[middle["arm"] == arm]["accuracy"]
        colour = "#000000" if arm in (SCRATCH, SHORT) else "#0072B2"
        ax.plot(found, [y] * len(found), "o", ms=5, mfc="none", color=colour)
        ax.plot(found.mean(), y, "|", ms=18, mew=2.5, color=colour)
    ax.set(xlabel="test accuracy (%)", yticks=range(len(arms)), yticklabels=arms, ylim=(-0.6, len(arms) - 0.4))
    ax.set_title("Equal multiplications in all, but for the lowest row", fontsize=12)
    return figure, f"Test accuracy of {', '.join(arms[::-1])}, a ring a network and a bar for the mean."
