"""Figures of rewinding. Each function draws a Figure and returns it with a description in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.experiments.paper_results import PaperResult
from lthedu.experiments.study import DENSE, REINIT
from lthedu.figures import schematic
from lthedu.figures import use_style as use_style
from lthedu.figures.style import LOOKS, draw_guesses, percent
from lthedu.lessons.rewinding.experiment import (
    ARMS,
    BY_STEP,
    CHILDREN,
    FRESH,
    LR_REWOUND,
    MATCHED,
    REINIT_CHILDREN,
    REINIT_MATCHED,
    REINIT_REVIVED,
    REVIVED,
    REWOUND,
    TUNED,
    Rewinding,
    Settings,
)
from lthedu.networks import masks

Drawn = tuple[Figure, str]
WAYS: Mapping[str, dict[str, Any]] = {
    DENSE: LOOKS[DENSE],
    REWOUND: {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    MATCHED: {"color": "#56B4E9", "linestyle": (0, (4, 1)), "marker": "P"},
    REVIVED: {"color": "#E69F00", "linestyle": (0, (6, 1, 1, 1)), "marker": "*"},
    LR_REWOUND: {"color": "#009E73", "linestyle": "-.", "marker": "D"},
    TUNED: {"color": "#CC79A7", "linestyle": (0, (1, 1)), "marker": "v"},
    REINIT: LOOKS[REINIT],
    REINIT_MATCHED: {"color": "#8C4A2F", "linestyle": (0, (3, 2, 1, 2)), "marker": "X"},
    REINIT_REVIVED: {"color": "#777777", "linestyle": (0, (2, 2)), "marker": "h"},
}
RESET = "reset"  # rewound to step 0
WAYS_AND_RESET = {**WAYS, RESET: {**WAYS[REWOUND], "linestyle": (0, (1, 1.5)), "mfc": "white"}}
STABLE = 2.0  # points of error: below it the paper of 2020 calls a network stable


@typed
@dataclass(frozen=True)
class Published:
    """A published line: which way it is, how it was retrained, and its test accuracy by density."""

    name: str
    arm: str
    epochs: int
    accuracy: tuple[float, ...]  # at DENSITIES


# Renda, Frankle and Carbin (2020), arXiv:2003.02389: computed from the data frames released with the paper,
# vision/plot/pruned_dataframe.pkl; the unpruned networks train 182 epochs and reach 0.9171 on average
PROTOCOL = "ResNet-20 on CIFAR-10, pruned in one go, medians of 3 runs (Renda et al. 2020)"
PUBLISHED_DENSE = 0.9171
DENSITIES = (0.107, 0.134, 0.168, 0.210, 0.262, 0.512)
PUBLISHED = (
    Published("weights rewound to epoch 72", REWOUND, 110, (0.8919, 0.9001, 0.9074, 0.9095, 0.9141, 0.9151)),
    Published("learning rate rewound", LR_REWOUND, 110, (0.8922, 0.9012, 0.9074, 0.9097, 0.9125, 0.9179)),
    Published("fine-tuned", TUNED, 110, (0.8839, 0.8919, 0.9028, 0.9065, 0.9091, 0.9146)),
    Published("rewound to the start", RESET, 182, (0.8706, 0.8751, 0.8871, 0.8918, 0.8950, 0.9069)),
    Published("reinitialised", REINIT, 182, (0.8688, 0.8746, 0.8791, 0.8849, 0.8906, 0.9048)),
)


@schematic
def valleys() -> Drawn:
    """A drawing, not a measurement: two children in two valleys and in one, and the straight line between them."""
    figure, axes = plt.subplots(1, 2, figsize=(8.8, 3.3), sharey=True, layout="constrained")
    w = np.linspace(-1.45, 1.45, 200)
    ways = (
        ("They part early: a hill lies between them", 0.0, (-1.0, 1.0)),
        ("They part late: no hill", 1.4, (0.8, 1.2)),
    )
    for ax, (title, parent, children) in zip(axes, ways, strict=True):
        ax.plot(w, (w**2 - 1) ** 2, color="#777777")
        on_line = np.linspace(*children, 50)
        ax.plot(on_line, (on_line**2 - 1) ** 2, color="#D55E00", lw=3)
        ax.plot(parent, (parent**2 - 1) ** 2, "s", color="black", ms=8)
        ax.annotate("step k", (parent, (parent**2 - 1) ** 2), (parent - 0.05, 1.3), ha="center")
        for name, child in zip("12", children, strict=True):
            height = (child**2 - 1) ** 2
            ax.annotate("", (child, height + 0.03), (parent, (parent**2 - 1) ** 2), arrowprops={"arrowstyle": "->"})
            ax.plot(child, height, "o", color="#0072B2", ms=9)
            ax.annotate(f"child {name}", (child, height), (child + (0.14 if name == "2" else -0.14), -0.3), ha="center")
        ax.set(title=title, xlabel="weight w", xticks=[-1, 0, 1], yticks=[0, 0.5, 1], ylim=(-0.4, 1.6))
    axes[0].annotate("barrier", (0.05, 0.15), ha="left")
    axes[0].annotate("", (0, 0.97), (0, -0.03), arrowprops={"arrowstyle": "<->", "color": "#D55E00"})
    axes[0].set_ylabel("error")
    return figure, (
        "Two drawings of the same curve of error against a weight, with valleys at -1 and at 1. Left: the parent at "
        "step k stands on the hill, its children in both valleys, and the line between them crosses the hill, whose "
        "height is the barrier. Right: the parent stands in one valley already, and so do both children."
    )


@schematic
@typed
def four_ways(settings: Settings, k: int) -> Drawn:
    """A drawing: for each way to go on, the steps that it trains, with which rate, and from which weights."""
    figure, ax = plt.subplots(figsize=(8.8, 3.9), layout="constrained")
    steps = np.arange(settings.steps)
    rate = np.array([settings.optimizer.schedule.at(int(i), settings.steps) for i in steps])
    rows = (
        ("dense, to find the mask", 0, rate, "#999999", "random weights"),
        ("reset", 0, rate, "#999999", "the same random weights"),
        (f"rewound to step {k}", k, rate, "#0072B2", f"weights of step {k}"),
        ("learning rate rewound", k, rate, "#009E73", "trained weights"),
        ("fine-tuned", k, np.full(len(rate), rate[-1]), "#009E73", "trained weights"),
    )
    for y, (_, first, rates, colour, words) in enumerate(rows[::-1]):
        ax.fill_between(steps[first:], y, y + 0.04 + 0.72 * rates[first:], color=colour, alpha=0.6, lw=0)
        ax.annotate(words, (first + 8, y + 0.3), fontsize=10)
    ax.axvline(k, color="black", ls=":", lw=1)
    ax.set_yticks(np.arange(len(rows)) + 0.3, [name for name, *_ in rows[::-1]])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False)
    ax.set_xlabel("training step")
    ax.set_title("The height of a band is the learning rate, its colour the weights at its start", fontsize=11)
    return figure, (
        "A time line of five trainings, one band each, as high as the learning rate. Dense networks and the reset "
        f"begin at step 0. Rewound weights begin at step {k} with the weights and the rate of that step. With a "
        f"rewound learning rate, trained weights go on with the rate of step {k}; fine-tuned, with the last and "
        "smallest rate."
    )


@typed
def what_is_lost(experiment: Rewinding, density: float, k: int) -> Drawn:
    """What a mask leaves of the norms of the initial weights, and how many units it kills, layer by layer."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.9), layout="constrained")
    mask, initial = experiment.mask(density), experiment.networks.params
    kept = masks.apply(mask, initial)
    share = np.array([(kept[n].flatten(1).norm(dim=1) / initial[n].flatten(1).norm(dim=1)).tolist() for n in mask])
    chance = np.array([m.flatten(1).float().mean(1).sqrt().mean().item() for m in mask.values()])
    layers = np.arange(1, len(share) + 1)
    rewound = experiment.start(REWOUND, density, k)
    grown = [(rewound[n].flatten(1).norm(dim=1) / initial[n].flatten(1).norm(dim=1)).mean().item() for n in mask]
    named = {"label": "first weights, the ticket's mask", "color": "#BBBBBB", "capsize": 4}
    left.bar(layers, 100 * share.mean(1), yerr=100 * share.std(1), **named)
    left.plot(layers, 100 * chance, "D", ms=7, mfc="white", mec="black", mew=2, label="first weights, a random mask")
    left.plot(
        layers,
        100 * np.array(grown),
        ls="",
        ms=7,
        label=f"weights of step {k}, the ticket's mask",
        **_mark(WAYS[REWOUND]),
    )
    left.set(xlabel="layer", ylabel="norm (% of the whole first layer's)", xticks=layers)
    left.set_ylim(top=1.35 * left.get_ylim()[1])
    left.set_title("A mask takes norm from every layer", fontsize=11)
    left.legend(fontsize=9)
    starts = (
        ("dense, step 0", initial, WAYS[DENSE]),
        ("reset", kept, WAYS_AND_RESET[RESET]),
        ("fresh weights", experiment.start(REINIT, density, 0), WAYS[REINIT]),
        (f"rewound to step {k}", rewound, WAYS[REWOUND]),
        ("reset, units revived", experiment.start(REVIVED, density, 0), WAYS[REVIVED]),
    )
    for name, params, look in starts:
        right.plot(layers[:-1], 100 * experiment.dead(params).mean(0).cpu(), label=name, **look)
    right.set(xlabel="hidden layer", ylabel="units that fire for no image (%)", xticks=layers[:-1], ylim=(-3, 125))
    right.set_title("Deep in a reset network most units are dead", fontsize=11)
    right.set_yticks(range(0, 101, 20))
    right.legend(fontsize=9, ncols=2, loc="upper center")
    return figure, (
        f"Left, bars for {len(share)} layers: the norm of the kept first weights in percent of the whole layer's, mean "
        "and standard deviation over seeds, with marks for random masks of the same densities and for the kept weights "
        f"of step {k}. Right, lines over "
        f"{len(share) - 1} hidden layers: the percentage of units that fire for none of 1,000 training images before "
        f"retraining, for {', '.join(name for name, *_ in starts)}."
    )


@typed
def barrier_by_step(table: Annotated[pd.DataFrame, Columns("arm density k barrier")]) -> Drawn:
    """The error barrier between two children of step k against k: a mark for each pair, a line through the medians."""
    figure, axes = plt.subplots(1, 2, figsize=(9.2, 3.9), layout="constrained")
    sparse = float(table["density"].min())
    panels = (
        (1.0, "Dense: a hill if they part early", DENSE),
        (sparse, f"Pruned to {100 * sparse:g} %, both repairs: hardly a hill", REVIVED),
    )
    for ax, (density, title, name) in zip(axes, panels, strict=True):
        rows, look = table[(table["arm"] == CHILDREN) & (table["density"] == density)], WAYS[name]
        ks = sorted(rows["k"].unique())
        ax.plot([ks.index(k) for k in rows["k"]], 100 * rows["barrier"], ls="", ms=5, alpha=0.5, **_mark(look))
        ax.plot(range(len(ks)), 100 * rows.groupby("k")["barrier"].median(), **look, label="the ticket's weights")
        ax.axhline(STABLE, color="#555555", lw=1, ls="--")
        ax.annotate("below: stable", (len(ks) - 1, STABLE), (0, 3), textcoords="offset points", ha="right", fontsize=9)
        ax.set_xticks(range(len(ks)), [str(k) for k in ks])
        ax.set_xlabel("step k at which the children part")
        ax.set_title(title, fontsize=11)
    fresh = table[table["arm"] == REINIT_CHILDREN]
    at_left = {"ls": "", "ms": 6, **_mark(WAYS[REINIT_REVIVED])}
    axes[1].plot([0.12] * len(fresh), 100 * fresh["barrier"], label="fresh weights", **at_left)
    axes[1].legend(fontsize=9)
    axes[0].set_ylabel("error barrier (points), line: median")
    return figure, (
        "Two panels, each with its own axis: the error barrier in points of test error between two children that part "
        f"at step k, against k = {', '.join(map(str, ks))}; a mark for each pair, a line through the medians, for "
        "dense networks and for pruned ones with norms restored and units revived. At the left of the second, marks "
        f"for fresh weights under the same masks. A dashed line at {STABLE:g} points, below which a network is called "
        "stable."
    )


@typed
def accuracy_by_step(
    table: Annotated[pd.DataFrame, Columns("arm density k accuracy")],
    density: float,
    *,
    guess: Mapping[str, float | str | None] | None = None,
) -> Drawn:
    """Test accuracy of every way to go on at `density`, against the step k: mean and band of one standard deviation.

    `table` is what `Rewinding.run` returns. Arms that know no k (dense, reinitialised ones) are drawn at the left edge,
    with bars. `guess` maps arms to a guessed accuracy in percent, drawn as stars at the left.
    """
    figure, (ax, near) = plt.subplots(1, 2, figsize=(11.4, 5), layout="constrained")
    words = _ways(ax, table, density, guess or {})
    _ways(near, table, density, {})
    top = 100 * table.loc[table["arm"] == DENSE, "accuracy"].mean() + 1
    near.set_ylim(top - 11, top)
    ax.set_title(f"{100 * density:g} % kept: repaired, the start is as good a step as any", fontsize=11)
    near.set_title("The same, its upper part", fontsize=11)
    for one in (ax, near):
        one.set_xlabel("step k that is gone back to (0: a reset)")
    ax.set_ylabel("test accuracy (%)")
    figure.legend(*ax.get_legend_handles_labels(), fontsize=9, loc="outside lower center", ncols=4)
    return figure, (
        f"Test accuracy in percent with {100 * density:g} percent of the weights kept, against the step k that "
        "is gone back to; lines for rewound weights as they are, with norms restored, and with units revived as "
        "well, for a rewound learning rate and for fine-tuning, bands one standard deviation over seeds; at the left "
        "edge, with bars, fresh weights in the same three ways; a dotted line for the dense networks. At the right the "
        "upper eleven points once more." + words
    )


@typed
def beside_yours(
    table: Annotated[pd.DataFrame, Columns("arm density k accuracy")], density: float, yours: Sequence[float]
) -> Drawn:
    """Starts from step 0, and `yours` (test accuracies in percent, one a seed) beside them: a mark for each network."""
    figure, ax = plt.subplots(figsize=(8.8, 3.6), layout="constrained")
    rows = table[(table["density"] == density) & (table["k"] == 0)]
    arms = {"reset": REWOUND, "reset,\nnorms restored": MATCHED, "reset, norms restored,\nunits revived": REVIVED}
    arms |= {"fresh, norms restored,\nunits revived": REINIT_REVIVED}
    found = {name: 100 * rows[rows["arm"] == arm]["accuracy"].to_numpy() for name, arm in arms.items()}
    looks = [WAYS_AND_RESET["reset" if arm == REWOUND else arm] for arm in arms.values()] + [
        {"color": "#000000", "marker": "s"}
    ]
    found["yours"] = np.array(yours)
    for x, (values, look) in enumerate(zip(found.values(), looks, strict=True)):
        ax.plot([x] * len(values), values, ls="", alpha=0.5, ms=6, **_mark(look))
        ax.plot([x - 0.25, x + 0.25], [values.mean()] * 2, color=look["color"], lw=3)
    ax.set_xticks(range(len(found)), list(found), fontsize=9)
    ax.set_ylabel("test accuracy (%)")
    ax.set_title(f"Your start beside the lesson's, {100 * density:g} % kept", fontsize=11)
    return figure, (
        f"Test accuracy in percent with {100 * density:g} percent of the weights kept, a mark for each network "
        "and a line at the mean, for a reset as it is, with norms restored, and with units revived as well, for fresh "
        "weights treated so, and for your own start."
    )


@typed
def stored_by_density(stored: PaperResult) -> Drawn:
    """All arms of the stored long run, a panel for each density."""
    densities = sorted(d for d in stored.table["density"].unique() if d < 1)
    figure, (axes,) = plt.subplots(1, len(densities), figsize=(11.4, 4.2), squeeze=False, layout="constrained")
    for ax, density in zip(axes, densities, strict=True):
        _ways(ax, stored.table, density, {})
        mine = stored.table[(stored.table["density"] == density) & stored.table["arm"].isin(ARMS)]
        mean = 100 * mine.groupby("arm")["accuracy"].mean()
        low = mean.drop([TUNED, REINIT]).min() - 1.5
        below = "".join(f"\nbelow: {arm}, {value:.0f} %" for arm, value in mean[mean < low].items())
        ax.set_ylim(low, 100)
        ax.set_title(f"{100 * density:g} % kept (axis cut){below}", fontsize=10)
        ax.set_xlabel("step k that is gone back to")
        ax.tick_params(axis="x", labelsize=8)
    axes[0].set_ylabel("test accuracy (%)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=9, loc="outside lower center", ncols=4)
    seeds, steps, rate = len(stored.settings["seeds"]), stored.settings["steps"], stored.settings["optimizer"]["lr"]
    figure.suptitle(
        f"Stored, {steps:,} steps at a rate of {rate}, {seeds} seeds: the ways from the ticket meet", fontsize=11
    )
    return figure, (
        f"{len(densities)} panels, at {', '.join(f'{100 * d:g}' for d in densities)} percent of the weights kept, "
        "each with its own cut axis, the title says what lies below it: test accuracy against the step k that is gone "
        f"back to, the arms as in the lesson's own figure. {stored.provenance()}."
    )


def published() -> Drawn:
    """Points of test accuracy above the unpruned network (negative: below it), as published, of one protocol."""
    figure, ax = plt.subplots(figsize=(8.8, 4.2), layout="constrained")
    kept = 100 * np.array(DENSITIES)
    for line in PUBLISHED:
        over = 100 * (np.array(line.accuracy) - PUBLISHED_DENSE)
        ax.plot(kept, over, label=f"{line.name}, then {line.epochs} epochs", **WAYS_AND_RESET[line.arm])
    ax.set_xscale("log")
    ax.set_xlim(60, 10)
    ax.xaxis.set_major_locator(FixedLocator(kept.tolist()))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: percent(x)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("weights kept (%)")
    ax.axhline(0, color="black", ls=":", label="unpruned")
    ax.set_ylabel("test accuracy less unpruned (points)")
    ax.legend(fontsize=9, loc="lower left")
    ax.set_title(f"Going back to epoch 72 loses less than going back to the start\n{PROTOCOL}", fontsize=11)
    return figure, (
        "Test accuracy less that of the unpruned network, in points, against the percentage of weights kept. "
        f"{PROTOCOL}. Lines: "
        + "; ".join(f"{line.name}, then {line.epochs} epochs of training" for line in PUBLISHED)
        + "."
    )


def _ways(ax: Axes, table: pd.DataFrame, density: float, guess: Mapping[str, float | str | None]) -> str:
    """Every arm at a density against k; the sentence that names guesses which are not drawn."""
    rows = table[table["density"] == density]
    ks = sorted(rows[rows["arm"] == REWOUND]["k"].unique())
    for arm in BY_STEP:
        mean, sd = _by_step(rows[rows["arm"] == arm])
        places = [ks.index(k) for k in mean.index]
        ax.plot(places, mean, label=arm, **WAYS[arm])
        ax.fill_between(places, mean - sd, mean + sd, color=WAYS[arm]["color"], alpha=0.2, lw=0)
    for shift, arm in enumerate(FRESH):
        mean, sd = _by_step(rows[rows["arm"] == arm])
        ax.errorbar([-0.55 + 0.12 * shift], mean, yerr=sd, ls="", ms=8, capsize=4, label=arm, **_mark(WAYS[arm]))
    ax.axhline(100 * table.loc[table["arm"] == DENSE, "accuracy"].mean(), color="black", ls=":", label=DENSE)
    places_of = {f"rewound to step {k}": place for place, k in enumerate(ks)}
    looks, words = WAYS_AND_RESET | dict.fromkeys(places_of, WAYS[REWOUND]), ""
    for arm, value in guess.items():
        words += draw_guesses(ax, {arm: value}, places_of.get(arm, -0.7), looks)
    ax.set_xticks(range(len(ks)), [str(k) for k in ks])
    ax.set_xlim(-0.85, len(ks) - 0.7)
    return words


def _mark(look: Mapping[str, Any]) -> dict[str, Any]:
    return {"color": look["color"], "marker": look["marker"]}


def _by_step(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    by = rows.groupby("k")["accuracy"]
    return 100 * by.mean(), 100 * by.std().fillna(0)
