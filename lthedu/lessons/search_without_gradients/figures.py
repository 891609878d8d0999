"""Figures of searches without gradients. Each function draws on Axes and returns them with a description in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.lessons.search_without_gradients.experiment import ANNEALING, EVOLUTION, GENETIC, GRADIENT_GUIDED, RANDOM

SEARCHES: Mapping[str, dict[str, Any]] = {
    RANDOM: {"color": "#999999", "linestyle": ":"},
    GENETIC: {"color": "#D55E00", "linestyle": "--"},
    EVOLUTION: {"color": "#009E73", "linestyle": "-."},
    ANNEALING: {"color": "#E69F00", "linestyle": (0, (5, 1))},
    GRADIENT_GUIDED: {"color": "#0072B2", "linestyle": "-"},
}


@typed
def best_by_budget(
    table: Annotated[pd.DataFrame, Columns("searcher cost loss")],
    column: Literal["cost", "seconds"] = "cost",
    *,
    guess: Mapping[str, Any] | None = None,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """The best loss so far of every searcher, against the "cost" in forward passes or the "seconds": means and bands.

    `table` is what `Contest.run` returns; bands are one standard deviation over networks. `guess` maps searchers to a
    guessed last loss, drawn as stars at the right edge. Raises ValueError for another column, or one that the table
    lacks.
    """
    if column not in table:
        raise ValueError(f"column is {column!r}, which the table lacks; allowed here: cost")
    ax = ax or plt.figure(figsize=(7.6, 4.4)).gca()
    end = float(table[column].max())
    for name, look in SEARCHES.items():
        rows = table[table["searcher"] == name]
        by = rows.groupby("cost")
        x, mean, sd = by[column].mean(), by["loss"].mean(), by["loss"].std().fillna(0)
        ax.plot(x, mean, label=name, **look)
        ax.fill_between(x, mean - sd, mean + sd, color=look["color"], alpha=0.2, lw=0)
    words = ""
    for name, value in (guess or {}).items():
        if name in SEARCHES and isinstance(value, int | float) and 0 < value < 10:
            ax.plot(end, value, "*", ms=15, mfc="none", color=SEARCHES[name]["color"], label=f"your guess: {name}")
        elif value is not None:
            words += f" The guess {value!r} for {name!r} is not drawn: give a searcher a loss between 0 and 10."
    ax.set_xscale("log")
    ax.set_xlabel({"cost": "forward passes over all images", "seconds": "seconds on this machine"}[column])
    ax.set_ylabel("best loss so far")
    ax.legend(fontsize=9)
    what = {"cost": "forward passes", "seconds": "seconds"}[column]
    return ax, (
        f"best loss so far against {what}, on a logarithmic axis, for {', '.join(SEARCHES)}; lines are means over the "
        "networks, bands one standard deviation." + words
    )


@typed
def best_by_evaluations(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> tuple[Axes, str]:
    """The largest value found after 1, 2, ... evaluations, on average over functions: a panel for each set of them.

    `curves`: by panel, the mean of every search by name.
    """
    looks = ({"color": "#0072B2", "ls": "-"}, {"color": "#D55E00", "ls": "--"}, {"color": "#009E73", "ls": ":"})
    figure, axes = plt.subplots(1, len(curves), figsize=(4.6 * len(curves), 3.8), sharey=True, squeeze=False)
    for ax, (title, searches) in zip(axes[0], curves.items(), strict=True):
        for i, (name, values) in enumerate(searches.items()):
            look: dict[str, Any] = dict(looks[i % 3])
            ax.plot(np.arange(1, len(values) + 1), values, marker="o^s"[i % 3], ms=9 - 2.5 * i, label=name, **look)
        ax.set_title(title, fontsize=11)
        ax.set_xlabel("evaluations")
    axes[0][0].set_ylabel("largest value found, on average")
    axes[0][0].legend(fontsize=9)
    figure.tight_layout()
    return axes[0][0], (
        "largest value found, on average, against the number of evaluations, for "
        f"{', '.join(next(iter(curves.values())))}; panels: {', '.join(curves)}."
    )
