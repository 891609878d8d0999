"""Figures of rewinding. Each function draws on Axes and returns them with a description in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.experiments.paper_results import PaperResult
from lthedu.experiments.study import DENSE, REINIT
from lthedu.figures import use_style as use_style
from lthedu.figures.style import LOOKS, draw_guesses, percent
from lthedu.lessons.rewinding.experiment import LR_REWOUND, REINIT_RESCALED, RESCALED, REWOUND, TUNED

WAYS: Mapping[str, dict[str, Any]] = {
    DENSE: LOOKS[DENSE],
    REWOUND: {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    LR_REWOUND: {"color": "#009E73", "linestyle": "-.", "marker": "D"},
    TUNED: {"color": "#CC79A7", "linestyle": (0, (1, 1)), "marker": "v"},
    REINIT: LOOKS[REINIT],
    RESCALED: {"color": "#56B4E9", "linestyle": (0, (4, 1)), "marker": "P"},
    REINIT_RESCALED: {"color": "#E69F00", "linestyle": (0, (6, 1, 1, 1)), "marker": "X"},
}
RESET = "reset to init"
# Renda, Frankle and Carbin (2020), arXiv:2003.02389: ResNet-20 on CIFAR-10, test accuracy against the density, medians
# of three runs, computed from the data frames released with the paper; the unpruned networks reach 0.9171
PUBLISHED_DENSE = 0.9171
PUBLISHED: Mapping[str, tuple[str, Mapping[float, float]]] = {
    "iterative, learning rate rewound": (
        LR_REWOUND,
        {0.107: 0.9101, 0.134: 0.9147, 0.168: 0.9179, 0.21: 0.9189, 0.262: 0.9214, 0.512: 0.9229},
    ),
    "iterative, fine-tuned": (
        TUNED,
        {0.107: 0.8932, 0.134: 0.8898, 0.168: 0.8999, 0.21: 0.9046, 0.262: 0.9064, 0.512: 0.9137},
    ),
    "one-shot, rewound to epoch 72": (
        REWOUND,
        {0.107: 0.8919, 0.134: 0.9001, 0.168: 0.9074, 0.21: 0.9095, 0.262: 0.9141, 0.512: 0.9151},
    ),
    "one-shot, rewound to the start": (
        RESET,
        {0.107: 0.8706, 0.134: 0.8751, 0.168: 0.8871, 0.21: 0.8918, 0.262: 0.8950, 0.512: 0.9069},
    ),
    "one-shot, random reinitialisation": (
        REINIT,
        {0.107: 0.8688, 0.134: 0.8746, 0.168: 0.8791, 0.21: 0.8849, 0.262: 0.8906, 0.512: 0.9048},
    ),
}


@typed
def accuracy_by_step(
    table: Annotated[pd.DataFrame, Columns("arm density k accuracy")],
    density: float,
    *,
    guess: Mapping[str, float | str | None] | None = None,
    behind: PaperResult | None = None,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Test accuracy of every way to go on at `density`, against the step k: mean and band of one standard deviation.

    `table` is what `Rewinding.run` returns. Arms that know no k (dense, random reinitialisation, rescaled ones) are
    drawn at the left edge, with bars. `guess` maps arms to a guessed accuracy in percent, drawn as stars at the left;
    `behind`: a stored reference with the same columns, its means drawn as thin lines.
    """
    ax = ax or plt.figure(figsize=(8.6, 4.4)).gca()
    rows = table[(table["density"] == density) & (table["arm"] != "children")]
    ks = sorted(rows["k"].unique())
    stored = "" if behind is None else _behind(ax, behind, density, ks)
    for arm in (REWOUND, LR_REWOUND, TUNED):
        mean, sd = _by_step(rows[rows["arm"] == arm])
        places = [ks.index(k) for k in mean.index]
        ax.plot(places, mean, label=arm, **WAYS[arm])
        ax.fill_between(places, mean - sd, mean + sd, color=WAYS[arm]["color"], alpha=0.2, lw=0)
    for shift, arm in enumerate((REINIT, RESCALED, REINIT_RESCALED)):
        mean, sd = _by_step(rows[rows["arm"] == arm])
        look = {"color": WAYS[arm]["color"], "marker": WAYS[arm]["marker"]}
        ax.errorbar([-0.55 + 0.13 * shift], mean, yerr=sd, ls="", ms=8, capsize=4, label=arm, **look)
    dense = 100 * table.loc[table["arm"] == DENSE, "accuracy"].mean()
    ax.axhline(dense, color="black", ls=":", label=DENSE)
    words = draw_guesses(ax, guess or {}, -0.7, WAYS)
    ax.set_xticks(range(len(ks)), [str(k) for k in ks])
    ax.set_xlim(-0.85, len(ks) - 0.7)
    ax.set_xlabel("step k that is gone back to (0: the start)")
    ax.set_ylabel("test accuracy (%)")
    ax.set_title(f"{percent(100 * density)} % of the weights kept", fontsize=11)
    ax.legend(fontsize=8.5, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.figure.tight_layout()  # type: ignore[union-attr]
    return ax, (
        f"test accuracy in percent with {percent(100 * density)} percent of the weights kept, against the step k that "
        f"is gone back to, {', '.join(map(str, ks))}; lines for rewound weights, a rewound learning rate and "
        "fine-tuning of equal length, bands one standard deviation over seeds; at the left edge, with bars, random "
        "reinitialisation and the two rescaled controls; a dotted line for the dense networks." + stored + words
    )


@typed
def barrier_by_step(
    table: Annotated[pd.DataFrame, Columns("arm density k barrier")],
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """The error barrier between two children of step k against k: a mark for each pair, a line through the medians."""
    ax = ax or plt.figure().gca()
    rows = table[table["arm"] == "children"]
    ks = sorted(rows["k"].unique())
    looks = (WAYS[DENSE], WAYS[REWOUND])
    for shift, (density, look) in zip(
        (-0.08, 0.08), zip(sorted(rows["density"].unique())[::-1], looks, strict=False), strict=False
    ):
        mine = rows[rows["density"] == density]
        name = "dense networks" if density == 1 else f"pruned to {percent(100 * density)} %"
        x = np.array([ks.index(k) for k in mine["k"]]) + shift
        marks = {"color": look["color"], "marker": look["marker"]}
        ax.plot(x, np.maximum(100 * mine["barrier"], 0.01), ls="", ms=4, alpha=0.5, **marks)
        median = 100 * mine.groupby("k")["barrier"].median()
        ax.plot(np.arange(len(ks)) + shift, np.maximum(median, 0.01), label=name, **look)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    ax.set_xticks(range(len(ks)), [str(k) for k in ks])
    ax.set_xlabel("step k at which the two children part")
    ax.set_ylabel("error barrier (points of test error)")
    ax.legend()
    return ax, (
        "error barrier in points of test error, on a logarithmic axis, between two children that part at step k, "
        f"against k = {', '.join(map(str, ks))}; a mark for each pair, lines through the medians, for dense and pruned "
        "networks."
    )


@typed
def ways_by_density(
    table: Annotated[pd.DataFrame, Columns("arm density k replicate accuracy")],
    k: int,
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Points of test accuracy below the dense networks, by way and density, rewound to `k`; the published ones behind.

    The published lines are those of a ResNet-20 on CIFAR-10 (Renda et al. 2020): another network and other lengths, so
    compare their order and not their height.
    """
    ax = ax or plt.figure(figsize=(8.6, 4.4)).gca()
    dense = table[table["arm"] == DENSE].set_index("replicate")["accuracy"]
    looks = {**WAYS, RESET: WAYS[RESCALED]}
    ours = {
        f"rewound to step {k}": (REWOUND, k),
        LR_REWOUND: (LR_REWOUND, k),
        TUNED: (TUNED, k),
        RESET: (REWOUND, 0),
        REINIT: (REINIT, 0),
    }
    for label, (arm, step) in ours.items():
        mine = table[(table["arm"] == arm) & (table["k"] == step)]
        below = 100 * (mine["replicate"].map(dense) - mine["accuracy"])
        by = below.groupby(mine["density"])
        look = looks[RESET if label == RESET else arm]
        x = 100 * by.mean().index.to_numpy(dtype=float)
        ax.errorbar(x, by.mean(), yerr=by.std(), capsize=3, label=label, lw=1.8, **look)
    for arm, values in PUBLISHED.values():
        kept, lost = zip(*sorted((100 * d, 100 * (PUBLISHED_DENSE - v)) for d, v in values.items()), strict=True)
        ax.plot(kept, lost, lw=1, alpha=0.7, color=looks[arm]["color"], linestyle=looks[arm]["linestyle"])
    ax.plot([], [], color="#777777", lw=1, label="thin: published, ResNet-20\n(Renda et al. 2020)")
    ax.set_yscale("symlog", linthresh=2, linscale=1.6)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.set_xlim(60, 4.3)
    ax.xaxis.set_major_locator(FixedLocator([51.2, 26.2, 20, 10, 5]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: percent(x)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_locator(FixedLocator([-1, 0, 1, 2, 5, 10, 20, 50]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    ax.set_xlabel("weights kept (%)")
    ax.set_ylabel("points of test accuracy below dense")
    ax.legend(fontsize=8.5, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.figure.tight_layout()  # type: ignore[union-attr]
    return ax, (
        "points of test accuracy below the dense networks, downwards, against the percentage of weights kept, for "
        f"rewinding to step {k}, learning-rate rewinding, fine-tuning, reset and random reinitialisation, "
        "bars one standard deviation; thin lines behind: the same ways as published for ResNet-20 on CIFAR-10 by Renda "
        "et al. (2020), medians of three."
    )


@typed
def distance_to_last(
    steps: Sequence[int],
    curves: Mapping[str, np.ndarray],
    *,
    stop: int | None = None,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """How far masks drawn during training are from the last one, as a share of chance: mean and band over replicates.

    `curves`: by name, distances (replicates, steps); `stop`: a step to mark.
    """
    ax = ax or plt.figure().gca()
    looks: tuple[dict[str, Any], ...] = (
        {"color": "#0072B2", "ls": "-", "marker": "o"},
        {"color": "#D55E00", "ls": "--", "marker": "^"},
    )
    for (name, values), look in zip(curves.items(), looks, strict=True):
        mean, sd = values.mean(0), values.std(0)
        ax.plot(steps, mean, ms=4, label=name, **look)
        ax.fill_between(steps, mean - sd, mean + sd, color=look["color"], alpha=0.2, lw=0)
    ax.axhline(1, color="black", ls=":", label="two random masks")
    if stop is not None:
        ax.axvline(stop, color="#999999", lw=4, alpha=0.5, label="the stop rule fires (median)")
    ax.set_ylim(-0.03, 1.1)
    ax.set_xlabel("training step at which the mask is drawn")
    ax.set_ylabel("distance to the last mask\n(1: chance)")
    ax.legend(fontsize=9)
    return ax, (
        "distance to the last mask, as a share of what two random masks have, against the training step at which the "
        f"mask was drawn, for {' and '.join(curves)}; bands one standard deviation over seeds; a dotted line at chance."
    )


def _by_step(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    by = rows.groupby("k")["accuracy"]
    return 100 * by.mean(), 100 * by.std().fillna(0)


def _behind(ax: Axes, reference: PaperResult, density: float, ks: Sequence[int]) -> str:
    """The reference's means as thin lines, over the steps that it shares, and the sentence that describes them."""
    rows = reference.table[(reference.table["density"] == density) & reference.table["k"].isin(ks)]
    for arm in (REWOUND, LR_REWOUND, TUNED):
        mean, _ = _by_step(rows[rows["arm"] == arm])
        look = {key: WAYS[arm][key] for key in ("color", "linestyle")}
        ax.plot([ks.index(k) for k in mean.index], mean, lw=0.9, alpha=0.7, **look)
    ax.plot([], [], color="#777777", lw=0.9, label="thin: stored reference")
    return f" Thin lines behind: {reference.provenance()}."
