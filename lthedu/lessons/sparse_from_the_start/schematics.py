"""Schematics: three ways to few weights, one exchange, and shares that fill up. Each returns a Figure and its words."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lthedu.figures import schematic
from lthedu.pruning import share_out

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"


@schematic
def three_ways() -> Drawn:
    """Schematic: the number of weights over a training that prunes late, and over two that are sparse throughout."""
    figure, axes = plt.subplots(1, 3, figsize=(10.4, 2.9), layout="constrained", sharey=True)
    ways = ("train, prune, train on", "sparse, the same weights throughout", "sparse, weights are exchanged")
    for ax, title, colour in zip(axes, ways, (GREY, ORANGE, BLUE), strict=True):
        many = title == ways[0]
        ax.fill_between([0, 6, 6, 10], [1, 1, 0.12, 0.12] if many else 0.12, color=colour, alpha=0.8, lw=0)
        ax.set(xlim=(0, 10), ylim=(0, 1.08), xticks=[], yticks=[0, 1], xlabel="training")
        ax.set_title(title, fontsize=11)
        ax.grid(visible=False)
    axes[0].set(yticklabels=["0", "all"], ylabel="weights there are")
    for x in np.arange(1, 8):
        down = {"arrowstyle": "->", "color": BLUE, "lw": 1.6}
        axes[2].annotate("", (x - 0.12, 0.3), (x - 0.12, 0.14), arrowprops=down)
        axes[2].annotate("", (x + 0.12, 0.14), (x + 0.12, 0.3), arrowprops=down)
    axes[2].text(4, 0.36, "some go, as many come", ha="center", fontsize=10, color=BLUE)
    figure.suptitle("Two of three ways never have many weights", fontsize=12)
    return figure, (
        "Three drawings of the number of weights over a training. Left, all weights until pruning, then few. Middle, "
        "few throughout. Right, equally few throughout, with pairs of arrows at regular times: some go, as many come."
    )


@schematic
def one_exchange() -> Drawn:
    """Schematic: a layer of few weights, its two smallest dropped, and two grown where the gradient is largest."""
    weights = np.zeros((4, 6))
    weights[[0, 0, 1, 2, 2, 3], [1, 4, 2, 0, 5, 3]] = 0.9, -0.1, -1.4, 0.7, 0.2, -0.8
    gradient = np.full((4, 6), 0.1)
    gradient[[0, 1, 1, 2, 3, 3], [3, 5, 2, 2, 0, 5]] = 0.6, 0.2, 0.9, 1.3, 0.3, 0.2
    figure, axes = plt.subplots(1, 3, figsize=(10.4, 3.1), layout="constrained")
    small = [(0, 4), (2, 5)]
    for ax, title in zip(
        axes, ("drop the smallest weights", "look at all gradients", "grow there, from 0"), strict=True
    ):
        _sheet(ax, title)
    for (row, column), w in np.ndenumerate(weights):
        if w:
            gone = (row, column) in small
            _write(axes[0], row, column, f"{w:g}", ORANGE if gone else "#D9E8F3", "white" if gone else "black")
            if not gone:
                _write(axes[2], row, column, f"{w:g}", "#D9E8F3", "black")
    for (row, column), g in np.ndenumerate(gradient):
        largest = (row, column) in [(0, 3), (2, 2)]
        is_there = bool(weights[row, column]) and (row, column) not in small
        colour = GREEN if largest else "#F2F2F2" if is_there else "white"
        _write(axes[1], row, column, f"{g:g}", colour, "white" if largest else "#999999" if is_there else "black")
    for row, column in [(0, 3), (2, 2)]:
        _write(axes[2], row, column, "0", GREEN, "white")
    figure.suptitle("One exchange: six weights before, six weights after", fontsize=12)
    return figure, (
        "Three sheets of 4 by 6 places, a layer. Left, six weights: the two closest to 0, -0.1 and 0.2, are marked to "
        "go. Middle, absolute gradients at all places: 0.6 and 1.3 are the largest among the places without a weight, "
        "and a place that has one is grey, though its gradient is 0.9. Right, six weights again, two of them new and 0."
    )


def _sheet(ax: Axes, title: str) -> None:
    ax.set(xlim=(0, 6), ylim=(4, 0), aspect="equal", xticks=[], yticks=[])
    ax.set_title(title, fontsize=11)
    ax.grid(visible=False)
    for row in range(4):
        for column in range(6):
            ax.add_patch(Rectangle((column, row), 1, 1, fill=False, ec="#BBBBBB", lw=0.8))


def _write(ax: Axes, row: int, column: int, words: str, face: str, ink: str) -> None:
    ax.add_patch(Rectangle((column, row), 1, 1, fc=face, ec="#BBBBBB", lw=0.8))
    ax.text(column + 0.5, row + 0.52, words, ha="center", va="center", fontsize=10, color=ink)


@schematic
def shares_that_fill_up() -> Drawn:
    """Schematic: 14 shared out by wants 1, 1 and 3, where the third place has room for 6: first shares, last ones."""
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3), layout="constrained", sharey=True)
    wants, room = [1, 1, 3], [9, 9, 6]
    both: list[list[float]] = [[14 * w / 5 for w in wants], [*share_out(14, wants, room)]]
    for ax, found, title in zip(
        axes,
        both,
        ("in proportion 1 : 1 : 3, the third does not fit", "the third is full, the others share the rest"),
        strict=True,
    ):
        ax.bar(range(3), room, 0.7, fc="none", ec="black", lw=1.4)
        ax.bar(range(3), found, 0.6, color=[BLUE, BLUE, ORANGE], alpha=0.8)
        for i, f in enumerate(found):
            ax.text(i, f + 0.2, f"{f:g}", ha="center", fontsize=11)
        ax.set(xticks=range(3), xticklabels=["first", "second", "third"], ylim=(0, 10))
        ax.set_title(title, fontsize=11)
        ax.grid(visible=False)
    axes[0].set_ylabel("units")
    figure.suptitle("Sharing out 14 units (black: the room there is)", fontsize=12)
    return figure, (
        "Two bar charts of three places with room for 9, 9 and 6. Left, shares of 2.8, 2.8 and 8.4: the third is above "
        "its room. Right, 4, 4 and 6, which add up to 14."
    )
