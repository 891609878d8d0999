"""This lesson's figures: maps of pieces and counts of them. Each returns a Figure and its description."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.figures.style import draw_guesses, percent
from lthedu.landscape import Plane, Region
from lthedu.lessons.pieces.experiment import DENSE, PRUNED, RANDOM, SMALL, UNTRAINED
from lthedu.lessons.pieces.residual import GLOROT, HE, RESIDUAL, UNSCALED

Drawn = tuple[Figure, str]
Table = Annotated[pd.DataFrame, Columns("arm density weights steps replicate accuracy slice pieces")]
DIGITS = plt.colormaps["tab10"].colors  # type: ignore[attr-defined]
LOOKS: Mapping[str, dict[str, Any]] = {
    UNTRAINED: {"color": "#777777", "marker": "x", "ls": ""},
    DENSE: {"color": "#000000", "marker": "s", "ls": ""},
    PRUNED: {"color": "#0072B2", "marker": "o", "ls": "-"},
    RANDOM: {"color": "#009E73", "marker": "D", "ls": "-."},
    SMALL: {"color": "#D55E00", "marker": "^", "ls": "--"},
}
STARTS: Mapping[str, dict[str, Any]] = {
    GLOROT: {"color": "#777777", "marker": "s", "ls": ":"},
    HE: {"color": "#D55E00", "marker": "^", "ls": "--"},
    RESIDUAL: {"color": "#0072B2", "marker": "o", "ls": "-"},
    UNSCALED: {"color": "#CC79A7", "marker": "D", "ls": "-."},
}


@typed
def blends(planes: Mapping[str, Plane], *, reach: float = 1.5, steps: int = 7) -> Drawn:
    """What a network gets at the points of each plane: square images, laid out as the points lie."""
    figure, axes = plt.subplots(1, len(planes), figsize=(5 * len(planes), 5.2), squeeze=False, layout="constrained")
    side = int(np.sqrt(len(next(iter(planes.values())).origin)))
    places = np.linspace(-reach, reach, steps)
    for ax, (name, plane) in zip(axes[0], planes.items(), strict=True):
        rows = [np.hstack([plane(np.array([[x, y]])).reshape(side, side) for x in places]) for y in places[::-1]]
        half = reach + reach / (steps - 1)
        ax.imshow(np.vstack(rows), cmap="gray_r", vmin=0, extent=(-half, half, -half, half))
        for corner in ((-1, -1), (1, -1), (-1, 1)):
            ax.plot(*corner, "s", ms=46, mfc="none", mec="#D55E00", mew=1.5)
        ax.set(xlabel="first coordinate", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        ax.set_title(name, fontsize=11)
        ax.grid(visible=False)
    axes[0][0].set_ylabel("second coordinate")
    figure.suptitle("A slice: every point is an image, a blend of three (marked)", fontsize=12, y=1.05)
    return figure, (
        f"Square grids of {steps} by {steps} images, one for each of {', '.join(planes)}. Three places are marked, at "
        "(-1, -1), (1, -1) and (-1, 1), where the three images stand from which all others are blended."
    )


@typed
def region_maps(
    maps: Mapping[str, Sequence[Region]],
    title: str,
    *,
    marks: Sequence[object] = (),
    counted: bool = True,
    borders: bool = True,
) -> Drawn:
    """The linear regions of networks, side by side, each a polygon.

    With one output, the shade is the output's value in the region's middle. With ten, the colour is the digit that the
    network answers there, named in a legend, and `marks` are drawn at the places of the three inputs that span the
    slice. Titles give the number of regions; the description does where they are `counted` (not for trained networks,
    whose numbers are others on another machine). Raises ValueError for no map, or an empty one.

    >>> from lthedu.landscape import SQUARE
    >>> _, alt = region_maps({"flat": [Region(SQUARE, np.zeros((1, 2)), np.zeros(1))]}, "One piece")
    >>> alt
    'Maps of linear regions, side by side, polygons with black borders: flat (1 piece).'
    """
    if not maps or not all(maps.values()):
        raise ValueError(f"the maps hold {[len(found) for found in maps.values()]} regions; give maps of 1 or more")
    width = 10.6 / max(len(maps), 2)
    figure, panels = plt.subplots(
        1, len(maps), figsize=(width * len(maps), width + 0.9), squeeze=False, layout="constrained"
    )
    answers: set[int] = set()
    for ax, (name, found) in zip(panels.flat, maps.items(), strict=True):
        answers |= draw_regions(ax, found, borders=borders)
        ax.set_title(f"{name}: {_pieces(found)}", fontsize=11)
        for place, mark in zip(((-1, -1), (1, -1), (-1, 1)), marks, strict=False):
            box = {"boxstyle": "circle", "fc": "white", "ec": "black", "pad": 0.25}
            ax.annotate(str(mark), place, ha="center", va="center", fontsize=10, bbox=box)
    if answers:
        keys = [Patch(facecolor=(*DIGITS[d], 0.6), edgecolor="black", label=f"answers {d}") for d in sorted(answers)]
        figure.legend(handles=keys, loc="outside lower center", ncols=min(len(keys), 10), fontsize=9)
    figure.suptitle(title, fontsize=12)
    said = ", ".join(f"{name} ({_pieces(found)})" if counted else name for name, found in maps.items())
    about = " Each polygon has the colour of the digit that the network answers there." if answers else ""
    return figure, f"Maps of linear regions, side by side, polygons with black borders: {said}.{about}"


def _pieces(found: Sequence[Region]) -> str:
    return f"{len(found):,} piece{'s' if len(found) > 1 else ''}"


@typed
def draw_regions(ax: Axes, found: Sequence[Region], *, borders: bool = True) -> set[int]:
    """Draw the polygons on `ax`, coloured as in `region_maps`; gives the digits answered, none for one output.

    >>> from lthedu.landscape import SQUARE
    >>> draw_regions(plt.figure().gca(), [Region(SQUARE, np.zeros((2, 2)), np.array([0.0, 1.0]))])
    {1}
    """
    heights = np.array([region.weight @ region.centre + region.bias for region in found])  # (regions, outputs)
    digits = heights.argmax(1)
    thin = 0.35 if len(found) < 300 else 0.15  # so that many pieces do not become one black place
    polygons = PolyCollection([region.corners for region in found], linewidths=thin if borders else 0)
    if heights.shape[1] == 1:
        polygons.set(array=heights[:, 0], cmap="viridis", edgecolors="black")
    else:
        polygons.set(facecolors=[(*DIGITS[d], 0.6) for d in digits], edgecolors="black")
    ax.add_collection(polygons)
    corners = np.concatenate([region.corners for region in found])
    ax.set_xlim(corners[:, 0].min(), corners[:, 0].max())
    ax.set_ylim(corners[:, 1].min(), corners[:, 1].max())
    ax.set_aspect("equal")
    ax.set_axis_off()
    return set(digits.tolist()) if heights.shape[1] > 1 else set()


@typed
def marks_by_kind(values: Mapping[str, Sequence[float]], ylabel: str, title: str) -> Drawn:
    """A mark for each network, in a column for each kind, with a bar at the mean. Raises ValueError for no kind.

    >>> _, alt = marks_by_kind({"shallow": [3, 4], "deep": [1, 2]}, "pieces", "A title")
    >>> alt
    'pieces, a mark for each network and a bar at their mean, for: shallow, deep.'
    """
    if not values:
        raise ValueError("there is nothing to draw; give values by kind")
    figure, ax = plt.subplots(figsize=(7.2, 3.4), layout="constrained")
    for i, found in enumerate(values.values()):
        x = i + (np.linspace(-0.18, 0.18, len(found)) if len(found) > 1 else np.zeros(1))
        ax.plot(x, found, marker="o", color="#0072B2", ls="", alpha=0.7)
        ax.hlines(np.mean(found), i - 0.3, i + 0.3, color="black", lw=2)
    ax.set_ylim(bottom=0)
    ax.set_xticks(range(len(values)), list(values))
    ax.set_ylabel(ylabel)
    ax.grid(visible=False, axis="x")
    ax.set_title(title, fontsize=12)
    return figure, f"{ylabel}, a mark for each network and a bar at their mean, for: {', '.join(values)}."


@typed
def pieces_by_weights(table: Table, kind: str, *, guess: Mapping[str, Any] | None = None) -> Drawn:
    """Pieces, in percent of the dense network's of the same seed, and accuracy, by the weights that are left.

    `table` is a `Counting`'s, `kind` one of its slices. `guess`: percentages of pieces by arm, drawn as stars at the
    fewest weights but one.
    """
    rows = table[(table["slice"] == kind) & (table["steps"].isin([0, table["steps"].max()]))]
    dense = rows[rows["arm"] == DENSE].set_index("replicate")
    share = 100 * rows["weights"] / dense["weights"].iloc[0]
    shown = rows.assign(share=share, accuracy=100 * rows["accuracy"])
    shown["pieces"] = 100 * rows["pieces"].to_numpy() / dense["pieces"].loc[rows["replicate"]].to_numpy()
    at = sorted(shown.loc[shown["arm"] == PRUNED, "share"].unique())
    figure, axes = plt.subplots(1, 2, figsize=(10.8, 4.2), layout="constrained")
    for ax, column in zip(axes, ("pieces", "accuracy"), strict=True):
        for arm, look in LOOKS.items():
            by = shown[shown["arm"] == arm].groupby("share")[column]
            mean, low, high = by.mean(), by.min(), by.max()
            x = mean.index.to_numpy() * (1.06 if arm == UNTRAINED else 1)  # beside the dense ones
            ax.errorbar(x, mean, [mean - low, high - mean], capsize=3, label=arm, **look)
        ax.set_xscale("log")
        ticks = [*at, 100]
        ax.set_xticks(ticks, [percent(t) for t in ticks])
        ax.minorticks_off()
        ax.invert_xaxis()
        ax.set_xlabel("weights left (%)")
    equal = np.geomspace(shown["share"].min(), 100)  # a curve, as only one of the axes is logarithmic
    axes[0].plot(equal, equal, color="#777777", lw=1, ls=":", label="as many pieces as weights")
    words = draw_guesses(axes[0], guess or {}, at[min(1, len(at) - 1)], LOOKS)
    axes[0].set(ylim=(0, None), ylabel="pieces (% of the dense network's)")
    axes[0].set_title(f"Pieces of a slice {kind}", fontsize=11)
    trained = shown.loc[shown["arm"] != UNTRAINED, "accuracy"]
    axes[1].set(ylim=(trained.min() - 3, 100), ylabel="test accuracy (%)")
    axes[1].set_title("Accuracy (untrained networks are at chance, below)", fontsize=11)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
    title = "Pruned networks keep a larger share of their pieces than of their weights; small ones do not"
    figure.suptitle(title, fontsize=12)
    return figure, (
        f"Two panels against the weights left, in percent, fewer to the right, on a logarithmic axis; slices {kind}. "
        "Left, the number of pieces in percent of the dense network's, right, the test accuracy in percent; means with "
        f"bars from the lowest to the highest of {shown['replicate'].nunique()} networks, for {', '.join(LOOKS)}. A "
        "dotted curve in the left panel has as many percent of the pieces as of the weights." + words
    )


@typed
def pieces_by_accuracy(table: Table, kind: str) -> Drawn:
    """Pieces against test accuracy: a mark for each kind of network, named, and the dense networks on their way."""
    rows = table[table["slice"] == kind]
    figure, ax = plt.subplots(figsize=(8.2, 4.6), layout="constrained")
    for arm, look in LOOKS.items():
        by = rows[rows["arm"] == arm].groupby(["density", "steps"])[["accuracy", "pieces"]].mean().reset_index()
        by = by.sort_values(["density", "steps"], ascending=[False, True])
        line = {"ls": ":" if arm == DENSE else "", "lw": 1}
        ax.plot(100 * by["accuracy"], by["pieces"], label=arm, **{**look, **line})
        for _, row in by.iterrows():
            what = f"{row['steps']:g} steps" if arm == DENSE else f"{100 * row['density']:g} %"
            shift, side = ((-6, -3), "right") if arm == DENSE else ((6, -3), "left")
            box = {"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none"}
            place, font = (100 * row["accuracy"], row["pieces"]), {"color": look["color"], "fontsize": 8, "bbox": box}
            if arm != UNTRAINED:
                ax.annotate(what, place, shift, textcoords="offset points", ha=side, **font)
    before = rows[rows["arm"] == UNTRAINED][["accuracy", "pieces"]].mean()
    trained = 100 * rows.loc[rows["arm"] != UNTRAINED].groupby(["arm", "density", "steps"])["accuracy"].mean()
    ax.set(xlabel="test accuracy (%)", ylabel="pieces of a slice", xlim=(trained.min() - 6, 100))
    text = f"← untrained: {before['pieces']:.0f} pieces, at {100 * before['accuracy']:.0f} %"
    ax.annotate(text, (trained.min() - 5.5, before["pieces"]), fontsize=9, color="#555555")
    ax.set_ylim(bottom=0)
    handles, names = ax.get_legend_handles_labels()
    ax.legend(handles[1:], names[1:], fontsize=9, loc="center left")  # without the untrained ones, which are outside
    ax.set_title("Pruned networks lie where the dense one was on its way; small ones far below", fontsize=12)
    return figure, (
        f"The number of pieces on slices {kind} against test accuracy in percent, a mark for the mean of each kind of "
        f"network: {', '.join(LOOKS)}. Pruned and small networks are labelled with the share of the weights that is "
        "left, dense ones with the steps for which they were trained, from few to many."
    )


@typed
def accuracy_by_depth(
    table: Annotated[pd.DataFrame, Columns("arm layers replicate accuracy")], *, guess: Mapping[str, Any] | None = None
) -> Drawn:
    """Test accuracy against the number of hidden layers, a line with bars for each start, from a stored run.

    `guess` maps starts to a guessed percentage at the greatest depth.
    """
    figure, ax = plt.subplots(figsize=(8.2, 4.4), layout="constrained")
    for i, (arm, look) in enumerate(STARTS.items()):
        by = (
            table[table["arm"] == arm]
            .assign(accuracy=lambda rows: 100 * rows["accuracy"])
            .groupby("layers")["accuracy"]
        )
        ax.plot(by.mean().index, by.mean(), label=arm, **look)
        beside = by.min().index.to_numpy() * 1.02 ** (i - 1.5)  # so that no bar hides another
        ax.vlines(beside, by.min(), by.max(), color=look["color"], lw=2)
    words = draw_guesses(ax, guess or {}, float(table["layers"].max()), STARTS)
    ax.axhline(10, color="black", lw=1, ls=":")
    ax.annotate("chance", (table["layers"].max(), 10), (0, 4), textcoords="offset points", ha="right", fontsize=9)
    ax.set_xscale("log", base=2)
    layers = sorted(set(table["layers"]))
    ax.set_xticks(layers, [str(n) for n in layers])
    ax.set(ylim=(0, 101), xlabel="hidden layers", ylabel="test accuracy (%)")
    ax.legend(fontsize=9, loc="lower left", bbox_to_anchor=(0, 0.12))
    ax.set_title("After 200 steps the start decides (stored run, each at its best rate)", fontsize=12)
    return figure, (
        f"Test accuracy in percent against the number of hidden layers, for {', '.join(STARTS)}: means of "
        f"{table['replicate'].nunique()} networks with bars from the lowest to the highest; a dotted line at 10 "
        "percent marks chance." + words
    )


@typed
def what_a_piece_reads(image: NDArray[np.float64], rows: Mapping[str, NDArray[np.float64]], answer: int) -> Drawn:
    """An image, and for each network the weights with which it adds up its pixels for `answer` on the image's piece."""
    side = int(np.sqrt(len(image)))
    figure, axes = plt.subplots(1, 1 + len(rows), figsize=(2.7 * (1 + len(rows)), 3.1), layout="constrained")
    axes[0].imshow(image.reshape(side, side), cmap="gray_r")
    axes[0].set_title(f"an image of a {answer}", fontsize=11)
    for ax, (name, row) in zip(axes[1:], rows.items(), strict=True):
        most = np.abs(row).max() or 1.0
        ax.imshow(row.reshape(side, side), cmap="RdBu", vmin=-most, vmax=most)
        ax.set_title(name, fontsize=11)
    for ax in axes:
        ax.set_axis_off()
    figure.suptitle(f"On its piece, each network adds up the pixels with these weights for a {answer}", fontsize=12)
    return figure, (
        f"An image of a {answer} and, for each of {', '.join(rows)}, the weights of all pixels in the formula "
        f"for the answer {answer} on the image's piece: blue above 0, red below, white where the pixel is not used."
    )
