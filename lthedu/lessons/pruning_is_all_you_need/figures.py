"""This lesson's figures, each by itself: a weight of pruned pairs, the errors of all weights, what methods cost."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.proof.construct import Construction
from lthedu.proof.growth import growth

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#999999"
# Okabe and Ito's colours, each with a line style and a marker of its own
_LINES: tuple[dict[str, Any], ...] = (
    {"color": ORANGE, "linestyle": "--", "marker": "^"},
    {"color": "#CC79A7", "linestyle": "-.", "marker": "s"},
    {"color": BLUE, "linestyle": (0, (5, 1, 1, 1)), "marker": "v"},
    {"color": "black", "linestyle": ":", "marker": "D"},
    {"color": GREEN, "linestyle": "-", "marker": "o"},
    {"color": "#E69F00", "linestyle": (0, (1, 1)), "marker": "x"},
)
_A_ROW = 10  # digits
_POWER = 1.5  # a width that grows by this factor or more per halving of eta is described by the factor


@typed
def pruned_pair(
    incoming: Sequence[float], outgoing: Sequence[float], keep: Sequence[bool], weight: float
) -> tuple[list[Axes], str]:
    """One target weight out of a random network: which hidden neurons are kept, and what they compute together.

    Hidden neuron j has the incoming weight `incoming[j]` and the outgoing weight `outgoing[j]`, and is kept where
    `keep[j]`. Left the network: kept edges dark with their numbers, pruned ones dotted, disks for neurons that answer
    to x > 0 and squares for those that answer to x < 0. Right the function of x on [-1, 1] beside `weight` times x.
    Returns the two axes and a description. Raises ValueError unless all have one length, of 1 or more.

    >>> axes, alt = pruned_pair([0.5, -0.5, 1.0], [1.0, -1.0, 0.9], [True, True, False], 0.5)
    >>> alt.endswith("the two are at most 0 apart.")
    True
    """
    if not 1 <= len(incoming) == len(outgoing) == len(keep):
        counts = f"{len(incoming)} incoming weights, {len(outgoing)} outgoing, {len(keep)} to keep or not"
        raise ValueError(f"there are {counts}; expected equal numbers, 1 or more")
    n, kept = len(keep), sum(map(bool, keep))
    height = max(3.4, 0.24 * n + 0.6)
    _, (net, curve) = plt.subplots(1, 2, figsize=(10.4, height), width_ratios=(1.15, 1), layout="constrained")
    _network(net, incoming, outgoing, keep)
    x = np.linspace(-1, 1, 201)
    made = np.zeros_like(x)
    for a, b, k in zip(incoming, outgoing, keep, strict=True):
        made += b * np.maximum(a * x, 0) if k else 0
    curve.plot(x, weight * x, color=GREY, lw=5, label=f"target: {weight:g} x".replace("-", "−"))
    curve.plot(x, made, color=ORANGE, ls="--", lw=2, label="the kept neurons together")
    curve.set_xlabel("input x")
    curve.set_ylabel("output")
    curve.legend(loc="upper left" if weight >= 0 else "upper right")
    curve.set_xticks(np.linspace(-1, 1, 5))
    apart = float(np.abs(made - weight * x).max())
    curve.set_title(f"at most {apart:.2g} apart", fontsize=11)
    return [net, curve], (
        f"left: an input, {n} hidden neurons and an output; the edges of {kept} neurons are kept and dark, with their "
        "weights, the others are dotted; disks answer to positive inputs, squares to negative ones. Right: what the "
        f"kept ones compute for inputs from -1 to 1, dashed, on the line {weight:g} times x; the two are at most "
        f"{apart:.2g} apart."
    )


def _network(ax: Axes, incoming: Sequence[float], outgoing: Sequence[float], keep: Sequence[bool]) -> None:
    """Input, hidden neurons from top to bottom, output; pruned edges first, so that kept ones lie above them."""
    n, middle = len(keep), (len(keep) - 1) / 2
    for j in sorted(range(n), key=lambda j: bool(keep[j])):
        look: dict[str, Any] = {"color": "black", "lw": 1.4} if keep[j] else {"color": GREY, "lw": 0.8, "ls": ":"}
        ax.plot([0, 1, 2], [middle, j, middle], zorder=1 + bool(keep[j]), **look)
        marker, color = ("o", ORANGE) if incoming[j] > 0 else ("s", BLUE)
        ax.plot(1, j, marker, ms=9, mfc=color if keep[j] else "white", mec="black" if keep[j] else GREY, zorder=4)
    for j in (j for j in range(n) if keep[j]):
        for value, at in ((incoming[j], 0.8), (outgoing[j], 1.2)):
            y = j + (middle - j) * 0.2
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
            ax.text(at, y, f"{value:.2f}".replace("-", "−"), ha="center", va="center", fontsize=8, bbox=box, zorder=3)
    ax.plot([0, 2], [middle, middle], "o", ms=14, color="black", zorder=4)
    ax.text(-0.12, middle, "x", ha="right", va="center")
    ax.text(2.12, middle, "sum", ha="left", va="center")
    ax.set_xlim(-0.35, 2.5)
    ax.set_ylim(n - 0.3, -0.7)
    ax.set_axis_off()


@typed
def weight_errors(construction: Construction, *, ax: Axes | None = None) -> tuple[Axes, str]:
    """How far the made weights are from the target's: for each error, the share of a layer's weights that reach it.

    One line for each layer of the target, both axes logarithmic, so that the few worst weights are seen as well as the
    many good ones; marked are the median, the error that 99.9 % stay below, and the largest. Weights are normalised, as
    eta is. Returns the axes and a description.

    >>> from lthedu.networks.models import MLP
    >>> from lthedu.proof import construct
    >>> _, alt = weight_errors(construct(MLP([4, 3, 2]), eta=1e-2))
    >>> "layer 2: 8 weights" in alt
    True
    """
    ax = ax or plt.figure().gca()
    told = []
    for number, (layer, look) in enumerate(zip(construction.layers, itertools.cycle(_LINES), strict=False), 1):
        errors = [np.abs(layer.positive - layer.target).ravel()]
        if layer.negative is not None:
            errors.append(np.abs(layer.negative - layer.target[:, :-1]).ravel())
        rising = np.sort(np.concatenate(errors))
        larger = 1 - np.arange(len(rising)) / len(rising)  # the share with this error or a larger one
        ax.step(rising, larger, where="post", color=look["color"], ls=look["linestyle"], label=f"layer {number}")
        for share, marker in ((0.5, "o"), (0.001, "s"), (0, "v")):
            at = min(math.floor((1 - share) * len(rising)), len(rising) - 1)
            ax.plot(rising[at], larger[at], marker, ms=8, mfc="white", mec=look["color"], mew=1.8, zorder=4)
        median, largest = np.median(rising), rising[-1]
        told.append(f"layer {number}: {len(rising):,} weights, median {median:.2g}, largest {largest:.2g}")
    ax.axvline(construction.eta, color="black", ls="--", lw=1.2, label=f"eta = {construction.eta:g}")
    for marker, words in (("o", "median"), ("s", "99.9 % are below"), ("v", "largest")):
        ax.plot([], [], marker, ms=8, mfc="white", mec="black", mew=1.5, ls="", label=words)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(left=construction.eta / 1000)
    ax.set_xlabel("error of a normalised weight, |made − target|")
    ax.set_ylabel("share of weights with this error or more")
    ax.legend(loc="lower left", fontsize=9)
    return ax, (
        "the share of weights whose error is the value on the horizontal axis or more, both axes logarithmic, one "
        f"line for each layer of the target, and a dashed line at eta = {construction.eta:g}; {'; '.join(told)}."
    )


@typed
def widths_by_method(
    table: Annotated[pd.DataFrame, Columns("method eta neurons")],
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Random hidden neurons for each target weight against eta, one line a method, with the growth fitted to each.

    `table` has the columns `method`, `eta`, `neurons`, as `lthedu.proof.growth.measured_widths` makes it; both axes are
    logarithmic, eta falls to the right. The legend says by what factor the neurons grow when eta is halved, or, where
    that is less than 1.5, how many are added. Returns the axes and a description. Raises ValueError for no method, more
    than six, or a method with fewer than two etas.

    >>> rows = [(m, eta, n, 4.0) for eta in (0.1, 0.01) for m, n in (("power", 5 / eta**2), ("log", 20 - 9 * eta))]
    >>> ax, alt = widths_by_method(pd.DataFrame(rows, columns=["method", "eta", "neurons", "kept"]))
    >>> "power, times 4.0 for each halving of eta" in alt
    True
    """
    grows = {method: _growth(table, method) for method in _methods(table)}
    ax = _by_method(table, "neurons", {method: f"{method},\n{short}" for method, (short, _) in grows.items()}, ax)
    ax.set_ylabel("random hidden neurons per target weight")
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}" if y >= 1 else f"{y:g}"))
    told = ", ".join(f"{method}, {words} for each halving of eta" for method, (_, words) in grows.items())
    return ax, (
        "random hidden neurons for each target weight against eta, which falls from left to right, both axes "
        f"logarithmic, one line for each method: {told}."
    )


def _growth(table: pd.DataFrame, method: str) -> tuple[str, str]:
    """Growth per halving of eta, in signs and in words."""
    slope, added = growth(table, method)
    if 2**slope >= _POWER:
        return f"× {2**slope:.1f} per halving of eta", f"times {2**slope:.1f}"
    return f"{added:+.1f} per halving of eta".replace("-", "−"), f"plus {added:.1f}"


def _methods(table: pd.DataFrame) -> list[str]:
    methods = list(dict.fromkeys(table["method"]))
    if not 1 <= len(methods) <= len(_LINES):
        raise ValueError(f"the table has {len(methods)} methods: {methods}; allowed: 1 to {len(_LINES)}")
    return methods


def _by_method(table: pd.DataFrame, column: str, labels: Mapping[str, str], ax: Axes | None) -> Axes:
    ax = ax or plt.figure(figsize=(9.6, 4.2), layout="constrained").gca()
    for (method, label), look in zip(labels.items(), _LINES, strict=False):
        mean = table[table["method"] == method].groupby("eta")[column].mean()
        ax.plot(mean.index, mean, label=label, **look)
    _eta_axis(ax)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=10, labelspacing=0.9)
    return ax


@typed
def errors_against_certificate(table: pd.DataFrame, *, ax: Axes | None = None) -> tuple[Axes, str]:
    """How far target and ticket are apart, against eta: on the test inputs, on the worst input found, and as proved.

    `table` has one row a ticket, with the columns `eta` and, each the length of a difference of logits, `on data`,
    `found` and `certificate`. Lines are means over the rows of one eta, bands reach from the smallest to the largest.
    Returns the axes and a description. Raises ValueError for a missing column.

    >>> rows = [(0.1, 1.0, 5.0, 50.0), (0.01, 0.1, 0.5, 5.0)]
    >>> ax, alt = errors_against_certificate(pd.DataFrame(rows, columns=["eta", "on data", "found", "certificate"]))
    >>> ax.get_xscale(), ax.get_yscale()
    ('log', 'log')
    """
    lines = {
        "certificate": ("certificate: no input is worse", _LINES[4]),
        "found": ("worst input found by a search", _LINES[0]),
        "on data": ("worst test input", _LINES[3]),
    }
    if missing := sorted({"eta", *lines} - set(table.columns)):
        raise ValueError(f"the table lacks the columns {missing}; it has {list(table.columns)}")
    ax = ax or plt.figure().gca()
    for column, (label, look) in lines.items():
        by_eta = table.groupby("eta")[column]
        ax.plot(by_eta.mean().index, by_eta.mean(), label=label, **look)
        ax.fill_between(by_eta.mean().index, by_eta.min(), by_eta.max(), color=look["color"], alpha=0.2, lw=0)
    ax.set_yscale("log")
    _eta_axis(ax)
    ax.set_ylabel("distance between the logits")
    ax.legend(loc="lower left")
    many = int(table.groupby("eta").size().min())
    return ax, (
        "the distance between the target's and the ticket's logits against eta, which falls from left to right, both "
        "axes logarithmic; three lines: the certificate above, below it the worst input that a search found, and the "
        f"worst test input; means over {many} or more tickets for each eta, with bands from smallest to largest."
    )


@typed
def file_sizes(sizes: Mapping[str, int], *, bound: str | None = None, ax: Axes | None = None) -> tuple[Axes, str]:
    """Files as bars, with their bytes; the entry named `bound` is no file but what none can go below: hatched, a line.

    Returns the axes and a description. Raises ValueError for no size, and for a `bound` that is not among them.

    >>> ax, alt = file_sizes({"dense": 4000, "least": 1000}, bound="least")
    >>> alt
    'bars of bytes: dense, 4,000; least, 1,000, hatched: a bound, not a file, with a line through the other bars.'
    """
    if not sizes or (bound is not None and bound not in sizes):
        raise ValueError(f"the sizes are {dict(sizes)} and the bound is {bound!r}; it must be one of them")
    ax = ax or plt.figure(figsize=(7.6, 0.9 + 0.45 * len(sizes))).gca()
    for row, (name, size) in enumerate(sizes.items()):
        look = {"fill": False, "hatch": "///", "ec": "black"} if name == bound else {"color": BLUE}
        ax.barh(row, size, height=0.65, **look)
        ax.text(size, row, f"  {size:,}", va="center", fontsize=10)
    if bound is not None:
        ax.axvline(sizes[bound], color="black", ls="--", lw=1)
    ax.set_yticks(range(len(sizes)), [f"{name}\n(a bound)" if name == bound else name for name in sizes])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.25 * max(sizes.values()))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / 1e6:g}"))
    ax.set_xlabel("size (million bytes)")
    ax.grid(False, axis="y")
    hatched = ", hatched: a bound, not a file, with a line through the other bars"
    told = "; ".join(f"{name}, {size:,}{hatched if name == bound else ''}" for name, size in sizes.items())
    return ax, f"bars of bytes: {told}."


@typed
def digits_and_answers(
    images: Tensor, target_answers: Sequence[int], ticket_answers: Sequence[int], labels: Sequence[int]
) -> tuple[list[Axes], str]:
    """Digits, ten a row, and under each its label and what target and ticket read; where they differ, it says so.

    `images` (n, 784), any scale, and n of each of the others. Returns the axes, one a row, and a description. Raises
    ValueError unless there is one of each for every image.

    >>> import torch
    >>> _, alt = digits_and_answers(torch.rand(2, 784), [7, 3], [7, 5], [7, 5])
    >>> alt
    '2 handwritten digits with the answers of target and ticket below; they differ on 1: target 3, ticket 5, label 5.'
    """
    counts = [len(images), len(target_answers), len(ticket_answers), len(labels)]
    if len(set(counts)) > 1 or not counts[0]:
        what = "images, answers of the target, answers of the ticket, labels"
        raise ValueError(f"there are {counts} of {what}; expected equal numbers, 1 or more")
    trios = [(int(t), int(s), int(y)) for t, s, y in zip(target_answers, ticket_answers, labels, strict=True)]
    rows = math.ceil(len(trios) / _A_ROW)
    wide = min(_A_ROW, len(trios))
    _, axes = plt.subplots(rows, 1, figsize=(1.02 * wide + 0.3, 1.95 * rows), squeeze=False, layout="constrained")
    drawn = images.detach().cpu().reshape(-1, 28, 28)
    for row, ax in enumerate(axes[:, 0]):
        part = slice(_A_ROW * row, _A_ROW * (row + 1))
        strip = np.full((28, 28 * wide), float(drawn.min()))  # paper, where a row is not full
        strip[:, : 28 * len(drawn[part])] = np.concatenate(list(drawn[part].numpy()), axis=1)
        ax.imshow(strip, cmap="gray_r")
        words = [_words(*trio) for trio in trios[part]]
        ax.set_xticks([28 * i + 13.5 for i in range(len(words))], words, fontsize=9)
        ax.tick_params(bottom=False, pad=1)
        ax.set_yticks([])
        ax.grid(False)
        for side in ax.spines.values():
            side.set_visible(False)
    differ = [f"target {t}, ticket {s}, label {y}" for t, s, y in trios if t != s]
    told = f"they differ on {len(differ)}: {'; '.join(differ)}" if differ else "they never differ"
    return list(axes[:, 0]), (f"{len(trios)} handwritten digits with the answers of target and ticket below; {told}.")


def _words(target: int, ticket: int, label: int) -> str:
    return f"label {label}\ntarget {target}\nticket {ticket}\n{'THEY DIFFER' if target != ticket else ''}"


def _eta_axis(ax: Axes) -> None:
    """A logarithmic axis on which eta falls to the right: further right is harder."""
    ax.set_xscale("log")
    if not ax.xaxis_inverted():
        ax.invert_xaxis()
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.set_xlabel("eta, the error allowed to a normalised weight")
