"""Explorer of one trained network under pruning."""

import ipywidgets
import torch
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.data import Dataset
from lthedu.figures.live import live_plot
from lthedu.lessons.pruning_basics.figures import weight_histogram
from lthedu.networks import masks
from lthedu.pruning import magnitude, select
from lthedu.sparsity import csr_bytes, dense_bytes
from lthedu.training import Replicates, evaluate

DENSITIES = (1.0, 0.7, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01)
MARKS = {"global": ("o", "#0072B2"), "layer": ("^", "#E69F00")}


@typed
def explorer(trained: Replicates, data: Dataset) -> ipywidgets.VBox:
    """Prune the first of the trained networks to any density: its weights, its accuracy, its bytes.

    Nothing is trained: the picture shows the network right after the cut, on the validation images. The slider
    begins at 10 % and moves with the arrow keys; every density visited stays in the picture, and so does 100 %.
    """
    net = trained.take([0])
    weights = masks.unstack(net.params, 0)
    scores = magnitude(weights)
    whole = dense_bytes(weights)
    visited: dict[tuple[str, float], float] = {}
    figure = Figure(figsize=(10.5, 3.7), dpi=90)
    left, middle, right = figure.subplots(1, 3)
    figure.subplots_adjust(left=0.08, right=0.98, bottom=0.2, top=0.88, wspace=0.38)

    def draw(density: float, scope: str) -> str:
        mask = select(scores, density, scope=scope)  # type: ignore[arg-type]
        pruned = net.with_params(masks.stack([masks.apply(mask, weights)]))
        accuracy = visited[scope, density] = 100 * float(evaluate(pruned, data, "val")[1])
        left.clear()
        flat, kept = (torch.cat([t[n].flatten() for n in mask]).cpu().numpy() for t in (weights, mask))
        weight_histogram(flat, kept, ax=left)
        left.set_title("the weights", fontsize=10)
        middle.clear()
        for name, (marker, color) in MARKS.items():
            seen = sorted((100 * d, a) for (s, d), a in visited.items() if s == name)
            if seen:
                middle.plot(*zip(*seen, strict=True), marker=marker, color=color, lw=0.8, label=f"scope: {name}")
        middle.plot(100 * density, accuracy, marker="o", ms=14, mfc="none", mec="#D55E00", ls="", label="now")
        middle.set(xlim=(105, -5), ylim=(0, 100), xlabel="weights kept (%)", ylabel="validation accuracy (%)")
        middle.set_title("accuracy, no further training", fontsize=10)
        middle.legend(fontsize=8, loc="lower left")
        middle.grid(alpha=0.3)
        size = csr_bytes(weights, mask)
        right.clear()
        right.bar(
            ["zeros stored", "CSR, or dense\nif smaller"], [whole / 1000, size / 1000], color=["#BBBBBB", "#0072B2"]
        )
        right.bar_label(right.containers[0], fmt="%.0f kB", fontsize=9)
        right.set_ylim(0, 1.15 * whole / 1000)
        right.set_title("size in memory", fontsize=10)
        layers = ", ".join(f"{100 * int(m.sum()) / m.numel():.1f}\u00a0%" for m in mask.values())
        return (
            f"{100 * density:g}\u00a0% of the weights kept (layer by layer {layers}): validation accuracy "
            f"{accuracy:.1f}\u00a0%; {size / 1000:,.0f}\u00a0kB in CSR, or dense where that is smaller, and "
            f"{whole / 1000:,.0f}\u00a0kB with all zeros."
        )

    slider = ipywidgets.SelectionSlider(
        options=[(f"{100 * d:g} %", d) for d in DENSITIES], value=0.1, description="kept", continuous_update=False
    )
    scope = ipywidgets.ToggleButtons(options=list(MARKS), description="scope")
    draw(1.0, "global")  # where accuracy falls from
    return live_plot(figure, draw, {"density": slider, "scope": scope})
