"""How many weights the networks of this lesson have while they learn, and how new weights are chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Grows = Literal["never", "at random", "by gradient"]
Points = tuple[tuple[float, float], ...]  # (share of the training, density of a hidden layer), straight lines between

END = 0.03  # what every plan ends with
DONE = 0.75  # share of the training after which masks stay


@dataclass(frozen=True)
class Plan:
    """A schedule of densities, how weights are grown, and whether weights are exchanged as well."""

    points: Points = ((0.0, END),)
    grows: Grows = "never"
    exchanges: bool = False
    by_spread: bool = False  # the first mask has more weights at pixels that vary more


STATIC, SPREAD, SET, RIGL = "static", "static, by spread", "SET", "RigL"
SLOW, FAST = "dense, pruned slowly", "dense, pruned fast"
PEAK, PEAK_MOVES, PEAK_LATE = "start at 30 %, prune", "start at 30 %, prune and exchange", "start at 30 %, prune late"
GROWN, AT_RANDOM, STILL = "grow, then prune", "grow at random, then prune", "grow, then prune, no exchange"
GROWN_LATE, TWICE = "grow, then prune late", "two peaks"
# chosen on two networks with other seeds, at two rates: two ends were tried, and two or three places of each bend
UP_AND_DOWN: Points = ((0.0, END), (0.03, 0.4), (0.1, 0.12), (0.3, END))
FROM_30: Points = ((0.0, 0.3), (0.06, 0.1), (0.3, END))
PLANS: Mapping[str, Plan] = {
    STATIC: Plan(),
    SPREAD: Plan(by_spread=True),
    SET: Plan(grows="at random", exchanges=True),
    RIGL: Plan(grows="by gradient", exchanges=True),
    FAST: Plan(((0.0, 1.0), (0.1, 0.25), (0.5, END))),
    SLOW: Plan(((0.0, 1.0), (DONE, END))),
    PEAK: Plan(FROM_30),
    PEAK_MOVES: Plan(FROM_30, "by gradient", exchanges=True),
    PEAK_LATE: Plan(((0.0, 0.3), (DONE, END))),
    GROWN: Plan(UP_AND_DOWN, "by gradient", exchanges=True),
    AT_RANDOM: Plan(UP_AND_DOWN, "at random", exchanges=True),
    STILL: Plan(UP_AND_DOWN, "by gradient"),
    GROWN_LATE: Plan(((0.0, END), (0.25, 0.4), (DONE, END)), "by gradient", exchanges=True),
    TWICE: Plan(((0.0, END), (0.045, 0.4), (0.12, 0.1), (0.165, 0.4), (0.3, END)), "by gradient", exchanges=True),
}
