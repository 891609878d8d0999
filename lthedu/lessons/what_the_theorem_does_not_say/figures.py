"""This lesson's figures, each by itself: sawtooths, the price of two layers, neurons or weights, counting, regions."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.figures.style import draw_guesses
from lthedu.landscape import Region
from lthedu.proof.limits import Pieces

# Okabe and Ito's colours, each with a line style and a marker of its own
_LINES: tuple[dict[str, Any], ...] = (
    {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    {"color": "#D55E00", "linestyle": "--", "marker": "^"},
    {"color": "#009E73", "linestyle": "-.", "marker": "D"},
    {"color": "#CC79A7", "linestyle": ":", "marker": "s"},
)


@typed
def sawtooths(functions: Mapping[str, Pieces], *, columns: int = 3) -> tuple[list[Axes], str]:
    """Functions made of straight pieces, side by side, each titled with its name and its number of pieces.

    Returns the axes and a description. Raises ValueError for no function.

    >>> _, alt = sawtooths({"a tent": Pieces(np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 0.0]))})
    >>> alt
    'curves side by side, made of straight pieces: a tent (2 pieces).'
    """
    if not functions:
        raise ValueError("there is no function to draw; give one or more, by name")
    rows = -(-len(functions) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(10.6, 0.5 + 1.9 * rows), squeeze=False, sharex=True, sharey=True
    )
    figure.subplots_adjust(left=0.06, right=0.99, bottom=0.25 / rows, top=1 - 0.15 / rows, wspace=0.12, hspace=0.4)
    drawn = list(grid.flat)[: len(functions)]
    for unused in list(grid.flat)[len(functions) :]:
        unused.set_axis_off()
    for ax, (name, f) in zip(drawn, functions.items(), strict=True):
        ax.plot(f.x, f.y, color=_LINES[0]["color"], lw=1.2)
        ax.set_title(f"{name}: {len(f)} pieces", fontsize=10)
    for ax in grid[-1]:
        ax.set_xlabel("x")
    said = ", ".join(f"{name} ({len(f)} pieces)" for name, f in functions.items())
    return drawn, f"curves side by side, made of straight pieces: {said}."


@typed
def fit_errors(errors: Mapping[int, Sequence[float]], least: int, *, ax: Axes | None = None) -> tuple[Axes, str]:
    """How near networks of two layers come to a sawtooth, by hidden units: the nearest of all tried, and the others.

    `errors`: units -> the distance of each network tried; `least` is the number of units below which a distance under
    1/2 is impossible. Returns the axes and a description. Raises ValueError for no units.

    >>> _, alt = fit_errors({1: [0.5, 0.6], 2: [0.3]}, least=2)
    >>> "3 networks" in alt
    True
    """
    if not errors:
        raise ValueError("there are no distances to draw; give them by number of units")
    ax = ax or plt.figure().gca()
    units = sorted(errors)
    for n in units:
        ax.plot([n] * len(errors[n]), errors[n], marker="_", ms=9, ls="", color="#999999")
    ax.plot(units, [min(errors[n]) for n in units], label="the nearest one tried", **_LINES[0])
    ax.axvline(least, color="#D55E00", ls="--", label=f"proved: below {least} units never under 1/2")
    ax.axhline(0.5, color="black", ls=":", lw=1, label="the constant 1/2")
    ax.set_ylim(-0.03, None)
    ax.set_xticks(units)
    ax.set_xlabel("hidden units of the network of two layers")
    ax.set_ylabel("largest distance from the sawtooth")
    ax.legend(fontsize=9)
    tried = sum(map(len, errors.values()))
    return ax, (
        f"the largest distance from the sawtooth against the number of hidden units, for {tried} networks of two "
        f"layers with knots at different places, and the nearest for each number; a vertical line at {least} units, "
        "below which no network can come nearer than the constant one half, which is a dotted line."
    )


@typed
def route_sizes(
    table: Annotated[pd.DataFrame, Columns("route folds random kept")],
    *,
    guess: Mapping[str, Any] | None = None,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Random weights needed and weights kept, against the number of folds, for each route; logarithmic upwards.

    `table` has the columns folds, route, random and kept. `guess` maps routes to a guessed number of random weights at
    the largest number of folds, drawn as a star; what is no number is left out, and the description says so. Returns
    the axes and a description. Raises ValueError for more than four routes, or none.

    >>> rows = [(1, "deep", 700, 50), (2, "deep", 1300, 90)]
    >>> _, alt = route_sizes(pd.DataFrame(rows, columns=["folds", "route", "random", "kept"]))
    >>> "deep" in alt
    True
    """
    routes = list(dict.fromkeys(table["route"]))
    if not 1 <= len(routes) <= len(_LINES):
        raise ValueError(f"the routes are {routes}; allowed: 1 to {len(_LINES)}")
    ax = ax or plt.figure().gca()
    for look, route in zip(_LINES, routes, strict=False):
        rows = table[table["route"] == route].groupby("folds")[["random", "kept"]].mean()
        ax.plot(rows.index, rows["random"], label=f"{route}: random weights", **look)
        ax.plot(rows.index, rows["kept"], label=f"{route}: kept", **{**look, "alpha": 0.45, "mfc": "none"})
    ax.set_yscale("log")
    said = _stars(ax, guess or {}, table["folds"].max(), routes)
    ax.set_xticks(sorted(set(table["folds"])))
    ax.set_xlabel("folds k; the sawtooth has 2^k pieces")
    ax.set_ylabel("weights")
    ax.legend(fontsize=9)
    return ax, (
        f"weights on a logarithmic axis against the number of folds, for each route ({', '.join(routes)}): those of "
        "the random network, and, fainter and with open marks, those kept of it." + said
    )


def _stars(ax: Axes, guess: Mapping[str, Any], at: float, routes: Sequence[str]) -> str:
    said = ""
    for look, route in zip(_LINES, routes, strict=False):
        value = guess.get(route)
        try:
            number = float(str(value).replace(",", ""))
        except ValueError:
            number = float("nan")
        if 0 < number < 1e15:
            ax.plot(at, number, marker="*", ms=15, mfc="none", ls="", color=look["color"], label=f"your guess: {route}")
        elif value is not None:
            said += f" The guess {value!r} for {route!r} is not drawn: give a number of weights."
    return said


@typed
def one_neuron_errors(
    table: Annotated[pd.DataFrame, Columns("dimension seed")],
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Relative errors on one ReLU neuron by dimension: a line for each way to prune, its band from lowest to highest.

    `table` has the columns dimension and seed and one column of errors for each way. Returns the axes and a
    description. Raises ValueError for no way, or more than four.

    >>> _, alt = one_neuron_errors(pd.DataFrame({"dimension": [4, 8], "seed": [0, 0], "neuron mask": [0.1, 0.2]}))
    >>> "neuron mask" in alt
    True
    """
    ways = [name for name in table.columns if name not in ("dimension", "seed", "neurons")]
    if not 1 <= len(ways) <= len(_LINES):
        raise ValueError(f"the ways are {ways}; allowed: 1 to {len(_LINES)}")
    ax = ax or plt.figure().gca()
    for look, way in zip(_LINES, ways, strict=False):
        _band(ax, table, "dimension", way, look)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    dimensions = sorted(set(table["dimension"]))
    ax.set_xticks(dimensions, [str(d) for d in dimensions])
    ax.set_xlabel("inputs d of the ReLU neuron")
    ax.set_ylabel("relative squared error")
    ax.legend(fontsize=9, loc="center right")
    return ax, (
        f"relative squared error on a logarithmic axis against the number of inputs, for {', '.join(ways)}: means of "
        f"{table['seed'].nunique()} random networks with bands from the lowest to the highest."
    )


def _band(ax: Axes, table: pd.DataFrame, x: str, y: str, look: Mapping[str, Any], label: str | None = None) -> None:
    by = table.groupby(x)[y]
    ax.plot(by.mean().index, by.mean(), label=label or y, **look)
    ax.fill_between(by.min().index, by.min(), by.max(), color=look["color"], alpha=0.2, lw=0)


@typed
def sizes_and_bound(
    table: Annotated[pd.DataFrame, Columns("method eps random bits bound")],
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """What linear maps took, against how exact they came out: random weights, mask bits, and the counting bound.

    `table` has the columns method, eps, random, bits and bound, the last three for each entry of the map. Both axes
    are in bits or logarithmic, and the first method's points are joined. Returns the axes and a description. Raises
    ValueError for an empty table.

    >>> rows = [("free", 1e-2, 90.0, 40.0, 5.6)]
    >>> _, alt = sizes_and_bound(pd.DataFrame(rows, columns=["method", "eps", "random", "bits", "bound"]))
    >>> "free" in alt
    True
    """
    ax = ax or plt.figure().gca()
    methods = list(dict.fromkeys(table["method"]))
    for i, method in enumerate(methods):
        rows = table[table["method"] == method].sort_values("eps")
        look: dict[str, Any] = {"marker": "osXP"[i % 4], "ls": "" if i else "-"}
        for column, what, color in (("random", "random weights", "#0072B2"), ("bits", "bits of the mask", "#D55E00")):
            hollow = "none" if column == "bits" else None
            ax.plot(np.log2(1 / rows["eps"]), rows[column], color=color, mfc=hollow, label=f"{method}: {what}", **look)
    bits = np.linspace(1, np.log2(1 / table["eps"].min()) + 0.5, 50)
    ax.plot(bits, bits - 1, color="black", ls="--", label="counting bound")
    ax.axhline(32, color="#009E73", ls=":", label="the map in float32: 32 bits")
    ax.set_yscale("log")
    ax.set_ylim(0.7, None)
    ax.set_xlabel("log2(1 / eps): how exact the map came out")
    ax.set_ylabel("for each entry of the map")
    ax.legend(fontsize=8, ncols=2)
    return ax, (
        "random weights and mask bits for each entry of a linear map, on a logarithmic axis, against how exact the map "
        f"came out in bits; methods: {', '.join(methods)}; beside them the counting bound as a dashed line, below all "
        "of them, and a dotted line at 32 bits."
    )


@typed
def region_maps(maps: Mapping[str, Sequence[Region]], *, counted: bool = True) -> tuple[list[Axes], str]:
    """The linear regions of networks, side by side: polygons shaded by the height in their middle, or by the winner.

    With one output, the shade is the output's value; with more, each output has a shade, and a region has that of the
    largest one. Titles give their number; the description does where they are `counted` (not for trained ones: their
    numbers are others on another machine). Returns the axes and a description. Raises ValueError for no map, or an
    empty one.

    >>> from lthedu.landscape import SQUARE
    >>> _, alt = region_maps({"flat": [Region(SQUARE, np.zeros((1, 2)), np.zeros(1))]})
    >>> alt
    'maps of linear regions, side by side, polygons with black borders: flat (1 region).'
    """
    if not maps or not all(maps.values()):
        raise ValueError(f"the maps hold {[len(found) for found in maps.values()]} regions; give maps of 1 or more")
    figure, panels = plt.subplots(1, len(maps), figsize=(10.6, 0.5 + 10 / max(len(maps), 2)), squeeze=False)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.02, top=0.9, wspace=0.05)
    for ax, (name, found) in zip(panels.flat, maps.items(), strict=True):
        draw_regions(ax, found)
        ax.set_title(f"{name}: {_regions(found)}", fontsize=10)
    said = ", ".join(f"{name} ({_regions(found)})" if counted else name for name, found in maps.items())
    return list(panels.flat), f"maps of linear regions, side by side, polygons with black borders: {said}."


def _regions(found: Sequence[Region]) -> str:
    return f"{len(found):,} region{'s' if len(found) > 1 else ''}"


@typed
def draw_regions(ax: Axes, found: Sequence[Region]) -> None:
    """Draw the polygons on `ax`, shaded as in `region_maps`.

    >>> from lthedu.landscape import SQUARE
    >>> draw_regions(plt.figure().gca(), [Region(SQUARE, np.zeros((1, 2)), np.zeros(1))])
    """
    heights = np.array([region.weight @ region.centre + region.bias for region in found])  # (regions, outputs)
    shade = heights[:, 0] if heights.shape[1] == 1 else heights.argmax(1)
    polygons = PolyCollection([region.corners for region in found], edgecolors="black", linewidths=0.35)
    polygons.set(array=shade, cmap="viridis" if heights.shape[1] == 1 else "tab10")
    if heights.shape[1] > 1:
        polygons.set_clim(-0.5, 9.5)
        polygons.set_alpha(0.6)
    ax.add_collection(polygons)
    corners = np.concatenate([region.corners for region in found])
    ax.set_xlim(corners[:, 0].min(), corners[:, 0].max())
    ax.set_ylim(corners[:, 1].min(), corners[:, 1].max())
    ax.set_aspect("equal")
    ax.set_axis_off()


@typed
def marks_by_kind(
    values: Mapping[str, Sequence[float]], ylabel: str, *, log: bool = False, ax: Axes | None = None
) -> tuple[Axes, str]:
    """A mark for each network, in a column for each kind, with a bar at the mean.

    Returns the axes and a description. Raises ValueError for no kind.

    >>> _, alt = marks_by_kind({"shallow": [3, 4], "deep": [1, 2]}, "regions")
    >>> alt
    'regions, a mark for each network and a bar for their mean, for: shallow, deep.'
    """
    if not values:
        raise ValueError("there is nothing to draw; give values by kind")
    ax = ax or plt.figure(figsize=(7.2, 3.6)).gca()
    for i, (look, found) in enumerate(zip(_LINES * len(values), values.values(), strict=False)):
        x = i + (np.linspace(-0.18, 0.18, len(found)) if len(found) > 1 else np.zeros(1))
        ax.plot(x, found, marker=look["marker"], color=look["color"], ls="", alpha=0.7)
        ax.hlines(np.mean(found), i - 0.3, i + 0.3, color=look["color"], lw=2.5)
    if log:
        ax.set_yscale("log")
    ax.set_xticks(range(len(values)), list(values), fontsize=10)
    ax.set_ylabel(ylabel)
    ax.grid(False, axis="x")
    return ax, f"{ylabel}, a mark for each network and a bar for their mean, for: {', '.join(values)}."


@typed
def accuracy_by_depth(
    table: Annotated[pd.DataFrame, Columns("arm layers replicate accuracy")],
    *,
    guess: Mapping[str, Any] | None = None,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Test accuracy against the number of hidden layers, a line and a band for each arm.

    `table` has the columns arm, layers, replicate and accuracy (a fraction). `guess` maps arms to a guessed
    percentage at the largest depth. Returns the axes and a description. Raises ValueError for more than four arms, or
    none.

    >>> rows = [("plain", 4, 0, 0.9), ("plain", 8, 0, 0.8)]
    >>> _, alt = accuracy_by_depth(pd.DataFrame(rows, columns=["arm", "layers", "replicate", "accuracy"]))
    >>> "plain" in alt
    True
    """
    arms = list(dict.fromkeys(table["arm"]))
    if not 1 <= len(arms) <= len(_LINES):
        raise ValueError(f"the arms are {arms}; allowed: 1 to {len(_LINES)}")
    ax = ax or plt.figure().gca()
    shown = table.assign(accuracy=100 * table["accuracy"])
    looks = dict(zip(arms, _LINES, strict=False))
    for arm, look in looks.items():
        _band(ax, shown[shown["arm"] == arm], "layers", "accuracy", look, arm)
    said = draw_guesses(ax, guess or {}, float(table["layers"].max()), looks)
    ax.axhline(10, color="black", lw=1, ls=":", label="guessing blindly")
    ax.set_xscale("log", base=2)
    layers = sorted(set(table["layers"]))
    ax.set_xticks(layers, [str(n) for n in layers])
    ax.set_ylim(0, 101)
    ax.set_xlabel("hidden layers")
    ax.set_ylabel("test accuracy (%)")
    ax.legend(fontsize=9, loc="lower left")
    return ax, (
        f"test accuracy in percent against the number of hidden layers, for {', '.join(arms)}: means of "
        f"{table['replicate'].nunique()} networks with bands from the lowest to the highest; a dotted line at 10 "
        "percent marks blind guessing." + said
    )
