"""What the lesson draws before it measures: folded paper, the lower bound, what a mask deletes, and counting."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from lthedu.base.arguments import typed
from lthedu.figures import schematic

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#BBBBBB"


@schematic
@typed
def folded_paper() -> Drawn:
    """Schematic: a strip of paper, folded in the middle and stretched, and where a place lies after 1 to 3 times."""
    figure, axes = plt.subplots(2, 3, figsize=(10.4, 4.2), height_ratios=[1, 1.6], layout="constrained")
    steps: dict[str, dict[str, tuple[float, float]]] = {
        "a strip of paper": {"0": (0, 0), "1/2": (0.5, 0), "1": (1, 0)},
        "folded in the middle: 2 sheets": {"0": (0, 0), "1/2": (0.5, 0), "1": (0, 0.3)},
        "stretched to its old length": {"0": (0, 0), "1/2, now at 1": (1, 0), "1": (0, 0.3)},
    }
    for above, (title, places) in zip(axes[0], steps.items(), strict=True):
        start, middle, end = np.array([*places.values()], dtype=float)
        above.plot(*np.array([start, middle, [middle[0], end[1]], end]).T, color=ORANGE, lw=2)
        for name, (x, y) in places.items():
            above.plot(x, y, "o", ms=5, color="black")
            above.annotate(name, (x, y), (0, -7), textcoords="offset points", ha="center", va="top", fontsize=10)
        above.set(xlim=(-0.15, 1.15), ylim=(-0.45, 0.55))
        above.set_title(title, fontsize=11)
        above.set_axis_off()
    for folds, below in enumerate(axes[1], 1):
        below.plot(np.arange(2**folds + 1) / 2**folds, np.arange(2**folds + 1) % 2, color=BLUE, lw=2)
        below.set(xlabel="place on the first strip, x", xticks=[0, 0.5, 1], yticks=[0, 1], ylim=(-0.08, 1.08))
        below.set_title(f"{folds} fold{'s' * (folds > 1)}, {2**folds} sheets: {2**folds} pieces", fontsize=11)
    axes[1][0].set_ylabel("place afterwards")
    figure.suptitle("Fold and stretch: each time the sheets double, and so do the straight pieces", fontsize=12)
    return figure, (
        "Above, a strip of paper from the side: from 0 to 1; folded in the middle, two sheets of half the length, with "
        "the end 1 above the end 0 and the crease at 1/2; and stretched to its old length, the crease at 1. Below, the "
        "function that takes a place on the strip to its place after one, two and three folds, each with its stretch: "
        "a sawtooth of 2, 4 and 8 straight pieces between 0 and 1."
    )


@schematic
@typed
def too_few_pieces() -> Drawn:
    """Schematic: a sawtooth of eight pieces, the line 1/2, and a function of three pieces that cannot keep up."""
    x, teeth = np.arange(9) / 8, np.arange(9) % 2
    knots, heights = [0, 0.3, 0.62, 1], [0.1, 0.9, 0.15, 0.75]
    wrong = (np.interp(x, knots, heights) > 0.5) != (teeth > 0.5)
    figure, ax = plt.subplots(figsize=(8.6, 3.4), layout="constrained")
    ax.plot(x, teeth, color=BLUE, lw=1.8)
    ax.plot(knots, heights, color=ORANGE, lw=1.8, ls="--")
    ax.plot([0, 1], [0.5, 0.5], color="black", lw=1, ls=":")
    ax.plot(x[wrong], teeth[wrong], "o", ms=9, mfc="none", mew=2, color="black")
    ax.text(1.01, 0.5, "the line 1/2", va="center", fontsize=10)
    ax.text(1.03, 0.02, "sawtooth, 8 pieces", va="center", fontsize=10, color=BLUE)
    ax.text(1.01, 0.75, "3 pieces, 2 units", va="center", fontsize=10, color=ORANGE)
    ax.set(xlabel="x", ylabel="height", xlim=(0, 1.25), xticks=[0, 0.25, 0.5, 0.75, 1])
    ax.set_title("Three straight pieces cannot be on the right side of 1/2 nine times", fontsize=11)
    return figure, (
        "A sawtooth of eight pieces between 0 and 1, a dotted line at the height 1/2, and a dashed function of three "
        f"straight pieces; rings mark the {int(wrong.sum())} of 9 corners of the sawtooth where that function is on "
        "the other side of the line."
    )


@schematic
@typed
def neurons_or_weights() -> Drawn:
    """Schematic: one random network with two layers, masked neuron by neuron and weight by weight."""
    figure, axes = plt.subplots(1, 3, figsize=(10.4, 3.2), layout="constrained")
    inputs, hidden = np.array([[0, 1], [0, 2], [0, 3]]), np.array([[1, j] for j in (0.5, 1.5, 2.5, 3.5)])
    output = np.array([2, 2])
    masks = {
        "nothing deleted": (np.ones((4, 3), bool), np.ones(4, bool)),
        "whole neurons": (np.array([[1] * 3, [0] * 3, [1] * 3, [0] * 3], bool), np.array([1, 0, 1, 0], bool)),
        "single weights": (np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]], bool), np.array([1, 1, 0, 1], bool)),
    }
    for ax, (title, (first, second)) in zip(axes, masks.items(), strict=True):
        for j, neuron in enumerate(hidden):
            for i, pixel in enumerate(inputs):
                kept = bool(first[j, i] and second[j])
                ax.plot(*np.array([pixel, neuron]).T, color=BLUE if kept else GREY, lw=2 if kept else 0.6, zorder=1)
            look = {"color": ORANGE, "lw": 2} if second[j] else {"color": GREY, "lw": 0.6}
            ax.plot(*np.array([neuron, output]).T, **look, zorder=1)
            ax.plot(*neuron, "o", ms=13, color="black" if second[j] else GREY)
        for place in (*inputs, output):
            ax.plot(*place, "o", ms=13, mfc="white", color="black")
        ax.set_title(title, fontsize=11)
        ax.set_axis_off()
    figure.suptitle("A neuron mask leaves each feature as it was drawn, a weight mask makes new ones", fontsize=12)
    return figure, (
        "Three drawings of a network with three inputs, four hidden neurons and one output. In the first all "
        "connections are there; in the second two whole hidden neurons are gone, and the others keep all their "
        "connections; in the third three hidden neurons are left with one incoming connection each."
    )


@schematic
@typed
def masks_and_maps() -> Drawn:
    """Schematic: linear maps more than 2 eps apart, and masks, each within eps of one of them at most."""
    figure, ax = plt.subplots(figsize=(7.0, 3.9), layout="constrained")
    rows = np.array([[i + 0.5 * (j % 2), 0.87 * j] for j in range(4) for i in range(7)]) * 1.1
    rng = np.random.default_rng(3)
    for k, centre in enumerate(rows):
        ax.add_patch(Circle(tuple(centre), 0.5, facecolor="#E8F1F8", edgecolor=BLUE))
        ax.plot(*centre, ".", color=BLUE, ms=4)
        if k % 3 != 1:
            angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.4)
            ax.plot(centre[0] + far * np.cos(angle), centre[1] + far * np.sin(angle), "x", color=ORANGE, ms=8, mew=2)
    ax.set(xlim=(-0.7, 8.0), ylim=(-0.7, 3.6), aspect="equal")
    ax.set_axis_off()
    ax.set_title("A mask (orange) lies in one disc of radius eps at most: few masks leave discs empty", fontsize=11)
    return figure, (
        "Twenty-eight discs that do not overlap, each around one linear map and with radius eps; crosses for masks lie "
        "in two of three discs, at most one in each, and the others are empty."
    )
