"""Explorer of pieces: cut weights off a trained network, the largest kept or random ones, and see one slice of it."""

import functools

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.figures.live import live_plot
from lthedu.landscape import SQUARE, Region, regions
from lthedu.lessons.pieces.experiment import DIGITS, REACH, Counting
from lthedu.lessons.pieces.figures import draw_regions
from lthedu.training import evaluate

PERCENT = (100, 50, 30, 20, 10, 5, 2)


@typed
def explorer(counting: Counting, percent: int = 5) -> ipywidgets.VBox:
    """The pieces of one trained network of the experiment, by the weights kept, and whether it was trained on after.

    All sliders move with the arrow keys, and buttons choose. Raises ValueError before the networks were trained, and
    for another percentage.
    """
    if counting.trained is None:
        raise ValueError("there are no trained networks yet; run the experiment first")
    if percent not in PERCENT:
        raise ValueError(f"percent is {percent}; allowed: {', '.join(map(str, PERCENT))}")
    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="34em")}
    kept = ipywidgets.SelectionSlider(options=PERCENT, value=percent, description="weights kept (%)", **wide)
    figure = Figure(figsize=(6.4, 5.6), dpi=100, layout="constrained")
    planes = [three[0] for three in counting.planes(DIGITS)]

    @functools.cache
    def networks(percent: int, at_random: bool, on: bool):  # type: ignore[no-untyped-def]
        mask = counting.mask(percent / 100, at_random=at_random, output=percent / 100)
        cut = counting.cut(mask)
        found = counting.on(cut, mask) if on else cut
        return found, (100 * evaluate(found, counting.data)[1]).tolist()

    @functools.cache
    def pieces(percent: int, at_random: bool, on: bool, network: int) -> list[Region]:
        found, _ = networks(percent, at_random, on)
        return regions(found.module(network), REACH * SQUARE, plane=planes[network])

    def draw(percent: int, network: int, which: str, after: str) -> str:
        chosen = percent, which == "random", after == "trained on"
        found, (_, accuracy) = pieces(*chosen, network), networks(*chosen)
        figure.clear()
        ax = figure.add_subplot()
        draw_regions(ax, found)
        areas = np.zeros(10)
        for region in found:
            areas[int((region.weight @ region.centre + region.bias).argmax())] += region.area
        digit, share = int(areas.argmax()), 100 * areas.max() / areas.sum()
        ax.set_title(f"{len(found):,} pieces; the colour is the answer", fontsize=11)
        return (
            f"{which} {percent} % of every layer, {after}: {len(found):,} pieces on this slice, and on {share:.0f} % "
            f"of its area the answer is {digit}. The network reads {accuracy[network]:.1f} % of the test digits."
        )

    most = len(counting.start) - 1
    return live_plot(
        figure,
        draw,
        {
            "percent": kept,
            "network": ipywidgets.IntSlider(0, 0, most, description="network", **wide),
            "which": ipywidgets.ToggleButtons(options=["random", "largest"], description="keep"),
            "after": ipywidgets.ToggleButtons(options=["not trained on", "trained on"], description="then"),
        },
    )
