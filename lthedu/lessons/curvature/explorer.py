"""Explorer of the valley: a learning rate, noise, and which direction steps may take."""

import ipywidgets
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.figures.live import live_plot
from lthedu.lessons.curvature.schematics import contours
from lthedu.lessons.curvature.valley import ALONG, BESIDE, BOTH, STEEP, steep_share, walk

STEPS = 200


@typed
def explorer(noise: float = 1.0) -> ipywidgets.VBox:
    """A walk in the valley, and how much of the gradient lies across it. Sliders move with the arrow keys.

    Raises ValueError for a noise that the slider does not offer.
    """
    if not 0 <= noise <= 2:
        raise ValueError(f"noise is {noise}; allowed: 0 to 2")
    figure = Figure(figsize=(9.6, 3.6), dpi=100, layout="constrained")

    def draw(rate: float, noise: float, way: str) -> str:
        places = walk(rate, noise, STEPS, 3, way=way)
        share, late = steep_share(places), slice(STEPS // 2, None)
        figure.clear()
        left, right = figure.subplots(1, 2, width_ratios=[1.2, 1])
        contours(left)
        left.plot(*places.T, color="#D55E00", marker="o", ms=2.5, lw=0.8)
        left.plot(*places[0], "s", color="black", ms=7)
        left.plot(0, 0, "*", color="#009E73", ms=13)
        left.set(xlabel="along the floor", ylabel="across")
        left.set_title("the walk (it may leave the picture)", fontsize=11)
        right.plot(100 * share, color="#0072B2", lw=1)
        right.set(xlabel="step", ylabel="share across (%)", ylim=(-3, 103))
        right.set_title("how much of the exact gradient lies across", fontsize=11)
        x, y = places[-1]
        edge = " Above 2 / 12 = 0.167 each step across jumps farther than the last one." if rate > 2 / STEEP else ""
        if not abs(y) < 1e6:
            return f"At rate {rate:g} the walk leaves the valley.{edge}"
        return (
            f"In steps {STEPS // 2} to {STEPS}, {100 * share[late].mean():.0f} % of the exact gradient lies across. "
            f"The loss is {(x**2 + STEEP * y**2) / 2:.3f} at the end, and began at {(16 + STEEP * 0.81) / 2:.1f}.{edge}"
        )

    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="34em")}
    return live_plot(
        figure,
        draw,
        {
            "rate": ipywidgets.FloatSlider(0.1, min=0.01, max=0.18, step=0.01, description="learning rate", **wide),
            "noise": ipywidgets.FloatSlider(noise, min=0, max=2, step=0.1, description="noise", **wide),
            "way": ipywidgets.ToggleButtons(options=[BOTH, ALONG, BESIDE], description="steps take"),
        },
    )
