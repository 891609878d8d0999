"""Explorer of a study's levels and masks."""

from typing import Any

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.experiments.study import DENSE, RANDOM, WINNING, Study
from lthedu.figures.live import live_plot
from lthedu.lessons.winning_tickets.figures import accuracy_by_density, pixel_degrees, share_on_rim
from lthedu.networks import masks


@typed
def explorer(study: Study) -> ipywidgets.VBox:
    """Walk through the levels of a study: which pixels its masks still read, how its arms score, what survives.

    The slider moves with the arrow keys. Needs a finished level beyond the dense one.
    """
    if max(study.levels, default=0) < 1:
        raise ValueError("the study has no pruned level yet; run it first")
    table, seeds = study.table, len(study.settings.seeds)
    arms = [arm for arm in (WINNING, RANDOM) if arm in study.levels[1].arms]
    brightest = {k: max(float(pixel_degrees(study.mask(k, arm)).max()) for arm in arms) for k in study.levels}
    figure = Figure(figsize=(10.5, 3.9), dpi=90)
    left, middle, right = figure.subplots(1, 3)
    figure.subplots_adjust(left=0.02, right=0.98, bottom=0.2, top=0.88, wspace=0.32)

    def draw(level: int, arm: str) -> str:
        mask = study.mask(level, arm)
        degrees = pixel_degrees(mask)
        kept, total = sum(masks.counts(mask).values()) // seeds, sum(m[0].numel() for m in mask.values())
        left.clear()
        left.imshow(degrees, cmap="viridis", vmin=0, vmax=brightest[level])  # one scale for all arms of a level
        left.set_title(f"weights kept per pixel\n(dark: 0, bright: {brightest[level]:.0f})", fontsize=10)
        left.set_axis_off()
        middle.clear()
        accuracy_by_density(table, ax=middle)
        middle.axvline(100 * kept / total, color="#CC79A7", lw=3, alpha=0.6, zorder=0, label="this level")
        middle.set_title("accuracy of the arms", fontsize=10)
        middle.legend(fontsize=7, loc="lower left", frameon=True, framealpha=1, edgecolor="none")
        middle.tick_params(labelsize=8)
        _surviving(right, study, level, arm, mask)
        share = 100 * kept / total
        edge = 100 * float(share_on_rim(mask).mean())
        return (
            f"Level {level}, {arm if level else DENSE}: {kept:,} of {total:,} weights are kept ({share:.1f}\u00a0%). "
            f"{edge:.0f}\u00a0% of the kept first-layer weights read the outer ring of 4 pixels "
            "(49\u00a0% would be even)."
        )

    return live_plot(
        figure,
        draw,
        {
            "level": ipywidgets.IntSlider(
                value=min(4, max(study.levels)), min=0, max=max(study.levels), description="level"
            ),
            "arm": ipywidgets.ToggleButtons(options=arms, description="masks of"),
        },
    )


def _surviving(ax: Any, study: Study, level: int, arm: str, mask: masks.Mask) -> None:
    """Histograms of the surviving first-layer weights, before and after training."""
    found = study.levels[level]
    seeds = len(study.settings.seeds)
    i = 0 if level == 0 else found.arms.index(arm) * seeds
    name = next(iter(mask))
    ax.clear()
    bins = np.linspace(-0.25, 0.25, 61)
    for params, label, filled in ((found.start, "at the start", False), (found.trained, "after training", True)):
        values = params[name][i : i + seeds][mask[name]].cpu().numpy()
        style = (
            {"histtype": "stepfilled", "alpha": 0.5} if filled else {"histtype": "step", "lw": 1.5, "color": "black"}
        )
        ax.hist(np.clip(values, bins[0], bins[-1]), bins, label=label, density=True, **style)
    ax.set_title("surviving first-layer weights", fontsize=10)
    ax.set_xlabel(f"weight in the {arm if level else DENSE} networks\n(end bars: all beyond)", fontsize=9)
    ax.set_yticks([])
    ax.legend(fontsize=8)
