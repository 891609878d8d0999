"""Watch a population of masks evolve."""

import ipywidgets
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.figures.live import live_plot
from lthedu.lessons.search_without_gradients.experiment import Contest

SHOWN = 120  # weights


@typed
def explorer(contest: Contest) -> ipywidgets.VBox:
    """Choose a generation and a network: the population's masks, best on top, and their losses.

    Left every row is a mask, every column one of the weights; right the losses of all masks over the generations.
    The sliders move with the arrow keys. Raises ValueError before the contest was run.
    """
    generations = contest.generations
    if not generations:
        raise ValueError("there are no populations yet; run the contest first")
    steps = sorted(generations)
    wide = {"style": {"description_width": "8em"}, "layout": ipywidgets.Layout(width="34em")}
    last = len(contest.settings.seeds) - 1
    controls = {
        "generation": ipywidgets.SelectionSlider(options=steps, value=steps[0], description="generation", **wide),
        "network": ipywidgets.IntSlider(value=0, min=0, max=last, description="network", **wide),
    }
    figure = Figure(figsize=(10, 4), dpi=90)

    def draw(generation: int, network: int) -> str:
        population, losses = (t[network] for t in generations[generation])
        order = losses.argsort()
        figure.clear()
        left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
        left.imshow(population[order][:, :SHOWN].numpy(), cmap="cividis", aspect="auto", interpolation="nearest")
        left.set_xlabel(f"the first {SHOWN} weights (bright: kept)")
        left.set_ylabel("masks, the best on top")
        left.grid(visible=False)
        for step in steps:
            values = generations[step][1][network]
            right.plot([step] * len(values), values, ".", ms=3, color="#999999")
        right.plot([generation] * len(losses), losses, "o", ms=5, mfc="none", color="#0072B2")
        right.set_xlabel("generation")
        right.set_ylabel("loss of every mask")
        figure.tight_layout()
        share = population.float().mean(0)
        settled = int(((share == 0) | (share == 1)).sum())
        return (
            f"Generation {generation}, network {network}: the best mask has loss {losses.min():.3f}, the worst "
            f"{losses.max():.3f}. All masks agree about {settled:,} of {population.shape[1]:,} weights."
        )

    return live_plot(figure, draw, controls)
