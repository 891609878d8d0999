"""Schematics: three kinds of zeros, a matrix in CSR, two orders of loops, a clock. Each returns a Figure and words."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from numpy.typing import NDArray

from lthedu.figures import schematic
from lthedu.pruning import keep_largest
from lthedu.sparsity import block_mask, to_csr, two_four_mask

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#E8E8E8"
MATRIX = torch.tensor([[0.0, 5, 0, 0], [0, 0, 0, 0], [7, 0, 0, 8], [0, 0, 6, 0]])


def _cells(ax: Axes, filled: NDArray[np.bool_], colour: str) -> None:
    for (r, c), on in np.ndenumerate(filled):
        ax.add_patch(Rectangle((c, r), 1, 1, facecolor=colour if on else GREY, edgecolor="white", lw=1.5))
    ax.set(xlim=(-0.1, filled.shape[1] + 0.1), ylim=(filled.shape[0] + 0.1, -0.1), aspect="equal")
    ax.axis("off")


@schematic
def three_kinds_of_zeros() -> Drawn:
    """Schematic: half of a matrix's weights kept freely, in whole blocks, and two of every four."""
    scores = torch.rand(8, 16, generator=torch.Generator().manual_seed(3))
    kept = {
        "free: the largest half": keep_largest(scores, 0.5),
        "blocks: whole squares": block_mask(scores, 0.5, block=4),
        "2:4: two of every four in a row": two_four_mask(scores),
    }
    figure, axes = plt.subplots(1, 3, figsize=(10.4, 2.5), layout="constrained")
    for ax, (title, mask), colour in zip(axes, kept.items(), (BLUE, ORANGE, GREEN), strict=True):
        _cells(ax, mask.numpy(), colour)
        ax.set_title(title, fontsize=11)
    for at in range(0, 17, 4):
        axes[2].plot([at, at], [0, 8], color="black", lw=1)
    figure.suptitle("Half of the weights are kept in each; the more order, the easier for a machine", fontsize=12)
    return figure, (
        "Three grids of 8 rows and 16 columns, half of the cells coloured: scattered, in whole squares of four by "
        "four, and exactly two in each group of four cells side by side."
    )


@schematic
def stored_by_rows() -> Drawn:
    """Schematic: a matrix with four non-zeros, and the three arrays of compressed sparse rows that store it."""
    start, column, value = (array.int().tolist() for array in to_csr(MATRIX))
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 3.0), width_ratios=[1, 2.4], layout="constrained")
    _cells(left, (MATRIX != 0).numpy(), "#9CCBE8")
    for (r, c), v in np.ndenumerate(MATRIX.numpy()):
        left.text(c + 0.5, r + 0.5, f"{v:g}", ha="center", va="center", fontsize=12, color="black" if v else "#999999")
    for r in range(4):
        left.text(-0.3, r + 0.5, f"row {r}", ha="right", va="center", fontsize=10)
    left.set_xlim(-1.6, 4.1)
    for y, (name, array) in enumerate({"start": start, "column": column, "value": value}.items()):
        right.text(-0.3, 1.6 * y + 0.5, name, ha="right", va="center", fontsize=11)
        for i, number in enumerate(array):
            right.add_patch(Rectangle((i, 1.6 * y), 1, 1, facecolor="#9CCBE8" if y else "#F5C9A8", edgecolor="white"))
            right.text(i + 0.5, 1.6 * y + 0.5, f"{number:g}", ha="center", va="center", fontsize=12)
    right.text(5.3, 0.5, "row 2: entries 1 to 2\nrow 1: none (1 to 1)", va="center", fontsize=10)
    right.set(xlim=(-1.8, 9), ylim=(4.4, -0.2))
    right.axis("off")
    figure.suptitle("Row r owns the entries from start[r] up to, but not including, start[r + 1]", fontsize=12)
    return figure, (
        "Left, a matrix of four rows and columns with the non-zeros 5, 7, 8 and 6. Right, the three arrays that store "
        f"it: start {start}, column {column}, value {value}."
    )


@schematic
def two_orders_of_loops() -> Drawn:
    """Schematic: how two orders of loops walk through x in memory, by jumps and along a row."""
    figure, axes = plt.subplots(1, 2, figsize=(10.4, 3.1), layout="constrained")
    rows = (0, 2, 3)
    paths = {
        "batch outside: finish one input, then the next": [(c, b) for b in range(3) for c in rows],
        "batch inside: finish one non-zero, then the next": [(c, b) for c in rows for b in range(8)],
    }
    for ax, (title, path), colour in zip(axes, paths.items(), (ORANGE, BLUE), strict=True):
        filled = np.zeros((4, 8), dtype=bool)
        filled[list(rows)] = True
        _cells(ax, filled, "#FBEDE4" if colour == ORANGE else "#EAF2F8")
        places = np.array([(b + 0.5, c + 0.5) for c, b in path])
        ax.plot(*places.T, "o-", color=colour, lw=1.6, ms=4)
        ax.add_patch(FancyArrowPatch(*places[-2:], arrowstyle="-|>", mutation_scale=15, color=colour))
        ax.text(4, 1.5, "not read: its weight is pruned", ha="center", va="center", fontsize=9, color="#777777")
        ax.text(4, 4.5, "one row of x: numbers side by side in memory", ha="center", va="center", fontsize=9)
        ax.set_ylim(4.8, -0.1)
        ax.set_title(title, fontsize=11)
    figure.suptitle(
        "Same sums, same FLOPs; the way through memory differs (x has a column for each input)", fontsize=12
    )
    return figure, (
        "Two grids of four rows, the rows of x, and eight columns, the inputs of a batch. Left, a path goes down three "
        "rows in the first column, then jumps to the next column. Right, a path runs along a whole row, then the next."
    )


@schematic
def windows_of_a_clock() -> Drawn:
    """Schematic: dense and sparse timed one after the other, and in windows, while the machine gets busier."""
    figure, axes = plt.subplots(2, 1, figsize=(10.4, 3.2), sharex=True, layout="constrained")
    pace = [1.0, 1.0, 1.0, 1.0, 1.6, 1.6, 1.6, 1.6]
    orders = {"one after the other": [True] * 4 + [False] * 4, "in windows": [True, False] * 4}
    for ax, (title, order) in zip(axes, orders.items(), strict=True):
        at = 0.0
        for is_dense, slow in zip(order, pace, strict=True):
            width = (2.0 if is_dense else 1.0) * slow
            ax.add_patch(
                Rectangle((at, 0), width, 1, facecolor="#555555" if is_dense else "#9CCBE8", edgecolor="white")
            )
            at += width
        ax.set(xlim=(0, 17), ylim=(0, 1.1), yticks=[])
        ax.set_title(title, fontsize=11, loc="left")
        ax.grid(visible=False)
    axes[1].set_xlabel("time (dark: dense, light: sparse; after half of the calls the machine is busier)")
    figure.suptitle("In windows, both meet the same machine", fontsize=12)
    return figure, (
        "Two rows of bars along a time axis. Above, four dark bars and then four light ones, which are wider because "
        "the machine got busier. Below, dark and light bars take turns, so that both are wider later on."
    )
