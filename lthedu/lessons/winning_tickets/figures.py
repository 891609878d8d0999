"""Figures of tickets and their arms. Each function draws on Axes and returns them with a description in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.experiments.paper_results import PaperResult
from lthedu.experiments.study import DENSE, RANDOM, REINIT, WINNING, final, final_accuracy
from lthedu.figures import use_style as use_style
from lthedu.figures.style import LOOKS, draw_guesses, percent
from lthedu.networks.masks import Mask


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

    `behind`: a stored reference of the same arms (columns arm, density, test), drawn as thin lines of its means.
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
    _density_axis(ax, rows)
    ax.set_ylabel("test accuracy (%)")
    ax.legend(loc="lower left")
    arms = ", ".join(dict.fromkeys(rows["arm"]))
    seeds = rows["replicate"].nunique()
    return ax, (
        "test accuracy in percent against the percentage of weights kept, on a logarithmic axis from many on the left "
        f"to few on the right; lines are means over {seeds} seeds, bands one standard deviation; arms: {arms}."
        + stored
        + not_drawn
    )


def _draw_behind(ax: Axes, reference: PaperResult) -> str:
    """The reference's means as thin pale lines, and the sentence that describes them."""
    for arm, mine in reference.table.groupby("arm", sort=False):
        mean = 100 * mine.groupby("density")["test"].mean()
        look = {key: LOOKS[str(arm)][key] for key in ("color", "linestyle")}
        if arm == DENSE:
            ax.axhline(mean.iloc[0], lw=0.9, alpha=0.6, **look)
        else:
            ax.plot(100 * mean.index.to_numpy(dtype=float), mean, lw=0.9, alpha=0.6, **look)
    ax.plot([], [], color="#777777", lw=0.9, label="thin: stored reference")
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
    ax.legend(loc="upper left")
    return ax, (
        "the winning ticket's test accuracy minus each other arm's, in percentage points, at every density; one mark "
        f"for each seed, a bar for the mean; above the zero line the ticket is better. Arms: {', '.join(against)}."
    )


@typed
def learning_curves(
    table: Annotated[pd.DataFrame, Columns("split step arm level density accuracy")],
    level: int,
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Validation accuracy against the training step for every arm at `level`, the dense networks beside them."""
    ax = ax or plt.figure().gca()
    rows = table[(table["split"] == "val") & ((table["level"] == level) | (table["arm"] == DENSE))]
    for arm, mine in rows.groupby("arm", sort=False):
        by_step = mine.groupby("step")["accuracy"]
        mean, sd = 100 * by_step.mean(), 100 * by_step.std()
        ax.plot(mean.index, mean, label=arm, **LOOKS[str(arm)])
        ax.fill_between(mean.index, mean - sd, mean + sd, color=LOOKS[str(arm)]["color"], alpha=0.2, lw=0)
    kept = 100 * rows.loc[rows["arm"] != DENSE, "density"].iloc[0]
    ax.set_xticks(sorted(rows["step"].unique())[-8:])
    ax.set_xlabel("training step")
    ax.set_ylabel("validation accuracy (%)")
    ax.set_title(f"{percent(kept)} % of the weights kept (dense: all)")
    ax.legend(loc="lower right")
    return ax, (
        f"validation accuracy in percent against the training step, {percent(kept)} percent of the weights kept; "
        "lines are means over seeds, bands one standard deviation."
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


def _density_axis(ax: Axes, rows: pd.DataFrame) -> None:
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.xaxis.set_major_locator(FixedLocator(sorted(100 * rows["density"].unique())))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: percent(x)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("weights kept (%)")
