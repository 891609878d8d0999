"""Drawings of ideas: sums that double, two short lists in place of a long one, dead neurons, coins and cells."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.exercises.choices import kept_of
from lthedu.figures import schematic
from lthedu.proof.golden import GOLDEN, take_what_fits
from lthedu.proof.subset_sums import all_sums, meet_in_the_middle

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#999999"


@schematic
@typed
def sums_double(numbers: Sequence[float], target: float) -> Drawn:
    """Schematic: from the empty choice down, each number doubles the sums; the one nearest to the target is orange."""
    figure = plt.figure(figsize=(8.6, 0.9 + 0.75 * (len(numbers) + 1)), layout="constrained")
    ax = figure.gca()
    for n in range(len(numbers) + 1):
        sums = all_sums(numbers[:n])
        for s in all_sums(numbers[: n - 1]) if n else ():
            for child in (s, s + numbers[n - 1]):
                ax.plot([s, child], [n - 1, n], color=GREY, lw=0.8, zorder=1)
        nearest = np.abs(sums - target).argmin()
        ax.scatter(sums, np.full(len(sums), n), color=BLUE, s=36, zorder=2)
        ax.scatter(sums[nearest], n, color=ORANGE, marker="D", s=64, zorder=3)
        ax.annotate(
            f"off by {abs(sums[nearest] - target):.2f}", (1.01, n), xycoords=("axes fraction", "data"), va="center"
        )
    ax.axvline(target, color="black", lw=1, ls="--")
    ax.annotate(f"target {target:g}", (target, -0.4), (4, 0), textcoords="offset points", va="center")
    words = ["no number", *(f"with {x:g}" for x in numbers)]
    ax.set_yticks(range(len(words)), [f"{w}: {2**n} sum{'s' * (n > 0)}" for n, w in enumerate(words)])
    ax.set(ylim=(len(numbers) + 0.4, -0.6), xlabel="sum of the numbers that are kept")
    ax.set_title("Each number doubles the sums: deleted (straight down) or kept (moved)", fontsize=11)
    ax.grid(visible=False)
    return figure, (
        f"A tree that grows downwards: from the sum 0 each further number of {', '.join(f'{x:g}' for x in numbers)} "
        "gives every sum two children, one for deleting the number and one for keeping it. In each row an orange "
        f"diamond marks the sum nearest to the target, {target:g}, a dashed line."
    )


@schematic
@typed
def two_lists(numbers: Sequence[float], target: float) -> Drawn:
    """Schematic: the sorted sums of the left half, and the places that the right half's sums want among them."""
    half = len(numbers) // 2
    left, right = np.sort(all_sums(numbers[:half])), all_sums(numbers[half:])
    wanted = target - right
    partner = left[np.abs(left[:, None] - wanted).argmin(0)]
    best = int(np.abs(partner - wanted).argmin())
    gap = f"{abs(partner[best] - wanted[best]):.2f}"
    figure = plt.figure(figsize=(8.6, 2.9), layout="constrained")
    ax = figure.gca()
    for w, s in zip(wanted, partner, strict=True):
        ax.plot([w, s], [0, 1], color=GREY, lw=1, zorder=1)
    ax.plot([wanted[best], partner[best]], [0, 1], color=ORANGE, lw=3, zorder=2)
    ax.scatter(left, np.ones(len(left)), color=BLUE, s=50, zorder=3)
    ax.scatter(wanted, np.zeros(len(wanted)), color="white", edgecolor="black", marker="s", s=46, zorder=3)
    kept = kept_of(meet_in_the_middle(numbers, target), numbers)
    words = f"kept: {', '.join(f'{x:g}' for x in kept)}\nsum {sum(kept):.2f}, off by {gap} "
    ax.annotate(
        words, ((wanted[best] + partner[best]) / 2, 0.5), (-8, 0), textcoords="offset points", ha="right", va="center"
    )
    ax.set_yticks([1, 0], [f"{len(left)} sums of the left half", f"{len(wanted)} places wanted"])
    ax.set(
        xlim=(min(left[0], wanted.min()) - 0.85, None),
        ylim=(-0.35, 1.35),
        xlabel="left sum that is there, or that a right sum wants: target minus right sum",
    )
    ax.set_title("Every right sum asks for one place, and its nearest left sum answers", fontsize=11)
    ax.grid(visible=False)
    return figure, (
        f"Two lines of marks. Above, dots: the sorted sums of the left half of {len(numbers)} numbers. Below, squares "
        "at the places that each sum of the right half wants, the target minus that sum. A line joins each square "
        f"with the nearest dot; the steepest one, thick and orange, keeps {', '.join(f'{x:g}' for x in kept)} and is "
        f"off by only {gap}."
    )


@schematic
def dead_neurons() -> Drawn:
    """Schematic: six hidden neurons between an input that is not negative and an output, and the number each gives."""
    first, second = np.array([0.9, -0.7, 0.4, -0.2, -0.8, 0.6]), np.array([0.5, 0.8, -0.9, -0.6, 0.3, 0.7])
    figure, (net, bars) = plt.subplots(1, 2, figsize=(9.4, 3.6), layout="constrained")
    for y, (a, b) in enumerate(zip(first, second, strict=True)):
        look = {"color": BLUE, "lw": 1.8} if a > 0 else {"color": GREY, "lw": 1, "ls": ":"}
        net.plot([0, 1, 2], [2.5, y, 2.5], zorder=1, **look)
        net.scatter(1, y, s=260, color="white", edgecolor=look["color"], zorder=2, lw=2)
        net.text(1, y, "" if a > 0 else "×", ha="center", va="center", fontsize=15, color="#555555")
        for x, value in ((0.6, a), (1.4, b)):
            place = y + (2.5 - y) * abs(1 - x)
            net.text(x, place, f"{value:g}", ha="center", va="center", fontsize=9, backgroundcolor="white")
    net.text(-0.08, 2.5, r"$x \geq 0$", ha="right", va="center")
    net.text(2.08, 2.5, "sum", ha="left", va="center")
    net.set(xlim=(-0.6, 2.5), ylim=(5.6, -0.6))
    net.set_title("× dead: a negative first weight", fontsize=11)
    net.set_axis_off()
    numbers = np.maximum(first, 0) * second
    bars.barh(range(6), numbers, color=BLUE)
    for y in np.flatnonzero(numbers == 0).tolist():
        bars.text(0.02, y, "0", va="center", color="#555555")
    bars.axvline(0, color="black", lw=0.8)
    bars.set(ylim=(5.6, -0.6), yticks=[], xlabel=r"number that the neuron gives, $\mathrm{relu}(a)\,b$")
    bars.set_title("What it multiplies x by", fontsize=11)
    bars.grid(visible=False)
    return figure, (
        "Left: an input that is not negative, six hidden neurons and a sum, each edge with its random weight. Three "
        "neurons have a negative first weight: they are crossed out and their edges dotted. Right: a bar for each "
        "neuron shows the number by which it multiplies the input; the dead ones have 0."
    )


@schematic
@typed
def coins_and_cells(numbers: Sequence[float], target: float) -> Drawn:
    """Schematic: cells that shrink by the golden ratio, one number in each, and a target paid with those that fit."""
    kept = take_what_fits(numbers, target)
    figure, (cells, paid) = plt.subplots(2, 1, figsize=(8.6, 3.3), sharex=True, layout="constrained")
    for k, (x, keep) in enumerate(zip(numbers, kept, strict=True), 1):
        low, high = GOLDEN ** -(k + 1), GOLDEN**-k
        cells.barh(0, high - low, left=low, color="#DCEBF5" if k % 2 else "#F4F4F4", edgecolor=GREY)
        cells.scatter(x, 0, color=ORANGE if keep else BLUE, marker="D" if keep else "o", zorder=2)
        if k <= 5:
            cells.text((low + high) / 2, 0.52, f"cell {k}", ha="center", va="bottom", fontsize=9)
    spent = 0.0
    for x in (x for x, keep in zip(numbers, kept, strict=True) if keep):
        paid.barh(0, x, left=spent, color=ORANGE, edgecolor="white", alpha=0.8)
        spent += x
    paid.axvline(target, color="black", lw=1, ls="--")
    paid.annotate(f"target {target:g} ", (target, 0.55), ha="right", va="bottom")
    for ax, words in ((cells, "one number\nin each cell"), (paid, "those that\nfit, in a row")):
        ax.set(yticks=[0], yticklabels=[words], ylim=(-0.6, 1.0))
        ax.grid(visible=False)
    paid.set_xlabel("size")
    figure.suptitle("From the largest down, a number is taken if it fits into what is left (orange)", fontsize=11)
    return figure, (
        "Above, cells side by side that shrink towards zero by the golden ratio, with one number in each; orange "
        f"diamonds are taken. Below, the taken numbers laid end to end: they leave {target - spent:.3f} of the target, "
        f"{target:g}, a dashed line."
    )
