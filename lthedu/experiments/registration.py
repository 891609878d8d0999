"""A claim that is registered before its run, and judged by the rule that it was registered with.

A registration says what is asked, which arm is held against which control, on which seeds, and from where on the claim
holds. Its digest is the SHA-256 of the text on its card: a changed text has another digest. `run` and `judge` want the
digest that was written down, so that a registration that was changed since is refused.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Columns, Distinct, Number, Text
from lthedu.experiments.base import Experiment
from lthedu.experiments.settings import Settings
from lthedu.experiments.verdicts import ATTACKS, MEAN, STATISTICS, WINS, Attacked, Judgement, by_rule, sorted_out, word

FEWEST = 5  # seeds
Rule = Callable[[Sequence[float], float], str]  # (differences, threshold) -> SUPPORTED, REFUTED or UNDECIDED


@typed
@dataclass(frozen=True)
class Registration(Settings):
    """A claim, "`statistic` of arm minus control is at least `threshold`", before anybody ran it.

    `measure` is the column of the results that is compared, where more is better. `looked_at` are the seeds that you
    have seen results of: on these a claim cannot be judged. `refuted_by` names the attacks (`ATTACKS`) that you hold
    to be able to overturn it, and which you promise to run. Every text is one line.

    Raises ValueError for anything vague: a question without a question mark, fewer than five seeds, seeds that were
    looked at, a control that is the arm, an unknown statistic or attack, no attack at all.

    >>> asked = dict(question="Does the place matter?", arm="ticket", control="random mask", measure="percent right")
    >>> Registration(**asked, seeds=(0, 1, 2), threshold=1.0, refuted_by=("own rate",))
    Traceback (most recent call last):
    ValueError: Registration: seeds is (0, 1, 2); allowed: a sequence of whole numbers, 5 or more, each once
    >>> claim = Registration(**asked, seeds=range(10, 15), threshold=1.0, refuted_by=("own rate",))
    >>> claim.digest
    '2fb37cb4d819deca9a94717c1bd26b01'
    """

    question: Text
    arm: Text
    control: Text
    measure: Text
    seeds: Annotated[Sequence[int], AtLeast(FEWEST), Distinct()]
    threshold: Number
    refuted_by: Annotated[Sequence[str], AtLeast(1), Distinct()]
    statistic: Literal["mean difference", "share of wins"] = "mean difference"
    looked_at: Sequence[int] = (0, 1, 2, 3, 4)  # those of the course's lessons

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "threshold", float(self.threshold))
        for name in ("question", "arm", "control", "measure"):
            if not getattr(self, name).isprintable():  # a line break would make one card of two registrations
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed: a text of one line")
        if not self.question.endswith("?"):
            raise ValueError(f"question is {self.question!r}; allowed: a question, which ends in a question mark")
        if self.control == self.arm:
            raise ValueError(f"control is {self.control!r}, which is the arm; allowed: another arm of the experiment")
        if both := sorted({*self.seeds} & {*self.looked_at}):
            raise ValueError(f"seeds has {both}, whose results you looked at; allowed: seeds that are not in looked_at")
        if not math.isfinite(self.threshold) or (self.statistic == WINS and not 0 < self.threshold < 1):
            allowed = "a share between 0 and 1" if self.statistic == WINS else "a finite number"
            raise ValueError(f"threshold is {self.threshold}; allowed: {allowed}")
        for attack in self.refuted_by:
            if attack not in ATTACKS:
                raise ValueError(f"refuted_by names {attack!r}; allowed: {', '.join(ATTACKS)}")

    @property
    def card(self) -> str:
        """The registration as text, a line for each thing that it fixes."""
        claim = f"{self.statistic}, {self.arm} minus {self.control}, is {self.threshold!r} or more"
        lines = {
            "question": self.question,
            "claim": claim,
            "measured": self.measure,
            "seeds": ", ".join(map(str, self.seeds)),
            "seeds looked at before": ", ".join(map(str, self.looked_at)) or "none",
            "supported": f"if the whole 95 % interval lies at {self.threshold!r} or above",
            "refuted": "if the whole of it lies below",
            "undecided": "if neither",
            "could be reversed by": ", ".join(self.refuted_by),
        }
        return "\n".join(f"{name}: {text}" for name, text in lines.items())

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that the card's text alone decides: write them down before you run."""
        return digest_of(self.card)

    @typed
    def run(self, experiment: Experiment[Any], digest: str, rule: Rule = by_rule) -> Judgement:
        """Run the experiment on the registered seeds, and judge what it finds.

        Raises ValueError, before anything is run, for another digest than that of this registration, and for an
        experiment on other seeds; and what `judge` raises.
        """
        self._demand(digest)
        if tuple(experiment.settings.seeds) != self.seeds:
            raise ValueError(f"the experiment's seeds are {experiment.settings.seeds}; allowed: {self.seeds}")
        table = experiment.run()
        named = set(table["replicate"]) <= set(self.seeds)  # some tables name the seed, others its place among them
        seeds = table["replicate"] if named else table["replicate"].map(dict(enumerate(self.seeds)))
        return self.judge(table.assign(seed=seeds), digest, rule)

    @typed
    def judge(
        self, results: Annotated[pd.DataFrame, Columns("arm seed")], digest: str, rule: Rule = by_rule
    ) -> Judgement:
        """Judge results by the registered rule: a table with a row for each arm and seed.

        `rule` may take the place of `by_rule` for mean differences. Raises ValueError for another digest, for an arm or
        a seed that is missing, for seeds that were not registered, for several rows of one arm and seed, for values
        that are not finite, and for an arm that equals its control on every seed.
        """
        self._demand(digest)
        arm, control = (self._values(results, name) for name in (self.arm, self.control))
        differences = [a - b for a, b in zip(arm, control, strict=True)]
        if not any(differences):
            raise ValueError(f"{self.arm} and {self.control} have equal values for every seed; is it one arm twice?")
        value, low, high = STATISTICS[self.statistic](differences)
        t = self.threshold
        verdict = rule(differences, t) if self.statistic == MEAN else word(low, high, t)
        return Judgement(self.digest, tuple(differences), value, low, high, verdict)

    @typed
    def attacked(self, judgement: Judgement, answers: Mapping[str, Judgement | str]) -> Attacked:
        """What is left of a verdict after the attacks.

        `answers` holds, by the attack's name, the judgement of a run, or the reason in words why it does not apply. An
        attack that was registered is answered by a run alone. Raises ValueError for an unknown attack, a judgement by
        another registration, a run with the same numbers, and a reason of fewer than four words.
        """
        if judgement.digest != self.digest:
            raise ValueError(f"the judgement is of the registration {judgement.digest!r}; allowed: {self.digest!r}")
        return sorted_out(judgement, tuple(self.refuted_by), answers)

    def _demand(self, digest: str) -> None:
        if digest != self.digest:
            raise ValueError(
                f"digest is {digest!r}, and this registration's is {self.digest!r}: it was changed after you wrote "
                "that down. A changed claim is a new one; register it again, with seeds that you have not seen"
            )

    def _values(self, results: pd.DataFrame, arm: str) -> list[float]:
        """The measured values of one arm, in the order of the seeds."""
        if self.measure not in results.columns:
            raise ValueError(
                f"results has no column {self.measure!r}; there are: {', '.join(map(str, results.columns))}"
            )
        rows = results[results["arm"] == arm]
        if rows.empty:
            there = ", ".join(map(str, results["arm"].unique()))
            raise ValueError(f"results has no arm {arm!r}; there are: {there}")
        found = sorted(map(int, rows["seed"]))
        if found != sorted(self.seeds):
            raise ValueError(
                f"the seeds of {arm!r} are {found}; allowed: each that is registered, once: {sorted(self.seeds)}"
            )
        values = [float(v) for v in rows.set_index("seed")[self.measure].loc[list(self.seeds)]]
        if not all(map(math.isfinite, values)):
            raise ValueError(f"{self.measure!r} of {arm!r} is {values}; allowed: finite numbers")
        return values


def digest_of(card: str) -> str:
    """The digest of a card's text.

    >>> digest_of("question: Why?")
    '9c3b97eeb552193db5c01908017ba13d'
    """
    return hashlib.sha256(card.encode()).hexdigest()[:32]
