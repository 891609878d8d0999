"""Schematics: what two kinds of convolution fill, gather, product and scatter, and what cropping leaves."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from torch import Tensor

from lthedu.figures import schematic
from lthedu.lessons.sparse_data.scenes import box
from lthedu.sparsity import grown, rule_book

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#EEEEEE"
NUMBERED = torch.zeros(1, 3, 5, dtype=torch.bool)
NUMBERED[0, [0, 0, 1, 2, 2], [1, 2, 2, 2, 3]] = True
STROKE = torch.zeros(1, 9, 9, dtype=torch.bool)
STROKE[0, [2, 3, 4, 5, 6, 2, 2, 6], [4, 4, 4, 4, 4, 3, 5, 5]] = True


def _grid(ax: Axes, active: Tensor, colour: str, new: Tensor | None = None) -> None:
    for (r, c), on in np.ndenumerate(active.numpy()):
        face = colour if on else "#F5C9A8" if new is not None and bool(new[r, c]) else GREY
        ax.add_patch(Rectangle((c, r), 1, 1, facecolor=face, edgecolor="white", lw=1))
    ax.set(xlim=(-0.1, active.shape[1] + 0.1), ylim=(active.shape[0] + 0.1, -0.1), aspect="equal")
    ax.axis("off")


@schematic
def two_ways_to_go_on() -> Drawn:
    """Schematic: a stroke after two layers of an ordinary and of a submanifold convolution."""
    once = grown(STROKE)
    twice = grown(once)
    figure, axes = plt.subplots(2, 3, figsize=(7.6, 5.2), layout="constrained")
    for row, stages in zip(axes, ([STROKE, once, twice], [STROKE] * 3), strict=True):
        for i, (ax, now) in enumerate(zip(row, stages, strict=True)):
            _grid(ax, STROKE[0], BLUE, now[0])
            words = "input" if i == 0 else f"after layer {i}"
            ax.set_title(f"{words}: {int(now.sum())} of 81 places", fontsize=10)
    axes[0, 0].set_title(f"ORDINARY\ninput: {int(STROKE.sum())} of 81 places", fontsize=10)
    axes[1, 0].set_title(f"SUBMANIFOLD\ninput: {int(STROKE.sum())} of 81 places", fontsize=10)
    figure.suptitle("An ordinary convolution fills the places around a stroke, a submanifold one does not", fontsize=11)
    return figure, (
        f"Two rows of three grids of 9 by 9. Above, a stroke of {int(STROKE.sum())} places grows to {int(once.sum())} "
        f"and {int(twice.sum())} places. Below it stays as it is."
    )


@schematic
def gather_product_scatter() -> Drawn:
    """Schematic: five numbered places, and how one position of the kernel reads rows, multiplies and writes rows."""
    active = NUMBERED
    reads, writes = rule_book(active)[5]
    figure, ax = plt.subplots(figsize=(10.0, 3.5), layout="constrained")
    for (r, c), on in np.ndenumerate(active[0].numpy()):
        ax.add_patch(Rectangle((c, r + 1), 1, 1, facecolor="#9CCBE8" if on else GREY, edgecolor="white"))
    for i, (_, r, c) in enumerate(active.nonzero().tolist()):
        ax.text(c + 0.5, r + 1.5, str(i), ha="center", va="center", fontsize=12)
    columns = {"features": (7.0, "#9CCBE8", reads), "result": (16.0, "#BFE3C9", writes)}
    for name, (x, colour, marked) in columns.items():
        for i in range(5):
            edge = ORANGE if i in marked.tolist() else "white"
            ax.add_patch(Rectangle((x, i), 2, 0.9, facecolor=colour, edgecolor=edge, lw=2))
            ax.text(x - 0.3, i + 0.45, str(i), ha="right", va="center", fontsize=10)
        ax.text(x + 1, -0.4, name, ha="center", fontsize=11)
    ax.add_patch(Rectangle((11.6, 1.6), 1.9, 1.7, facecolor="#F5C9A8", edgecolor="white"))
    ax.text(12.55, 2.45, "weights\nright of the\nmiddle", ha="center", va="center", fontsize=9)
    for j, i in zip(reads.tolist(), writes.tolist(), strict=True):
        for start, end in (((9.1, j + 0.45), (11.5, 2.45)), ((13.6, 2.45), (15.3, i + 0.45))):
            ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color=ORANGE))
    entry = f"({reads.tolist()}, {writes.tolist()})"
    ax.text(12.0, 5.4, f"entry 5 of the rule book, (reads, writes): {entry}", ha="center", fontsize=10)
    ax.text(2.5, 0.6, "active places, numbered", ha="center", fontsize=11)
    ax.set(xlim=(-0.3, 18.6), ylim=(5.8, -0.8))
    ax.axis("off")
    figure.suptitle("Gather the rows that are read, multiply, and add to the rows that are written", fontsize=12)
    return figure, (
        "A grid of 3 by 5 with five numbered active places; their features as five rows; one position of the kernel as "
        f"a box; the five rows of the result. Arrows show the entry of the position right of the middle: {entry}."
    )


@schematic
def what_cropping_leaves() -> Drawn:
    """Schematic: a stroke on a large empty grid, and the same in the smallest box that holds it."""
    canvas = torch.zeros(1, 16, 16, dtype=torch.bool)
    canvas[:, 5:14, 2:11] = STROKE
    height, width = box(canvas)
    figure, axes = plt.subplots(1, 2, figsize=(7.0, 3.4), width_ratios=[16, 6], layout="constrained")
    _grid(axes[0], canvas[0], BLUE)
    cut = canvas[0, 7 : 7 + height, 5 : 5 + width]
    _grid(axes[1], cut, BLUE)
    axes[0].add_patch(Rectangle((5, 7), width, height, fill=False, edgecolor=ORANGE, lw=2.5))
    shares = [int(grid.sum()) / grid.numel() for grid in (canvas, cut)]
    axes[0].set_title(f"whole grid: {100 * shares[0]:.0f} % active", fontsize=11)
    axes[1].set_title(f"cropped: {100 * shares[1]:.0f} % active", fontsize=11)
    figure.suptitle("Much of what is empty can be cut away without any rule book", fontsize=12)
    return figure, (
        f"Left, a stroke of {int(canvas.sum())} places on a grid of 16 by 16, with a box drawn around it. Right, the "
        f"same stroke in that box of {height} by {width}."
    )
