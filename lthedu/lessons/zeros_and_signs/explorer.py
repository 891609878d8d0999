"""Weights before against after training, the kept ones marked, and what the mask reads without any training."""

import functools

import ipywidgets
import torch
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.figures.live import live_plot
from lthedu.lessons.zeros_and_signs.experiment import Deconstruction
from lthedu.networks import masks
from lthedu.training import evaluate

POINTS = 3000  # drawn at most
FIRST_SHARES = (5, 50, 95)  # percent, read before anything is chosen


@typed
def explorer(experiment: Deconstruction) -> ipywidgets.VBox:
    """Choose a criterion, the share that is kept and a seed: the kept region, and the untrained accuracy live.

    Left the weights of the first layer, initial against final values, those that are kept in blue; right the test
    accuracy of the masked initial weights beside the shares seen so far. The sliders move with the arrow keys. Raises
    ValueError before the dense networks were trained.
    """
    if experiment.dense is None:
        raise ValueError("there are no trained networks yet; run the experiment first")
    wide = {"style": {"description_width": "8em"}, "layout": ipywidgets.Layout(width="36em")}
    names = list(experiment.criteria)
    controls = {
        "criterion": ipywidgets.SelectionSlider(options=names, value=names[0], description="criterion", **wide),
        "percent": ipywidgets.IntSlider(value=30, min=5, max=95, step=5, description="% kept", **wide),
        "seed": ipywidgets.IntSlider(value=0, min=0, max=len(experiment.networks) - 1, description="network", **wide),
    }
    figure = Figure(figsize=(10.5, 4.2), dpi=90)
    layer = masks.prunable(masks.unstack(experiment.networks.params, 0))[0]
    seen: dict[tuple[str, int], dict[int, float]] = {}

    @functools.cache
    def read(criterion: str, percent: int) -> tuple[torch.Tensor, list[float]]:
        mask = experiment.mask(criterion, percent / 100)
        masked = experiment.networks.with_params(masks.apply(mask, experiment.networks.params))
        return mask[layer].cpu(), (100 * evaluate(masked, experiment.data)[1]).tolist()

    for share in FIRST_SHARES:
        for network, accuracy in enumerate(read(names[0], share)[1]):
            seen.setdefault((names[0], network), {})[share] = accuracy

    def draw(criterion: str, percent: int, seed: int) -> str:
        kept, accuracy = read(criterion, percent)
        before, after = (p[layer][seed].flatten().cpu() for p in (experiment.networks.params, experiment.final))
        step = max(1, len(before) // POINTS)
        before, after, m = before[::step], after[::step], kept[seed].flatten()[::step]
        figure.clear()
        left, right = figure.subplots(1, 2, width_ratios=[1.1, 1])
        left.plot(before[~m], after[~m], ".", ms=2, color="#999999", label="pruned")
        left.plot(before[m], after[m], "^", ms=3, color="#0072B2", label="kept")
        left.axhline(0, lw=0.6, color="black")
        left.axvline(0, lw=0.6, color="black")
        left.set_xlabel("weight before training")
        left.set_ylabel("weight after training")
        left.legend(loc="upper left", fontsize=9)
        left.set_title("First layer: a criterion keeps a region", fontsize=11)
        mine = seen.setdefault((criterion, seed), {})
        mine[percent] = accuracy[seed]
        shares = sorted(mine)
        right.plot(shares, [mine[s] for s in shares], "o-", color="#0072B2")
        right.plot(percent, mine[percent], "s", ms=11, mfc="none", mec="#D55E00", mew=2)
        right.axhline(10, color="black", ls=":")
        right.annotate("chance", (99, 10), (0, 3), textcoords="offset points", ha="right", fontsize=9)
        right.set_title("What this network reads, at the shares tried so far", fontsize=11)
        right.set_xlim(0, 100)
        right.set_ylim(0, 100)
        right.set_xlabel("weights kept (%)")
        right.set_ylabel("accuracy, nothing trained (%)")
        figure.tight_layout()
        return (
            f"{criterion}, {percent} % kept, network {seed}: its initial weights under this mask read "
            f"{accuracy[seed]:.1f} % of the test images, without any training (chance: 10 %)."
        )

    return live_plot(figure, draw, controls)
