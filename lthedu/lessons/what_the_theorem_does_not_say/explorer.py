"""Explorer of the lower bound: how near two layers come to a sawtooth, unit by unit."""

from typing import Annotated

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Range
from lthedu.figures.live import live_plot
from lthedu.lessons.what_the_theorem_does_not_say.schematics import BLUE, ORANGE
from lthedu.proof import limits

MOST_FOLDS = 5


@typed
def explorer(
    folds: Annotated[int, Range(1, MOST_FOLDS)] = 3, units: Annotated[int, Range(1, 2**MOST_FOLDS)] = 6
) -> ipywidgets.VBox:
    """A sawtooth and the nearest network of two layers with so many units (1 to 32), their knots evenly spaced.

    Both sliders move with the arrow keys. Raises ValueError for other numbers.

    >>> explorer(2, 2).children[-1].value
    '...2 folds, 4 pieces...2 units...distance 0.500...at least 3 units...'
    """
    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="32em")}
    figure = Figure(figsize=(8.4, 3.4), dpi=90, layout="constrained")

    def draw(folds: int, units: int) -> str:
        sawtooth = limits.pieces(limits.tent_network(folds))
        near, distance = nearest(folds, units)
        figure.clear()
        ax = figure.add_subplot()
        ax.plot(sawtooth.x, sawtooth.y, color=BLUE, lw=1.5)
        ax.plot(near.x, near.y, color=ORANGE, lw=1.8, ls="--")
        ax.axhline(0.5, color="black", ls=":", lw=1)
        ax.set(xlim=(0, 1), ylim=(-0.25, 1.25), xlabel="x", ylabel="height")
        ax.set_title(f"two layers, {units} units (dashed), and the sawtooth", fontsize=11)
        least = limits.least_units((np.arange(2**folds + 1) % 2).tolist())
        return (
            f"{folds} fold{'s' * (folds > 1)}, {2**folds} pieces; two layers with {units} "
            f"unit{'s' * (units > 1)} come to distance {distance:.3f}. To come nearer than 1/2 takes at least "
            f"{least} units."
        )

    controls = {
        "folds": ipywidgets.IntSlider(folds, 1, MOST_FOLDS, description="folds", **wide),
        "units": ipywidgets.IntSlider(units, 1, 2**MOST_FOLDS, description="hidden units", **wide),
    }
    return live_plot(figure, draw, controls)


@typed
def nearest(
    folds: Annotated[int, Range(1, MOST_FOLDS)], units: Annotated[int, Range(1, 2**MOST_FOLDS)]
) -> tuple[limits.Pieces, float]:
    """The nearest network of two layers to a sawtooth, and its distance; of more units than pieces the rest are idle.

    Up to 2^folds - 1 units have evenly spaced knots inside [0, 1], and the last one is turned round.

    >>> [round(nearest(3, units)[1], 3) for units in (6, 7, 8)]
    [0.5, 0.167, 0.0]
    """
    sawtooth = limits.pieces(limits.tent_network(folds))
    if units >= 2**folds:
        return sawtooth, 0.0
    knots, sides = np.arange(1, units + 1) / (units + 1), [1] * (units - 1) + [-1]
    network, distance = limits.best_fit(sawtooth, knots.tolist(), sides)
    return limits.pieces(network), distance
