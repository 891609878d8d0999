"""Watch a mask grow: how many weights each pixel keeps while edge-popup trains the scores."""

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.figures.live import live_plot
from lthedu.lessons.supermasks.experiment import POPUP, Supermasks
from lthedu.networks import masks
from lthedu.pruning import keep_largest
from lthedu.training import evaluate


@typed
def explorer(experiment: Supermasks) -> ipywidgets.VBox:
    """Choose a training step and a network: the kept weights of every pixel, and the accuracy at that step.

    Left, the number of hidden units that each pixel is still connected to, above or below the average, for this network
    and for the mean of all, both of which look like noise; right, the test accuracy over the steps. No weight changes
    from one picture to the next. The sliders move with the arrow keys. Raises ValueError before the experiment
    was run.
    """
    if not experiment.scores:
        raise ValueError("there are no masks yet; run the experiment first")
    s = experiment.settings
    networks = experiment.networks(s.probe)
    method = experiment.method(POPUP, networks)
    steps, side = sorted(experiment.scores), round(s.pixels**0.5)
    accuracy = {
        step: (100 * evaluate(networks.with_params(method.effective(scores)), experiment.data)[1]).tolist()
        for step, scores in experiment.scores.items()
    }
    first = masks.prunable(masks.unstack(networks.params, 0))[0]
    wide = {"style": {"description_width": "8em"}, "layout": ipywidgets.Layout(width="34em")}
    controls = {
        "step": ipywidgets.SelectionSlider(options=steps, value=steps[-1], description="training step", **wide),
        "network": ipywidgets.IntSlider(value=0, min=0, max=len(s.seeds) - 1, description="network", **wide),
    }
    figure = Figure(figsize=(11, 3.8), dpi=90)

    def degrees(step: int, network: int) -> np.ndarray:
        kept = keep_largest(experiment.scores[step][first][network].cpu(), s.density)
        return kept.sum(0).numpy().reshape(side, side)

    def draw(step: int, network: int) -> str:
        figure.clear()
        left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1.25, 1.3])
        found = degrees(step, network)
        usual = s.density * s.probe
        mean = np.mean([degrees(step, i) for i in range(len(s.seeds))], axis=0)
        for ax, picture, title in ((left, found, f"network {network}"), (middle, mean, "mean of all networks")):
            image = ax.imshow(picture, cmap="PuOr_r", vmin=usual - s.probe / 6, vmax=usual + s.probe / 6)
            ax.set_title(title, fontsize=10)
            ax.set_axis_off()
        figure.colorbar(image, ax=middle, label="kept weights of the pixel")
        line = [accuracy[k][network] for k in steps]
        right.plot(range(len(steps)), line, "o-", color="#0072B2")
        right.plot(steps.index(step), accuracy[step][network], "s", ms=11, mfc="none", mec="#D55E00", mew=2)
        right.axhline(10, color="black", ls=":")
        right.set_xticks(range(len(steps)), [str(k) for k in steps])
        right.set_ylim(0, 100)
        right.set_xlabel("training step of the scores")
        right.set_ylabel("test accuracy (%)")
        figure.tight_layout()
        inner, rim = _inner(side), ~_inner(side)
        return (
            f"Step {step}, network {network}: {accuracy[step][network]:.1f} % of the test images are read. A pixel in "
            f"the middle keeps {found[inner].mean():.1f} of {s.probe} weights on average, one at the rim "
            f"{found[rim].mean():.1f}. All weights are what they were at step 0."
        )

    return live_plot(figure, draw, controls)


def _inner(side: int) -> np.ndarray:
    """The middle of the picture: the pixels further than a quarter of its side from every edge."""
    place = np.arange(side)
    middle = (place >= side // 4) & (place < side - side // 4)
    return np.asarray(middle[:, None] & middle)
