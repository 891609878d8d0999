"""The capstone's figure: registered claims and the attacks on them, as intervals beside their thresholds."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.experiments.registration import Registration
from lthedu.experiments.verdicts import REFUTED, SUPPORTED, WINS, Judgement

Drawn = tuple[Figure, str]
Claims = Mapping[str, tuple[Registration, Judgement]]
Answers = Mapping[str, Judgement | str]
COLOURS = {SUPPORTED: "#0072B2", REFUTED: "#D55E00"}
GREY = "#777777"  # undecided


@typed
def verdicts(claims: Claims, attacks: Mapping[str, Answers] | None = None) -> Drawn:
    """Each claim's interval, measured from its threshold, and thinner below it those of the attacks that were run.

    `claims` has, by the name that stands beside it, a registration and the judgement of its run; `attacks` the answers
    to attacks, by the same names. Answers in words are not drawn. Raises ValueError for attacks on a claim that is not
    there, and for claims of two statistics, which have no common axis.
    """
    if unknown := sorted({*(attacks or {})} - {*claims}):
        raise ValueError(f"attacks has {unknown}; allowed: {', '.join(claims)}")
    statistics = {claim.statistic for claim, _ in claims.values()}
    if len(statistics) > 1:
        raise ValueError(f"claims are on {' and '.join(sorted(statistics))}; allowed: one statistic in a figure")
    rows = []
    for name, (claim, run) in claims.items():
        rows.append((name, claim.threshold, run, True))
        given = (attacks or {}).get(name, {})
        rows += [(what, claim.threshold, one, False) for what, one in given.items() if isinstance(one, Judgement)]
    figure, ax = plt.subplots(figsize=(7, 0.9 + 0.3 * len(rows)), layout="constrained")
    ax.axvline(0, color="black", lw=1)
    for place, (_, threshold, run, main) in enumerate(rows):
        _interval(ax, place, threshold, run, main)
    ax.set_yticks(range(len(rows)), [name if main else f"attack: {name}" for name, _, _, main in rows])
    for label, (*_, main) in zip(ax.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if main else "normal")
    ax.invert_yaxis()
    unit = "share of seeds" if WINS in statistics else "points"
    ax.set(xlabel=f"lead of the arm over its control, from the threshold ({unit})")
    ax.set_title(
        "Right of the line supports a claim (blue), left refutes it (orange), across is undecided (grey)", fontsize=11
    )
    told = "; ".join(f"{name}: {run.verdict}" for name, _, run, main in rows if main)
    return figure, (
        "95 % intervals as horizontal bars, measured from the threshold of each claim, which is a vertical line at 0. "
        f"By their own rules: {told}. Thinner bars below a claim are attacks on it. A black tick is the mean."
    )


def _interval(ax: Axes, place: int, threshold: float, run: Judgement, main: bool) -> None:
    colour = COLOURS.get(run.verdict, GREY)
    low, value, high = (end - threshold for end in (run.low, run.value, run.high))
    ax.plot([low, high], [place] * 2, color=colour, lw=5 if main else 2, solid_capstyle="butt")
    ax.plot(value, place, "|", color="black", ms=11 if main else 7)
