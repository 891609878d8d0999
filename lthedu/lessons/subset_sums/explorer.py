"""Random numbers as bars, and those of the best subset lit up."""

from collections.abc import Sequence
from typing import Annotated

import ipywidgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lthedu.base.arguments import typed
from lthedu.base.ranges import Range
from lthedu.figures.live import live_plot
from lthedu.proof.laws import draw_pools, errors_so_far
from lthedu.proof.subset_sums import meet_in_the_middle

MOST = 24  # numbers in the widget
DRAWS = 50


@typed
def explorer(
    n: Annotated[int, Range(2, MOST)] = 10, target: Annotated[float, Range(-0.5, 0.5)] = 0.3
) -> ipywidgets.VBox:
    """Draw `n` random numbers (2 to 24), light up the subset nearest to the target, and see who needs how many.

    Sliders for how many numbers, the target, eta and the draw move with the arrow keys. Lit numbers are filled,
    hatched and named "kept". Raises ValueError for another n, or a target outside [-1/2, 1/2].

    >>> explorer(8).children[-1].value
    '...the best choice keeps ... of 8 numbers...'
    """
    numbers = draw_pools("uniform", MOST, DRAWS)[0].tolist()
    wide = {"style": {"description_width": "8em"}, "layout": ipywidgets.Layout(width="32em")}
    controls = {
        "n": ipywidgets.IntSlider(value=n, min=2, max=MOST, description="how many", **wide),
        "target": ipywidgets.FloatSlider(value=target, min=-0.5, max=0.5, step=0.01, description="target", **wide),
        "eta": ipywidgets.SelectionSlider(
            options=[(f"1/{10**k:,}", 10.0**-k) for k in range(1, 8)], value=1e-3, description="eta", **wide
        ),
        "draw": ipywidgets.IntSlider(value=1, min=1, max=DRAWS, description="which draw", **wide),
    }
    figure = Figure(figsize=(9.6, 4.2), dpi=100, layout="constrained")

    def draw(n: int, target: float, eta: float, draw: int) -> str:
        row = numbers[draw - 1]
        keep = meet_in_the_middle(row[:n], target)
        errors = errors_so_far([row], [target])[0]
        figure.clear()
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        _bars(left, row[:n], keep)
        _descent(right, errors, n, eta)
        total = sum(x for x, k in zip(row[:n], keep, strict=True) if k)
        hit = "within" if errors[n] <= eta else "not within"
        first = np.flatnonzero(errors <= eta)
        fewest = f"The first {first[0]} would do" if len(first) else f"Not even {MOST} would do"
        return (
            f"Draw {draw}: the best choice keeps {sum(keep)} of {n} numbers. Their sum is {total:+.8f}, the target "
            f"{target:+.2f}: off by {errors[n]:.8f}, {hit} 1/{1 / eta:,.0f}. {fewest}. There are {2**n:,} choices."
        ).replace("-", "−")

    return live_plot(figure, draw, controls)


def _bars(ax: Axes, numbers: Sequence[float], keep: Sequence[bool]) -> None:
    places = np.arange(len(numbers))
    lit = np.array(keep)
    values = np.array(numbers)
    ax.bar(places[lit], values[lit], color="#E69F00", edgecolor="black", hatch="//", label="kept")
    ax.bar(places[~lit], values[~lit], fill=False, edgecolor="#999999", linestyle=":", label="deleted")
    for i in places[lit]:
        ax.text(i, values[i], "kept", ha="center", va="bottom" if values[i] > 0 else "top", fontsize=7)
    ax.axhline(0, color="black", lw=0.8)
    ax.set_ylim(-1.15, 1.15)
    ax.set_xticks(places, [str(i + 1) for i in places], fontsize=8)
    ax.set_xlabel("the random numbers")
    ax.legend(loc="upper left", bbox_to_anchor=(0, 1.12), ncols=2, frameon=False)


def _descent(ax: Axes, errors: Sequence[float], n: int, eta: float) -> None:
    counts = np.arange(len(errors))
    ax.plot(counts, np.maximum(errors, 1e-9), color="#0072B2", marker=".", lw=1)
    ax.plot(n, max(errors[n], 1e-9), marker="o", ms=10, mfc="none", color="black", ls="", label="now")
    ax.axhline(eta, color="#D55E00", ls="--", label=r"$\eta$")
    ax.set_yscale("log")
    ax.set_ylim(1e-9, 1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("the first so many of them")
    ax.set_ylabel("best choice is off by")
    ax.legend(loc="upper right", frameon=False)
