"""Choose a loss, and see what each searcher pays to reach it."""

from collections.abc import Mapping
from typing import Annotated

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures.live import live_plot
from lthedu.lessons.search_without_gradients.experiment import reached
from lthedu.lessons.search_without_gradients.figures import SEARCHES

PASSES, MULTIPLICATIONS = "forward passes", "multiplications"


@typed
def explorer(
    table: Annotated[pd.DataFrame, Columns("searcher replicate cost loss")], prices: Mapping[str, float]
) -> ipywidgets.VBox:
    """Choose a goal and what is counted: the mean loss of each searcher, and where its line crosses the goal.

    `table` is what `Contest.run` returns; `prices` says what share of a forward pass an evaluation takes where only
    multiplications count. The sliders move with the arrow keys.
    """
    wide = {"style": {"description_width": "8em"}, "layout": ipywidgets.Layout(width="36em")}
    goals = [round(goal, 2) for goal in np.arange(2.2, 0.94, -0.05)]
    controls = {
        "goal": ipywidgets.SelectionSlider(options=goals, value=1.5, description="loss to reach", **wide),
        "counted": ipywidgets.SelectionSlider(options=[PASSES, MULTIPLICATIONS], description="counted in", **wide),
    }
    figure = Figure(figsize=(9.6, 4.4), dpi=90)

    def draw(goal: float, counted: str) -> str:
        share = prices if counted == MULTIPLICATIONS else {}
        found = reached(table, goal).median()
        figure.clear()
        ax = figure.subplots()
        words = []
        for name, look in SEARCHES.items():
            line = {key: value for key, value in look.items() if key != "marker"}
            mean = table[table["searcher"] == name].groupby("cost")["loss"].mean()
            ax.plot(mean.index * share.get(name, 1), mean, label=name, **line)
            cost = found[name] * share.get(name, 1)
            if np.isfinite(cost):
                ax.plot(cost, goal, look["marker"], ms=11, mfc="none", mew=2, color=look["color"])
                words.append(f"{name} {cost:,.0f}")
        ax.axhline(goal, color="#777777", lw=1)
        ax.set_xscale("log")
        ax.set_xlabel("forward passes" if counted == PASSES else "multiplications, in forward passes")
        ax.set_ylabel("best loss so far")
        ax.legend(fontsize=9, bbox_to_anchor=(1, 0.5), loc="center left")
        ax.set_title(f"What a loss of {goal:g} costs", fontsize=11)
        figure.tight_layout()
        never, told = len(SEARCHES) - len(words), ", ".join(words) or "none reached it"
        return (
            f"A loss of {goal:g}, in {counted}, as the median over the networks: {told}. {never} of {len(SEARCHES)} "
            "searchers did not reach it in most networks."
        )

    return live_plot(figure, draw, controls)
