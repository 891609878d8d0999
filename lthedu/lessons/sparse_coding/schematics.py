"""Schematics: a patch as a sum of atoms, a threshold as two ReLUs, a search beside the network it becomes."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from lthedu.coding import dct_atoms, hard_threshold, soft_threshold
from lthedu.figures import schematic

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"


@schematic
def a_patch_of_few_atoms() -> Drawn:
    """Schematic: a patch that is the sum of three atoms, each times one number."""
    atoms, places, values = dct_atoms(8, 8), (1, 16, 10), (3.0, -2.0, 1.5)
    pictures = [atoms[place].view(8, 8) for place in places]
    patch = torch.stack([value * picture for value, picture in zip(values, pictures, strict=True)]).sum(0)
    figure, axes = plt.subplots(1, 4, figsize=(9.0, 2.3), layout="constrained")
    titles = ["the patch", *(f"{value:+g} times" for value in values)]
    for ax, picture, title, sign in zip(axes, [patch, *pictures], titles, ["", "=", "+", "+"], strict=True):
        ax.imshow(picture.numpy(), cmap="gray", vmin=-0.8 if sign == "" else -0.25, vmax=0.8 if sign == "" else 0.25)
        ax.set_title(title, fontsize=11)
        ax.axis("off")
        ax.text(-0.18, 0.5, sign, transform=ax.transAxes, fontsize=20, ha="center", va="center")
    figure.suptitle("64 pixels, described by three numbers and the names of three atoms", fontsize=12)
    return figure, (
        "Four small grey pictures of 8 by 8 pixels: a patch equals plus 3 times a slow wave across, minus 2 times a "
        "wave down, plus 1.5 times a chequered one."
    )


@schematic
def two_relus() -> Drawn:
    """Schematic: the soft threshold as one ReLU less another, and the hard threshold beside it."""
    v = torch.linspace(-3, 3, 601)
    curves = {
        "one ReLU less another: soft": (soft_threshold(v, 1.0), BLUE),
        "hard: keep or drop": (hard_threshold(v, 1.0), ORANGE),
    }
    figure, axes = plt.subplots(1, 2, figsize=(9.0, 3.2), sharey=True, layout="constrained")
    for ax, (title, (values, colour)) in zip(axes, curves.items(), strict=True):
        ax.plot(v, v, color=GREY, lw=1, ls=":")
        jumps = np.where(np.abs(np.diff(values.numpy(), prepend=values[0].item())) > 0.5, np.nan, values.numpy())
        ax.plot(v, jumps, color=colour, lw=2.2)
        ax.axvspan(-1, 1, color="#F2F2F2", zorder=0)
        ax.text(0, -2.6, "pruned", ha="center", fontsize=10, color=GREY)
        ax.set(xlabel="value before", title=title, xlim=(-3, 3), ylim=(-3, 3))
    axes[0].plot(v, torch.relu(v - 1) + 0.12, color=GREEN, lw=1.8, ls="--", label="relu(v - 1), drawn a little higher")
    axes[0].plot(v, -torch.relu(-v - 1) - 0.12, color=ORANGE, lw=1.8, ls="-.", label="-relu(-v - 1), a little lower")
    axes[0].legend(fontsize=8.5, loc="upper left")
    axes[0].annotate("moved by 1", (2.5, 1.5), (1.2, -1.4), arrowprops={"arrowstyle": "->"}, fontsize=10)
    axes[0].set_ylabel("value after a threshold of 1")
    figure.suptitle("Between -1 and 1 both prune; outside, only the soft one shrinks", fontsize=12)
    return figure, (
        "Two panels of the value after a threshold against the value before. Left, the soft threshold: 0 between -1 "
        "and 1, outside parallel to the dotted diagonal and nearer to 0 by 1; its halves are one ReLU and the negative "
        "of another. Right, the hard threshold: 0 between -1 and 1, outside on the diagonal."
    )


def _box(ax: Axes, x: float, y: float, text: str, colour: str, width: float = 1.5) -> None:
    style = "round,pad=0.02,rounding_size=0.1"
    ax.add_patch(FancyBboxPatch((x - width / 2, y - 0.35), width, 0.7, boxstyle=style, fc="white", ec=colour, lw=1.8))
    ax.text(x, y, text, ha="center", va="center", fontsize=9.5)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], bend: float = 0, colour: str = GREY) -> None:
    style = f"arc3,rad={bend}"
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=13, color=colour, connectionstyle=style))


@schematic
def loop_and_layers() -> Drawn:
    """Schematic: a search as a loop with one step, and the same steps written one after the other as layers."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 3.2), width_ratios=[1, 2.3], layout="constrained")
    _box(left, 1, 1, "step", BLUE)
    _box(left, 1, -0.6, "patch x", GREY)
    _arrow(left, (1, -0.2), (1, 0.6))
    _arrow(left, (1.3, 1.37), (0.7, 1.37), bend=1.4, colour=BLUE)
    left.text(1, 2.55, "code, again and again", ha="center", fontsize=10, color=BLUE)
    left.set_title("a search: one step in a loop", fontsize=11)
    for i in range(3):
        x = 1 + 2.3 * i
        _box(right, x, 1, f"layer {i + 1}", ORANGE)
        _arrow(right, (3.3, -0.2), (x, 0.6))
        _arrow(right, (x + 0.8, 1), (x + 1.5, 1), colour=ORANGE)
    right.text(7.3, 1, "code", va="center", fontsize=10)
    _box(right, 3.3, -0.6, "patch x", GREY)
    right.text(3.3, 1.85, "now training may change what the layers do", ha="center", fontsize=10, color=ORANGE)
    right.set_title("a network: the same steps as layers", fontsize=11)
    left.set(xlim=(-0.6, 2.6), ylim=(-1.2, 2.9))
    right.set(xlim=(0, 8), ylim=(-1.2, 2.9))
    for ax in (left, right):
        ax.axis("off")
    figure.suptitle("Unroll a search, and it is a deep network that sees its input in every layer", fontsize=12)
    return figure, (
        "Left, a box called step, with an arrow from the patch and an arrow that leads its code back into itself. "
        "Right, three boxes, layer 1 to layer 3, in a row; the code goes from each to the next, and each also gets an "
        "arrow from the patch."
    )
