"""Walk the straight line between two networks, and see which images change their answer on the way."""

import functools

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.figures.live import live_plot
from lthedu.lessons.rewinding.experiment import Rewinding
from lthedu.networks import masks
from lthedu.tickets.stability import barriers, between, walk
from lthedu.training import pick

SHOWN = 10  # images at most


@typed
def explorer(experiment: Rewinding) -> ipywidgets.VBox:
    """Choose the step k at which two dense children part, a seed, and a place on the line between them.

    Left the test error along the line, right the test images that the network at that place answers otherwise than the
    first child does. The sliders move with the arrow keys. Raises ValueError before the children were trained.
    """
    if not experiment.children:
        raise ValueError("there are no children yet; run the experiment first")
    ks, seeds = list(experiment.children), len(experiment.networks)
    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="34em")}
    controls = {
        "k": ipywidgets.SelectionSlider(options=ks, value=ks[0], description="they part at step", **wide),
        "seed": ipywidgets.IntSlider(value=0, min=0, max=seeds - 1, description="pair of seed", **wide),
        "percent": ipywidgets.IntSlider(value=50, min=0, max=100, step=5, description="% of the way", **wide),
    }
    figure = Figure(figsize=(10.5, 3.8), dpi=90)

    @functools.cache
    def line(k: int) -> tuple[dict[int, list[float]], dict[int, float]]:
        found = walk(experiment.networks, *experiment.children[k], experiment.data, points=21)
        return (
            dict(enumerate(rows["error"].tolist() for _, rows in found.groupby("replicate"))),
            dict(enumerate(barriers(found).tolist())),
        )

    def answers(k: int, seed: int, alpha: float) -> Tensor:
        a, b = (masks.unstack(child, seed) for child in experiment.children[k])
        weights = {name: p[None] for name, p in between(a, b, alpha).items()}
        x, model = experiment.data.x_test, experiment.networks.model
        return pick("auto", model, x.device).logits(model, weights, {}, x)[0].argmax(0).cpu()

    def draw(k: int, seed: int, percent: int) -> str:
        errors, barrier = line(k)
        figure.clear()
        left, *small = _axes(figure)
        left.plot(np.linspace(0, 100, 21), [100 * e for e in errors[seed]], color="#0072B2", marker="o", ms=3)
        at = 100 * np.interp(percent, np.linspace(0, 100, 21), errors[seed])
        left.plot(percent, at, "s", ms=10, mfc="none", mec="#D55E00", mew=2)
        left.set_ylim(0, max(12, 110 * max(errors[seed])))
        left.set_xlabel("% of the way from child 1 to child 2")
        left.set_ylabel("test error (%)")
        before, now = answers(k, seed, 0.0), answers(k, seed, percent / 100)
        flips = (before != now).nonzero().flatten().tolist()
        labels = experiment.data.y_test.cpu()
        side = round(experiment.data.x_test[0].numel() ** 0.5)
        for ax, i in zip(small, flips, strict=False):
            image = experiment.data.x_test[i].reshape(side, side).cpu()
            ax.imshow(torch.as_tensor(image), cmap="gray_r")
            ax.set_title(f"{int(before[i])} → {int(now[i])}\n(it is {int(labels[i])})", fontsize=8)
        return (
            f"Children that part at step {k}, seed {seed}: the error rises by {100 * barrier[seed]:.1f} points between "
            f"them. {percent} % of the way from child 1 to child 2 it is {at:.1f} %, and {len(flips):,} of "
            f"{len(labels):,} test images get another answer than child 1 gives{_shown(len(flips))}."
        )

    return live_plot(figure, draw, controls)


def _axes(figure: Figure) -> list:  # type: ignore[type-arg]
    """A wide axes at the left, and small ones without a frame at the right."""
    grid = figure.add_gridspec(2, 2 + SHOWN // 2 + 1, left=0.07, right=0.99, bottom=0.16, top=0.86, hspace=0.55)
    small = [figure.add_subplot(grid[row, 3 + i]) for row in (0, 1) for i in range(SHOWN // 2)]
    for ax in small:
        ax.set_axis_off()
    return [figure.add_subplot(grid[:, :2]), *small]


def _shown(flips: int) -> str:
    return f"; the first {SHOWN} are shown" if flips > SHOWN else "; all are shown" if flips else ""
