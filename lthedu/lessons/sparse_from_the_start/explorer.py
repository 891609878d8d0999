"""Explorer of moving masks: which pixels a network reads, exchange after exchange, all neurons together or one."""

import ipywidgets
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.figures.live import live_plot
from lthedu.lessons.sparse_from_the_start.experiment import Sparse


@typed
def explorer(experiment: Sparse, arm: str = "RigL") -> ipywidgets.VBox:
    """The first layer of one network by the step: weights at each pixel, of all neurons or of a single one.

    Sliders move with the arrow keys, and buttons choose. Neurons are numbered by how many weights they have in the end,
    the largest number first. Raises ValueError before the networks were trained, and for an arm that was not.
    """
    seen = {
        name: masks for (name, density), masks in experiment.seen.items() if density == experiment.settings.densities[0]
    }
    if not seen:
        raise ValueError("there are no trained networks yet; run the experiment first")
    if arm not in seen:
        raise ValueError(f"arm is {arm!r}; allowed: {', '.join(seen)}")
    steps = sorted({step for masks in seen.values() for step in masks})
    replicates, out, inputs = next(iter(seen[arm].values())).shape
    spread = experiment.data.x_train.flatten(1).std(0).cpu()
    side = round(inputs**0.5)
    figure = Figure(figsize=(7.6, 3.9), dpi=100, layout="constrained")

    def draw(arm: str, step: int, network: int, neuron: int) -> str:
        masks = seen[arm]
        now, first = (masks[max(s for s in masks if s <= at)][network].cpu() for at in (step, 0))
        order = masks[max(masks)][network].sum(1).argsort(descending=True, stable=True).cpu()
        mine = now if neuron == 0 else now[order[neuron - 1]][None]
        figure.clear()
        left, right = figure.subplots(1, 2)
        left.imshow(mine.sum(0).view(side, side).numpy(), cmap="gray_r", vmin=0, vmax=max(1, int(mine.sum(0).max())))
        right.imshow(spread.view(side, side).numpy(), cmap="gray_r")
        who = "all neurons" if neuron == 0 else f"neuron {neuron}"
        left.set_title(f"weights of {who} at each pixel", fontsize=10)
        right.set_title("how much each pixel varies in the images", fontsize=10)
        for ax in (left, right):
            ax.set(xticks=[], yticks=[])
        blank = 100 * int(now[:, spread < 0.05].sum()) / int(now.sum())
        same = 100 * int((now & first).sum()) / int(now.sum())
        return (
            f"{arm} after {step} steps, network {network}: {int(mine.sum()):,} weights of {who}, {int(now.sum()):,} in "
            "the whole layer. "
            f"{same:.0f} % of them have been there from the start, and {blank:.0f} % are at pixels that are almost "
            "always blank."
        )

    wide = {"style": {"description_width": "7em"}, "layout": ipywidgets.Layout(width="34em")}
    return live_plot(
        figure,
        draw,
        {
            "arm": ipywidgets.ToggleButtons(options=list(seen), value=arm, description="mask"),
            "step": ipywidgets.SelectionSlider(options=steps, value=steps[-1], description="step", **wide),
            "network": ipywidgets.IntSlider(0, 0, replicates - 1, description="network", **wide),
            "neuron": ipywidgets.IntSlider(0, 0, min(out, 60), description="neuron (0: all)", **wide),
        },
    )
