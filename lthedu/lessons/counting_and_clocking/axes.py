"""How kernels look in this lesson's figures, and the axes on which their times stand."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from lthedu.lessons.counting_and_clocking.experiment import NARROW
from lthedu.sparsity.kernels import BAG, BLOCKS, ENGINE, SCIPY, TORCH, TWELVE

LOOKS: Mapping[str, dict[str, Any]] = {
    TWELVE: {"color": "#0072B2", "marker": "o", "ls": "-"},
    ENGINE: {"color": "#56B4E9", "marker": "s", "ls": (0, (7, 2))},
    TORCH: {"color": "#D55E00", "marker": "^", "ls": "--"},
    SCIPY: {"color": "#E69F00", "marker": "v", "ls": (0, (2, 1))},
    BAG: {"color": "#009E73", "marker": "D", "ls": "-."},
    BLOCKS: {"color": "#CC79A7", "marker": "P", "ls": ":"},
    NARROW: {"color": "#000000", "marker": "x", "ls": ":"},
}
TICKS = (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)


def axes_of_times(ax: Axes) -> None:
    """Density from right to left would turn the axis round, so it runs upwards: fewer weights stand left."""
    ax.set(xscale="log", yscale="log", xlabel="weights kept (%)", xlim=(0.0088, 1))
    ax.set_xticks(TICKS, [f"{100 * d:g}" for d in TICKS])
    ax.set_xticks([], minor=True)
    ax.set_yticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    ax.axhline(1, color="#777777", lw=1)


def curve(ax: Axes, rows: pd.DataFrame, kernel: str) -> None:
    rows = rows.sort_values("density")
    bars = [rows["times"] - rows["lowest"], rows["highest"] - rows["times"]]
    ax.errorbar(rows["density"], rows["times"], yerr=bars, label=kernel, ms=5, capsize=2, **LOOKS[kernel])
