"""Verdicts by a rule that was fixed before, and the attacks that a verdict has to stand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lthedu.base.arguments import shown, typed
from lthedu.base.ranges import Number
from lthedu.stats import clopper_pearson, mean_interval

SUPPORTED, REFUTED, UNDECIDED = "SUPPORTED", "REFUTED", "UNDECIDED"
REVERSED, WEAKENED, OPEN = "REVERSED", "WEAKENED", "OPEN"  # after the attacks
MEAN, WINS = "mean difference", "share of wins"
FEWEST_WORDS = 4  # of a reason
ATTACKS = {
    "own rate": "Has each arm the best learning rate of one and the same search?",
    "longer": "Does it hold when everybody trains three or ten times as long?",
    "scale": "Is an arm only worse because its signal is too small or too large?",
    "simpler": "Does something cheaper do as well, such as equal counts in each layer and at each input?",
    "elsewhere": "Does it hold at other sizes, densities and data, and in all that you stored?",
    "same rules": "Do all arms have the same data and steps, and was the test split read only once?",
    "the unit": "What is drawn anew for each seed? Fresh weights in one ticket say nothing about tickets.",
    "literature": "Which published objection fits, and what does it say here?",
}


@typed
def by_rule(differences: Sequence[float], threshold: Number) -> str:
    """The verdict on the claim that an arm is on average ahead of its control by `threshold` or more.

    `differences` are arm minus control, one for each seed. SUPPORTED where the whole 95 % interval of their mean lies
    at the threshold or above, REFUTED where the whole of it lies below, UNDECIDED where the threshold is inside. The
    interval is Student's (`lthedu.stats.mean_interval`). Raises ValueError for fewer than two differences and for
    values that are not finite.

    >>> by_rule([3.0, 4.0, 5.0, 4.0, 4.0], 3.0), by_rule([3.0, 4.0, 5.0, 4.0, 4.0], 3.5)
    ('SUPPORTED', 'UNDECIDED')
    """
    _, low, high = mean_interval(differences)
    return word(low, high, threshold)


@typed
def word(low: Number, high: Number, threshold: Number) -> str:
    """The verdict of an interval: which side of the threshold it lies on, if it lies on one."""
    return SUPPORTED if low >= threshold else REFUTED if high < threshold else UNDECIDED


@typed
def share_of_wins(differences: Sequence[float]) -> tuple[float, float, float]:
    """The share of seeds on which the arm is ahead, and the ends of its exact 95 % interval. A tie is no win.

    Raises ValueError for no differences and for values that are not finite.

    >>> [round(one, 3) for one in share_of_wins([1.0, 2.0, 0.5, 3.0, -1.0])]
    [0.8, 0.284, 0.995]
    """
    d = np.asarray(differences, dtype=float)
    if d.ndim != 1 or not len(d) or not np.isfinite(d).all():
        raise ValueError(f"differences are {shown(differences)}; allowed: one finite number or more, in one row")
    wins, n = int((d > 0).sum()), len(d)
    return wins / n, *clopper_pearson(wins, n)


STATISTICS: dict[str, Callable[[Sequence[float]], tuple[float, float, float]]] = {  # value, low, high
    MEAN: mean_interval,
    WINS: share_of_wins,
}


@dataclass(frozen=True)
class Judgement:
    """What came of a run: differences seed by seed, the statistic with its interval, and the verdict."""

    digest: str  # of the registration by whose rule it was judged
    differences: tuple[float, ...]
    value: float
    low: float
    high: float
    verdict: str
    run: Mapping[str, Any] = field(default_factory=dict)  # experiment, data and settings; none of a judged table
    scale: str = "lesson"  # LTHEDU_SCALE of the run


@typed
def changed(settings: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """In which settings `other` differs, as `name value`; and which of them it does not have.

    >>> changed({"steps": 150, "rates": (0.1,)}, {"steps": 450, "rates": (0.1,)})
    'steps 450'
    >>> changed({"steps": 150, "rates": (0.1,)}, {"steps": 150})
    'no rates'
    """
    others = [
        f"{name} {shown(value)}" for name, value in other.items() if name not in settings or value != settings[name]
    ]
    return ", ".join([*others, *(f"no {name}" for name in settings if name not in other)])


@dataclass(frozen=True)
class Attacked:
    """A verdict after the attacks: of each attack the verdict it gave, or the reason why it does not apply."""

    judgement: Judgement
    runs: Mapping[str, Judgement]
    reasons: Mapping[str, str]
    promised: tuple[str, ...]  # what was registered as able to reverse the verdict

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The attacks that have neither a run nor a reason."""
        return tuple(name for name in ATTACKS if name not in self.runs and name not in self.reasons)

    @property
    def others(self) -> tuple[str, ...]:
        """The attacks whose run gave another verdict."""
        return tuple(name for name, run in self.runs.items() if run.verdict != self.judgement.verdict)

    @property
    def verdict(self) -> str:
        """What is left of the verdict by its own rule.

        UNDECIDED stays. Any attack with the opposite verdict makes it REVERSED, whether it was promised or not. Else it
        is OPEN while a promised run is missing, WEAKENED if an attack is undecided, or what it was.
        """
        if self.judgement.verdict == UNDECIDED:
            return UNDECIDED
        if any(self.runs[name].verdict != UNDECIDED for name in self.others):
            return REVERSED
        if set(self.promised) - set(self.runs):
            return OPEN
        return WEAKENED if self.others else self.judgement.verdict


@typed
def sorted_out(judgement: Judgement, promised: Sequence[str], answers: Mapping[str, Judgement | str]) -> Attacked:
    """The answers to attacks as runs and reasons. Raises ValueError for an answer that is none."""
    for name, answer in answers.items():
        if name not in ATTACKS:
            raise ValueError(f"answers names the attack {name!r}; allowed: {', '.join(ATTACKS)}")
        if isinstance(answer, Judgement):
            if answer.digest != judgement.digest:
                raise ValueError(f"the run of {name!r} was judged by another registration; judge it by this one")
            if answer.differences == judgement.differences:
                raise ValueError(f"the run of {name!r} has the numbers of the run that it attacks; change what it asks")
        elif name in promised:
            raise ValueError(f"{name!r} is answered by {answer!r}; it was registered, so answer it by a run")
        elif len(answer.split()) < FEWEST_WORDS:
            raise ValueError(
                f"{name!r} is answered by {answer!r}; allowed: a run, or why it does not apply in a sentence"
            )
    runs = {name: answer for name, answer in answers.items() if isinstance(answer, Judgement)}
    reasons = {name: answer for name, answer in answers.items() if isinstance(answer, str)}
    return Attacked(judgement, runs, reasons, tuple(promised))
