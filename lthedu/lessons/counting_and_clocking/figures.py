"""This lesson's figures of what was counted and timed. Each returns a Figure and its description."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns, Number, Positive, Text
from lthedu.figures import use_style as use_style
from lthedu.figures.time_line import time_line as time_line
from lthedu.lessons.counting_and_clocking.axes import LOOKS, axes_of_times, curve
from lthedu.lessons.counting_and_clocking.experiment import HELD_OUT, Times
from lthedu.sparsity.kernels import BAG, SCIPY, TWELVE

Drawn = tuple[Figure, str]
LAW_TABLE = "batch kernel c e predicted measured off below"


@typed
def times_by_density(panels: Mapping[str, Times], guess: Any = None) -> Drawn:
    """How many times faster than dense each kernel is at 512 x 512, by the weights kept; one panel for each name.

    `guess` are a learner's guesses at 10 %, by panel, drawn as stars; others than numbers above 0 are left out.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(4.6 * len(panels), 4.6), sharey=True, layout="constrained")
    d = np.geomspace(0.01, 0.9, 50)
    for ax, (name, middle) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        at_size = middle[(middle["rows"] == HELD_OUT[0]) & (middle["columns"] == HELD_OUT[1])]
        ax.plot(d, 1 / d, color="#777777", lw=1, ls=(0, (1, 2)), label="what FLOPs promise")
        for kernel in LOOKS:
            rows = at_size[at_size["kernel"] == kernel]
            if len(rows):
                curve(ax, rows, kernel)
        value = guess.get(name) if isinstance(guess, Mapping) else None
        if isinstance(value, int | float) and value > 0:
            ax.plot(0.1, value, "*", ms=11, mfc="none", mec="black", label="your guess")
        axes_of_times(ax)
        ax.set_title(name, fontsize=11)
    np.atleast_1d(axes)[0].set_ylabel("times as fast as dense")
    np.atleast_1d(axes)[-1].legend(fontsize=8, loc="lower left")
    figure.suptitle("Fewer FLOPs, and how many fewer seconds: a matrix of 512 x 512", fontsize=12)
    return figure, (
        f"Panels for {', '.join(panels)}: how many times as fast as the dense product each kernel is, against the "
        "share of weights kept, both axes logarithmic. A dotted line is what FLOPs promise, a grey line at 1 is as "
        "fast as dense. Medians of windows with bars from lowest to highest."
    )


@typed
def law_and_points(middle: Times, found: Annotated[pd.DataFrame, Columns(LAW_TABLE)], batches: Sequence[int]) -> Drawn:
    """Times of the size that was not fitted, as points, and the laws of the other sizes, as lines."""
    figure, axes = plt.subplots(1, len(batches), figsize=(5.2 * len(batches), 4.4), sharey=True, layout="constrained")
    new = middle[(middle["rows"] == HELD_OUT[0]) & (middle["columns"] == HELD_OUT[1])]
    d = np.geomspace(0.01, 0.9, 200)
    for ax, batch in zip(np.atleast_1d(axes), batches, strict=True):
        for kernel in (TWELVE, BAG, SCIPY):
            rows = new[(new["batch"] == batch) & (new["kernel"] == kernel)]
            law = found[(found["batch"] == batch) & (found["kernel"] == kernel)]
            if not len(rows) or not len(law):
                continue
            c, e = law[["c", "e"]].to_numpy()[0]
            look = LOOKS[kernel]
            ratio = c + d / e
            ax.plot(d[ratio > 0], 1 / ratio[ratio > 0], color=look["color"], ls=look["ls"])
            ax.plot(rows["density"], rows["times"], ls="", color=look["color"], marker=look["marker"], label=kernel)
        ax.axvspan(0.05, 0.5, color="#F2F2F2", zorder=0)
        axes_of_times(ax)
        ax.set_ylim(0.03, 120)
        ax.set_title(f"{batch} input{'s' * (batch > 1)} at once", fontsize=11)
    np.atleast_1d(axes)[0].set_ylabel("times as fast as dense")
    np.atleast_1d(axes)[0].legend(fontsize=9)
    figure.suptitle(
        "Lines: the law of three sizes. Points: a fourth size, 512 x 512, that no line has seen", fontsize=12
    )
    return figure, (
        f"Panels for {', '.join(map(str, batches))} inputs at once. Points are times of three kernels at 512 x 512, "
        "lines the laws that were fitted to the three other sizes within the grey band, 5 to 50 % of the weights."
    )


@typed
def own_law(
    density: Sequence[Positive],
    ratio: Sequence[Positive],
    c: Number,
    e: Number,
    name: Text,
    own: tuple[Positive, Positive] | None = None,
) -> Drawn:
    """Measured ratios of sparse time to dense time, the law through them, and perhaps one point that it did not see."""
    figure, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    ax.plot([100 * d for d in density], ratio, "o", color="#0072B2", label="measured")
    if own:
        ax.plot(100 * own[0], own[1], "*", ms=14, color="#D55E00", label="your layer, not fitted")
    d = np.linspace(0, 1.05 * max(*density, own[0] if own else 0), 50)
    ax.plot(100 * d, c + d / e, color="#0072B2", label="the law $c + d/e$")
    ax.axhline(1, color="#777777", lw=1)
    ax.plot(100 * d, d, color="#777777", ls=":", label="what FLOPs promise")
    ax.set(xlabel="weights kept, $d$ (%)", ylabel="sparse time / dense time", ylim=(0, None), xlim=(0, None))
    ax.set_title(f"{name}, on this machine", fontsize=12)
    ax.legend()
    return figure, (
        "Sparse time over dense time against the share of weights kept: measured points, a straight line through them, "
        "a grey line at 1 and a dotted one that the FLOPs promise." + " A star is a layer of one's own." * bool(own)
    )
