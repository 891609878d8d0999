"""Schematics: what was counted in brains, plans of growth, synapses under a budget, paths. Each returns a Figure."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lthedu.figures import schematic
from lthedu.lessons.begin_with_more.plans import FAST, GROWN, PEAK, PLANS, RIGL, STATIC, TWICE
from lthedu.pruning import through

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN, PINK, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"
COUNTED = (  # what, where; from, highest from, highest until, until (in years); its colour; what is known
    ("number of synapses", "visual cortex", 0, 0.67, 0.67, 11, BLUE, "at 8 months, then 40 % fewer"),
    ("density of synapses", "frontal cortex", 0, 1, 2, 16, GREEN, "at 1 to 2 years, 50 % above adults"),
    ("density of spines", "prefrontal cortex", 0, 6, 11, 29, GREEN, "in childhood, 2 to 3 times adults"),
    ("volume of grey matter", "frontal lobe", 4, 12, 12, 20, ORANGE, "at 12 years, from MRI"),
    ("volume of grey matter", "temporal lobe", 4, 16, 16, 20, ORANGE, "at 16 years, from MRI"),
)


@schematic
def what_was_counted() -> Drawn:
    """Schematic: for five measurements in human brains when each is highest, and until when it was seen to fall."""
    figure, ax = plt.subplots(figsize=(10.4, 3.6), layout="constrained")
    for y, (what, where, begin, high, down, end, colour, known) in enumerate(COUNTED):
        for left, right, alpha in ((begin, high, 0.25), (high, down, 1.0), (down, end, 0.55)):
            ax.add_patch(Rectangle((left, y - 0.28), right - left, 0.56, facecolor=colour, alpha=alpha, lw=0))
        ax.plot([(high + down) / 2], [y - 0.4], marker="v", color=colour, ms=8)
        ax.text(-0.4, y, f"{what},\n{where}", ha="right", va="center", fontsize=9)
        ax.text(end + 0.4, y, f"highest {known}", ha="left", va="center", fontsize=9)
    ax.set(xlim=(-9.5, 41), ylim=(4.7, -0.8), yticks=[], xticks=range(0, 31, 5))
    ax.set_xlabel("age (years)", x=0.49)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    ax.set_title(
        "Three quantities that are easily taken for one another (light: rises, darkest: highest, dark: falls)",
        fontsize=12,
    )
    return figure, (
        "Five bars over age. Number of synapses in visual cortex: highest at 8 months. Density of synapses in frontal "
        "cortex: highest at 1 to 2 years. Density of spines in prefrontal cortex: highest in childhood, falling until "
        "30. Volume of grey matter: highest at 12 years in the frontal and at 16 in the temporal lobe."
    )


@schematic
def six_plans() -> Drawn:
    """Schematic: the density of six plans over the training, their area filled."""
    figure, axes = plt.subplots(2, 3, figsize=(9.6, 4.0), sharex=True, sharey=True, layout="constrained")
    at = np.linspace(0, 1, 400)
    looks = {STATIC: "nothing moves", RIGL: "weights are exchanged"}
    for ax, arm in zip(axes.flat, (STATIC, RIGL, FAST, PEAK, GROWN, TWICE), strict=True):
        density = [100 * through(PLANS[arm].points, float(t)) for t in at]
        ax.fill_between(at, density, color=BLUE, alpha=0.25)
        ax.plot(at, density, color=BLUE, lw=2)
        ax.set_title(arm, fontsize=10)
        if arm in looks:
            ax.text(0.5, 20, looks[arm], ha="center", fontsize=9)
    for ax in axes[:, 0]:
        ax.set_ylabel("density (%)")
    for ax in axes[1]:
        ax.set(xlabel="share of the training", xticks=[0, 0.5, 1], ylim=(0, 105))
    figure.suptitle("Six plans that all end with 3 % of the hidden weights", fontsize=12)
    return figure, (
        "Six curves of density over the training. Static and RigL stay at 3 %. One falls from 100 %, one from 30 %, "
        "one rises to 40 % and falls again, and one does so twice. All end at 3 %, and the area below each is filled."
    )


@schematic
def two_ways_to_a_budget() -> Drawn:
    """Schematic: five units that learn with all pairs and keep the strongest, or grow only some pairs at random."""
    figure, axes = plt.subplots(1, 3, figsize=(9.4, 3.1), layout="constrained")
    angle = np.pi / 2 + 2 * np.pi * np.arange(5) / 5
    x, y = np.cos(angle), np.sin(angle)
    pairs = [(a, b) for a in range(5) for b in range(a + 1, 5)]
    strength = [4, 1, 2, 3, 1, 2, 1, 4, 1, 3]
    titles = ("all pairs learn", "then the strongest stay", "or only these four ever grew")
    kept = (range(10), [0, 3, 7, 9], [1, 2, 4, 8])
    for ax, title, these in zip(axes, titles, kept, strict=True):
        for i, (a, b) in enumerate(pairs):
            if i in these:
                ax.plot(x[[a, b]], y[[a, b]], color=BLUE, lw=1.2 * strength[i], alpha=0.7)
        ax.plot(x, y, "o", ms=15, mfc="white", mec=BLACK)
        ax.set(xlim=(-1.3, 1.3), ylim=(-1.2, 1.25), aspect="equal")
        ax.axis("off")
        ax.set_title(title, fontsize=11)
    figure.suptitle("A budget of four synapses, used in two ways (thick: strong)", fontsize=12)
    return figure, (
        "Three drawings of five units. First all ten pairs are joined by lines of different thickness. Then the four "
        "thickest are left. In the third drawing four of the thinner lines are there, at places that were drawn by lot."
    )
