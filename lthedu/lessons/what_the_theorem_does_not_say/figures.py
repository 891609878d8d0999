"""What was measured in this lesson, drawn: the price of each route, kept and random weights, searches, neuron masks."""

from collections.abc import Mapping
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.proof.limits import Pieces

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#999999"
# Okabe and Ito's colours, each with a line style and a marker of its own
ROUTES: Mapping[str, Mapping[str, Any]] = {
    "two layers": {"color": ORANGE, "ls": "--", "marker": "^"},
    "as deep as the folds": {"color": BLUE, "ls": "-", "marker": "o"},
}
GUESSED = 6  # folds at which the learner guesses
DIMENSIONS: tuple[Mapping[str, Any], ...] = (
    {"color": ORANGE, "ls": "--", "marker": "^"},
    {"color": GREEN, "ls": "-.", "marker": "D"},
    {"color": BLUE, "ls": "-", "marker": "o"},
)
SEARCHES: Mapping[str, Mapping[str, Any]] = {
    "random masks": {"color": ORANGE, "ls": "--", "marker": "^"},
    "flips that help": {"color": GREEN, "ls": "-.", "marker": "D"},
    "one question a weight": {"color": BLUE, "ls": "-", "marker": "o"},
}
WAYS: Mapping[tuple[str, str], tuple[str, Mapping[str, Any]]] = {
    ("free", "ladder"): ("subset sums, first found", {"color": GREEN, "marker": "D"}),
    ("free", "fewest"): ("subset sums, fewest numbers", {"color": BLUE, "marker": "o"}),
    ("orseau", "ladder"): ("Orseau: golden ratio", {"color": PINK, "marker": "s"}),
    ("malach", "ladder"): ("Malach: one lucky neuron", {"color": ORANGE, "marker": "^"}),
}


@typed
def sawtooths(functions: Mapping[str, Pieces], *, columns: int = 4, title: str = "") -> Drawn:
    """Functions made of straight pieces, side by side, each titled with its name and its number of pieces."""
    if not functions:
        raise ValueError("there is no function to draw; give one or more, by name")
    rows = -(-len(functions) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(10.6, 0.9 + 1.7 * rows), squeeze=False, sharex=True, sharey=True, layout="constrained"
    )
    for unused in list(grid.flat)[len(functions) :]:
        unused.set_axis_off()
    for ax, (name, f) in zip(grid.flat, functions.items(), strict=False):
        ax.plot(f.x, f.y, color=BLUE, lw=1.4)
        ax.set_title(f"{name}: {len(f)} pieces", fontsize=10)
        ax.set_xlabel("x")
    for ax in grid[:, 0]:
        ax.set_ylabel("height")
    figure.suptitle(title or "Every fold doubles the pieces, and costs two more units", fontsize=12)
    said = ", ".join(f"{name} ({len(f)} pieces)" for name, f in functions.items())
    return figure, f"Curves side by side, made of straight pieces: {said}."


@typed
def widths_by_route(
    table: Annotated[pd.DataFrame, Columns("folds route seed widest")], *, guess: Mapping[str, Any] | None = None
) -> Drawn:
    """The widest layer of the random networks against the number of folds, medians over seeds with a band.

    Left, on a logarithmic axis, all routes, with a star for what `guess` names as the width at six folds. Right, on a
    linear axis, the deep route alone, with the straight line and the curve of one factor a fold that are nearest to it.
    """
    figure, (ax, linear) = plt.subplots(1, 2, figsize=(10.6, 4.2), width_ratios=[1.2, 1], layout="constrained")
    folds = sorted(set(table["folds"]))
    deep = list(ROUTES)[-1]
    for route, look in ROUTES.items():
        by = table[table["route"] == route].groupby("folds")["widest"]
        width = by.median()
        for each in (ax, linear) if route == deep else (ax,):
            each.plot(width.index, width, **look)
            each.fill_between(width.index, by.min(), by.max(), color=look["color"], alpha=0.15, lw=0)
            label = f"{route}:\n{width.iloc[-1]:,.0f} units"
            _beside(each, width.index[-1], width.iloc[-1], label, look)
    k = np.linspace(folds[0], folds[-1])
    slope, start = np.polyfit(width.index, width, 1)  # of the deep route, the last one
    factor, at_none = np.exp(np.polyfit(width.index, np.log(width), 1))
    linear.plot(k, start + slope * k, color="black", ls=":", lw=1.5, label=f"straight line: {slope:.1f} units a fold")
    linear.plot(k, at_none * factor**k, color=GREY, ls="--", lw=1.5, label=f"curve: times {factor:.2f} a fold")
    linear.legend(fontsize=9, loc="lower right")
    said = _stars(ax, guess or {}, GUESSED)
    ticks = [50, 100, 200, 500, 1000, 2000]
    ax.set(yscale="log", xlabel="folds $k$; the sawtooth has $2^k$ pieces", ylabel="widest layer of the random network")
    ax.set_yticks(ticks, [f"{n:,}" for n in ticks])
    ax.minorticks_off()
    ax.set_title("Logarithmic axis: two layers multiply", fontsize=11)
    linear.set(xlabel="folds $k$", ylabel="widest layer, deep route", ylim=(0, None))
    linear.set_title("Linear axis: does the deep route add or multiply?", fontsize=11)
    for each in (ax, linear):
        each.set(xticks=folds, xlim=(folds[0] - 0.4, folds[-1] + 6.6))
    figure.suptitle("The same sawtooth within 0.1: what the target's depth does to the width", fontsize=12)
    return figure, (
        "The widest layer of the random network against the number of folds, medians of "
        f"{table['seed'].nunique()} networks with bands from the lowest to the highest. Left, on a logarithmic axis, "
        f"targets with {' and '.join(ROUTES)}; right, on a linear axis, the deep route alone, with the nearest "
        f"straight line, {slope:.1f} units a fold, and the nearest curve of one factor a fold, {factor:.2f}." + said
    )


def _beside(ax: Axes, x: float, y: float, words: str, look: Mapping[str, Any]) -> None:
    ax.annotate(words, (x, y), (8, 0), textcoords="offset points", color=look["color"], va="center", fontsize=10)


def _stars(ax: Axes, guess: Mapping[str, Any], at: float) -> str:
    said = ""
    for route, look in ROUTES.items():
        value = guess.get(route)
        try:
            number = float(str(value).replace(",", ""))
        except ValueError:
            number = float("nan")
        if 0 < number < 1e15:
            ax.plot(at, number, marker="*", ms=15, mfc="none", ls="", color=look["color"], label=f"your guess: {route}")
        elif value is not None:
            said += f" The guess {value!r} for {route!r} is not drawn: give a number of units."
    if ax.get_legend_handles_labels()[1]:
        ax.legend(fontsize=9, loc="upper right")
    return said


@typed
def masks_against_training(table: Annotated[pd.DataFrame, Columns("dimension seed times mask trained")]) -> Drawn:
    """Neuron masks on `times` as many features against the best top layer on the first of them, by number of inputs.

    `mask` and `trained` are relative squared errors on one ReLU neuron; what is drawn is their ratio.
    """
    figure, ax = plt.subplots(figsize=(7.8, 4.2), layout="constrained")
    shown = table.assign(ratio=table["mask"] / table["trained"])
    for look, d in zip(DIMENSIONS, sorted(set(table["dimension"])), strict=False):
        by = shown[shown["dimension"] == d].groupby("times")["ratio"]
        ax.plot(by.mean().index, by.mean(), label=f"d = {d} inputs, r = {2 * d} features", **look)
        ax.fill_between(by.min().index, by.min(), by.max(), color=look["color"], alpha=0.15, lw=0)
    ax.axhline(1, color="black", ls=":")
    ax.annotate("best top layer on r features", (1, 1), (0, -13), textcoords="offset points", fontsize=9)
    times = sorted(set(table["times"]))
    ax.set_xscale("log", base=2)
    ax.set_xticks(times, ["r", *(f"{n} r" for n in times[1:])])
    ax.set(yscale="log", xlabel="features from which the neuron mask chooses")
    ax.set_ylabel("error, divided by that of the top layer")
    ax.set_title("With enough features to choose from, a neuron mask overtakes training", fontsize=11)
    ax.legend(fontsize=9)
    return figure, (
        "The relative squared error of neuron masks, divided by that of the best top layer on r features, on "
        f"logarithmic axes, against the number of features, for {table['dimension'].nunique()} numbers of inputs: "
        f"means of {table['seed'].nunique()} random networks with bands from the lowest to the highest; a dotted line "
        "at 1."
    )


@typed
def kept_and_random(
    table: Annotated[pd.DataFrame, Columns("eps method keep random kept entries least")], source: str
) -> Drawn:
    """Kept weights against random ones at equal eps, a panel for each eps, with the counting bound; a stored run.

    `table` has a row for each map: counts of the whole network, `entries` of the map, and `least`, how many weights
    must be kept of so many random ones. `source` says what made the run.
    """
    panels = sorted(set(table["eps"]), reverse=True)
    figure, axes = plt.subplots(
        1, len(panels), figsize=(10.4, 4.2), sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for ax, eps in zip(axes[0], panels, strict=True):
        rows = table[table["eps"] == eps]
        for (method, keep), (label, look) in WAYS.items():
            mine = rows[(rows["method"] == method) & (rows["keep"] == keep)]
            ax.plot(mine["random"] / mine["entries"], mine["kept"] / mine["entries"], ls="", ms=4, alpha=0.35, **look)
            by = mine.groupby("random")[["kept", "entries"]].mean()
            if method == "free":
                ax.plot(by.index / by["entries"], by["kept"] / by["entries"], color=look["color"], lw=1.5)
            if len(mine):
                ax.plot([], [], label=label, ls="", **look)
        bound = rows.sort_values("random")
        ax.plot(bound["random"] / bound["entries"], bound["least"] / bound["entries"], color="black", ls="--",
                label="needed to serve all maps at once")  # fmt: skip
        ax.set(xscale="log", yscale="log", xlabel="random weights for each entry of the map")
        ax.set_title(f"all maps within eps = {eps:g}", fontsize=11)
    axes[0][0].set_ylabel("weights kept for each entry")
    figure.legend(*axes[0][0].get_legend_handles_labels(), fontsize=9, loc="outside lower center", ncols=3)
    figure.suptitle("Few kept and few random weights go together better than the first proof suggests", fontsize=12)
    figure.supxlabel(f"stored run: {source}", x=0.995, ha="right", fontsize=7, color="#555555")
    return figure, (
        "Weights kept against random weights, both for each entry of a linear map and on logarithmic axes, a mark for "
        f"each map; panels for {len(panels)} values of eps; {', '.join(label for label, _ in WAYS.values())}; a dashed "
        "line shows how many must be kept by counting."
    )


@typed
def search_errors(table: Annotated[pd.DataFrame, Columns("weights seed")]) -> Drawn:
    """The worst weight's error against the number of weights, for three ways to search the same random numbers."""
    figure, ax = plt.subplots(figsize=(7.4, 4.0), layout="constrained")
    for name, look in SEARCHES.items():
        by = table.groupby("weights")[name]
        ax.plot(by.median().index, by.median(), **look)
        ax.fill_between(by.min().index, by.min(), by.max(), color=look["color"], alpha=0.15, lw=0)
        last = by.median().index[-1]
        _beside(ax, last, by.median().iloc[-1], name, look)
    counts = sorted(set(table["weights"]))
    ax.set_xscale("log", base=2)
    ax.set_xticks(counts, [str(n) for n in counts])
    ax.set(yscale="log", xlim=(counts[0] * 0.85, counts[-1] * 2.6), xlabel="weights that must all be right at once")
    ax.set_ylabel("error of the worst weight")
    ax.set_title("What counts is not how much you ask, but what you know when you ask", fontsize=11)
    return figure, (
        f"The error of the worst weight, on a logarithmic axis, against the number of weights, for "
        f"{', '.join(SEARCHES)}: medians of {table['seed'].nunique()} draws with bands from the lowest to the highest."
    )


@typed
def fold_of_your_own(yours: Mapping[str, Pieces], lessons: Mapping[str, Pieces]) -> Drawn:
    """Folds of the reader's above, and below each one the lesson's, for as many units or fewer."""
    columns = max(len(yours), len(lessons))
    figure, grid = plt.subplots(
        2, columns, figsize=(10.6, 4.2), squeeze=False, sharex=True, sharey=True, layout="constrained"
    )
    for row, (functions, color) in zip(grid, ((yours, ORANGE), (lessons, BLUE)), strict=True):
        for ax, (name, f) in zip(row, functions.items(), strict=False):
            ax.plot(f.x, f.y, color=color, lw=1.3)
            ax.set_title(f"{name}: {len(f)} pieces", fontsize=10)
            ax.set_xlabel("x")
        row[0].set_ylabel("height")
    figure.suptitle("Your fold above, the lesson's below", fontsize=12)
    said = ", ".join(f"{name} ({len(f)} pieces)" for name, f in (*yours.items(), *lessons.items()))
    return figure, f"Two rows of curves made of straight pieces, the reader's above: {said}."


@typed
def price_of_targets(table: Annotated[pd.DataFrame, Columns("target keep weights random kept")], source: str) -> Drawn:
    """Random and kept weights for each weight of two trained targets, by how subsets are chosen; a stored run."""
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.4), layout="constrained")
    targets, keeps = list(dict.fromkeys(table["target"])), list(dict.fromkeys(table["keep"]))
    for y, target in enumerate(targets):
        rows = table[table["target"] == target].drop_duplicates("keep").set_index("keep")
        each = rows["random"].iloc[0] / rows["weights"].iloc[0]
        axes[0].barh(y, each, color=ORANGE)
        axes[0].text(each, y, f" {each:.0f}", va="center", fontsize=10)
        for i, keep in enumerate(keeps):
            each, place = rows.loc[keep, "kept"] / rows.loc[keep, "weights"], y + 0.36 * (i - 0.5)
            axes[1].barh(place, each, 0.34, color=(GREEN, BLUE)[i % 2])
            axes[1].text(each, place, f" {each:.1f}, {_label(keep).split(', ')[1]}", va="center", fontsize=10)
    for ax, title in zip(axes, ("random weights for each of its own", "kept weights for each of its own"), strict=True):
        ax.set(xlabel=title, yticks=range(len(targets)))
        ax.set_yticklabels(targets if ax is axes[0] else [], fontsize=10)
        ax.margins(x=0.15 if ax is axes[0] else 0.5)
        ax.grid(axis="y", visible=False)
    figure.suptitle("A convolution costs fewer random weights, and keeps as many for each of its own", fontsize=12)
    figure.supxlabel(f"stored run: {source}", x=0.995, ha="right", fontsize=7, color="#555555")
    return figure, (
        f"Bars for the targets {', '.join(targets)}: on the left random weights for each weight of the target, on the "
        f"right kept weights for each, with subsets chosen as {' and '.join(map(_label, keeps))}."
    )


def _label(keep: str) -> str:
    return WAYS["free", keep][0]
