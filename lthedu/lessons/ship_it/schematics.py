"""Schematics: what four files hold, two ways to spend few bytes, a dead neuron. Each returns a Figure and words."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from lthedu.figures import schematic

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#DDDDDD"


@schematic
def what_files_hold() -> Drawn:
    """Schematic: the same eight weights as numbers with zeros, as bits and values, and as bits and codes."""
    figure, ax = plt.subplots(figsize=(10.4, 3.2), layout="constrained")
    weights = [0, 0, 0.7, 0, 0, -0.4, 0, 0]
    codes: list[tuple[str, float, str]] = [
        ("00100100", 1, ORANGE),
        ("7", 0.5, GREEN),
        ("-4", 0.5, GREEN),
        ("scale 0.1", 4, BLUE),
    ]
    rows: list[tuple[str, list[tuple[str, float, str]]]] = [
        ("zeros written out: 32 bytes", [(f"{w:g}", 4, BLUE if w else GREY) for w in weights]),
        ("one bit a place, then values: 9 bytes", [("00100100", 1, ORANGE), ("0.7", 4, BLUE), ("-0.4", 4, BLUE)]),
        ("and values in 4 bits: 6 bytes", codes),
    ]
    for y, (title, cells) in enumerate(rows):
        at = 0.0
        for text, width, colour in cells:
            ax.add_patch(Rectangle((at, y), width, 0.55, facecolor=colour, edgecolor="white", lw=2, alpha=0.75))
            wide = width >= 4
            height = 0.28 if wide else 0.7 if width == 1 else -0.12
            ax.text(at + width / 2, y + height, text, ha="center", va="center", fontsize=10 if wide else 7)
            at += width
        ax.text(-0.4, y + 0.28, title, ha="right", va="center", fontsize=10)
    ax.set(xlim=(-14.5, 32.5), ylim=(2.9, -0.2))
    ax.axis("off")
    figure.suptitle("The same eight weights, six of them pruned, in three files", fontsize=12)
    return figure, (
        "Three rows of boxes as long as their bytes. First eight numbers of four bytes, six of them 0. Then one byte "
        "of bits and two numbers. Then one byte of bits, two codes of half a byte and a scale."
    )


@schematic
def two_ways_to_spend() -> Drawn:
    """Schematic: what pruning and few levels do to weights of a bell shape."""
    figure, axes = plt.subplots(1, 2, figsize=(10.4, 3.0), sharey=True, layout="constrained")
    x = np.linspace(-3, 3, 400)
    bell = np.exp(-(x**2) / 2)
    for ax, title in zip(axes, ("pruning: few weights, exact", "few bits: all weights, roughly"), strict=True):
        ax.plot(x, bell, color="#999999", lw=1)
        ax.set_title(title, fontsize=11)
        ax.set(yticks=[], xticks=[0], xlabel="weight", xlim=(-3, 3), ylim=(0, 1.1))
        ax.grid(visible=False)
    for side in (x < -1.5, x > 1.5):
        axes[0].fill_between(x[side], bell[side], color=BLUE, alpha=0.5)
    axes[0].plot([0, 0], [0, 1], color=GREY, lw=8)
    axes[0].text(0.2, 0.5, "all of these\nbecome 0", fontsize=10)
    levels = np.linspace(-2.4, 2.4, 7)
    axes[1].vlines(levels, 0, np.exp(-(levels**2) / 2), color=ORANGE, lw=5, alpha=0.7)
    axes[1].text(1.0, 0.8, "7 levels:\n3 bits a weight", fontsize=10)
    figure.suptitle("Two ways to spend few bytes", fontsize=12)
    return figure, (
        "Two bell curves of weights. Left, the tails are filled and kept as they are, the middle becomes zero. Right, "
        "seven evenly spaced bars, to the nearest of which every weight moves."
    )


@schematic
def dead_neuron() -> Drawn:
    """Schematic: a hidden neuron without inputs, whose constant moves into the next bias when it goes."""
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.2), layout="constrained")
    for ax, dead in zip(axes, (True, False), strict=True):
        places = {"x1": (0, 2), "x2": (0, 0), "h1": (2, 2), "y": (4, 1)} | ({"h2": (2, 0)} if dead else {})
        edges = [("x1", "h1", ""), ("x2", "h1", ""), ("h1", "y", "")] + ([("h2", "y", "weight 2")] if dead else [])
        for a, b, text in edges:
            ax.add_patch(FancyArrowPatch(places[a], places[b], arrowstyle="-|>", mutation_scale=14, shrinkA=15,
                                         shrinkB=15, color=ORANGE if a == "h2" else "#555555"))  # fmt: skip
            if text:
                ax.text(2.75, 0.75, text, fontsize=10, color=ORANGE)
        for name, (px, py) in places.items():
            colour = ORANGE if name == "h2" else BLUE
            ax.plot(px, py, "o", ms=26, mfc="white", color=colour, mew=2)
            ax.text(px, py, name, ha="center", va="center", fontsize=10)
        if dead:
            ax.text(2, -0.75, "reads nothing, bias 3:\nalways gives 3", ha="center", va="center", fontsize=10)
        ax.text(4, 0.3, f"bias {1 if dead else 7}", ha="center", va="center", fontsize=10)
        ax.set(xlim=(-0.5, 4.8), ylim=(-1.2, 2.6))
        ax.set_title("before" if dead else "after: 1 + 2 x 3 = 7", fontsize=11)
        ax.axis("off")
    figure.suptitle("A neuron that reads nothing can go, if its constant moves on", fontsize=12)
    return figure, (
        "Left, two inputs, two hidden neurons and an output with bias 1. The second hidden neuron has no incoming "
        "edge, bias 3, and an outgoing weight 2. Right, it is gone, and the output's bias is 7."
    )
