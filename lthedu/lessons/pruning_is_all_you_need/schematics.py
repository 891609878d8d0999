"""This lesson's schematics: who owns a hidden neuron, and how an error grows on its way through the layers."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from lthedu.figures import schematic

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#999999"
_OWNERS = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"))  # of two inputs and the bias
Drawn = tuple[Figure, str]


@schematic
def owners() -> Drawn:
    """Schematic: a target layer of two inputs and two outputs, and the two random layers that are to compute it.

    Every hidden neuron keeps one incoming weight, from its owner, whose colour and shape it has; every output picks a
    subset of its own among the neurons of each owner.

    >>> owners()[1].startswith("Left")
    True
    """
    figure, (small, large) = plt.subplots(1, 2, figsize=(10.4, 4.0), width_ratios=(1, 1.7), layout="constrained")
    names, height = ("input 1", "input 2", "bias"), (7.5, 4.5, 1.5)
    outputs = (6.0, 3.0)
    chosen = {0: (0, 2, 3, 5, 7), 1: (1, 2, 4, 5, 6, 8)}  # what each output keeps of the nine hidden neurons
    for ax, right in ((small, 1.0), (large, 2.0)):
        for (color, marker), name, y in zip(_OWNERS, names, height, strict=True):
            ax.plot(0, y, marker, ms=15, color=color, zorder=3)
            ax.text(-0.1 * right, y, name, ha="right", va="center")
        for i, y in enumerate(outputs, 1):
            ax.plot(right, y, "D", ms=13, color="black", zorder=3)
            ax.text(right + 0.12, y, f"output {i}", ha="left", va="center")
        ax.set(xlim=(-0.48 * right, 1.42 * right), ylim=(-0.6, 9.4))
        ax.set_axis_off()
    for (color, _), y in zip(_OWNERS, height, strict=True):
        for z in outputs:
            small.plot([0, 1], [y, z], color=color, lw=2)
    for j in range(9):
        y, owner = 9.0 - 1.1 * j, (0, 0, 0, 1, 1, 1, 2, 2, 2)[j]
        color, marker = _OWNERS[owner]
        large.plot(1, y, marker, ms=10, color=color, zorder=3)
        for i, x in enumerate(height):
            look = {"color": color, "lw": 2} if i == owner else {"color": GREY, "lw": 0.6, "ls": ":"}
            large.plot([0, 1], [x, y], zorder=2 if i == owner else 1, **look)
        for i, z in enumerate(outputs):
            look = {"color": color, "lw": 2} if j in chosen[i] else {"color": GREY, "lw": 0.6, "ls": ":"}
            large.plot([1, 2], [y, z], zorder=2 if j in chosen[i] else 1, **look)
    small.set_title("The target: six numbers")
    large.set_title("Random: one kept edge into each neuron, a subset of its own for each output")
    return figure, (
        "Left: a layer with two inputs and a bias, each in a colour and shape of its own, and an edge from each to "
        "both outputs. Right: between them nine hidden neurons, three in the colour of each. Into every hidden neuron "
        "one edge is kept, from its owner, and the others are dotted. Each output keeps other edges of each colour."
    )


@schematic
def error_on_its_way() -> Drawn:
    """Schematic: how a difference grows from layer to layer: what came in is carried on, and something is added.

    >>> error_on_its_way()[1].startswith("Stacked")
    True
    """
    figure = plt.figure(figsize=(9.0, 3.4), layout="constrained")
    ax = figure.gca()
    carried, added = (0.0, 1.5, 3.6), (1.0, 1.4, 1.2)
    places = (1, 2, 3)
    ax.bar(places, carried, 0.34, color=BLUE)
    ax.bar(places, added, 0.34, bottom=carried, color=ORANGE, hatch="//", edgecolor="white", lw=0)
    for i in (0, 1):
        here, there = carried[i] + added[i], carried[i + 1]
        ax.plot([places[i] + 0.17, places[i + 1] - 0.17], [here, there], color=BLUE, ls="--", lw=1.2)
        ax.text(places[i] + 0.5, (here + there) / 2 + 0.3, rf"times $\Vert W_{i + 2}\Vert$", ha="center", color=BLUE)
    for x, low, high in zip(places, carried, added, strict=True):
        ax.text(x + 0.2, low + high / 2, rf"$\Vert E_{x}\Vert\,\sqrt{{r_{x}^2+1}}$", va="center", color=ORANGE)
    ax.set(xlim=(0.6, 3.9), ylim=(0, 5.6), xticks=places, yticks=[], ylabel="bound $D$ on the difference")
    ax.set_xticklabels([f"after layer {x}" for x in places])
    ax.set_title("A difference is multiplied by each layer's norm, and each layer adds an error of its own")
    ax.grid(False)
    return figure, (
        "Stacked bars after layers 1, 2 and 3, each higher than the one before. The lower part, blue, is the bar "
        "before, times the norm of the layer's weights; the upper part, orange and hatched, is what the layer's own "
        "errors add: their norm, times the root of the squared length of what that layer gets plus 1."
    )
