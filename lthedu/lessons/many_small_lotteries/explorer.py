"""Explorer of many small lotteries: move the goal and the number of draws."""

from typing import Annotated

import ipywidgets
import pandas as pd
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.experiments.study import DENSE
from lthedu.figures.live import live_plot
from lthedu.lessons.many_small_lotteries.experiment import goal as goal_of
from lthedu.lessons.many_small_lotteries.figures import DRAWN, accuracies_by_arm, best_of_draws
from lthedu.stats import clopper_pearson, draws_needed, expected_best


@typed
def explorer(
    table: Annotated[pd.DataFrame, Columns("arm draw val test")],
) -> ipywidgets.VBox:
    """Choose how far below the dense networks' mean the goal lies, and N; see who wins, and the best of N.

    `table` is what `Lottery.run` returns. The sliders move with the arrow keys. Raises ValueError for an empty table.
    """
    most = int(table.loc[table["arm"] != DENSE, "draw"].max()) + 1
    wide = {"style": {"description_width": "9em"}, "layout": ipywidgets.Layout(width="34em")}
    controls = {
        "below": ipywidgets.FloatSlider(
            value=1.0, min=0, max=8, step=0.25, description="goal below dense", readout_format=".2f", **wide
        ),
        "n": ipywidgets.IntSlider(value=16, min=1, max=most, description="draws, N", **wide),
    }
    figure = Figure(figsize=(10.5, 4), dpi=90, layout="constrained")

    def draw(below: float, n: int) -> str:
        goal = goal_of(table, below / 100)
        figure.clear()
        left, right = figure.subplots(1, 2)
        accuracies_by_arm(table, goal, ax=left)
        said, curves = [], {}
        for arm in (a for a in DRAWN if a != DENSE and a in set(table["arm"])):
            mine = table[table["arm"] == arm]
            val, test = mine["val"].tolist(), mine["test"].tolist()
            steps = sorted({min(k, len(val)) for k in (*(2**i for i in range(12)), n)})
            curves[arm] = (
                steps,
                [expected_best(val, val, k) for k in steps],
                [expected_best(val, test, k) for k in steps],
            )
            won = sum(v >= goal for v in val)
            fewest = draws_needed(clopper_pearson(won, len(val))[1])
            said.append(f"{arm}: {won} of {len(val)} win, " + _needed(won, len(val), fewest))
        best_of_draws(curves, goal_of(table, below / 100, split="test"), ax=right)
        right.axvline(n, color="black", lw=1)
        left.set_title("every network", fontsize=10)
        right.set_title("the best of N on test images", fontsize=10)
        left.tick_params(labelsize=7)
        return f"Goal {100 * goal:.1f}\u00a0%, best of {n}. " + "; ".join(said) + "."

    return live_plot(figure, draw, controls)


def _needed(won: int, of: int, fewest: float) -> str:
    """How many draws win with 95 %, as far as the count tells."""
    if won == 0:
        return f"so at least {fewest:,.0f} draws for a 95\u00a0% chance"
    draws = draws_needed(won / of)
    return f"so about {draws:,.0f} draw{'s' if draws > 1 else ''} for a 95\u00a0% chance"
