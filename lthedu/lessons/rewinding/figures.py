"""Figures of rewinding. Each function draws a Figure and returns it with a description in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns, Whole
from lthedu.experiments.paper_results import PaperResult
from lthedu.experiments.study import DENSE, REINIT
from lthedu.figures import use_style as use_style
from lthedu.figures.style import LOOKS, draw_guesses
from lthedu.lessons.rewinding.experiment import (
    ARMS,
    CHILDREN,
    LR_REWOUND,
    MATCHED,
    REINIT_CHILDREN,
    REINIT_MATCHED,
    REINIT_REVIVED,
    RESET_CHILDREN,
    REVIVED,
    REWOUND,
    TUNED,
    Rewinding,
)
from lthedu.networks import masks

Drawn = tuple[Figure, str]
WAYS: Mapping[str, dict[str, Any]] = {
    DENSE: LOOKS[DENSE],
    REWOUND: {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    MATCHED: {"color": "#56B4E9", "linestyle": (0, (4, 1)), "marker": "P"},
    REVIVED: {"color": "#E69F00", "linestyle": (0, (6, 1, 1, 1)), "marker": "p"},
    LR_REWOUND: {"color": "#009E73", "linestyle": "-.", "marker": "D"},
    TUNED: {"color": "#CC79A7", "linestyle": (0, (1, 1)), "marker": "v"},
    REINIT: LOOKS[REINIT],
    REINIT_MATCHED: {"color": "#8C4A2F", "linestyle": (0, (3, 2, 1, 2)), "marker": "X"},
    REINIT_REVIVED: {"color": "#777777", "linestyle": (0, (2, 2)), "marker": "h"},
}
RESET = "reset"  # rewound to step 0
WAYS_AND_RESET = {**WAYS, RESET: {**WAYS[REWOUND], "linestyle": (0, (1, 1.5)), "mfc": "white"}}
NAMES = {REVIVED: "both repairs", REINIT: "reinitialised", REINIT_REVIVED: "reinitialised, both repairs"}  # or the arm
NOT_TO_SCALE = "(steps not to scale)"
STABLE = 2.0  # points of error: below it the paper of 2020 calls a network stable


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
        (NAMES[REINIT], experiment.start(REINIT, density, 0), WAYS[REINIT]),
        (f"rewound to step {k}", rewound, WAYS[REWOUND]),
        ("reset, both repairs", experiment.start(REVIVED, density, 0), WAYS[REVIVED]),
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
def dense_hills(table: Annotated[pd.DataFrame, Columns("arm density k barrier")]) -> Drawn:
    """The error barrier between two dense children of step k against k: each pair, and a line through the means."""
    figure, ax = plt.subplots(figsize=(7.6, 3.9), layout="constrained")
    ks = _hills(ax, table[(table["arm"] == CHILDREN) & (table["density"] == 1)], DENSE)
    ax.set_title("Dense children that part early have a hill between them", fontsize=11)
    ax.legend(fontsize=9)
    return figure, (
        "The error barrier in points of test error between two dense children that part at step k, against k = "
        f"{', '.join(map(str, ks))}; a mark for each pair, a line through the means. A dashed line at {STABLE:g} "
        "points, below which a network is called stable."
    )


@typed
def sparse_hills(table: Annotated[pd.DataFrame, Columns("arm density k barrier")]) -> Drawn:
    """The same between pruned children: with both repairs, and beside step 0 a plain reset and reinitialised ones."""
    figure, ax = plt.subplots(figsize=(7.6, 3.9), layout="constrained")
    sparse = float(table["density"].min())
    ks = _hills(ax, table[(table["arm"] == CHILDREN) & (table["density"] == sparse)], REVIVED)
    others = (RESET_CHILDREN, RESET, "reset"), (REINIT_CHILDREN, REINIT_REVIVED, NAMES[REINIT_REVIVED])
    for x, (arm, way, label) in zip((-0.3, -0.15), others, strict=True):
        found = 100 * table[table["arm"] == arm]["barrier"]
        ax.plot([x] * len(found), found, ls="", ms=6, label=label, **_mark(WAYS_AND_RESET[way]))
    ax.set_title(f"Pruned to {100 * sparse:g} %: with both repairs most hills are gone", fontsize=11)
    ax.legend(fontsize=9)
    return figure, (
        f"The error barrier in points of test error between two children pruned to {100 * sparse:g} percent, with both "
        f"repairs, against the step k = {', '.join(map(str, ks))} at which they part; a mark for each pair, a line "
        "through the means. At the left marks for children of a plain reset, and for reinitialised ones with both "
        f"repairs, from step 0. A dashed line at {STABLE:g} points, below which a network is called stable."
    )


@typed
def accuracy_by_step(
    table: Annotated[pd.DataFrame, Columns("arm density k accuracy")],
    density: float,
    k: Whole,
    *,
    guess: Mapping[str, float | str | None] | None = None,
) -> Drawn:
    """Test accuracy at `density` against the step that is gone back to: mean and standard deviation of every way.

    `table` is what `Rewinding.run` returns. At the left the ways as they are; at the right those with repairs, beside
    the mean of what is rewound to step `k`. Reinitialised networks know no step and stand at the left edge. `guess`
    maps ways to a guessed accuracy in percent, drawn as stars at the left edge or at their step.
    """
    figure, (plain, repaired) = plt.subplots(1, 2, figsize=(11.4, 5), layout="constrained")
    rows, guess = table[table["density"] == density], dict(guess or {})
    restored = {MATCHED: guess.pop(MATCHED)} if MATCHED in guess else {}
    ks = _ways(plain, rows, (REWOUND, LR_REWOUND, TUNED), (REINIT,))
    _ways(repaired, rows, (MATCHED, REVIVED), (REINIT_MATCHED, REINIT_REVIVED))
    back = 100 * rows[(rows["arm"] == REWOUND) & (rows["k"] == k)]["accuracy"].mean()
    repaired.axhline(back, color=WAYS[REWOUND]["color"], lw=1, label=f"rewound to step {k}")
    words, places = "", {f"rewound to step {step}": place for place, step in enumerate(ks)}
    looks = {**WAYS_AND_RESET, **dict.fromkeys(places, WAYS[REWOUND]), NAMES[REINIT]: WAYS[REINIT]}
    for arm, value in guess.items():
        words += draw_guesses(plain, {arm: value}, places.get(arm, -0.7), looks)
    words += draw_guesses(repaired, restored, -0.7, looks)
    plain.set_title(f"{100 * density:g} % kept, as they are: a reset fails", fontsize=11)
    repaired.set_title(f"With both repairs the start is as good as step {k} (axis cut)", fontsize=11)
    for ax in (plain, repaired):
        ax.axhline(100 * table.loc[table["arm"] == DENSE, "accuracy"].mean(), color="black", ls=":", label=DENSE)
        ax.set_xlabel(f"step k that is gone back to {NOT_TO_SCALE}")
        ax.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)
    plain.set_ylabel("test accuracy (%)")
    return figure, (
        f"Test accuracy in percent with {100 * density:g} percent of the weights kept, against the step k that "
        "is gone back to, with standard deviations over seeds. Left, lines for rewound weights, a rewound learning "
        "rate and fine-tuning, and at the left edge a mark for reinitialised networks. Right, on an axis that begins "
        "higher, lines for norms restored and for both repairs, marks for reinitialised networks with the same "
        f"repairs, and a level line for weights rewound to step {k}. Dotted lines: the dense networks." + words
    )


@typed
def beside_yours(
    table: Annotated[pd.DataFrame, Columns("arm density k accuracy")], density: float, yours: Sequence[float]
) -> Drawn:
    """Starts from step 0, and `yours` (test accuracies in percent, one a seed) beside them: a mark for each network."""
    figure, ax = plt.subplots(figsize=(8.8, 3.6), layout="constrained")
    rows = table[(table["density"] == density) & (table["k"] == 0)]
    arms = {"reset": REWOUND, "reset,\nnorms restored": MATCHED, "reset,\nboth repairs": REVIVED}
    arms |= {"reinitialised,\nboth repairs": REINIT_REVIVED}
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
        "and a line at the mean, for a reset as it is, with norms restored, and with both repairs, for reinitialised "
        "networks with both repairs, and for your own start."
    )


@typed
def stored_by_density(stored: PaperResult) -> Drawn:
    """All ways of the stored long run, a panel for each density and a row for each way."""
    densities = sorted(d for d in stored.table["density"].unique() if d < 1)
    figure, (axes,) = plt.subplots(
        1, len(densities), figsize=(11.4, 4.6), squeeze=False, sharey=True, layout="constrained"
    )
    dense = 100 * stored.table.loc[stored.table["arm"] == DENSE, "accuracy"].mean()
    for ax, density in zip(axes, densities, strict=True):
        mine = stored.table[(stored.table["density"] == density) & stored.table["arm"].isin(ARMS)]
        low = 100 * mine[~mine["arm"].isin((TUNED, REINIT))].groupby("arm")["accuracy"].mean().min() - 1.5
        ax.axvline(dense, color="black", ls=":")
        for y, arm in enumerate(reversed(ARMS)):
            mean, sd = _by_step(mine[mine["arm"] == arm])
            for place, k in enumerate(mean.index):
                look = _mark(WAYS[arm]) | {"mfc": WAYS[arm]["color"] if k else "white"}
                height = y + 0.2 * ((len(mean) - 1) / 2 - place)
                ax.errorbar(mean[k], height, xerr=sd[k], ms=6, capsize=2, **look)
            if mean.max() < low:
                ax.annotate(
                    f"← {mean.mean():.0f} %", (low, y), (4, 0), textcoords="offset points", va="center", fontsize=9
                )
        ax.set_xlim(low, dense + 0.5)
        ax.set_title(f"{100 * density:g} % kept (axis cut)", fontsize=11)
        ax.set_xlabel("test accuracy (%)")
    axes[0].set_yticks(range(len(ARMS)), [NAMES.get(arm, arm) for arm in reversed(ARMS)])
    seeds, steps, rate = len(stored.settings["seeds"]), stored.settings["steps"], stored.settings["optimizer"]["lr"]
    ks = ", ".join(str(k) for k in sorted(stored.table["k"].unique()) if k)
    figure.suptitle(
        f"Stored, {steps:,} steps at a rate of {rate}, {seeds} seeds. Open: from step 0; filled: from {ks}", fontsize=11
    )
    return figure, (
        f"{len(densities)} panels, at {', '.join(f'{100 * d:g}' for d in densities)} percent of the weights kept, "
        "each with its own cut axis: test accuracy, a row for each way, an open mark for step 0 and filled ones for "
        f"the steps {ks}, standard deviations over seeds as bars, an arrow and a number for a way that lies below; a "
        f"dotted line for the dense networks. {stored.provenance()}."
    )


def _hills(ax: Axes, rows: pd.DataFrame, way: str) -> list[int]:
    """Barriers against the step at which children part: a mark for each pair, a line through the means; the steps."""
    look, ks = WAYS[way], sorted(rows["k"].unique())
    ax.plot([ks.index(k) for k in rows["k"]], 100 * rows["barrier"], ls="", ms=5, alpha=0.5, **_mark(look))
    ax.plot(range(len(ks)), 100 * rows.groupby("k")["barrier"].mean(), **look, label=f"{NAMES.get(way, way)}, mean")
    ax.axhline(STABLE, color="#555555", lw=1, ls="--")
    ax.annotate("below: stable", (len(ks) - 1, STABLE), (0, 3), textcoords="offset points", ha="right", fontsize=9)
    ax.set_xticks(range(len(ks)), [str(k) for k in ks])
    ax.set_xlabel(f"step k at which the children part {NOT_TO_SCALE}")
    ax.set_ylabel("error barrier (points)")
    return ks


def _ways(ax: Axes, rows: pd.DataFrame, by_step: Sequence[str], at_left: Sequence[str]) -> list[int]:
    """Ways against the step k, side by side where they would hide each other, and ways without one; the steps."""
    ks = sorted(rows[rows["arm"] == REWOUND]["k"].unique())
    for shift, arm in enumerate((*by_step, *at_left)):
        mean, sd = _by_step(rows[rows["arm"] == arm])
        stepless = arm in at_left
        x = [(-0.5 if stepless else ks.index(k)) + 0.07 * (shift - 1) for k in mean.index]
        look = {**WAYS[arm], "linestyle": ""} if stepless else WAYS[arm]
        ax.plot(x, mean, label=NAMES.get(arm, arm), **look)
        ax.errorbar(x, mean, yerr=sd, fmt="none", ecolor=look["color"], capsize=3, lw=1)
    ax.set_xticks(range(len(ks)), [str(k) for k in ks])
    ax.set_xlim(-0.85, len(ks) - 0.7)
    return ks


def _mark(look: Mapping[str, Any]) -> dict[str, Any]:
    return {key: look[key] for key in ("color", "marker", "mfc") if key in look}


def _by_step(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    by = rows.groupby("k")["accuracy"]
    return 100 * by.mean(), 100 * by.std().fillna(0)
