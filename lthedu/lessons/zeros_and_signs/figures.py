"""Figures of what a mask knows. Each function draws on Axes and returns them with a description in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.figures.style import guessed_percentage
from lthedu.lessons.zeros_and_signs.experiment import AS_THEY_WERE, CONSTANT, KEPT, PRUNED

SHADES = ("#0072B2", "#56B4E9", "#999999")  # by density, from the largest
HATCHES = ("", "///", "...")
SIGN_KEPT: Mapping[str, Any] = {"color": "#0072B2", "marker": "o"}
SIGN_LOST: Mapping[str, Any] = {"color": "#D55E00", "marker": "^"}
HELD: Mapping[str, dict[str, Any]] = {
    "zero": {"color": "#000000", "marker": "o"},
    "frozen at init": {"color": "#D55E00", "marker": "^"},
    "zero if moved to zero": {"color": "#0072B2", "marker": "D"},
    "zero at random": {"color": "#009E73", "marker": "v"},
}


@typed
def untrained_accuracy(
    table: Annotated[pd.DataFrame, Columns("stage action criterion density accuracy")],
    *,
    guess: Mapping[str, float | str | None] | None = None,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Test accuracy of masked networks that were never trained, by criterion and density: bars, and one deviation.

    `table` is what `Deconstruction.run` returns. Bars are for initial values, open circles for signed constants.
    `guess` maps criteria to a guessed accuracy in percent for initial values, drawn as stars.
    """
    ax = ax or plt.figure(figsize=(8.6, 5.6)).gca()
    rows = table[table["stage"] == "untrained"]
    densities = sorted(rows["density"].unique(), reverse=True)
    plain = rows[rows["action"] == AS_THEY_WERE]
    best = plain.groupby("criterion")["accuracy"].mean().sort_values()
    places = {name: i for i, name in enumerate(best.index)}
    high = 0.8 / len(densities)
    for j, density in enumerate(densities):
        y = np.arange(len(places)) + high * (j - (len(densities) - 1) / 2)
        mean, sd = _by_criterion(plain, density, places)
        look: dict[str, Any] = {"color": SHADES[j % 3], "hatch": HATCHES[j % 3], "edgecolor": "white"}
        label = f"{100 * density:g} % kept"
        ax.barh(y, mean, 0.9 * high, xerr=sd, label=label, error_kw={"lw": 1, "capsize": 2}, **look)
        constant, _ = _by_criterion(rows[rows["action"] == CONSTANT], density, places)
        more: dict[str, Any] = {"label": "the same mask on signed constants"} if j == 0 else {}
        ax.plot(constant, y, "o", ms=4, mfc="none", color="black", **more)
    words = _stars(ax, guess or {}, places)
    ax.axvline(10, color="black", ls=":", lw=1)
    ax.set_yticks(range(len(places)), list(places))
    ax.set_xlim(0, 100)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("test accuracy without any training of the weights (%); dotted: chance")
    ax.legend(fontsize=9, loc="lower right")
    ax.figure.tight_layout()  # type: ignore[union-attr]
    return ax, (
        f"bars of test accuracy in percent of masked networks that were never trained, for {len(places)} criteria, the "
        "best on top, one bar for each density, with one standard deviation over seeds; circles for the same masks on "
        "signed constants; a dotted line at chance." + words
    )


@typed
def sign_kept_or_lost(
    tables: Mapping[
        str,
        Annotated[pd.DataFrame, Columns("stage action criterion density accuracy")],
    ],
    *,
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, str]:
    """Test accuracy after retraining, by what the kept weights start from: a mark a seed, a bar at the mean.

    `tables`: a title and one density's rows of a `Deconstruction` for each panel.
    """
    if axes is None:
        _, grid = plt.subplots(1, len(tables), figsize=(4.6 * len(tables), 4.6), sharey=True, squeeze=False)
        axes = list(grid[0])
    ways = list(KEPT)[::-1]
    for ax, (title, table) in zip(axes, tables.items(), strict=True):
        for y, way in enumerate(ways):
            look = SIGN_KEPT if KEPT[way][1] else SIGN_LOST
            _marks(ax, table, "kept", way, y, look)
        ax.set_yticks(range(len(ways)), ways)
        ax.set_title(title, fontsize=11)
        ax.set_xlabel("test accuracy after retraining (%)")
        ax.grid(axis="y", visible=False)
    axes[0].plot([], [], ls="", label="sign kept", **SIGN_KEPT)
    axes[0].plot([], [], ls="", label="sign lost", **SIGN_LOST)
    axes[0].legend(fontsize=9)
    axes[0].figure.tight_layout()  # type: ignore[union-attr]
    return axes[0], (
        f"marks of test accuracy in percent after retraining, a mark for each seed and a bar at the mean, for "
        f"{', '.join(ways[::-1])}; panels: {', '.join(tables)}; circles where every kept weight has its initial sign, "
        "triangles where it has not."
    )


@typed
def pruned_values(
    table: Annotated[pd.DataFrame, Columns("stage action criterion density accuracy")],
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Test accuracy after retraining, by density and what pruned weights hold: a mark a seed, a bar at the mean."""
    ax = ax or plt.figure(figsize=(7.2, 3.8)).gca()
    rows = table[table["stage"] == "pruned"]
    densities = sorted(rows["density"].unique(), reverse=True)
    for j, way in enumerate(PRUNED):
        for i, density in enumerate(densities):
            y = i + 0.18 * (1.5 - j)
            more = {"label": way} if i == 0 else {}
            _marks(ax, rows[rows["density"] == density], "pruned", way, y, HELD[way], **more)
    ax.set_yticks(range(len(densities)), [f"{100 * d:g} % kept" for d in densities])
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("test accuracy after retraining (%)")
    ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5), title="pruned weights are")
    ax.figure.tight_layout()  # type: ignore[union-attr]
    return ax, (
        "marks of test accuracy in percent after retraining, a mark for each seed and a bar at the mean, for pruned "
        f"weights that are {', '.join(PRUNED)}, at {' and '.join(f'{100 * d:g}' for d in densities)} percent kept."
    )


def _by_criterion(rows: pd.DataFrame, density: float, places: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    by = rows[rows["density"] == density].groupby("criterion")["accuracy"]
    return 100 * by.mean().reindex(list(places)).to_numpy(), 100 * by.std().fillna(0).reindex(list(places)).to_numpy()


def _marks(ax: Axes, table: pd.DataFrame, stage: str, way: str, y: float, look: Mapping[str, Any], **more: Any) -> None:
    values = 100 * table[(table["stage"] == stage) & (table["action"] == way)]["accuracy"].to_numpy()
    if len(values):
        ax.plot(values, np.full(len(values), y), ls="", ms=5, alpha=0.55, **look, **more)
        ax.plot([values.mean()] * 2, [y - 0.08, y + 0.08], lw=2.5, color=look["color"])


def _stars(ax: Axes, guess: Mapping[str, Any], places: Mapping[str, int]) -> str:
    """Guesses as stars beside the bars; the sentence names what could not be drawn."""
    words = ""
    for name, value in guess.items():
        number = guessed_percentage(value)
        if name in places and number is not None:
            ax.plot(number, places[name], "*", ms=14, mfc="none", color="#CC79A7", label=f"your guess: {name}")
        elif value is not None:
            words += f" The guess {value!r} for {name!r} is not drawn: give a criterion a percentage."
    return words
