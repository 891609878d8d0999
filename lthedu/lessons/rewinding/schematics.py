"""Pictures that are drawn before anything is measured: valleys and the line between them, the ways on a time line."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgba

from lthedu.base.arguments import typed
from lthedu.experiments.study import DENSE
from lthedu.figures import schematic
from lthedu.lessons.rewinding.experiment import LR_REWOUND, REWOUND, TUNED, Settings
from lthedu.lessons.rewinding.figures import RESET, WAYS_AND_RESET, Drawn


@schematic
def valleys() -> Drawn:
    """A drawing, not a measurement: two children in two valleys and in one, and the straight line between them."""
    figure, axes = plt.subplots(1, 2, figsize=(8.8, 3.3), sharey=True, layout="constrained")
    w = np.linspace(-1.45, 1.45, 200)
    ways = (
        ("They part early: a hill lies between them", 0.0, (-1.0, 1.0)),
        ("They part late: no hill", 1.4, (0.8, 1.2)),
    )
    for ax, (title, parent, children) in zip(axes, ways, strict=True):
        ax.plot(w, (w**2 - 1) ** 2, color="#777777")
        on_line = np.linspace(*children, 50)
        ax.plot(on_line, (on_line**2 - 1) ** 2, color="#D55E00", lw=3)
        ax.plot(parent, (parent**2 - 1) ** 2, "s", color="black", ms=8)
        ax.annotate("step k", (parent, (parent**2 - 1) ** 2), (parent - 0.05, 1.3), ha="center")
        for name, child in zip("12", children, strict=True):
            height = (child**2 - 1) ** 2
            ax.annotate("", (child, height + 0.03), (parent, (parent**2 - 1) ** 2), arrowprops={"arrowstyle": "->"})
            ax.plot(child, height, "o", color="#0072B2", ms=9)
            ax.annotate(f"child {name}", (child, height), (child + (0.14 if name == "2" else -0.14), -0.3), ha="center")
        ax.set(title=title, xlabel="weight w", xticks=[-1, 0, 1], yticks=[0, 0.5, 1], ylim=(-0.4, 1.6))
    axes[0].annotate("barrier", (0.05, 0.15), ha="left")
    axes[0].annotate("", (0, 0.97), (0, -0.03), arrowprops={"arrowstyle": "<->", "color": "#D55E00"})
    axes[0].set_ylabel("error")
    return figure, (
        "Two drawings of the same curve of error against a weight, with valleys at -1 and at 1. Left: the parent at "
        "step k stands on the hill, its children in both valleys, and the line between them crosses the hill, whose "
        "height is the barrier. Right: the parent stands in one valley already, and so do both children."
    )


@schematic
@typed
def four_ways(settings: Settings, k: int) -> Drawn:
    """A drawing: for each way to go on, the steps that it trains, with which rate, and from which weights."""
    figure, ax = plt.subplots(figsize=(8.8, 3.9), layout="constrained")
    steps = np.arange(settings.steps)
    rate = np.array([settings.optimizer.schedule.at(int(i), settings.steps) for i in steps])
    rows = (
        ("dense, to find the mask", DENSE, 0, rate, "random weights"),
        ("reset", RESET, 0, rate, "the same random weights"),
        (f"rewound to step {k}", REWOUND, k, rate, f"weights of step {k}"),
        ("learning rate rewound", LR_REWOUND, k, rate, "trained weights"),
        ("fine-tuned", TUNED, k, np.full(len(rate), rate[-1]), "trained weights"),
    )
    for y, (_, way, first, rates, words) in enumerate(rows[::-1]):
        look = {"fc": to_rgba(WAYS_AND_RESET[way]["color"], 0.25), "ec": WAYS_AND_RESET[way]["color"]}
        ls = ":" if way == RESET else "-"
        ax.fill_between(steps[first:], y, y + 0.04 + 0.72 * rates[first:], **look, ls=ls, lw=1.5)
        ax.annotate(words, (first + 14, y + 0.3), fontsize=9)
    ax.axvline(k, color="black", ls=":", lw=1)
    ax.set_yticks(np.arange(len(rows)) + 0.3, [name for name, *_ in rows[::-1]])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False)
    ax.set_xlabel("training step")
    ax.set_title("The height of a band is the learning rate; written in it, the weights at its start", fontsize=11)
    return figure, (
        "A time line of five trainings, one band each, as high as the learning rate. Dense networks and the reset "
        f"begin at step 0. Rewound weights begin at step {k} with the weights and the rate of that step. With a "
        f"rewound learning rate, trained weights go on with the rate of step {k}; fine-tuned, with the last and "
        "smallest rate."
    )
