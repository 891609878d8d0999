"""Schematics: lines that cross, a line that bends, a polygon that is cut. Each returns a Figure and its description."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lthedu.figures import schematic
from lthedu.landscape.regions import SQUARE, split

Drawn = tuple[Figure, str]
FIRST = np.array([[1.0, 0.15, 0.25], [-0.35, 1.0, 0.3], [0.8, 0.9, -0.35]])  # (neurons, x and y and constant)
SECOND = np.array([0.9, -1.1, 0.8, -0.2])  # of the three neurons, and a constant
COLOURS = ("#0072B2", "#D55E00", "#009E73")
SHADES = ("#EAF2F8", "#FBEDE4", "#E8F5F0", "#F7EEF4", "#FDF9E3", "#F2F2F2", "#E3EAF0")


@schematic
def three_lines() -> Drawn:
    """Schematic: three neurons, the lines on which they are zero, and the seven pieces with their patterns."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 4.2), width_ratios=[1.15, 1], layout="constrained")
    x = np.linspace(0, 1, 601)
    knots, slopes = (0.2, 0.5, 0.75), (1.6, -3.2, 3.6)
    for knot, slope, colour in zip(knots, slopes, COLOURS, strict=True):
        left.plot(x, slope * np.maximum(x - knot, 0), color=colour, ls="--", lw=1.2)
        left.axvline(knot, color=colour, lw=0.8, ls=":")
    total = sum(s * np.maximum(x - k, 0) for k, s in zip(knots, slopes, strict=True))
    left.plot(x, total, color="black", lw=2.4)
    left.annotate("the sum of the three", (0.33, 0.21), (0.05, 0.8), fontsize=10, arrowprops={"arrowstyle": "-"})
    left.set(xlabel="input", ylabel="output")
    left.set_title("One input: three neurons, four pieces", fontsize=11)
    left.grid(visible=False)
    cut = [SQUARE]
    for neuron in FIRST:
        cut = [part for piece in cut for part in split(piece, piece @ neuron[:2] + neuron[2]) if len(part)]
    for shade, piece in zip(SHADES, cut, strict=False):
        right.fill(*piece.T, color=shade)
        centre = piece.mean(0)
        on = FIRST[:, :2] @ centre + FIRST[:, 2] > 0
        right.annotate("".join("+" if one else "−" for one in on), centre, ha="center", va="center", fontsize=11)
    _lines(right)
    right.set_title("Two inputs: three neurons, seven pieces", fontsize=11)
    figure.suptitle("A neuron bends the network where it turns on; between the bends it is straight", fontsize=12)
    return figure, (
        "Left, three dashed curves that are zero up to a knot and straight after it, and their sum, a chain of four "
        "straight pieces. Right, a square that three lines in three colours cut into seven pieces; in each piece three "
        "signs say which of the three neurons are on."
    )


def _lines(ax: Axes) -> None:
    for (a, b, c), colour in zip(FIRST, COLOURS, strict=True):
        across = np.array([-1.0, 1.0])
        ends = (across, -(a * across + c) / b) if abs(b) > abs(a) else (-(b * across + c) / a, across)
        ax.plot(*ends, color=colour, lw=2)
    ax.set(xlim=(-1, 1), ylim=(-1, 1), xlabel="first input", ylabel="second input", aspect="equal")
    ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    ax.grid(visible=False)


@schematic
def a_line_that_bends() -> Drawn:
    """Schematic: where a neuron of the second layer is zero, a line that bends wherever it meets one of the first's."""
    figure, ax = plt.subplots(figsize=(5.6, 4.6), layout="constrained")
    side = np.linspace(-1, 1, 401)
    x, y = np.meshgrid(side, side)
    first = [np.maximum(a * x + b * y + c, 0) for a, b, c in FIRST]
    value = sum(w * neuron for w, neuron in zip(SECOND[:3], first, strict=True)) + SECOND[3]
    ax.contour(x, y, value, levels=[0], colors="black", linewidths=2.4)
    _lines(ax)
    ax.set_title("A neuron of the second layer is zero on a bent line (black)", fontsize=11)
    return figure, (
        "A square with three straight lines in three colours, where the neurons of the first layer are zero, and one "
        "black line, where a neuron of the second layer is zero. It is straight within each piece and bends wherever "
        "it meets one of the coloured lines."
    )


@schematic
def one_cut() -> Drawn:
    """Schematic: a triangle with a neuron's values at its corners, and the two parts into which its zero cuts it."""
    figure, axes = plt.subplots(1, 3, figsize=(10.4, 3.3), layout="constrained", sharex=True, sharey=True)
    corners, values = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), np.array([-1.0, 1.0, -1.0])
    positive, negative = split(corners, values)
    for ax, part, colour, title in zip(
        axes,
        (corners, positive, negative),
        ("#F2F2F2", "#9CCBE8", "#F5C9A8"),
        ("the polygon, with values at its corners", "the positive part", "the negative part"),
        strict=True,
    ):
        ax.fill(*part.T, facecolor=colour, edgecolor="black")
        for place in part:
            value = (place @ np.array([1.0, 0.0]) - 1.0).round(6) + 0.0
            ax.annotate(f"{value:g}", place, (4, 4), textcoords="offset points", fontsize=11)
        ax.plot(*part.T, "o", color="black", ms=5)
        ax.set(xlim=(-0.3, 2.5), ylim=(-0.3, 2.5), aspect="equal", xlabel="x")
        ax.set_title(title, fontsize=11)
        ax.grid(visible=False)
    axes[0].axvline(1, color="#0072B2", ls="--")
    axes[0].set_ylabel("y")
    figure.suptitle(
        "A neuron cuts a polygon where its value is 0: new corners lie on two of the edges", fontsize=12, y=1.08
    )
    return figure, (
        "Three drawings. A triangle with corners (0, 0), (2, 0) and (0, 2), the values -1, 1 and -1 at them, and a "
        "dashed line at x = 1. Then its positive part, the triangle (1, 0), (2, 0), (1, 1), and its negative part, a "
        "quadrilateral, with the value 0 at the two new corners."
    )
