"""This lesson's figures: one weight of pruned pairs, errors, sizes, what methods take, digits and answers."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.proof.construct import Construction
from lthedu.proof.growth import growth

BLUE, ORANGE, GREEN, GREY, PINK = "#0072B2", "#D55E00", "#009E73", "#999999", "#CC79A7"
# Okabe and Ito's colours, each with a line style and a marker of its own
_LINES: tuple[dict[str, Any], ...] = (
    {"color": ORANGE, "linestyle": "--", "marker": "^"},
    {"color": PINK, "linestyle": "-.", "marker": "s"},
    {"color": BLUE, "linestyle": (0, (5, 1, 1, 1)), "marker": "v"},
    {"color": "black", "linestyle": ":", "marker": "D"},
    {"color": GREEN, "linestyle": "-", "marker": "o"},
    {"color": "#E69F00", "linestyle": (0, (1, 1)), "marker": "x"},
)
_A_ROW = 10  # digits
_POWER = 1.5  # a width that grows by this factor or more per halving of eta is described by the factor
Drawn = tuple[Figure, str]


@typed
def pruned_pair(incoming: Sequence[float], outgoing: Sequence[float], keep: Sequence[bool], weight: float) -> Drawn:
    """One target weight out of a random network: which hidden neurons are kept, and what they compute together.

    Hidden neuron j has the incoming weight `incoming[j]` and the outgoing weight `outgoing[j]`, and is kept where
    `keep[j]`. Left the network: kept edges dark with their numbers, pruned ones dotted, disks for neurons that answer
    to x > 0 and squares for those that answer to x < 0. Right the function of x on [-1, 1] beside `weight` times x.
    Raises ValueError unless all have one length, of 1 or more.

    >>> _, alt = pruned_pair([0.5, -0.5, 1.0], [1.0, -1.0, 0.9], [True, True, False], 0.5)
    >>> alt.endswith("the two are at most 0 apart.")
    True
    """
    if not 1 <= len(incoming) == len(outgoing) == len(keep):
        counts = f"{len(incoming)} incoming weights, {len(outgoing)} outgoing, {len(keep)} to keep or not"
        raise ValueError(f"there are {counts}; expected equal numbers, 1 or more")
    n, kept = len(keep), sum(map(bool, keep))
    height = max(3.4, 0.24 * n + 0.6)
    figure, (net, curve) = plt.subplots(1, 2, figsize=(10.4, height), width_ratios=(1.15, 1), layout="constrained")
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
    net.set_title(f"{kept} of {n} random neurons are kept", fontsize=11)
    curve.set_title(f"Together they compute {weight:g} x, at most {apart:.2g} off".replace("-", "−"), fontsize=11)
    return figure, (
        f"Left: an input, {n} hidden neurons and an output; the edges of {kept} neurons are kept and dark, with their "
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
def weight_errors(construction: Construction) -> Drawn:
    """A histogram of how far the made weights are from the target's, one line for each layer of the target.

    Errors are signed and of normalised weights, as eta is; weights for which nothing is kept are counted, too.

    >>> from lthedu.networks.models import MLP
    >>> from lthedu.proof import construct
    >>> _, alt = weight_errors(construct(MLP([4, 3, 2]), eta=1e-2))
    >>> "layer 2: 8 weights" in alt
    True
    """
    figure = plt.figure(figsize=(8.4, 3.8), layout="constrained")
    ax, told, eta = figure.gca(), [], construction.eta
    for number, (layer, look) in enumerate(zip(construction.layers, itertools.cycle(_LINES[::2]), strict=False), 1):
        errors = [(layer.positive - layer.target).ravel()]
        if layer.negative is not None:
            errors.append((layer.negative - layer.target[:, :-1]).ravel())
        every = np.concatenate(errors)
        shares, edges = np.histogram(every, bins=24, range=(-1.2 * eta, 1.2 * eta))
        shares = 100 * shares / len(every)
        ax.stairs(shares, edges, color=look["color"], ls=look["linestyle"], lw=1.8, label=f"layer {number}")
        outside = int((np.abs(every) > 1.2 * eta).sum())
        told.append(f"layer {number}: {len(every):,} weights, {outside} beyond the edges")
    for side in (-eta, eta):
        ax.axvline(side, color="black", ls="--", lw=1.2)
    ax.annotate(f"eta = {eta:g}", (eta, 0.93), (4, 0), xycoords=("data", "axes fraction"), textcoords="offset points")
    ax.set(xlabel="made minus target, of a normalised weight", ylabel="percent of the layer's weights")
    ax.set_title("No error is larger than eta" if construction.missed == 0 else "Some errors are larger than eta")
    ax.legend(loc="lower center", ncols=3)
    return figure, (
        "Histograms of the signed errors of the weights, in percent of each layer's, with dashed lines at plus and "
        f"minus eta = {eta:g}; {'; '.join(told)}."
    )


@typed
def widths_by_method(table: Annotated[pd.DataFrame, Columns("method eta neurons")]) -> Drawn:
    """Random hidden neurons for each target weight against 1 / eta, one line a method, with the growth fitted to each.

    `table` has the columns `method`, `eta`, `neurons`, as `lthedu.proof.growth.measured_widths` makes it; both axes are
    logarithmic. Beside each line stands by what factor the neurons grow when eta is halved, or, where that is less than
    1.5, how many are added. Raises ValueError for no method, more than six, or a method with fewer than two etas.

    >>> rows = [(m, eta, n, 4.0) for eta in (0.1, 0.01) for m, n in (("power", 5 / eta**2), ("log", 20 - 9 * eta))]
    >>> _, alt = widths_by_method(pd.DataFrame(rows, columns=["method", "eta", "neurons", "kept"]))
    >>> "power, times 4.0 for each halving of eta" in alt
    True
    """
    grows = {method: _growth(table, method) for method in _methods(table)}
    figure = plt.figure(figsize=(10.4, 4.4), layout="constrained")
    ax = figure.gca()
    for (method, (short, _)), look in zip(grows.items(), _LINES, strict=False):
        mean = table[table["method"] == method].groupby("eta")["neurons"].mean().sort_index(ascending=False)
        ax.plot(1 / mean.index, mean, label=method, **look)
        end = (1 / mean.index[-1], mean.iloc[-1])
        words = f"{method}: {short}"
        ax.annotate(words, end, (8, 0), textcoords="offset points", va="center", color=look["color"], fontsize=10)
    _exactness_axis(ax)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}" if y >= 1 else f"{y:g}"))
    ax.set_ylabel("random neurons for each target weight")
    ax.set_title("Waiting for luck is multiplied with every halving of eta; adding up is not")
    told = ", ".join(f"{method}, {words} for each halving of eta" for method, (_, words) in grows.items())
    return figure, (
        "Random hidden neurons for each target weight against 1 over eta, both axes logarithmic, a line a method: "
        f"{told}."
    )


def _growth(table: pd.DataFrame, method: str) -> tuple[str, str]:
    """Growth per halving of eta, in signs and in words."""
    slope, added = growth(table, method)
    if 2**slope >= _POWER:
        return f"× {2**slope:.1f}", f"times {2**slope:.1f}"
    return f"{added:+.1f}".replace("-", "−"), f"plus {added:.1f}"


def _methods(table: pd.DataFrame) -> list[str]:
    methods = list(dict.fromkeys(table["method"]))
    if not 1 <= len(methods) <= len(_LINES):
        raise ValueError(f"the table has {len(methods)} methods: {methods}; allowed: 1 to {len(_LINES)}")
    return methods


@typed
def errors_against_certificate(table: pd.DataFrame) -> Drawn:
    """How far target and ticket are apart, against 1 / eta: on the test inputs, on the worst input found, as proved.

    `table` has one row a ticket, with the columns `eta` and, each the length of a difference of logits, `on data`,
    `found` and `certificate`. Lines are means over the rows of one eta, bands reach from the smallest to the largest.
    Raises ValueError for a missing column.

    >>> rows = [(0.1, 1.0, 5.0, 50.0), (0.01, 0.1, 0.5, 5.0)]
    >>> _, alt = errors_against_certificate(pd.DataFrame(rows, columns=["eta", "on data", "found", "certificate"]))
    >>> alt.startswith("The distance")
    True
    """
    lines = {
        "certificate": ("certificate: no input is worse", _LINES[4]),
        "found": ("worst input that a search found", _LINES[0]),
        "on data": ("worst test digit", _LINES[3]),
    }
    if missing := sorted({"eta", *lines} - set(table.columns)):
        raise ValueError(f"the table lacks the columns {missing}; it has {list(table.columns)}")
    figure = plt.figure(figsize=(9.2, 4.2), layout="constrained")
    ax = figure.gca()
    for column, (label, look) in lines.items():
        by_eta = table.groupby("eta")[column]
        mean = by_eta.mean()
        ax.plot(1 / mean.index, mean, label=label, **look)
        ax.fill_between(1 / mean.index, by_eta.min(), by_eta.max(), color=look["color"], alpha=0.2, lw=0)
        end = (1 / mean.index[0], mean.iloc[0])  # the smallest eta
        ax.annotate(label, end, (8, 0), textcoords="offset points", va="center", color=look["color"], fontsize=10)
    ax.set_yscale("log")
    _exactness_axis(ax)
    ax.set_ylabel("distance between the logits")
    ax.set_title("The truth lies between what was found and what is proved")
    many = int(table.groupby("eta").size().min())
    return figure, (
        "The distance between the target's and the ticket's logits against 1 over eta, both axes logarithmic; three "
        "lines that fall: the certificate on top, below it the worst input that a search found, and the worst test "
        f"digit; means over {many} or more tickets for each eta, with bands from smallest to largest."
    )


@typed
def sizes(numbers: Mapping[str, int], unit: str, title: str) -> Drawn:
    """Sizes as marks on a logarithmic axis, one row each. Raises ValueError for nothing to draw or a size below 1.

    >>> sizes({"target": 4000, "ticket": 3000}, "bytes", "Two files")[1]
    'Marks on a logarithmic axis of bytes: target, 4,000; ticket, 3,000.'
    """
    if not numbers or min(numbers.values()) < 1:
        raise ValueError(f"the sizes are {dict(numbers)}; allowed: one or more, each from 1 on")
    figure = plt.figure(figsize=(8.8, 0.9 + 0.45 * len(numbers)), layout="constrained")
    ax, rows = figure.gca(), range(len(numbers), 0, -1)
    for row, size in zip(rows, numbers.values(), strict=True):
        ax.plot(size, row, "D", ms=9, color=BLUE)
        label = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        ax.annotate(f"{size:,}", (size, row), (10, 0), textcoords="offset points", va="center", fontsize=10, bbox=label)
    ax.set_yticks(rows, numbers)
    ax.set(xscale="log", xlabel=unit, ylim=(0.4, len(numbers) + 0.6))
    low, high = min(numbers.values()), max(numbers.values())
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 30 * low else (1,)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(low / 1.6, 3 * high)
    ax.set_title(title)
    told = "; ".join(f"{name}, {size:,}" for name, size in numbers.items())
    return figure, f"Marks on a logarithmic axis of {unit}: {told}."


@typed
def digits_and_answers(
    images: Tensor, target_answers: Sequence[int], ticket_answers: Sequence[int], labels: Sequence[int]
) -> Drawn:
    """Digits, ten a row, and under each its label and what target and ticket read; where they differ, it says so.

    `images` (n, 784), any scale, and n of each of the others. Raises ValueError unless there is one of each for every
    image.

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
    figure, axes = plt.subplots(rows, 1, figsize=(1.02 * wide + 0.3, 2.1 * rows), squeeze=False, layout="constrained")
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
    figure.suptitle(
        f"Target and ticket differ on {len(differ)} of these {len(trios)}" if differ else "They never differ"
    )
    told = f"they differ on {len(differ)}: {'; '.join(differ)}" if differ else "they never differ"
    return figure, f"{len(trios)} handwritten digits with the answers of target and ticket below; {told}."


def _words(target: int, ticket: int, label: int) -> str:
    return f"label {label}\ntarget {target}\nticket {ticket}\n{'THEY DIFFER' if target != ticket else ''}"


def _exactness_axis(ax: Axes) -> None:
    """A logarithmic axis of 1 / eta: further right is more exact."""
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    ax.set_xlabel("1 / eta: the further right, the more exact every weight")
