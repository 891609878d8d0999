"""Explorer of small files: choose how many weights are kept and in how many bits, and beat a size."""

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.data import Dataset
from lthedu.figures.live import live_plot
from lthedu.lessons.ship_it.experiment import HALF, as_stored, file_bytes, pruned
from lthedu.networks import masks
from lthedu.sparsity import best_scale
from lthedu.training import Replicates

PERCENTS = (100, 70, 50, 40, 30, 20, 15, 10, 7, 5, 3, 2, 1)
BITS = (16, 8, 6, 5, 4, 3, 2)
IMAGES = 2000  # of the test images, so that a slider answers at once
GOAL, ROOM = 92, 50  # percent and kilobytes of the game
LOWEST = 80  # percent that the picture shows


@typed
def explorer(dense: Replicates, data: Dataset) -> ipywidgets.VBox:
    """One network, pruned and rounded without more training: its file's bytes, its accuracy, and all that was tried.

    Sliders move with the arrow keys. Points that were tried stay in the picture, to be beaten.
    """
    one = dense.take([0])
    x, y = data.x_test[:IMAGES], data.y_test[:IMAGES]
    tried: dict[tuple[int, int], tuple[float, float]] = {}
    figure = Figure(figsize=(7.6, 3.9), dpi=100, layout="constrained")

    def draw(percent: int, bits: int) -> str:
        if (percent, bits) not in tried:
            tried[percent, bits] = _measured(one, x, y, percent, bits)
        kilobytes, accuracy = tried[percent, bits]
        figure.clear()
        ax = figure.add_subplot()
        for size, right in tried.values():  # what lies below the picture stands at its edge
            ax.plot(size, max(right, LOWEST), "o" if right >= LOWEST else "v", color="#999999", mfc="none")
        ax.plot(kilobytes, max(accuracy, LOWEST), "o" if accuracy >= LOWEST else "v", ms=12, color="#009E73")
        ax.axvspan(1, ROOM, color="#F2F2F2", zorder=0)
        ax.axhline(GOAL, color="#777777", lw=1)
        ax.set(
            xscale="log",
            xlim=(4, 700),
            ylim=(LOWEST - 0.5, 100),
            xlabel="kilobytes, zipped",
            ylabel="test accuracy (%)",
        )
        ax.set_xticks([5, 10, 20, 50, 100, 200, 500], ["5", "10", "20", "50", "100", "200", "500"])
        ax.set_title("Can you stay above the line inside the grey band?", fontsize=11)
        inside = accuracy >= GOAL and kilobytes < ROOM
        done = f" You are in: above {GOAL} % and below {ROOM} kB." if inside else ""
        return f"{percent} % of the weights in {bits} bits: {kilobytes:.1f} kB, {accuracy:.1f} % right.{done}"

    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="34em")}
    return live_plot(
        figure,
        draw,
        {
            "percent": ipywidgets.SelectionSlider(options=PERCENTS, value=20, description="weights kept (%)", **wide),
            "bits": ipywidgets.SelectionSlider(options=BITS, value=8, description="bits a weight", **wide),
        },
    )


def _measured(one: Replicates, x: Tensor, y: Tensor, percent: int, bits: int) -> tuple[float, float]:
    """Kilobytes of the zipped file, and the percentage of images that the network reads from it."""
    mask = pruned(one, percent / 100)
    params = masks.apply(mask, one.params)
    scales = {n: best_scale(params[n], bits) for n in mask} if bits < HALF else {}
    _, zipped = file_bytes(masks.unstack(params, 0), masks.unstack(mask, 0), masks.unstack(scales, 0), bits)
    network = one.with_params(as_stored(params, scales, bits)).module(0)
    with torch.no_grad():
        right = (network(x).argmax(1) == y).double().mean()
    return zipped / 1000, 100 * float(right)
