"""This lesson's figures: a network that fades, a ticket in four pictures, what deleting costs, sums, the map."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.course_files import lesson_numbers
from lthedu.base.ranges import Columns, Fraction
from lthedu.base.streams import numpy_generator
from lthedu.figures import schematic
from lthedu.figures import use_style as use_style
from lthedu.figures.style import LOOKS, draw_guesses
from lthedu.pruning import keep_largest

# Okabe and Ito's colours, each with a line style and a marker of its own
_LINES: tuple[dict[str, Any], ...] = (
    {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    {"color": "#D55E00", "linestyle": "--", "marker": "^"},
    {"color": "#009E73", "linestyle": "-.", "marker": "D"},
)
_TOY = (4, 6, 3)  # neurons of the network in the schematics


def _toy_weights() -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Weights of the toy network: at the start, after training, and after training from the start once more.

    In the drawing training moves every weight away from zero, so that thick and thin tell trained from untrained.
    """
    draw = numpy_generator(7, "toy network")
    shapes = [(_TOY[1], _TOY[0]), (_TOY[2], _TOY[1])]  # (out, in) of each layer
    start = [torch.tensor(draw.normal(0, 0.25, s)) for s in shapes]
    growth = [torch.tensor(draw.uniform(0, 4, s)) for s in shapes]
    other = [g * torch.tensor(draw.uniform(0.7, 1.3, g.shape)) for g in growth]
    trained, again = ([w * (1 + g) for w, g in zip(start, by, strict=True)] for by in (growth, other))
    return start, trained, again


def _kept(weights: list[Tensor], share: float) -> list[Tensor]:
    """The mask of the share of all weights that are largest in size."""
    flat = keep_largest(torch.cat([w.abs().flatten() for w in weights]), share)
    pieces = torch.split(flat, [w.numel() for w in weights])
    return [piece.view(w.shape) for piece, w in zip(pieces, weights, strict=True)]


def _draw_network(ax: Axes, weights: list[Tensor], mask: list[Tensor]) -> None:
    """The toy network: an edge a weight, as thick as the weight is large; what is deleted is a pale dotted line."""
    height = [np.linspace(-1, 1, n) * (n - 1) / 5 for n in _TOY]
    for layer, (w, kept) in enumerate(zip(weights, mask, strict=True)):
        for (i, j), value in np.ndenumerate(w.numpy()):
            thick = {"color": "#0072B2" if value > 0 else "#D55E00", "lw": 0.4 + 2.6 * abs(value)}
            look = thick if kept[i, j] else {"color": "#BBBBBB", "lw": 0.8, "ls": ":"}
            ax.plot([layer, layer + 1], [height[layer][j], height[layer + 1][i]], solid_capstyle="round", **look)
    for layer, y in enumerate(height):
        ax.plot([layer] * len(y), y, "o", ms=11, color="white", mec="black", zorder=3)
    ax.set_axis_off()


@schematic
@typed
def fading_network(share: Fraction = 0.3, *, figure: Figure | None = None) -> tuple[Figure, str]:
    """A small network of 42 edges of which the `share` with the largest weights is left and the others have faded.

    Draws on `figure`, or a new one. Returns the figure and a description. Raises ValueError for a share outside [0, 1].

    >>> _, alt = fading_network(0.5)
    >>> "21 of 42 edges are left" in alt
    True
    """
    figure = figure or Figure(figsize=(5.6, 3.0), layout="constrained")
    ax = figure.add_subplot()
    _, trained, _ = _toy_weights()
    mask = _kept(trained, share)
    _draw_network(ax, trained, mask)
    left, edges = sum(int(m.sum()) for m in mask), sum(m.numel() for m in mask)
    ax.set_title(f"{left} of {edges} edges are left")
    return figure, (
        f"a network of {_TOY[0]} inputs, {_TOY[1]} hidden neurons and {_TOY[2]} outputs in which {left} of {edges} "
        "edges are left; an edge is as thick as its weight is large, blue above zero and orange below; deleted edges "
        "are pale dotted lines."
    )


@schematic
@typed
def ticket_strip() -> tuple[Figure, str]:
    """How a winning ticket is made, in four pictures of one small network; takes nothing and Raises nothing.

    Returns the figure and a description.

    >>> figure, alt = ticket_strip()
    >>> len(figure.axes), "go back" in alt
    (4, True)
    """
    start, trained, again = _toy_weights()
    full, mask = _kept(trained, 1.0), _kept(trained, 0.3)
    figure = Figure(figsize=(10.4, 3.2), layout="constrained")
    figure.suptitle("A winning ticket in four steps")
    steps = (
        ("1. Train", "every weight has moved\nfrom its first value", trained, full),
        ("2. Delete the smallest", "only the largest\nare kept", trained, mask),
        ("3. Go back", "those kept return\nto their first values", start, mask),
        ("4. Train again", "the others stay\nat zero", again, mask),
    )
    for ax, (title, words, weights, kept) in zip(figure.subplots(1, 4), steps, strict=True):
        _draw_network(ax, weights, kept)
        ax.set_title(title, fontsize=12)
        ax.text(0.5, -0.06, words, transform=ax.transAxes, ha="center", va="top", fontsize=10)
    return figure, (
        "a small network in four pictures: 1, train: all edges are there, thick where the trained weight is large; 2, "
        "delete the smallest: only the thickest edges are left, the others are pale dotted lines; 3, go back: the same "
        "edges are left and as thin as they were before training; 4, train again: they have become thick once more; "
        "weights above zero are blue, those below orange."
    )


@typed
def digit_row(
    images: Tensor, labels: Sequence[object], title: str = "", *, ax: Axes | None = None
) -> tuple[Figure, str]:
    """Images of digits side by side, a word under each: `images` (n, 784), any scale; `labels` n of anything.

    Returns the figure and a description of what is drawn. Raises ValueError unless there is a label for each image.

    >>> _, alt = digit_row(torch.zeros(2, 784), [7, "3 ✗"])
    >>> alt
    '2 handwritten digits in a row, with these words below: 7, 3 ✗.'
    """
    if len(images) != len(labels):
        raise ValueError(f"there are {len(images)} images and {len(labels)} labels; expected one label for each image")
    ax = ax or Figure(figsize=(7.2, 1.4), layout="constrained").add_subplot()
    ax.set_title(title)
    row = torch.cat(list(images.detach().cpu().reshape(-1, 28, 28)), dim=1)  # (28, n * 28)
    ax.imshow(row.numpy(), cmap="gray_r")
    ax.set_xticks([28 * i + 13.5 for i in range(len(images))], [str(label) for label in labels])
    ax.tick_params(bottom=False, pad=1)
    ax.set_yticks([])
    ax.grid(False)
    for side in ax.spines.values():
        side.set_visible(False)
    return _whole(ax), (
        f"{len(images)} handwritten digits in a row, with these words below: {', '.join(map(str, labels))}."
    )


def _whole(ax: Axes) -> Figure:
    figure = ax.figure
    assert isinstance(figure, Figure)
    return figure


@schematic
@typed
def mask_at_work(numbers: Tensor, mask: Tensor, left: Tensor) -> tuple[Figure, str]:
    """Three small tables of equal shape (rows, columns): the numbers, their mask, and what it left of them.

    Returns the figure and a description. Raises ValueError for tables of other or unequal shapes.

    >>> numbers = torch.tensor([[0.5, -2.0]])
    >>> _, alt = mask_at_work(numbers, numbers > 0, numbers * (numbers > 0))
    >>> alt.endswith("1 of the 2 are kept.")
    True
    """
    shapes = [tuple(table.shape) for table in (numbers, mask, left)]
    if len(set(shapes)) > 1 or numbers.ndim != 2:
        raise ValueError(f"the tables have the shapes {shapes}; expected three of one shape (rows, columns)")
    figure = Figure(figsize=(10.6, 0.5 + 0.36 * len(numbers)))
    panels = figure.subplots(1, 3)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.02, top=0.86, wspace=0.08)
    words = [[f"{v:.3f}" for v in row] for row in numbers.tolist()]
    kept = [["keep" if k else "delete" for k in row] for row in mask.tolist()]
    after = [[f"{v:.3f}" if v else "0" for v in row] for row in left.tolist()]
    for ax, title, cells in zip(panels, ("weights", "mask", "what is left"), (words, kept, after), strict=True):
        ax.imshow(mask.cpu().numpy(), cmap="gray", vmin=-2.5, vmax=1)  # kept on white, deleted on grey
        for (i, j), word in np.ndenumerate(np.array(cells)):
            ax.text(j, i, word, ha="center", va="center", fontsize=9.5)
        ax.set_title(title, fontsize=11)
        ax.set_axis_off()
        ax.set_aspect("auto")
    count, of = int(mask.sum()), mask.numel()
    return figure, (
        f"three tables of {len(numbers)} by {numbers.shape[1]}: weights, the word keep or delete for each, and what is "
        f"left; {count} of the {of} are kept."
    )


@typed
def accuracy_after_deleting(
    accuracies: Mapping[str, Mapping[float, Sequence[float]]],
    *,
    guess: Mapping[str, float | str | None] | None = None,
    at: float | None = None,
    title: str = "",
) -> tuple[Figure, str]:
    """Test accuracy against the share of weights deleted, one line a way to delete: mean and band over networks.

    `accuracies`: way to delete -> density (the fraction kept) -> one accuracy (a fraction) for each network. `guess`
    maps ways to a guessed percentage (or None), drawn as open stars at the density `at`; what is no percentage is left
    out, and the description says so. Returns the figure and a description. Raises ValueError for no way, or more than
    three, and for ways with different densities.

    >>> ways = {"smallest first": {1.0: [0.9, 0.8], 0.5: [0.8, 0.7]}, "at random": {1.0: [0.9, 0.8], 0.5: [0.2, 0.1]}}
    >>> figure, alt = accuracy_after_deleting(ways)
    >>> figure.axes[0].get_xlabel(), "the mean of 2 networks" in alt
    ('weights deleted (%)', True)
    """
    if not 1 <= len(accuracies) <= len(_LINES) or len({frozenset(by) for by in accuracies.values()}) > 1:
        given = {way: sorted(by) for way, by in accuracies.items()}
        raise ValueError(f"the densities by way are {given}; allowed: 1 to {len(_LINES)} ways, all with the same ones")
    figure = Figure(layout="constrained")
    ax = figure.add_subplot()
    looks = dict(zip(accuracies, _LINES, strict=False))
    for way, by_density in accuracies.items():
        x = [100 * (1 - density) for density in sorted(by_density)]
        y = 100 * np.array([by_density[density] for density in sorted(by_density)])  # (densities, networks)
        ax.plot(x, y.mean(1), **looks[way])
        ax.fill_between(x, y.min(1), y.max(1), color=looks[way]["color"], alpha=0.2, lw=0)
        ax.annotate(f"  {way}", (x[0], y[0].mean()), color=looks[way]["color"], va="center")
    not_drawn = "" if at is None else draw_guesses(ax, guess or {}, 100 * (1 - at), looks)
    ax.plot([-3, 96], [10, 10], color="black", lw=1, ls=":")
    ax.annotate("guessing blindly", (0, 3), fontsize=9)
    ax.set(xlim=(-3, 125), ylim=(0, 101), xticks=range(0, 101, 20))
    ax.set_xlabel("weights deleted (%)")
    ax.set_ylabel("test digits read correctly (%)")
    ax.set_title(title)
    if ax.get_legend_handles_labels()[0]:  # there are guesses
        ax.legend(loc=(0.02, 0.2))
    return figure, (
        "the percentage of test digits read correctly against the percentage of weights deleted; one line for each way "
        f"to delete ({', '.join(accuracies)}), the mean of {y.shape[1]} networks with a band from the lowest to the "
        "highest; a dotted line at 10 percent marks blind guessing." + not_drawn
    )


@typed
def accuracy_by_arm(panels: Mapping[str, Mapping[str, Sequence[float]]], title: str = "") -> tuple[Figure, str]:
    """Final test accuracy of every arm, side by side for several experiments: a mark a network, a bar the mean.

    `panels`: an experiment's title -> arm -> one accuracy (a fraction) for each network. Returns the figure and a
    description. Raises ValueError for no experiment, and for an arm that the course has no look for.

    >>> figure, alt = accuracy_by_arm({"here": {"dense": [0.97, 0.96], "winning ticket": [0.98, 0.97]}})
    >>> "here: dense, winning ticket, 2 networks of each" in alt
    True
    """
    unknown = sorted({arm for arms in panels.values() for arm in arms} - set(LOOKS))
    if not panels or unknown:
        raise ValueError(f"there are {len(panels)} experiments with the unknown arms {unknown}; allowed: {[*LOOKS]}")
    figure = Figure(figsize=(4.8 * len(panels), 3.9), layout="constrained")
    axes = np.ravel(figure.subplots(1, len(panels), sharey=True, squeeze=False))
    told = []
    for ax, (experiment, arms) in zip(axes, panels.items(), strict=True):
        for i, (arm, accuracies) in enumerate(arms.items()):
            y, look = 100 * np.array(accuracies), LOOKS[arm]
            x = i + np.linspace(-0.18, 0.18, len(y))
            ax.plot(x, y, marker=look["marker"], color=look["color"], ls="", alpha=0.7)
            ax.hlines(y.mean(), i - 0.3, i + 0.3, color=look["color"], lw=2.5)
        ax.set_xticks(range(len(arms)), [arm.replace(" ", "\n") for arm in arms], fontsize=9)
        ax.set_title(experiment, fontsize=10)
        ax.grid(False, axis="x")
        networks = " or ".join(map(str, sorted({len(a) for a in arms.values()})))
        told.append(f"{experiment}: {', '.join(arms)}, {networks} networks of each")
    axes[0].set_ylabel("test digits read correctly (%)")
    figure.suptitle(title, fontsize=12)
    return figure, (
        "the percentage of test digits read correctly, a mark for each network and a bar for the mean of each kind; "
        f"{'; '.join(told).replace(chr(10), ' ')}."
    )


@schematic
@typed
def every_sum(numbers: Sequence[float], target: float) -> tuple[Figure, str]:
    """All sums that can be had by deleting some of two to four `numbers`, on a line with the target.

    Returns the figure and a description. Raises ValueError for another count of numbers.

    >>> _, alt = every_sum([0.5, -0.3, 0.9], 0.25)
    >>> alt.endswith("the nearest to the target 0.25 is 0.5 − 0.3 = 0.20.")
    True
    """
    if not 2 <= len(numbers) <= 4:
        raise ValueError(f"there are {len(numbers)} numbers; allowed: 2 to 4")
    choices = [[x for i, x in enumerate(numbers) if k >> i & 1] for k in range(2 ** len(numbers))]
    sums = sorted((sum(kept), _added(kept)) for kept in choices)
    total, words = min(sums, key=lambda pair: abs(pair[0] - target))
    figure = Figure(figsize=(9.6, 2.4), layout="constrained")
    ax = figure.add_subplot()
    ax.axhline(0, color="black", lw=1)
    ax.plot([target, target], [-1, 0.15], color="#D55E00", ls="--")
    ax.text(target, -0.9, f" target {target}", color="#D55E00", va="bottom")
    for i, (value, how) in enumerate(sums):
        color = "#0072B2" if how == words else "black"
        ax.plot(value, 0, "o", ms=9, color=color)
        ax.text(value, (0.25, 0.75)[i % 2], how, ha="center", fontsize=10, color=color)
    ax.set(ylim=(-1, 1.2), yticks=[], xlabel="sum of the numbers kept")
    ax.set_title(f"{len(numbers)} numbers make {len(sums)} sums; the nearest is off by {abs(total - target):.2f}")
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    return figure, (
        f"a line with the {len(sums)} sums that can be had by deleting some of {len(numbers)} numbers: "
        f"{'; '.join(how for _, how in sums)}; the nearest to the target {target} is {words} = {total:.2f}."
    )


def _added(kept: Sequence[float]) -> str:
    text = " + ".join(f"{x:g}" for x in kept) or "none"
    return text.replace("+ -", "− ").replace("-", "−")


@typed
def errors_by_count(
    tables: Mapping[
        str,
        Annotated[pd.DataFrame, Columns("numbers draw error")],
    ],
    title: str = "",
) -> tuple[Figure, str]:
    """How closely random targets are hit against how many numbers there are, one line a way to choose.

    `tables`: way to choose -> a table of `lthedu.proof.subset_errors`. The height is how often the distance 1 has been
    halved, -log2(error); lines are medians over draws, bands hold the middle 80 %. Returns the figure and a
    description. Raises ValueError for no way, or more than three.

    >>> from lthedu.proof import greedy_subset, subset_errors
    >>> figure, alt = errors_by_count({"hasty choice": subset_errors(greedy_subset, [2, 4], draws=5)})
    >>> figure.axes[0].get_ylabel(), "the median of 5 draws" in alt
    ('halvings (3: off by an eighth)', True)
    """
    if not 1 <= len(tables) <= len(_LINES):
        raise ValueError(f"there are {len(tables)} ways to choose; allowed: 1 to {len(_LINES)}")
    figure = Figure(layout="constrained")
    ax = figure.add_subplot()
    for look, (way, table) in zip(_LINES, tables.items(), strict=False):
        by_size = (-np.log2(table["error"])).groupby(table["numbers"])
        median = by_size.median()
        ax.plot(median.index, median, **look)
        ax.fill_between(
            median.index, by_size.quantile(0.1), by_size.quantile(0.9), color=look["color"], alpha=0.2, lw=0
        )
        ax.annotate(f"  {way}", (median.index[-1], median.iloc[-1]), color=look["color"], va="center")
    draws = next(iter(tables.values()))["draw"].nunique()
    for halvings, distance in ((3.32, "a tenth"), (6.64, "a hundredth"), (9.97, "a thousandth")):
        ax.axhline(halvings, color="#777777", lw=0.8, ls=":")
        ax.annotate(distance, (0.01, halvings), xycoords=("axes fraction", "data"), fontsize=9, va="bottom")
    ax.set_xlabel("random numbers to choose from")
    ax.set_ylabel("halvings (3: off by an eighth)")
    ax.set_title(title)
    most = max(table["numbers"].max() for table in tables.values())
    ax.set(xlim=(0, 1.3 * most), xticks=range(0, most + 1, 4), yticks=range(0, 25, 4))
    return figure, (
        "how often 1 must be halved to get the distance that is left against how many random numbers there are to "
        f"choose from; one line for each way to choose ({', '.join(tables)}), the median of {draws} draws with a band "
        "of the middle 80 percent of them; dotted lines mark distances of a tenth, a hundredth and a thousandth."
    )


_BRANCHES = (
    ("Weak version: keep a part, train it", range(1, 8)),
    ("Strong version: keep a part, train nothing", range(8, 12)),
    ("Further questions", range(12, 20)),
)
_LOOK_HERE_FOR = {  # systems and names that people look for, by the lesson that has them
    "pruning_basics": "cubic schedule, CSR",
    "winning_tickets": "iterative magnitude pruning",
    "rewinding": "linear mode connectivity",
    "many_small_lotteries": "best of N",
    "zeros_and_signs": "Deconstructing Lottery Tickets",
    "supermasks": "edge-popup, Bernoulli masks",
    "search_without_gradients": "genetic algorithm, annealing, no free lunch",
    "subset_sums": "Lueker, golden ratio",
    "pruning_is_all_you_need": "Malach, Pensia, Orseau",
    "what_the_theorem_does_not_say": "universality, depth",
    "pieces": "linear regions, residual layer",
    "curvature": "Hessian, Nocedal, OBS, SNIP, GraSP, SynFlow",
    "sparse_from_the_start": "RigL, SET, sparse momentum",
    "counting_and_clocking": "FLOPs, 2:4, block-sparse, Turing-NLG",
    "hashing_instead_of_multiplying": "SLIDE, SimHash",
    "sparse_data": "MinkowskiEngine, submanifold convolution",
    "sparse_coding": "Deep K-SVD, LISTA",
    "ship_it": "ONNX, int8, early-bird",
    "begin_with_more": "brains, Hopfield, over-parametrisation",
}


@typed
def course_map() -> tuple[Figure, str]:
    """The twenty lessons, in two branches and what follows them. Raises nothing.

    Below each lesson stands what to look for in it. Returns the figure and a description.

    >>> figure, alt = course_map()
    >>> "15 Hashing instead of multiplying (SLIDE, SimHash)" in alt
    True
    """
    has = {number: _LOOK_HERE_FOR.get(name, "") for name, number in lesson_numbers().items()}
    here = {number: name.replace("_", " ").capitalize() for name, number in lesson_numbers().items()}
    figure = Figure(figsize=(10.6, 6.4), layout="constrained")
    ax = figure.add_subplot()
    _box(ax, 0, 0, 0, f"{here[0]}?")
    for row, (branch, numbers) in enumerate(_BRANCHES, 1):
        ax.text(-0.45, row - 0.31, branch, fontsize=10, weight="bold")
        for place, number in enumerate(numbers):
            _box(ax, place, row, number, here[number])
            below = textwrap.fill(has[number], 20, break_on_hyphens=False)
            ax.text(place, row + 0.33, below, ha="center", va="top", fontsize=7.5)
    ax.set(xlim=(-0.5, 7.5), ylim=(3.65, -0.3))
    ax.set_axis_off()
    ax.set_title("The course: two branches, and further questions")
    words = {n: f"{n:02} {here[n]}" + (f" ({has[n]})" if has[n] else "") for n in range(1, 20)}
    told = [f"{branch}: {', '.join(words[n] for n in numbers)}" for branch, numbers in _BRANCHES]
    return figure, f"a map of the course: 00 {here[0]}, and below it three rows. {'. '.join(told)}."


def _box(ax: Axes, place: int, row: int, number: int, title: str) -> None:
    corner = FancyBboxPatch((place - 0.44, row - 0.26), 0.88, 0.56, "round,pad=0.01", ec="#0072B2", fc="#E3EEF6")
    ax.add_patch(corner)
    ax.text(place, row + 0.02, f"{number:02}\n{textwrap.fill(title, 15)}", ha="center", va="center", fontsize=8)
