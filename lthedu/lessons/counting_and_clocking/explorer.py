"""Explorer of stored times: pick a matrix, a batch, a kernel and how many weights are kept; promise against clock."""

from typing import Annotated

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Range
from lthedu.figures.live import live_plot
from lthedu.lessons.counting_and_clocking.axes import LOOKS, axes_of_times, curve
from lthedu.lessons.counting_and_clocking.experiment import FITTED, SHAPES, Times
from lthedu.sparsity.clock import break_even, fit_law


@typed
def explorer(middle: Times, percent: Annotated[int, Range(1, 90)] = 10) -> ipywidgets.VBox:
    """What FLOPs promise, what the law says, and what the clock said, at the stored densities."""
    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="34em")}
    percents = sorted({round(100 * d) for d in middle["density"]}, reverse=True)
    if percent not in percents:
        raise ValueError(f"percent is {percent}; allowed: {', '.join(map(str, percents))}")
    sizes = [f"{rows} x {columns}" for rows, columns in SHAPES]
    figure = Figure(figsize=(6.6, 4.6), dpi=100, layout="constrained")

    def draw(percent: int, batch: int, kernel: str, size: str) -> str:
        rows, columns = map(int, size.split(" x "))
        at = middle[(middle["rows"] == rows) & (middle["columns"] == columns) & (middle["kernel"] == kernel)]
        at = at[at["batch"] == batch]
        fitted = at[at["density"].isin(FITTED)]
        c, e = fit_law(fitted["density"].tolist(), (1 / fitted["times"]).tolist())
        figure.clear()
        ax = figure.add_subplot()
        d = np.geomspace(0.01, 0.9, 100)
        ratio = c + d / e
        ax.plot(d, 1 / d, color="#777777", lw=1, ls=(0, (1, 2)), label="what FLOPs promise")
        ax.plot(d[ratio > 0], 1 / ratio[ratio > 0], color="#777777", lw=1.2, label="the law")
        curve(ax, at, kernel)
        times = float(at[at["density"].round(4) == percent / 100]["times"].iloc[0])
        ax.plot(percent / 100, times, "o", ms=14, mfc="none", mec="black")
        axes_of_times(ax)
        ax.set(ylabel="times as fast as dense", ylim=(0.02, 130))
        ax.set_title(f"{kernel}, {size}, {batch} input{'s' * (batch > 1)} at once", fontsize=11)
        ax.legend(fontsize=9)
        even = break_even(c, e)
        pays = f"As fast as dense at {100 * even:.0f} % by the law" if even > 0 else "By the law it never pays"
        return (
            f"{percent} % of the weights are kept. The FLOPs promise {100 / percent:.3g} times, the clock says "
            f"{times:.2g} times. {pays}: c is {c:.3f}, e is {e:.2f}."
        )

    kernels = [kernel for kernel in LOOKS if kernel in set(middle["kernel"])]
    return live_plot(
        figure,
        draw,
        {
            "percent": ipywidgets.SelectionSlider(
                options=percents, value=percent, description="weights kept (%)", **wide
            ),
            "batch": ipywidgets.SelectionSlider(
                options=sorted({int(b) for b in middle["batch"]}), value=64, description="inputs at once", **wide
            ),
            "kernel": ipywidgets.Dropdown(options=kernels, description="kernel", **wide),
            "size": ipywidgets.Dropdown(options=sizes, value="512 x 512", description="matrix", **wide),
        },
    )
