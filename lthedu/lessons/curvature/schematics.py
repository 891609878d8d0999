"""Schematics: a valley, a weight that is deleted in two ways, and a starving layer. Each returns figure and text."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lthedu.figures import schematic
from lthedu.lessons.curvature.valley import STEEP, walk

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"


@schematic
def two_walks() -> Drawn:
    """Schematic: the same valley walked down by the exact gradient, and by a noisy one."""
    figure, axes = plt.subplots(1, 2, figsize=(10.4, 3.6), sharey=True, layout="constrained")
    for ax, noise, title in (
        (axes[0], 0.0, "The exact gradient: soon along the floor"),
        (axes[1], 1.0, "A noisy gradient: across the valley, again and again"),
    ):
        contours(ax)
        path = walk(0.1, noise, 40, seed=3)
        ax.plot(*path.T, color=ORANGE, marker="o", ms=3, lw=1)
        ax.plot(*path[0], "s", color="black", ms=7)
        ax.plot(0, 0, "*", color=GREEN, ms=14)
        ax.set_title(title, fontsize=11)
        ax.set_xlabel("along the floor (flat, small eigenvalue)")
    axes[0].set_ylabel("across (steep, large eigenvalue)")
    figure.suptitle("One valley, two walks of 40 steps from the square to the star", fontsize=12)
    return figure, (
        "Two drawings of the long ellipses of a valley, with a path from a square on the left to a star in the middle. "
        "On the left the path first jumps from wall to wall and soon runs along the floor. On the right it goes on "
        "jumping from wall to wall while it moves to the star."
    )


def contours(ax: Axes) -> None:
    """Draw the valley's lines of equal loss."""
    x, y = np.meshgrid(np.linspace(-4.6, 1.2, 121), np.linspace(-1.1, 1.1, 81))
    ax.contour(x, y, (x**2 + STEEP * y**2) / 2, levels=[0.1, 0.5, 1.5, 3, 5, 8, 12], colors="#BBBBBB", linewidths=0.9)
    ax.set(xlim=(-4.6, 1.2), ylim=(-1.1, 1.1))
    ax.grid(visible=False)


HESSIAN = np.array([[2.0, 1.6], [1.6, 2.0]])
MINIMUM = np.array([1.0, 1.6])


@schematic
def damage_or_surgery() -> Drawn:
    """Schematic: deleting one weight straight, and with the other weight moved to where the loss is least."""
    figure, ax = plt.subplots(figsize=(6.4, 4.6), layout="constrained")
    x, y = np.meshgrid(np.linspace(-0.6, 2.4, 121), np.linspace(-0.2, 3.2, 121))
    gap = np.stack([x - MINIMUM[0], y - MINIMUM[1]])
    ax.contour(
        x,
        y,
        np.einsum("iab,ij,jab->ab", gap, HESSIAN, gap) / 2,
        levels=[0.05, 0.2, 0.4, 0.7, 1.0, 1.5, 2.2],
        colors="#BBBBBB",
        linewidths=0.9,
    )
    cut, moved = ends()
    for end, colour, words, at in (
        (cut, ORANGE, "deleted, and\nnothing moves", (0.08, 1.15)),
        (moved, BLUE, "deleted, and the\nother moves", (0.08, 2.55)),
    ):
        ax.annotate("", tuple(end), tuple(MINIMUM), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2.2})
        ax.plot(*end, "o", color=colour, ms=8)
        ax.annotate(words, at, color=colour, fontsize=10)
    ax.plot(*MINIMUM, "*", color=GREEN, ms=15)
    ax.axvline(0, color="black", lw=1.2)
    ax.set(xlabel="first weight, which is to become 0", ylabel="second weight", ylim=(-0.2, 3.2), xlim=(-0.6, 2.4))
    ax.set_title("The loss rises less if the second weight makes up for the first", fontsize=11)
    ax.grid(visible=False)
    return figure, (
        "Lines of equal loss around a star, slanted ellipses, and a vertical line on which the first weight is 0. An "
        "orange arrow goes straight to that line, a blue one to a point higher on it, which lies on a lower line of "
        "equal loss."
    )


def ends() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the two arrows end.

    >>> cut, moved = ends()
    >>> float(cut[0]), float(moved[0]), round(float(moved[1]), 2)
    (0.0, 0.0, 2.4)
    """
    inverse = np.linalg.inv(HESSIAN)
    moved = MINIMUM[1] - MINIMUM[0] / inverse[0, 0] * inverse[1, 0]
    return np.array([0.0, MINIMUM[1]]), np.array([0.0, moved])


@schematic
def last_layer_starves(counts: Sequence[tuple[str, Sequence[int]]] = ()) -> Drawn:
    """Schematic: the same number of weights shared out over three layers in two ways."""
    counts = counts or (("every layer 2 %", (4704, 600, 20)), ("by a score", (2000, 2900, 424)))
    figure, axes = plt.subplots(1, len(counts), figsize=(9.6, 3.0), layout="constrained")
    widths = (14, 10, 5)
    for ax, (name, kept) in zip(axes, counts, strict=True):
        heights = [np.linspace(0, 1, n) for n in (*widths, 4)]
        coin = np.random.default_rng(0)
        for layer, n in enumerate(kept):
            lines = max(1, round(120 * n / sum(kept)))
            for a, b in zip(coin.choice(heights[layer], lines), coin.choice(heights[layer + 1], lines), strict=True):
                ax.plot([layer, layer + 1], [a, b], color=BLUE if layer < 2 else ORANGE, lw=1, alpha=0.6)
            ax.annotate(f"{n:,}", (layer + 0.5, -0.14), ha="center", fontsize=10)
        for layer, at in enumerate(heights):
            ax.plot(np.full(len(at), layer), at, "o", color="black", ms=4)
        ax.set_title(name, fontsize=11)
        ax.set(ylim=(-0.22, 1.08))
        ax.set_axis_off()
    figure.suptitle("About 5,300 weights, shared out in two ways. Left, the last layer (orange) starves", fontsize=12)
    return figure, (
        "Two drawings of a network with three layers of lines. On the left, 4,704, 600 and 20 weights: hardly a line "
        "reaches the outputs. On the right, 2,000, 2,900 and 424."
    )
