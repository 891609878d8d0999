"""Pictures that are drawn before anything is measured: networks, a matrix on its way through pruning, one weight."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lthedu.base.arguments import typed
from lthedu.figures import schematic

BLUE, ORANGE = "#0072B2", "#D55E00"  # Okabe and Ito's
KEPT, PRUNED = "#CFE3F5", "#F2F2F2"


@schematic
@typed
def two_networks() -> tuple[Figure, str]:
    """The same number of lines drawn as few of a large network's and as all of a small one's."""
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.0))
    rng = np.random.default_rng(4)
    large, small = (6, 9, 4), (6, 3, 4)
    every = [(layer, a, b) for layer in (0, 1) for a in range(large[layer]) for b in range(large[layer + 1])]
    count = sum(a * b for a, b in pairwise(small))
    chosen = {every[i] for i in rng.choice(len(every), count, replace=False)}
    for ax, sizes, title in ((axes[0], large, "large, pruned"), (axes[1], small, "small, dense")):
        at = [np.linspace(-1, 1, n) * min(1, n / 7) for n in sizes]
        for layer in (0, 1):
            for a in range(sizes[layer]):
                for b in range(sizes[layer + 1]):
                    kept = sizes is small or (layer, a, b) in chosen
                    look = {"color": BLUE, "lw": 1.3} if kept else {"color": "#DDDDDD", "lw": 0.5, "zorder": 0}
                    ax.plot([layer, layer + 1], [at[layer][a], at[layer + 1][b]], **look)
        for layer, heights in enumerate(at):
            ax.plot([layer] * len(heights), heights, "o", color="black", ms=6)
        ax.set_title(f"{title}: {count} connections", fontsize=11)
        ax.axis("off")
    return figure, (
        f"two small networks side by side; on the left one with nine hidden units, of whose {len(every)} connections "
        f"{count} are drawn in blue and the others in grey; on the right one with three hidden units and all of its "
        f"{count} connections in blue."
    )


@schematic
@typed
def score_select_mask(weights: Sequence[Sequence[float]], density: float) -> tuple[Figure, str]:
    """A small weight matrix on its way through pruning: weights, their scores, the mask, the weights that are left."""
    w = np.array(weights)
    flat = np.zeros(w.size, dtype=bool)
    flat[np.argsort(-np.abs(w).ravel(), kind="stable")[: round(density * w.size)]] = True
    kept = flat.reshape(w.shape)
    figure, axes = plt.subplots(1, 4, figsize=(10.5, 2.2))
    stages = (
        ("weights", w, [f"{x:.1f}" for x in w.ravel()]),
        ("score: how large?", np.abs(w), [f"{x:.1f}" for x in np.abs(w).ravel()]),
        (f"select the best {kept.sum()}: the mask", kept, ["✓" if k else "–" for k in kept.ravel()]),
        ("mask × weights", np.where(kept, w, 0), [f"{x:.1f}" if x else "0" for x in np.where(kept, w, 0).ravel()]),
    )
    for i, (ax, (title, _, words)) in enumerate(zip(axes, stages, strict=True)):
        _grid(ax, w.shape, words, kept.ravel() if i else np.ones(w.size, dtype=bool))
        ax.set_title(title, fontsize=11)
        if i:
            ax.annotate("", (-0.08, 0.5), (-0.3, 0.5), xycoords="axes fraction", arrowprops={"arrowstyle": "->"})
    figure.subplots_adjust(wspace=0.45)
    return figure, (
        f"four grids of {w.shape[0]} by {w.shape[1]} cells: the weights; their absolute values; the mask, which keeps "
        f"the {kept.sum()} largest; and the weights times the mask, where the other {(~kept).sum()} are 0."
    )


@schematic
@typed
def stored_as_csr(left: Sequence[Sequence[float]]) -> tuple[Figure, str]:
    """What a matrix with zeros takes in memory: all of its numbers, or values, columns and row starts."""
    w = np.array(left)
    rows, columns = np.nonzero(w)
    starts = [0, *np.cumsum((w != 0).sum(1)).tolist()]
    parts = {
        "value": [f"{x:.1f}" for x in w[rows, columns]],
        "its column": [str(c) for c in columns],
        "where each row begins": [str(s) for s in starts],
    }
    figure, axes = plt.subplots(1, 2, figsize=(9.4, 2.6), width_ratios=[2, 3])
    _grid(axes[0], w.shape, [f"{x:.1f}" if x else "0" for x in w.ravel()], (w != 0).ravel())
    axes[0].set_title(f"dense: {w.size} numbers × 4 bytes = {4 * w.size} bytes", fontsize=11)
    for row, (name, words) in enumerate(parts.items()):
        for i, word in enumerate(words):
            color = (KEPT, "#FBE3C0", "#E4E4E4")[row]
            axes[1].add_patch(Rectangle((i, -row), 1, 0.8, fc=color, ec="black", lw=0.6))
            axes[1].text(i + 0.5, 0.4 - row, word, ha="center", va="center")
        axes[1].text(-0.2, 0.4 - row, name, ha="right", va="center", fontsize=10)
    axes[1].set(xlim=(-3.4, max(len(rows), len(starts)) + 0.2), ylim=(-2.2, 1))
    axes[1].axis("off")
    numbers = 2 * len(rows) + len(starts)
    axes[1].set_title(f"CSR: {numbers} numbers × 4 bytes = {4 * numbers} bytes", fontsize=11)
    figure.tight_layout()
    return figure, (
        f"on the left a matrix of {w.size} numbers of which {len(rows)} are not zero, {4 * w.size} bytes; on the right "
        f"the same in compressed sparse rows: {len(rows)} values, {len(rows)} column numbers and {len(starts)} places "
        f"where rows begin, {4 * numbers} bytes."
    )


@schematic
@typed
def coming_back(paths: Mapping[str, Sequence[float]], pruned_at: int) -> tuple[Axes, str]:
    """The value of one weight after each step, for each rule: a dot that stays at zero, or walks away from it."""
    ax = plt.figure(figsize=(7.2, 3.2)).gca()
    for (name, path), (color, marker) in zip(paths.items(), ((ORANGE, "s"), (BLUE, "o")), strict=False):
        steps = np.arange(len(path))
        ax.plot(steps, path, color=color, marker=marker, ms=5, lw=1)
        ax.text(steps[-1] + 0.3, path[-1], name, color=color, va="bottom")
    ax.axvline(pruned_at, color="#999999", lw=0.8)
    ax.text(pruned_at + 0.15, ax.get_ylim()[1], "pruned: set to zero", va="top", fontsize=9, color="#666666")
    longest = max(len(path) for path in paths.values())
    ax.set(xlabel="step", ylabel="the weight", xlim=(0, 1.4 * longest), xticks=range(0, longest, 5))
    ax.set_title("A pruned weight without a gradient still moves")
    ends = "; ".join(f"{name}: {path[-1]:.2f}" for name, path in paths.items())
    return ax, f"one weight after each step, set to zero at step {pruned_at}; where it ends: {ends}."


def _grid(ax: Axes, shape: tuple[int, ...], words: Sequence[str], kept: np.ndarray) -> None:
    rows, columns = shape
    for i, word in enumerate(words):
        y, x = divmod(i, columns)
        ax.add_patch(Rectangle((x, rows - y - 1), 1, 1, fc=KEPT if kept[i] else PRUNED, ec="black", lw=0.6))
        ax.text(x + 0.5, rows - y - 0.5, word, ha="center", va="center", color="black" if kept[i] else "#777777")
    ax.set(xlim=(-0.05, columns + 0.05), ylim=(-0.05, rows + 0.05), aspect="equal")
    ax.axis("off")
