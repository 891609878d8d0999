"""Figures of tickets and their arms. Each function returns Axes and a description in words."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.experiments.paper_results import PaperResult
from lthedu.experiments.study import DENSE, RANDOM, REINIT, WINNING, final, final_accuracy
from lthedu.figures import schematic
from lthedu.figures import use_style as use_style
from lthedu.figures.style import LOOKS, draw_guesses, percent
from lthedu.networks.masks import Mask

SIZES = (4, 5, 3)  # of the small network in the schematics
ORIGINAL, NEW, TRAINED = LOOKS[WINNING]["color"], LOOKS[REINIT]["color"], "#000000"


@schematic
def loop() -> tuple[np.ndarray, str]:
    """Schematic: a small network at its start, trained, pruned and rewound, and the way back to the training."""
    initial, trained = _weights(0), [w + 0.6 * d for w, d in zip(_weights(0), _weights(1), strict=True)]
    kept = _large(trained)
    steps = [
        ("1  Start\nrandom initial weights", initial, None, ORIGINAL),
        ("2  Train\nall weights move", trained, None, TRAINED),
        ("3  Prune\nthe smallest half goes", trained, kept, TRAINED),
        ("4  Rewind\nthe rest starts as in 1", initial, kept, ORIGINAL),
    ]
    fig, axes = plt.subplots(1, 4, figsize=(9, 3))
    for ax, (title, weights, mask, color) in zip(axes, steps, strict=True):
        _draw_network(ax, weights, mask, color)
        ax.set_title(title, fontsize=11)
    for left in (0, 1, 2):
        _arrow(axes[left], axes[left + 1], (1, 0.5), (0, 0.5), 0.0)
    _arrow(axes[3], axes[1], (0.5, -0.02), (0.5, -0.02), -0.22)
    fig.text(0.62, -0.09, "and again: train the smaller network", ha="center", fontsize=11)
    fig.suptitle("A ticket is found in a loop: train, prune, rewind", y=1.12, fontsize=13)
    return axes, (
        "four drawings of one small network, from left to right. 1, Start: all edges, thick for large weights and thin "
        "for small ones. 2, Train: the thicknesses have changed. 3, Prune: the thinner half of the trained edges is "
        "gone. 4, Rewind: the same edges as in 3, with the thicknesses of 1. An arrow leads from 4 back to 2."
    )


@schematic
def four_networks() -> tuple[np.ndarray, str]:
    """Schematic: the dense network, the ticket and its two controls, with what each of them shares."""
    initial, fresh = _weights(0), _weights(2)
    found = _large([w + 0.6 * d for w, d in zip(initial, _weights(1), strict=True)])
    rng = np.random.default_rng(4)
    other = [rng.permutation(m.ravel()).reshape(m.shape) for m in found]
    arms = [
        ("Dense\nall edges,\ninitial values", initial, None, ORIGINAL),
        ("Winning ticket\nfound edges,\ninitial values", initial, found, ORIGINAL),
        ("Random reinitialisation\nfound edges,\nnew values", fresh, found, NEW),
        ("Random mask\nother edges,\ninitial values", initial, other, ORIGINAL),
    ]
    fig, axes = plt.subplots(1, 4, figsize=(9, 3))
    for ax, (title, weights, mask, color) in zip(axes, arms, strict=True):
        _draw_network(ax, weights, mask, color)
        ax.set_title(title, fontsize=10)
    fig.suptitle("Each control changes one thing about the ticket", y=1.18, fontsize=13)
    return axes, (
        "four drawings of one small network before training. Dense: all edges, in blue. Winning ticket: half of them, "
        "as thick as in the dense one. Random reinitialisation: the same edges, in orange and with other thicknesses. "
        "Random mask: as many edges in every layer, at other places, as thick as in the dense network."
    )


def _weights(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in pairwise(SIZES)]


def _large(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Of every layer the half with the largest magnitudes."""
    return [abs(w) >= np.sort(abs(w), axis=None)[-(w.size // 2)] for w in weights]


def _draw_network(ax: Axes, weights: list[np.ndarray], kept: list[np.ndarray] | None, color: str) -> None:
    places = [[(layer, i - (n - 1) / 2) for i in range(n)] for layer, n in enumerate(SIZES)]
    for layer, w in enumerate(weights):
        for i, j in np.ndindex(w.shape):
            if kept is None or kept[layer][i, j]:
                (x, y), (to_x, to_y) = places[layer][i], places[layer + 1][j]
                ax.plot([x, to_x], [y, to_y], color=color, lw=0.4 + 1.8 * abs(w[i, j]), alpha=0.75, zorder=1)
    for x, y in (place for layer in places for place in layer):
        ax.plot(x, y, "o", ms=9, mfc="white", mec="#444444", zorder=2)
    ax.set(xlim=(-0.3, 2.3), ylim=(-2.5, 2.5))
    ax.set_axis_off()


def _arrow(tail: Axes, head: Axes, start: tuple[float, float], end: tuple[float, float], bend: float) -> None:
    style = {"arrowstyle": "-|>", "lw": 1.5, "color": "#444444", "connectionstyle": f"arc3,rad={bend}"}
    head.annotate("", end, start, xycoords=head.transAxes, textcoords=tail.transAxes, arrowprops=style)


@typed
def accuracy_by_density(
    table: Annotated[pd.DataFrame, Columns("split step arm replicate density accuracy")],
    *,
    guess: Mapping[str, float | str | None] | None = None,
    at: float | None = None,
    behind: PaperResult | None = None,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Test accuracy of every arm against the density of weights kept: mean and band of one standard deviation.

    `behind`: a stored run of the same arms (columns arm, density, test), drawn as thin lines of its means.
    `guess` maps arms to a guessed accuracy in percent (or None), drawn as open stars at the density `at`; what is
    no percentage of a known arm is named in the description instead.
    """
    ax = ax or plt.figure().gca()
    rows = final(table)
    stored = "" if behind is None else _draw_behind(ax, behind)
    for arm, mine in rows.groupby("arm", sort=False):
        mean, sd = _mean_and_sd(mine)
        x = 100 * mean.index.to_numpy(dtype=float)
        look = LOOKS[str(arm)]
        if arm == DENSE:
            ax.axhline(mean.iloc[0], color=look["color"], linestyle=look["linestyle"], label=arm)
            ax.axhspan(mean.iloc[0] - sd.iloc[0], mean.iloc[0] + sd.iloc[0], color=look["color"], alpha=0.12, lw=0)
            continue
        ax.plot(x, mean, label=arm, **look)
        ax.fill_between(x, mean - sd, mean + sd, color=look["color"], alpha=0.2, lw=0)
    not_drawn = "" if at is None else draw_guesses(ax, guess or {}, 100 * at, LOOKS)
    _density_axis(ax, rows["density"])
    ax.set_ylabel("test accuracy (%)")
    ax.set_title("The ticket holds the dense network's accuracy longest")
    ax.legend(loc="lower left")
    arms = ", ".join(dict.fromkeys(rows["arm"]))
    seeds = rows["replicate"].nunique()
    return ax, (
        "test accuracy in percent against the percentage of weights kept, on a logarithmic axis from many on the left "
        f"to few on the right; lines are means over {seeds} seeds, bands one standard deviation; arms: {arms}. "
        "The dense network is a level line." + stored + not_drawn
    )


def _draw_behind(ax: Axes, reference: PaperResult) -> str:
    """The run's means as thin pale lines, and the sentence that describes them."""
    for arm, mine in reference.table.groupby("arm", sort=False):
        mean = 100 * mine.groupby("density")["test"].mean()
        look = {key: LOOKS[str(arm)][key] for key in ("color", "linestyle")}
        if arm == DENSE:
            ax.axhline(mean.iloc[0], lw=0.9, alpha=0.6, **look)
        else:
            ax.plot(100 * mean.index.to_numpy(dtype=float), mean, lw=0.9, alpha=0.6, **look)
    ax.plot([], [], color="#777777", lw=0.9, label="thin: stored run of 50,000 steps")
    return f" Thin lines behind, without bands: {reference.provenance()}."


@typed
def differences(
    table: Annotated[pd.DataFrame, Columns("split step arm level replicate density accuracy")],
    against: Sequence[str] = (DENSE, REINIT, RANDOM),
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Winning ticket minus each other arm, in points of test accuracy: a dot for each seed, a bar for the mean."""
    ax = ax or plt.figure().gca()
    rows = final(table)
    levels = sorted(rows.loc[rows["arm"] == WINNING, "level"].unique())
    shift = np.linspace(-0.22, 0.22, len(against))
    for offset, other in zip(shift, against, strict=True):
        gaps = [
            100 * np.subtract(final_accuracy(table, WINNING, level), final_accuracy(table, other, level))
            for level in levels
        ]
        look = LOOKS[other]
        x = np.arange(len(levels)) + offset
        marks = {"marker": look["marker"], "color": look["color"]}
        for i, gap in zip(x, gaps, strict=True):
            ax.plot(np.full(len(gap), i), gap, ms=5, ls="", alpha=0.5, **marks)
        ax.hlines([g.mean() for g in gaps], x - 0.1, x + 0.1, color=look["color"], lw=2.5)
        ax.plot([], [], ls="-", lw=2.5, ms=6, label=f"minus {other}", **marks)
    ax.axhline(0, color="black", lw=1)
    kept = rows[rows["arm"] == WINNING].groupby("level")["density"].first()
    ax.set_xticks(range(len(levels)), [percent(100 * kept[level]) for level in levels])
    ax.set_xlabel("weights kept (%)")
    ax.set_ylabel("winning ticket minus other arm\n(points of test accuracy)")
    ax.set_title("Above zero the ticket is ahead of the same seed's other network")
    ax.legend(loc="upper left")
    return ax, (
        "the winning ticket's test accuracy minus each other arm's, in percentage points, at every density; one mark "
        f"for each seed, a bar for the mean; above the zero line the ticket is better. Arms: {', '.join(against)}."
    )


@typed
def how_fast(
    table: Annotated[pd.DataFrame, Columns("split step arm level density accuracy")],
    level: int,
    stored: Annotated[pd.DataFrame, Columns("arm density best_step")],
) -> tuple[np.ndarray, str]:
    """Left: validation accuracy against the step at `level`, the dense networks beside it. Right: in the long run, the
    step of the lowest validation loss (`best_step`) against the density."""
    fig, axes = plt.subplots(1, 2, figsize=(9.6, 4))
    rows = table[(table["split"] == "val") & ((table["level"] == level) | (table["arm"] == DENSE))]
    for arm, mine in rows.groupby("arm", sort=False):
        by_step = mine.groupby("step")["accuracy"]
        mean, sd = 100 * by_step.mean(), 100 * by_step.std()
        axes[0].plot(mean.index, mean, label=arm, **LOOKS[str(arm)])
        axes[0].fill_between(mean.index, mean - sd, mean + sd, color=LOOKS[str(arm)]["color"], alpha=0.2, lw=0)
    kept = percent(100 * rows.loc[rows["arm"] != DENSE, "density"].iloc[0])
    axes[0].set(xlabel="training step", ylabel="validation accuracy (%)")
    axes[0].set_title(f"This lesson, {kept} % kept (dense: all)", fontsize=11)
    for arm, mine in stored.groupby("arm", sort=False):
        steps = mine.groupby("density")["best_step"].mean()
        look = LOOKS[str(arm)]
        if arm == DENSE:
            axes[1].axhline(steps.iloc[0], color=look["color"], linestyle=look["linestyle"])
        else:
            axes[1].plot(100 * steps.index.to_numpy(dtype=float), steps, **look, ms=4)
    _density_axis(axes[1], pd.Series([0.8, 0.41, 0.26, 0.17, 0.07, 0.036]))
    axes[1].set(ylabel="step of the lowest validation loss")
    axes[1].legend(*axes[0].get_legend_handles_labels(), loc="upper left")
    axes[1].set_title("The stored run of 50,000 steps", fontsize=11)
    fig.suptitle("The ticket gets there first", fontsize=13)
    fig.tight_layout()
    return axes, (
        f"two panels. Left, this lesson with {kept} percent of the weights kept: validation accuracy in percent by "
        "the step, means over seeds, bands one standard deviation. Right, the stored run of 50,000 steps: the step at "
        "which the validation loss is lowest against the percentage of weights kept, means over seeds; the dense one "
        "is a level line. The same arms in the same colours: "
        f"{', '.join(dict.fromkeys(stored['arm']))}."
    )


@typed
def leads(ways: Mapping[str, Annotated[pd.DataFrame, Columns("arm density test")]]) -> tuple[Axes, str]:
    """How far the ticket is ahead of its random reinitialisation, in points, by density: a line for each way to train.

    `ways`: for each, in words, the test accuracies (fractions) of its networks.
    """
    ax = plt.figure(figsize=(8, 4.2)).gca()
    looks = zip(
        ("#0072B2", "#CC79A7", "#56B4E9", "#E69F00", "#000000"), ("-", "--", "-.", ":", "-"), "osD^v", strict=True
    )
    ends = {}
    for (name, rows), (color, style, mark) in zip(ways.items(), looks, strict=False):
        mean = 100 * rows.groupby(["arm", "density"])["test"].mean()
        lead = (mean[WINNING] - mean[REINIT]).sort_index()
        x = 100 * lead.index.to_numpy(dtype=float)
        ax.plot(x, lead, color=color, linestyle=style, marker=mark, ms=4)
        ends[name] = x[0], lead.iloc[0], color
    height = -np.inf
    for name, (x, y, color) in sorted(ends.items(), key=lambda end: end[1][1]):
        height = max(y, height + 0.22)  # no label on another
        ax.annotate(name, (x, y), (0.9 * x, height), color=color, va="center")
    ax.axhline(0, color="black", lw=1)
    _density_axis(ax, pd.Series([0.5, 0.25, 0.126, 0.063, 0.032, 0.016]))
    ax.set_xlim(right=ax.get_xlim()[1] * 0.45)
    ax.set_ylabel("ticket minus random reinitialisation\n(points of test accuracy)")
    ax.set_title("How large the lead is depends on how you train")
    return ax, (
        "the winning ticket's test accuracy minus that of its random reinitialisation, in percentage points, by the "
        "percentage of weights kept, on a logarithmic axis from many on the left to few on the right; one line for "
        f"each way to train: {'; '.join(ways)}. At zero both would be equally good."
    )


@typed
def places(accuracy: Mapping[str, Sequence[float]], dense: float) -> tuple[Axes, str]:
    """One row of dots for each way to choose the mask: test accuracies (fractions), one for each seed."""
    ax = plt.figure(figsize=(8, 3.4)).gca()
    for row, values in enumerate(accuracy.values()):
        ax.plot(100 * np.asarray(values), np.full(len(values), row), "o", ms=7, alpha=0.6, color="#0072B2")
        ax.plot(2 * [100 * np.mean(values)], [row - 0.25, row + 0.25], color="#0072B2", lw=2.5)
    ax.axvline(100 * dense, color="black", linestyle=":")
    ax.annotate("dense", (100 * dense, -0.55), (4, 0), textcoords="offset points", va="center")
    ax.set_yticks(range(len(accuracy)), list(accuracy))
    ax.set_ylim(len(accuracy) - 0.5, -0.8)
    ax.set_xlabel("test accuracy (%)")
    ax.set_title("Neither the right pixels nor the mask alone is enough")
    return ax, (
        "test accuracy in percent, one row for each kind of mask, one dot for each seed and a bar for their mean; a "
        f"dotted line marks the dense networks' mean. Rows from the top: {'; '.join(accuracy)}."
    )


@typed
def shuffled_digit(image: Tensor, order: Tensor, mask: Mask) -> tuple[np.ndarray, str]:
    """A digit, the same digit with its pixels in another order, and where the masks' first layer looks.

    `image`: (784,); `order`: a permutation of the 784 pixels; `mask`: stacked, first entry (replicates, hidden, 784).
    """
    fig, axes = plt.subplots(1, 3, figsize=(8, 2.9))
    titles = ("A digit", "The same pixels, shuffled", "Where the tickets look")
    pictures = (image.reshape(28, 28), image[order].reshape(28, 28), pixel_degrees(mask))
    for ax, title, picture, colors in zip(axes, titles, pictures, ("gray", "gray", "viridis"), strict=True):
        ax.imshow(np.asarray(picture), cmap=colors, vmin=0)  # dark: 0, as in the explorer
        ax.set_title(title, fontsize=11)
        ax.set_axis_off()
    fig.suptitle("Shuffled pixels put the digit where the ticket looks less", y=1.04, fontsize=13)
    return axes, (
        "three pictures of 28 by 28 pixels. A digit. The same digit with its pixels in another order: grey noise, "
        "bright spots all over the picture. And how many weights of the tickets leave each pixel: many in the middle, "
        "fewer at the rim."
    )


@typed
def pixel_degrees(mask: Mask) -> np.ndarray:
    """How many kept first-layer weights leave each of the 28 x 28 pixels, as a mean over replicates.

    `mask` is stacked: its first entry has shape (replicates, hidden, 784). Returns an array (28, 28). Raises
    ValueError, naming the shape, for a first layer that reads no 28 x 28 pixels.

    >>> import torch
    >>> pixel_degrees({"first": torch.ones(5, 300, 784, dtype=torch.bool)})[0, :3].tolist()
    [300.0, 300.0, 300.0]
    """
    first = next(iter(mask.values()))
    if first.ndim != 3 or first.shape[2] != 784:
        raise ValueError(f"the first layer's mask has shape {tuple(first.shape)}; expected (replicates, hidden, 784)")
    return np.asarray(first.sum(1, dtype=first.new_zeros(0).float().dtype).mean(0).reshape(28, 28).cpu())


@typed
def share_on_rim(mask: Mask, width: int = 4) -> np.ndarray:
    """The share of each replicate's kept first-layer weights that read the outer ring of pixels, `width` wide.

    `mask` is stacked, first entry (replicates, hidden, 784). Returns an array (replicates,). For width 4 the
    ring holds 384 of the 784 pixels, so an even choice gives 0.49.

    >>> import torch
    >>> share_on_rim({"first": torch.ones(2, 300, 784, dtype=torch.bool)}).round(2).tolist()
    [0.49, 0.49]
    """
    first = next(iter(mask.values())).cpu()
    per_pixel = first.sum(1).reshape(-1, 28, 28).numpy().astype(float)  # (replicates, 28, 28)
    inside = per_pixel[:, width:-width, width:-width].sum((1, 2))
    return np.asarray(1 - inside / per_pixel.sum((1, 2)))


def _mean_and_sd(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    by_density = rows.groupby("density")["accuracy"]
    return 100 * by_density.mean(), 100 * by_density.std().fillna(0)


def _density_axis(ax: Axes, densities: pd.Series) -> None:
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.xaxis.set_major_locator(FixedLocator(sorted(100 * densities.unique())))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: percent(x)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("weights kept (%)")
