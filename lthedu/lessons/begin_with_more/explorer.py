"""Explorer of a memory under a budget: one pattern as it was stored, as it is shown, and as it is recalled."""

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.streams import generator
from lthedu.figures.live import live_plot
from lthedu.lessons.begin_with_more.memory import CHANCE, SIGNS, STRONGEST, Choose, random_patterns, wired
from lthedu.networks.hopfield import hebb, recall, strongest_pairs

SIDE = 20
WAYS = (STRONGEST, SIGNS, CHANCE)


@typed
def face() -> Tensor:
    """A face of 20 x 20 units, +1 where it is dark: (400,).

    >>> face().shape, sorted(face().unique().tolist())
    (torch.Size([400]), [-1.0, 1.0])
    """
    y, x = torch.meshgrid(torch.arange(SIDE) - 9.5, torch.arange(SIDE) - 9.5, indexing="ij")
    radius = (x**2 + y**2).sqrt()
    eyes = ((x.abs() - 3.5) ** 2 + (y + 3) ** 2) < 3
    mouth = ((radius - 5.5).abs() < 1) & (y > 1.5)
    return torch.where(((radius - 8.5).abs() < 1) | eyes | mouth, 1.0, -1.0).flatten()


@typed
def explorer(
    way: str = STRONGEST, percent: int = 10, patterns: int = 24, choose: Choose = strongest_pairs
) -> ipywidgets.VBox:
    """A face among random patterns: stored, with units flipped, and recalled with a budget of synapses.

    Raises ValueError for another way than the three.
    """
    if way not in WAYS:
        raise ValueError(f"way is {way!r}; allowed: {', '.join(WAYS)}")
    figure = Figure(figsize=(7.6, 3.0), dpi=100, layout="constrained")

    def draw(way: str, percent: int, patterns: int, flipped: int) -> str:
        draw_lots = generator("explorer", patterns)
        stored = (
            torch.cat([face()[None], random_patterns(patterns - 1, SIDE**2, draw_lots)])
            if patterns > 1
            else face()[None]
        )
        every = SIDE**2 * (SIDE**2 - 1) // 2
        pairs = round(percent / 100 * every)
        weights = wired(way, hebb(stored), pairs, draw_lots, choose)
        order = torch.rand(SIDE**2, generator=draw_lots).argsort()
        shown = stored[:1].clone()
        shown[0, order[: round(flipped / 100 * SIDE**2)]] *= -1
        found = recall(weights, shown)
        figure.clear()
        images = {"stored": stored[0], f"shown, {flipped} % flipped": shown[0], "recalled": found[0]}
        for ax, (title, image) in zip(figure.subplots(1, 3), images.items(), strict=True):
            ax.imshow(image.view(SIDE, SIDE).numpy(), cmap="gray_r", vmin=-1, vmax=1)
            ax.set(xticks=[], yticks=[])
            ax.set_title(title, fontsize=10)
        right = int((found[0] == stored[0]).sum())
        return (
            f"{patterns} patterns in {SIDE**2} units, {pairs:,} of {every:,} pairs, {way}: {right} of {SIDE**2} units "
            "are recalled as they were stored."
        )

    wide = {"style": {"description_width": "8em"}, "layout": ipywidgets.Layout(width="34em")}
    return live_plot(
        figure,
        draw,
        {
            "way": ipywidgets.ToggleButtons(options=WAYS, value=way, description="synapses"),
            "percent": ipywidgets.IntSlider(percent, 1, 100, description="budget (%)", **wide),
            "patterns": ipywidgets.IntSlider(patterns, 1, 60, description="patterns", **wide),
            "flipped": ipywidgets.IntSlider(10, 0, 50, description="flipped (%)", **wide),
        },
    )
