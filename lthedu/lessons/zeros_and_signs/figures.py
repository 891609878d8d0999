"""Figures of what a mask knows. Each function draws a Figure and returns it with a description in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import schematic
from lthedu.figures import use_style as use_style
from lthedu.figures.style import guessed_percentage
from lthedu.lessons.zeros_and_signs.experiment import Deconstruction
from lthedu.lessons.zeros_and_signs.ways import (
    AS_THEY_WERE,
    CONSTANT,
    OWN_AND_OTHER,
    PLACES,
    PRUNED,
    TICKET,
    accuracies,
    in_words,
)
from lthedu.lessons.zeros_and_signs.ways import signal as measured

Drawn = tuple[Figure, str]
Retrained = Annotated[pd.DataFrame, Columns("stage action replicate accuracy")]
KEPT_LOOK: Mapping[str, Any] = {"color": "#0072B2", "marker": "o"}
LOST_LOOK: Mapping[str, Any] = {"color": "#D55E00", "marker": "^"}
PLACES_LOOK: Mapping[str, Any] = {"color": "#009E73", "marker": "s"}
HELD: Mapping[str, dict[str, Any]] = {
    "zero": {"color": "#000000", "marker": "o"},
    "frozen at init": {"color": "#D55E00", "marker": "^"},
    "zero if moved to zero": {"color": "#0072B2", "marker": "D"},
    "zero if moved away": {"color": "#CC79A7", "marker": "s"},
    "zero at random": {"color": "#009E73", "marker": "v"},
}
RIGHT_NORM: Mapping[str, tuple[str, Mapping[str, Any]]] = {  # starts with the ticket's norms, in words
    way: (in_words(way).removesuffix(", norm restored"), look)
    for look, ways in (
        (KEPT_LOOK, [own for own, _ in OWN_AND_OTHER]),
        (LOST_LOOK, [other for _, other in OWN_AND_OTHER]),
        (PLACES_LOOK, [PLACES]),
    )
    for way in ways
}


@schematic
@typed
def plane(weights: Sequence[tuple[float, float]]) -> Drawn:
    """Schematic: what four criteria keep, as regions of the plane of initial against final weight.

    `weights`: (initial, final) of a few weights, marked by letters.
    """
    side = np.linspace(-3.5, 3.5, 301)
    i, f = np.meshgrid(side, side)
    large = np.abs(f)
    regions = {
        "large_final": large > 1.5,
        "magnitude_increase": large - np.abs(i) > 0.7,
        "movement": np.abs(f - i) > 1.3,
        "large_final_same_sign": (large > 1.5) & (i * f > 0),
    }
    figure, axes = plt.subplots(1, 4, figsize=(11.4, 3.5), sharey=True, layout="constrained")
    for ax, (name, kept) in zip(axes, regions.items(), strict=True):
        ax.pcolormesh(side, side, kept, cmap=ListedColormap(["#F2F2F2", "#9CCBE8"]), rasterized=True)
        ax.plot(side, side, color="#777777", lw=0.8, ls=":")
        ax.axhline(0, color="#777777", lw=0.6)
        ax.axvline(0, color="#777777", lw=0.6)
        for letter, (before, after) in zip("ABCD", weights, strict=False):
            ax.plot(before, after, "o", ms=5, color="black")
            ax.annotate(letter, (before, after), (5, 3), textcoords="offset points", fontsize=11)
        ax.set(xlabel="weight before training", aspect="equal", xticks=[-2, 0, 2], yticks=[-2, 0, 2])
        ax.set_title(name, fontsize=11)
        ax.grid(visible=False)
    axes[0].set_ylabel("weight after training")
    figure.suptitle("A criterion is a region of this plane; what lies in the blue is kept", fontsize=12)
    return figure, (
        "Drawings of the plane of a weight before against after training, one for each of four criteria, with the "
        "region that it keeps in blue and four weights, A to D. large_final keeps the bands far above and far below "
        "zero; magnitude_increase two wedges around the vertical axis; movement what lies far from the dotted diagonal "
        "on either side; large_final_same_sign the two bands without the halves where the sign has changed."
    )


@schematic
def signs_and_sizes() -> Drawn:
    """Schematic: the ticket's five kept weights, then with own or other signs and three kinds of size."""
    ticket = np.array([0.9, -0.6, 0.5, -1.1, 0.8])
    own, other = np.sign(ticket), np.array([-1, -1, 1, 1, -1])
    sizes = {
        "own sizes reshuffled": np.array([0.5, 0.8, 1.1, 0.9, 0.6]),
        "drawn sizes": np.array([0.3, 0.15, 0.6, 0.1, 0.35]),
        "one size a layer": np.full(5, 0.45),
    }
    figure, axes = plt.subplots(2, 4, figsize=(11.4, 4.2), sharex=True, sharey=True, layout="constrained")
    axes[1][0].set_axis_off()
    charts = [(axes[0][0], "the ticket", own, np.abs(ticket))]
    for row, (whose, sign) in zip(axes[:, 1:], {"own": own, "other": other}.items(), strict=True):
        charts += [
            (ax, f"{whose} signs, {name}", sign, size) for ax, (name, size) in zip(row, sizes.items(), strict=True)
        ]
    for ax, title, sign, size in charts:
        ax.bar(range(5), sign * size, color=np.where(sign == own, KEPT_LOOK["color"], LOST_LOOK["color"]))
        restored = sign * size * np.linalg.norm(ticket) / np.linalg.norm(size)
        ax.bar(range(5), restored, fill=False, ls="--", edgecolor="#555555")
        ax.axhline(0, color="black", lw=0.8)
        ax.set(xticks=[], yticks=[0], ylim=(-1.5, 1.5))
        ax.set_title(title, fontsize=9.5)
        ax.grid(visible=False)
    for ax in (axes[0][0], axes[1][1]):
        ax.set_ylabel("initial weight")
    figure.suptitle("Signs and sizes, changed one at a time (orange: another sign; dashed: norm restored)", fontsize=12)
    return figure, (
        "Seven small bar charts of five kept weights each. Upper row: the ticket itself, then its signs with its own "
        "sizes in other places, with smaller sizes that are drawn from the whole layer, and with one size for all. "
        "Lower row: the same three sizes with other signs, of which two of five are the ticket's by luck. Dashed "
        "outlines are larger by one factor in each chart, so that all charts have the same norm."
    )


@typed
def untrained_accuracy(
    table: Annotated[pd.DataFrame, Columns("stage action criterion density accuracy")],
    criteria: Sequence[str],
    density: float,
    *,
    guess: Mapping[str, float | str | None] | None = None,
    title: str = "Some masks read most digits, and nothing was trained",
) -> Drawn:
    """Test accuracy of masked networks that were never trained, a row a criterion: a mark a seed, a bar at the mean.

    `table` is what `Deconstruction.run` returns. Open diamonds are the means with one size a layer.
    `guess` maps criteria to a guessed accuracy in percent for initial values, drawn as stars.
    """
    figure, ax = plt.subplots(figsize=(8.6, 0.5 * len(criteria) + 1.4), layout="constrained")
    rows = table[(table["stage"] == "untrained") & (table["density"] == density)]
    places = {name: y for y, name in enumerate(criteria)}
    for name, y in places.items():
        mine = rows[rows["criterion"] == name].groupby("action")["accuracy"]
        look = KEPT_LOOK if y < len(criteria) - 2 else PLACES_LOOK
        _marks(ax, 100 * mine.get_group(AS_THEY_WERE).to_numpy(), y, look)
        more: dict[str, Any] = {"label": "own signs, one size a layer (mean)"} if y == 0 else {}
        ax.plot(100 * mine.mean().get(CONSTANT, np.nan), y, "D", ms=7, mfc="none", color="black", ls="", **more)
    words = _stars(ax, guess or {}, places)
    ax.axvline(10, color="black", ls=":", lw=1)
    ax.annotate("chance", (10, len(criteria) - 0.45), (4, 0), textcoords="offset points", fontsize=9)
    ax.set_yticks(range(len(places)), list(places))
    ax.set(xlim=(0, 100), ylim=(len(criteria) - 0.3, -0.6), xlabel="test accuracy without any training (%)")
    ax.grid(axis="y", visible=False)
    ax.set_title(f"{title} ({100 * density:g} % kept)", fontsize=11)
    ax.legend(fontsize=9, loc="lower right")
    return figure, (
        f"Test accuracy in percent of masked networks that were never trained, {100 * density:g} percent of the "
        f"weights kept, a row for each criterion, a mark for each seed and a bar at the mean: {', '.join(criteria)}. "
        "Open diamonds for the same masks on own signs with one size a layer; a dotted line at chance." + words
    )


@typed
def signal(experiment: Deconstruction, density: float, ways: Sequence[str]) -> Drawn:
    """How strong the signal is after every layer before retraining, in percent of the ticket's: a line for each way."""
    figure, ax = plt.subplots(figsize=(8.6, 3.8), layout="constrained")
    images = experiment.data.x_train[:1000]
    ticket = measured(experiment.start(TICKET, density), images)
    layers = np.arange(1, ticket.shape[1] + 1)
    ax.axhline(100, color="black", ls=":", label=in_words(TICKET))
    for way in ways:
        share = 100 * (measured(experiment.start(way, density), images) / ticket).cpu().numpy()
        look = KEPT_LOOK if "sign kept" in way else LOST_LOOK
        style: dict[str, Any] = {"ls": "-"} if way.endswith("restored") else {"ls": "--", "mfc": "white"}
        beside = layers + (-0.06 if "sign kept" in way else 0.06)  # so that no bar hides another
        ax.errorbar(beside, share.mean(0), yerr=share.std(0), capsize=3, label=in_words(way), **look, **style)
    ax.set(xlabel="layer", ylabel="signal (% of the ticket's)", xticks=layers)
    ax.set_ylim(bottom=0)
    ax.set_title("Drawn sizes lose the signal layer by layer, unless norms are restored", fontsize=11)
    ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure, (
        f"The root mean square of the outputs of each of {len(layers)} layers over training images, before retraining, "
        "in percent of the ticket's, mean and standard deviation over seeds; lines for "
        f"{'; '.join(ways)}; a dotted line at 100 percent for the ticket."
    )


@typed
def sign_by_scale(tables: Mapping[str, Retrained]) -> Drawn:
    """Test accuracy after retraining by sign and scale, a panel and an axis for each network: marks and lines of means.

    `tables`: a title and one density's rows of a `Deconstruction` for each panel.
    """
    figure, axes = plt.subplots(1, len(tables), figsize=(10.4, 4.4), squeeze=False, layout="constrained")
    kinds = {"reinitialised": ("drawn sizes", "white"), "constant": ("one size a layer", None)}
    for ax, (title, table) in zip(axes[0], tables.items(), strict=True):
        for shift, (kind, (words, face)) in zip((-0.05, 0.05), kinds.items(), strict=True):
            for kept, look in (("kept", KEPT_LOOK), ("lost", LOST_LOOK)):
                names = [f"{kind}, sign {kept}", f"{kind}, sign {kept}, norm restored"]
                found = [accuracies(table, "kept", name) for name in names]
                for x, values in enumerate(found):
                    ax.plot(np.full(len(values), x + shift), values, ls="", alpha=0.4, ms=5, **look, mfc=face)
                line = {"ls": "-" if face is None else "--", "lw": 2, "color": look["color"]}
                label = f"{'own' if kept == 'kept' else 'other'} signs, {words}"
                ax.plot(
                    [shift, 1 + shift], [v.mean() for v in found], **line, marker=look["marker"], mfc=face, label=label
                )
        ax.axhline(accuracies(table, "kept", TICKET).mean(), color="black", ls=":", label="the ticket")
        ax.set(xticks=[0, 1], xlim=(-0.3, 1.3), title=title)
        ax.set_xticklabels(["as drawn", "norm restored"])
        ax.set_xlabel("scale of each layer")
    axes[0][0].set_ylabel("test accuracy after retraining (%)")
    figure.legend(*axes[0][0].get_legend_handles_labels(), fontsize=9, loc="outside lower center", ncols=3)
    figure.suptitle("Scale decides in the deep network, signs bring some points in both (the axes differ)", fontsize=12)
    return figure, (
        f"Test accuracy in percent after retraining, {len(tables)} panels, each on its own axis ({'; '.join(tables)}). "
        "In each, at the left layers as they were drawn, at the right with their norm restored; a mark for each seed "
        "and lines through the means, for own and other signs, with drawn sizes and with one size a layer; a dotted "
        "line for the ticket."
    )


@typed
def behind_the_ticket(tables: Mapping[str, Retrained], title: str) -> Drawn:
    """Starts that have the ticket's norms, less the ticket of the same seed, in points: a mark a seed, a bar the mean.

    `tables`: a name and one density's rows for each panel; all panels share their axes.
    """
    height = 0.42 * len(RIGHT_NORM) + 1.5
    figure, axes = plt.subplots(
        1, len(tables), figsize=(10.4, height), sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for ax, (name, table) in zip(axes[0], tables.items(), strict=True):
        ticket = accuracies(table, "kept", TICKET)
        for y, (way, (_, look)) in enumerate(RIGHT_NORM.items()):
            _marks(ax, accuracies(table, "kept", way) - ticket, y, look)
        ax.axvline(0, color="black", ls=":")
        ax.annotate("ticket", (0, -0.75), ha="center", va="center", fontsize=9, bbox={"fc": "white", "ec": "none"})
        ax.set_title(name, fontsize=11)
        ax.set_xlabel("accuracy less the ticket's (points)")
        ax.set_yticks(range(len(RIGHT_NORM)), [words for words, _ in RIGHT_NORM.values()])
        ax.set_ylim(len(RIGHT_NORM) - 0.5, -1)
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.grid(axis="y", visible=False)
    figure.suptitle(title, fontsize=12)
    return figure, (
        f"Test accuracy after retraining less that of the ticket of the same seed, in points, {len(tables)} panels on "
        f"one axis ({'; '.join(tables)}); a mark for each seed and a bar at the mean. Rows, all with the ticket's norm "
        f"in every layer: {'; '.join(words for words, _ in RIGHT_NORM.values())}."
    )


@typed
def pruned_values(table: Retrained, density: float) -> Drawn:
    """Test accuracy after retraining by what pruned weights hold: a mark a seed, a bar at the mean."""
    figure, ax = plt.subplots(figsize=(8.6, 3.2), layout="constrained")
    for y, way in enumerate(PRUNED):
        _marks(ax, accuracies(table, "pruned", way), y, HELD[way])
    ax.set_yticks(range(len(PRUNED)), PRUNED)
    ax.set_ylim(len(PRUNED) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("test accuracy after retraining (%)")
    ax.set_ylabel("pruned weights are")
    ax.set_title(f"It matters which of the pruned weights are zero ({100 * density:g} % kept)", fontsize=11)
    return figure, (
        "Test accuracy in percent after retraining, a mark for each seed and a bar at the mean, for pruned weights "
        f"that are {', '.join(PRUNED)}, with {100 * density:g} percent of the weights kept."
    )


def _marks(ax: Axes, values: np.ndarray, y: float, look: Mapping[str, Any]) -> None:
    ax.plot(values, np.full(len(values), y), ls="", ms=6, alpha=0.5, **look)
    ax.plot([values.mean()] * 2, [y - 0.25, y + 0.25], lw=2.5, color=look["color"])


def _stars(ax: Axes, guess: Mapping[str, Any], places: Mapping[str, int]) -> str:
    """Guesses as stars beside the marks; the sentence names what could not be drawn."""
    words = ""
    for name, value in guess.items():
        number = guessed_percentage(value)
        if name in places and number is not None:
            ax.plot(number, places[name], "*", ms=14, mfc="none", ls="", color="#CC79A7", label=f"your guess: {name}")
        elif value is not None:
            words += f" The guess {value!r} for {name!r} is not drawn: give a criterion a percentage."
    return words
