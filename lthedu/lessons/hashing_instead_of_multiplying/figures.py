"""This lesson's figures of what was measured. Each returns a Figure and its description."""

from collections.abc import Mapping
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns, Count
from lthedu.figures import use_style as use_style
from lthedu.figures.style import draw_guesses
from lthedu.hashing import chance_found, same_bit
from lthedu.lessons.hashing_instead_of_multiplying.arms import (
    CENTRED,
    DENSE,
    EXACT,
    HALF,
    QUERIES_ONLY,
    RANDOM,
    RANDOM_MORE,
    RAW,
    ROWS_ONLY,
    WEIGHED_MORE,
    WTA,
)

Drawn = tuple[Figure, str]
LOOKS: Mapping[str, dict[str, Any]] = {
    CENTRED: {"color": "#0072B2", "marker": "o"},
    RAW: {"color": "#D55E00", "marker": "v"},
    ROWS_ONLY: {"color": "#56B4E9", "marker": "<"},
    QUERIES_ONLY: {"color": "#56B4E9", "marker": ">"},
    WTA: {"color": "#CC79A7", "marker": "P"},
    RANDOM: {"color": "#E69F00", "marker": "s"},
    RANDOM_MORE: {"color": "#E69F00", "marker": "D"},
    WEIGHED_MORE: {"color": "#A07000", "marker": "1"},
    HALF: {"color": "#009E73", "marker": "^"},
    EXACT: {"color": "#009E73", "marker": "x"},
    DENSE: {"color": "#000000", "marker": "*"},
}
Measured = Annotated[pd.DataFrame, Columns("arm replicate epoch accuracy label_found products")]


@typed
def collision_law(
    one_bit: Annotated[pd.DataFrame, Columns("angle equal")],
    in_tables: Annotated[pd.DataFrame, Columns("angle found")],
    bits: Count,
    tables: Count,
) -> Drawn:
    """How often codes are equal by the angle, measured and by the law: one bit on the left, tables on the right."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.9), sharey=True, layout="constrained")
    angles = np.linspace(0, np.pi, 100)
    left.plot(np.degrees(angles), [same_bit(a) for a in angles], color="#0072B2", label=r"law, $1 - \theta / \pi$")
    left.plot(np.degrees(one_bit["angle"]), one_bit["equal"], "o", color="#D55E00", label="measured")
    left.set_title("one bit", fontsize=11)
    law = [chance_found(same_bit(a), bits, tables) for a in angles]
    right.plot(np.degrees(angles), law, color="#0072B2", label=r"law, $1 - (1 - p^K)^L$")
    right.plot(np.degrees(in_tables["angle"]), in_tables["found"], "o", color="#D55E00", label="measured")
    right.set_title(f"$K$ = {bits} bits in one of $L$ = {tables} tables", fontsize=11)
    for ax in (left, right):
        ax.set(xlabel="angle (degrees)", xlim=(0, 180), ylim=(-0.03, 1.03))
        ax.set_xticks(range(0, 181, 30))
        ax.legend()
    left.set_ylabel("share of pairs")
    figure.suptitle("One bit hardly tells near from far.  Many bits in several tables do", fontsize=12)
    return figure, (
        "Two panels of shares against the angle between two vectors. Left, points on a straight line from 1 at 0 "
        f"degrees to 0 at 180. Right, with {bits} bits and {tables} tables, points on a curve that stays near 1 "
        "for small angles and falls steeply to 0."
    )


@typed
def found_and_learned(table: Measured, guess: Any = None) -> Drawn:
    """Labels found, and test accuracy, after every epoch and by arm: thin lines for seeds, thick ones for means."""
    figure, axes = plt.subplots(1, 2, figsize=(10.2, 4.0), layout="constrained")
    epochs = sorted(table["epoch"].unique())
    for ax, name, title in zip(
        axes,
        ("label_found", "accuracy"),
        ("labels found before they are added", "test accuracy, all rows"),
        strict=True,
    ):
        for arm in [a for a in LOOKS if a in set(table["arm"])]:
            look = LOOKS[arm]
            wide = 100 * table[table["arm"] == arm].pivot(index="epoch", columns="replicate", values=name)
            for seed in wide:
                ax.plot(epochs, wide[seed], color=look["color"], lw=0.6, alpha=0.5)
            style = ":" if arm == RANDOM_MORE else "-"
            ax.plot(epochs, wide.mean(axis=1), ls=style, lw=2, ms=7, label=arm, **look)
        ax.set(xlabel="epoch", title=title, ylim=(-3, 103), xlim=(epochs[0] - 0.15, epochs[-1] + 0.3))
        ax.set_xticks(epochs)
    words = draw_guesses(axes[1], guess, epochs[-1] + 0.15, LOOKS) if isinstance(guess, Mapping) else ""
    axes[0].set_ylabel("percent")
    axes[0].legend(fontsize=9, loc="upper left")
    figure.suptitle("Where the label is found, the network learns from what it confuses", fontsize=12)
    said = "; ".join(
        f"{arm}: {100 * rows['label_found'].mean():.0f} % found, {100 * rows['accuracy'].mean():.0f} % accuracy"
        for arm, rows in table[table["epoch"] == epochs[-1]].groupby("arm", sort=False)
    )
    return figure, f"Two panels by epoch, thin lines for seeds and thick ones for means. After the last: {said}.{words}"


@typed
def accuracy_by_products(table: Measured, title: str) -> Drawn:
    """Test accuracy after the last epoch against the products of two vectors for one example, an arm each."""
    figure, ax = plt.subplots(figsize=(8.6, 4.6), layout="constrained")
    last = table[table["epoch"] == table["epoch"].max()]
    whole = table.groupby(["arm", "replicate"])["products"].mean()
    for arm in [a for a in LOOKS if a in set(table["arm"])]:
        accuracy = 100 * last[last["arm"] == arm]["accuracy"]
        products, look = whole.loc[arm].mean(), LOOKS[arm]
        ax.plot([products] * len(accuracy), accuracy, ls="", ms=4, alpha=0.45, **look)
        ax.plot(products, accuracy.mean(), ls="", ms=10, label=f"{arm} ({accuracy.mean():.1f})", **look)
    ax.set(xscale="log", xlabel="products of two vectors for one example", ylabel="test accuracy (%)", title=title)
    ax.set_xticks([300, 1000, 3000, 10000], ["300", "1,000", "3,000", "10,000"])
    ax.legend(fontsize=8.5, bbox_to_anchor=(1.01, 1), loc="upper left", title="arm (mean, %)", title_fontsize=9)
    order = last.groupby("arm")["accuracy"].mean().sort_values(ascending=False)
    said = "; ".join(f"{arm} {100 * value:.1f} % at {whole.loc[arm].mean():.0f}" for arm, value in order.items())
    return figure, f"Points, small for seeds and large for means, accuracy against products for one example: {said}."


@typed
def sets_of_rows(found: Mapping[str, float], near: Mapping[str, float]) -> Drawn:
    """How far two sets overlap, by whose they are: of rows that were found, and of those that are truly nearest."""
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 2.8), sharey=True, layout="constrained")
    said = []
    for ax, title, shared, colour in (
        (axes[0], "rows found by hashing", found, "#0072B2"),
        (axes[1], "rows that are nearest", near, "#009E73"),
    ):
        values = [100 * value for value in shared.values()]
        ax.bar_label(ax.barh(list(shared), values, color=colour), fmt="%.0f", padding=3)
        ax.set(xlabel="rows in both sets, of those in either (%)", xlim=(0, 100), title=title)
        ax.grid(axis="y", visible=False)
        said.append(f"{title}: " + ", ".join(f"{100 * value:.0f} % {name}" for name, value in shared.items()))
    axes[0].invert_yaxis()
    return figure, f"Two panels of bars, how far two sets of rows overlap. {'. '.join(said)}."


@typed
def accuracy_by_epoch(table: Measured, title: str) -> Drawn:
    """Test accuracy by epoch, an arm each, with bars from the lowest to the highest seed."""
    figure, ax = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    for arm in [a for a in LOOKS if a in set(table["arm"])]:
        by = 100 * table[table["arm"] == arm].groupby("epoch")["accuracy"].agg(["mean", "min", "max"])
        bars = [by["mean"] - by["min"], by["max"] - by["mean"]]
        style = ":" if arm in (RANDOM_MORE, DENSE) else "-"
        ax.errorbar(by.index, by["mean"], yerr=bars, ls=style, capsize=2, label=arm, **LOOKS[arm])
    ax.set(xlabel="epoch", ylabel="test accuracy (%)", title=title)
    ax.set_xticks(sorted(table["epoch"].unique()))
    ax.legend(fontsize=9)
    last = table[table["epoch"] == table["epoch"].max()].groupby("arm", sort=False)["accuracy"].mean()
    said = "; ".join(f"{arm} {100 * value:.1f} %" for arm, value in last.items())
    return figure, f"Test accuracy by epoch with bars from lowest to highest seed. After the last: {said}."
