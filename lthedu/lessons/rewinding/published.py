"""What a paper measured on larger networks: its numbers with their protocol, and their figure."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from lthedu.base.arguments import typed
from lthedu.experiments.study import REINIT
from lthedu.figures.style import percent
from lthedu.lessons.rewinding.experiment import LR_REWOUND, REWOUND, TUNED
from lthedu.lessons.rewinding.figures import RESET, WAYS_AND_RESET, Drawn


@typed
@dataclass(frozen=True)
class Published:
    """A published line: which way it is, how it was retrained, and its test accuracy by density."""

    name: str
    arm: str
    epochs: int
    accuracy: tuple[float, ...]  # at DENSITIES


# Renda, Frankle and Carbin (2020), arXiv:2003.02389: computed from the data frames released with the paper,
# vision/plot/pruned_dataframe.pkl; the unpruned networks train 182 epochs and reach 0.9171 on average
PROTOCOL = "ResNet-20 on CIFAR-10, pruned in one go, medians of 3 runs (Renda et al. 2020)"
PUBLISHED_DENSE = 0.9171
DENSITIES = (0.107, 0.134, 0.168, 0.210, 0.262, 0.512)
PUBLISHED = (
    Published("weights rewound to epoch 72", REWOUND, 110, (0.8919, 0.9001, 0.9074, 0.9095, 0.9141, 0.9151)),
    Published("learning rate rewound", LR_REWOUND, 110, (0.8922, 0.9012, 0.9074, 0.9097, 0.9125, 0.9179)),
    Published("fine-tuned", TUNED, 110, (0.8839, 0.8919, 0.9028, 0.9065, 0.9091, 0.9146)),
    Published("rewound to the start", RESET, 182, (0.8706, 0.8751, 0.8871, 0.8918, 0.8950, 0.9069)),
    Published("reinitialised", REINIT, 182, (0.8688, 0.8746, 0.8791, 0.8849, 0.8906, 0.9048)),
)


def lost_by_density() -> Drawn:
    """Points of test accuracy above the unpruned network (negative: below it), as published, of one protocol."""
    figure, ax = plt.subplots(figsize=(8.8, 4.2), layout="constrained")
    kept = 100 * np.array(DENSITIES)
    for line in PUBLISHED:
        over = 100 * (np.array(line.accuracy) - PUBLISHED_DENSE)
        ax.plot(kept, over, label=f"{line.name}, then {line.epochs} epochs", **WAYS_AND_RESET[line.arm])
    ax.set_xscale("log")
    ax.set_xlim(60, 10)
    ax.xaxis.set_major_locator(FixedLocator(kept.tolist()))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: percent(x)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("weights kept (%)")
    ax.axhline(0, color="black", ls=":", label="unpruned")
    ax.set_ylabel("test accuracy less unpruned (points)")
    ax.legend(fontsize=9, loc="lower left")
    ax.set_title(f"Going back to epoch 72 loses less than going back to the start\n{PROTOCOL}", fontsize=11)
    return figure, (
        "Test accuracy less that of the unpruned network, in points, against the percentage of weights kept. "
        f"{PROTOCOL}. Lines: "
        + "; ".join(f"{line.name}, then {line.epochs} epochs of training" for line in PUBLISHED)
        + "."
    )
