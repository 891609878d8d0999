"""This lesson's figures: digits, a mask at work, what deleting costs, and subsets that hit a number."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.experiments.study import DENSE, final
from lthedu.figures import use_style as use_style
from lthedu.figures.style import LOOKS, draw_guesses, percent

# Okabe and Ito's colours, each with a line style and a marker of its own
_LINES: tuple[dict[str, Any], ...] = (
    {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    {"color": "#D55E00", "linestyle": "--", "marker": "^"},
    {"color": "#009E73", "linestyle": "-.", "marker": "D"},
)


@typed
def digit_row(images: Tensor, labels: Sequence[object], *, ax: Axes | None = None) -> tuple[Axes, str]:
    """Images of digits side by side, a word under each: `images` (n, 784), any scale; `labels` n of anything.

    Returns the axes and a description of what is drawn. Raises ValueError unless there is a label for each image.

    >>> _, alt = digit_row(torch.zeros(2, 784), [7, "3 ✗"])
    >>> alt
    '2 handwritten digits in a row, with these words below: 7, 3 ✗.'
    """
    if len(images) != len(labels):
        raise ValueError(f"there are {len(images)} images and {len(labels)} labels; expected one label for each image")
    ax = ax or plt.figure(figsize=(7.2, 1.2)).gca()
    row = torch.cat(list(images.detach().cpu().reshape(-1, 28, 28)), dim=1)  # (28, n * 28)
    ax.imshow(row.numpy(), cmap="gray_r")
    ax.set_xticks([28 * i + 13.5 for i in range(len(images))], [str(label) for label in labels])
    ax.tick_params(bottom=False, pad=1)
    ax.set_yticks([])
    ax.grid(False)
    for side in ax.spines.values():
        side.set_visible(False)
    return ax, f"{len(images)} handwritten digits in a row, with these words below: {', '.join(map(str, labels))}."


@typed
def mask_at_work(numbers: Tensor, mask: Tensor, left: Tensor) -> tuple[list[Axes], str]:
    """Three small tables of equal shape (rows, columns): the numbers, their mask, and what it left of them.

    Returns the three axes and a description. Raises ValueError for tables of other or unequal shapes.

    >>> numbers = torch.tensor([[0.5, -2.0]])
    >>> _, alt = mask_at_work(numbers, numbers > 0, numbers * (numbers > 0))
    >>> alt.endswith("1 of the 2 are kept.")
    True
    """
    shapes = [tuple(table.shape) for table in (numbers, mask, left)]
    if len(set(shapes)) > 1 or numbers.ndim != 2:
        raise ValueError(f"the tables have the shapes {shapes}; expected three of one shape (rows, columns)")
    figure, panels = plt.subplots(1, 3, figsize=(10.6, 0.5 + 0.36 * len(numbers)))
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.02, top=0.86, wspace=0.08)
    words = [[f"{v:.3f}" for v in row] for row in numbers.tolist()]
    kept = [["keep" if k else "delete" for k in row] for row in mask.tolist()]
    after = [[f"{v:.3f}" if v else "0" for v in row] for row in left.tolist()]
    for ax, title, cells in zip(panels, ("weights", "mask", "what is left"), (words, kept, after), strict=True):
        ax.imshow(mask.cpu().numpy(), cmap="gray", vmin=-2.5, vmax=1)  # kept on white, deleted on grey
        for (i, j), word in np.ndenumerate(np.array(cells)):
            ax.text(j, i, word, ha="center", va="center", fontsize=8.5)
        ax.set_title(title, fontsize=11)
        ax.set_axis_off()
        ax.set_aspect("auto")
    count, of = int(mask.sum()), mask.numel()
    return list(panels), (
        f"three tables of {len(numbers)} by {numbers.shape[1]}: weights, the word keep or delete for each, and what is "
        f"left; {count} of the {of} are kept."
    )


@typed
def accuracy_after_deleting(
    accuracies: Mapping[str, Mapping[float, Sequence[float]]],
    *,
    guess: Mapping[str, float | str | None] | None = None,
    at: float | None = None,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Test accuracy against the share of weights kept, one line a way to delete: mean and band over networks.

    `accuracies`: way to delete -> density -> one accuracy (a fraction) for each network. `guess` maps ways to a
    guessed percentage (or None), drawn as open stars at the density `at`; what is no percentage is left out, and the
    description says so. Returns the axes and a description. Raises ValueError for no way, or more than three, and for
    ways with different densities.

    >>> ways = {"smallest first": {1.0: [0.9, 0.8], 0.5: [0.8, 0.7]}, "at random": {1.0: [0.9, 0.8], 0.5: [0.2, 0.1]}}
    >>> ax, alt = accuracy_after_deleting(ways)
    >>> ax.get_xlabel(), "the mean of 2 networks" in alt
    ('weights kept (%)', True)
    """
    if not 1 <= len(accuracies) <= len(_LINES) or len({frozenset(by) for by in accuracies.values()}) > 1:
        given = {way: sorted(by) for way, by in accuracies.items()}
        raise ValueError(f"the densities by way are {given}; allowed: 1 to {len(_LINES)} ways, all with the same ones")
    ax = ax or plt.figure().gca()
    networks = 0
    looks = dict(zip(accuracies, _LINES, strict=False))
    for way, by_density in accuracies.items():
        x = [100 * density for density in sorted(by_density)]
        y = 100 * np.array([by_density[density] for density in sorted(by_density)])  # (densities, networks)
        networks = y.shape[1]
        ax.plot(x, y.mean(1), label=way, **looks[way])
        ax.fill_between(x, y.min(1), y.max(1), color=looks[way]["color"], alpha=0.2, lw=0)
    not_drawn = "" if at is None else draw_guesses(ax, guess or {}, 100 * at, looks)
    ax.axhline(10, color="black", lw=1, ls=":", label="guessing blindly")
    ax.invert_xaxis()
    ax.set_ylim(0, 101)
    ax.set_xlabel("weights kept (%)")
    ax.set_ylabel("test digits read correctly (%)")
    ax.legend(loc="lower left")
    return ax, (
        "the percentage of test digits read correctly against the percentage of weights kept, from all on the left to "
        f"few on the right; one line for each way to delete ({', '.join(accuracies)}), the mean of {networks} networks "
        "with a band from the lowest to the highest; a dotted line at 10 percent marks blind guessing." + not_drawn
    )


@typed
def accuracy_by_arm(
    table: Annotated[pd.DataFrame, Columns("split step level arm density replicate accuracy")],
    level: int,
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Final test accuracy of every arm at `level`, the dense networks beside them: a mark a network, a bar the mean.

    `table` is a study's (`lthedu.experiments.study.COLUMNS`). Returns the axes and a description. Raises ValueError for
    a level at which the table has no arm but the dense one.

    >>> from lthedu.experiments.study import COLUMNS
    >>> rows = [(DENSE, 0, 0, 1.0, 9, "test", 0.1, 0.97), ("winning ticket", 0, 1, 0.2, 9, "test", 0.1, 0.98)]
    >>> _, alt = accuracy_by_arm(pd.DataFrame(rows, columns=COLUMNS), level=1)
    >>> "dense, winning ticket; of the weights, all but the dense ones have 20 percent kept" in alt
    True
    """
    rows = final(table)
    pruned = sorted(set(rows.loc[rows["arm"] != DENSE, "level"]))
    if level not in pruned:
        raise ValueError(f"level is {level}; the table has pruned networks at the levels {pruned}")
    rows = rows[(rows["level"] == level) | (rows["arm"] == DENSE)]
    ax = ax or plt.figure(figsize=(7.2, 3.6)).gca()
    arms = list(dict.fromkeys(rows["arm"]))
    for i, arm in enumerate(arms):
        accuracy = 100 * rows.loc[rows["arm"] == arm].sort_values("replicate")["accuracy"].to_numpy()
        look = LOOKS[arm]
        x = i + np.linspace(-0.18, 0.18, len(accuracy)) if len(accuracy) > 1 else [i]
        ax.plot(x, accuracy, marker=look["marker"], color=look["color"], ls="", alpha=0.7)
        ax.hlines(accuracy.mean(), i - 0.3, i + 0.3, color=look["color"], lw=2.5)
    kept = rows.loc[rows["arm"] != DENSE, "density"].iloc[0]
    small = f"{percent(100 * kept)} % kept"
    ax.set_xticks(range(len(arms)), [f"{arm}\n{'all weights' if arm == DENSE else small}" for arm in arms], fontsize=10)
    ax.set_ylabel("test accuracy (%)")
    ax.grid(False, axis="x")
    networks = rows["replicate"].nunique()
    return ax, (
        f"test accuracy in percent of {networks} networks of each kind, a mark for each, a bar for their mean: "
        f"{', '.join(arms)}; of the weights, all but the dense ones have {small.replace('%', 'percent')}."
    )


@typed
def errors_by_count(
    tables: Mapping[
        str,
        Annotated[pd.DataFrame, Columns("numbers draw error")],
    ],
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """How far random targets are missed against how many numbers there are, one line a way to choose.

    `tables`: way to choose -> a table of `lthedu.proof.subset_errors`. Lines are medians over draws, bands hold the
    middle 80 %, the vertical axis is logarithmic. Returns the axes and a description. Raises ValueError for no way, or
    more than three.

    >>> from lthedu.proof import greedy_subset, subset_errors
    >>> ax, alt = errors_by_count({"hasty choice": subset_errors(greedy_subset, [2, 4], draws=5)})
    >>> ax.get_yscale(), "the median of 5 draws" in alt
    ('log', True)
    """
    if not 1 <= len(tables) <= len(_LINES):
        raise ValueError(f"there are {len(tables)} ways to choose; allowed: 1 to {len(_LINES)}")
    ax = ax or plt.figure().gca()
    for look, (way, table) in zip(_LINES, tables.items(), strict=False):
        by_size = table.groupby("numbers")["error"]
        median = by_size.median()
        ax.plot(median.index, median, label=way, **look)
        ax.fill_between(
            median.index, by_size.quantile(0.1), by_size.quantile(0.9), color=look["color"], alpha=0.2, lw=0
        )
    draws = next(iter(tables.values()))["draw"].nunique()
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.set_xlabel("random numbers to choose from")
    ax.set_ylabel("distance from the target")
    ax.legend(loc="lower left")
    return ax, (
        "the distance from the target on a logarithmic axis against how many random numbers there are to choose from; "
        f"one line for each way to choose ({', '.join(tables)}), the median of {draws} draws with a band of the "
        "middle 80 percent of them."
    )
