"""Explorer of active places: a digit, layer after layer, under an ordinary and under a submanifold convolution."""

import ipywidgets
from matplotlib.figure import Figure
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.figures.live import live_plot
from lthedu.sparsity import grown, neighbours


@typed
def explorer(images: Tensor) -> ipywidgets.VBox:
    """Where a digit is active after some layers of either kind, and what share of dense multiplications a layer makes.

    `images` are (n, 28, 28) with shades from 0 to 1. Raises ValueError for others.
    """
    if images.ndim != 3 or not len(images):
        raise ValueError(f"images has shape {tuple(images.shape)}; allowed: (n, height, width), one image or more")
    figure = Figure(figsize=(7.8, 3.2), dpi=100, layout="constrained")

    def draw(digit: int, threshold: float, layers: int) -> str:
        start = images[digit - 1][None] > threshold
        wide = start
        for _ in range(layers):
            wide = grown(wide)
        figure.clear()
        panels = figure.subplots(1, 3)
        titles = ["the digit", f"ordinary, after {layers} layers", f"submanifold, after {layers} layers"]
        for ax, title in zip(panels, titles, strict=True):
            ax.set_title(title, fontsize=10)
            ax.set(xticks=[], yticks=[])
        panels[0].imshow(images[digit - 1].numpy(), cmap="gray_r", vmin=0, vmax=1)
        panels[1].imshow((wide[0].float() + start[0].float()).numpy(), cmap="Oranges", vmin=0, vmax=2)
        panels[2].imshow(2 * start[0].float().numpy(), cmap="Blues", vmin=0, vmax=2.5)
        return (
            f"{100 * _share(start):.0f} % of the places are active. After {layers} ordinary layers it is "
            f"{100 * _share(wide):.0f} %, and layer {layers + 1} would make {100 * work(wide):.0f} % of a dense "
            f"layer's multiplications. After {layers} submanifold layers it is still {100 * _share(start):.0f} %, and "
            f"the next makes {100 * work(start):.0f} %."
        )

    wide_slider = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="34em")}
    return live_plot(
        figure,
        draw,
        {
            "digit": ipywidgets.IntSlider(1, 1, len(images), description="digit", **wide_slider),
            "threshold": ipywidgets.SelectionSlider(
                options=[0.0, 0.25, 0.5, 0.75, 0.9], value=0.5, description="active above", **wide_slider
            ),
            "layers": ipywidgets.IntSlider(3, 0, 8, description="layers", **wide_slider),
        },
    )


def _share(active: Tensor) -> float:
    return int(active.sum()) / active.numel()


@typed
def work(active: Tensor) -> float:
    """The share of a dense layer's multiplications that a submanifold layer makes: pairs, of nine for each place.

    >>> import torch
    >>> work(torch.ones(1, 1, 1, dtype=torch.bool))  # the middle of the kernel alone
    0.1111111111111111
    """
    table = neighbours(active)
    return int((table < len(table)).sum()) / (active.numel() * table.shape[1])
