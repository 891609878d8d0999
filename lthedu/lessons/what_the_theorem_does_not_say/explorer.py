"""Explorer of linear regions: how depth and width cut a square."""

from typing import Annotated

import ipywidgets
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Range
from lthedu.figures.live import live_plot
from lthedu.landscape import random_network, regions
from lthedu.lessons.what_the_theorem_does_not_say.figures import draw_regions

MOST_LAYERS, MOST_NEURONS, DRAWS = 6, 24, 20


@typed
def explorer(
    layers: Annotated[int, Range(1, MOST_LAYERS)] = 1, neurons: Annotated[int, Range(2, MOST_NEURONS)] = 16
) -> ipywidgets.VBox:
    """The linear regions of random networks with so many hidden layers (1 to 6) and neurons in each (2 to 24).

    All sliders move with the arrow keys; buttons choose plain or residual layers. Raises ValueError for other numbers.

    >>> explorer(1, 2).children[-1].value
    '...1 hidden layer of 2 neurons...2 neurons in all...regions...'
    """
    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="32em")}
    figure = Figure(figsize=(9.6, 4.4), dpi=100, layout="constrained")

    def draw(layers: int, neurons: int, draw: int, kind: str) -> str:
        found = regions(random_network(layers, neurons, draw, residual=kind == "residual"))
        figure.clear()
        draw_regions(figure.add_subplot(), found)
        many = f"{layers} hidden layer{'s' if layers > 1 else ''} of {neurons} neurons"
        smallest = min(region.area for region in found)
        return (
            f"{many}, {kind}: {layers * neurons} neurons in all cut the square into {len(found):,} regions; the "
            f"smallest has {smallest / 4:.1e} of its area."
        )

    return live_plot(
        figure,
        draw,
        {
            "layers": ipywidgets.IntSlider(layers, 1, MOST_LAYERS, description="hidden layers", **wide),
            "neurons": ipywidgets.IntSlider(neurons, 2, MOST_NEURONS, description="neurons in each", **wide),
            "draw": ipywidgets.IntSlider(1, 1, DRAWS, description="random draw", **wide),
            "kind": ipywidgets.ToggleButtons(options=["plain", "residual"], description="layers are"),
        },
    )
