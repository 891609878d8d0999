"""A claim that is registered before its run, and judged by the rule that it was registered with.

A registration says what is asked, which arm is held against which control, in which experiment, on which data, with
which settings and seeds, and from where on the claim holds. Its digest is made of the text on its card, so that a
changed text has another one. Whatever judges results wants the digest that was written down, and refuses a registration
that was changed since.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from textwrap import wrap
from typing import Annotated, Any, Literal

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.course_files import scale
from lthedu.base.fingerprint import digest_of
from lthedu.base.ranges import AtLeast, Columns, Distinct, Number, Text
from lthedu.experiments.base import Experiment
from lthedu.experiments.settings import Seeded, Settings
from lthedu.experiments.verdicts import (
    ATTACKS,
    MEAN,
    STATISTICS,
    WINS,
    Attacked,
    Judgement,
    by_rule,
    changed,
    share_of_wins,
    sorted_out,
    word,
)

FEWEST, WIDTH = 5, 90  # seeds; characters of the settings' lines on a card
CLAIMS = {
    MEAN: "the mean difference, arm minus control,",
    WINS: "the share of seeds on which the arm is ahead of its control",
}
Rule = Callable[[Sequence[float], float], str]  # (differences, threshold) -> SUPPORTED, REFUTED or UNDECIDED


@typed
@dataclass(frozen=True)
class Registration(Settings):
    """A claim, "`statistic` of arm minus control is at least `threshold`", before anybody ran it.

    `measure` is the column of the results that is compared, in which more is better. `experiment` and `data` say what
    is run on what, and `settings` are the experiment's, its seeds among them: `Registration.of` takes all three from an
    experiment, and for results of your own making you write them. `looked_at` are the seeds whose results you have
    seen: on these a claim cannot be judged. `refuted_by` names the `ATTACKS` that you promise to run. Texts have one
    line.

    Raises ValueError for anything vague: a question without a question mark, fewer than five seeds, seeds that were
    looked at, a control that is the arm, an unknown statistic or attack, no attack at all, and a share of wins that so
    few seeds cannot both support and refute.

    >>> asked = dict(question="Does the place matter?", arm="ticket", control="random mask", measure="percent right")
    >>> claim = dict(threshold=1.0, refuted_by=("own rate",), experiment="mine.py", data="MNIST, pooled once")
    >>> Registration(**asked, **claim, settings=Seeded(seeds=(10, 11, 12)))
    Traceback (most recent call last):
    ValueError: settings.seeds is (10, 11, 12); allowed: 5 or more
    >>> print(Registration(**asked, **claim, settings=Seeded(seeds=range(10, 15))).card)
    question: Does the place matter?
    arm: ticket
    control: random mask
    claim: the mean difference, arm minus control, is 1.0 or more
    measured: percent right
    experiment: mine.py
    data: MNIST, pooled once
    seeds: 10, 11, 12, 13, 14
    seeds looked at before: 0, 1, 2, 3, 4
    settings: seeds_per_part null
    supported: if the whole 95 % interval lies at 1.0 or above
    refuted: if the whole of it lies below
    undecided: if neither
    promised attacks: own rate
    """

    question: Text
    arm: Text
    control: Text
    measure: Text
    settings: Seeded
    threshold: Number
    refuted_by: Annotated[Sequence[str], AtLeast(1), Distinct()]
    experiment: Text
    data: Text
    statistic: Literal["mean difference", "share of wins"] = "mean difference"
    looked_at: Sequence[int] = (0, 1, 2, 3, 4)  # those of the course's lessons

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "threshold", float(self.threshold))
        for name in ("question", "arm", "control", "measure", "experiment", "data"):
            if not getattr(self, name).isprintable():  # a line break would make one card of two registrations
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed: a text of one line")
        if not self.question.endswith("?"):
            raise ValueError(f"question is {self.question!r}; allowed: a question, which ends in a question mark")
        if self.control == self.arm:
            raise ValueError(f"control is {self.control!r}, which is the arm; allowed: another arm of the experiment")
        if len(self.seeds) < FEWEST:
            raise ValueError(f"settings.seeds is {self.seeds}; allowed: {FEWEST} or more")
        if seen := sorted({*self.seeds} & {*self.looked_at}):
            raise ValueError(
                f"settings.seeds has {seen}, which are in looked_at; allowed: seeds that you have not seen"
            )
        if not math.isfinite(self.threshold):
            raise ValueError(f"threshold is {self.threshold}; allowed: a finite number")
        if self.statistic == WINS:
            self._demand_decidable()
        for attack in self.refuted_by:
            if attack not in ATTACKS:
                raise ValueError(f"refuted_by names {attack!r}; allowed: {', '.join(ATTACKS)}")

    @classmethod
    def of(cls, experiment: Experiment[Any], **claim: Any) -> "Registration":
        """A claim on an experiment, which gives its own name, data and settings; `claim` is the rest.

        Raises ValueError for an arm or a measure that the experiment does not have, and what `Registration` raises.
        """
        made = cls(**claim | _about(experiment) | {"settings": experiment.settings})
        made._demand_there(experiment)
        return made

    @property
    def seeds(self) -> tuple[int, ...]:
        """Those on which it is judged."""
        return self.settings.seeds

    @property
    def card(self) -> str:
        """The registration as text, a line for each thing that it fixes."""
        others = {name: value for name, value in asdict(self.settings).items() if name != "seeds"}
        lines = {
            "question": self.question,
            "arm": self.arm,
            "control": self.control,
            "claim": f"{CLAIMS[self.statistic]} is {self.threshold!r} or more",
            "measured": self.measure,
            "experiment": self.experiment,
            "data": self.data,
            "seeds": ", ".join(map(str, self.seeds)),
            "seeds looked at before": ", ".join(map(str, self.looked_at)) or "none",
            "settings": "\n  ".join(wrap(", ".join(f"{n} {json.dumps(v)}" for n, v in others.items()), WIDTH)),
            "supported": f"if the whole 95 % interval lies at {self.threshold!r} or above",
            "refuted": "if the whole of it lies below",
            "undecided": "if neither",
            "promised attacks": ", ".join(self.refuted_by),
        }
        return "\n".join(f"{name}: {text}" for name, text in lines.items())

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that the card's text alone decides: write them down before you run."""
        return digest_of(self.card)

    @typed
    def run(self, experiment: Experiment[Any], digest: str, rule: Rule = by_rule) -> Judgement:
        """Run the registered experiment, and judge what it finds.

        Raises ValueError, before anything is run, for another digest than that of this registration, and for an
        experiment of another class, on other data or with other settings; and what `attack` raises.
        """
        given = _about(experiment) | asdict(experiment.settings)
        if other := changed(self._registered, given):
            raise ValueError(
                f"the experiment has {other}; allowed: {changed(given, self._registered)}, as registered. What differs "
                "is an `attack`"
            )
        return self.attack(experiment, digest, rule)

    @typed
    def attack(self, experiment: Experiment[Any], digest: str, rule: Rule = by_rule) -> Judgement:
        """Run an experiment that differs in what an attack asks, on the same seeds, and judge it by the same rule.

        Raises ValueError, before anything is run, for another digest, for other seeds, for an experiment without the
        registered arms or measure, and for a rule that does not give what `by_rule` gives; and what `judge` raises.
        """
        self._demand(digest)
        if experiment.settings.seeds != self.seeds:
            raise ValueError(f"the experiment's seeds are {experiment.settings.seeds}; allowed: {self.seeds}")
        self._demand_there(experiment)
        for lead in (2.0, -2.0, 0.0):  # differences that support, that refute and that leave it open
            self._ruled([self.threshold + lead + i % 2 - 0.5 for i in range(len(self.seeds))], rule)
        table = experiment.run()
        named = set(table["replicate"]) <= set(self.seeds)  # some tables name the seed, others its place among them
        seeds = table["replicate"] if named else table["replicate"].map(dict(enumerate(self.seeds)))
        about = _about(experiment) | asdict(experiment.settings)
        return replace(self.judge(table.assign(seed=seeds), digest, rule), run=about, scale=scale())

    @typed
    def judge(
        self, results: Annotated[pd.DataFrame, Columns("arm seed")], digest: str, rule: Rule = by_rule
    ) -> Judgement:
        """Judge results by the registered rule: a table with a row for each arm and seed, wherever it comes from.

        `rule` may take the place of `by_rule` for mean differences, and must give the same. Raises ValueError where it
        does not, for another digest, for an arm or a seed that is missing, for seeds that were not registered, for
        several rows of one arm and seed, for values that are not finite, and for an arm that equals its control on
        every seed.
        """
        self._demand(digest)
        arm, control = (self._values(results, name) for name in (self.arm, self.control))
        differences = [a - b for a, b in zip(arm, control, strict=True)]
        if not any(differences):
            raise ValueError(f"{self.arm} and {self.control} have equal values for every seed; is it one arm twice?")
        return Judgement(self.digest, tuple(differences), *self._ruled(differences, rule))

    @typed
    def attacked(self, judgement: Judgement, answers: Mapping[str, Judgement | str]) -> Attacked:
        """What is left of a verdict after the attacks.

        `answers` holds, by the attack's name, the judgement of a run, or the reason in words why it does not apply. An
        attack that was registered is answered by a run alone. Raises ValueError for an unknown attack, a judgement by
        another registration, a run with the same numbers, and a reason of fewer than four words.
        """
        self.demand_run(judgement)
        return sorted_out(judgement, tuple(self.refuted_by), answers)

    @typed
    def demand_run(self, judgement: Judgement) -> None:
        """Raise ValueError for a judgement by another registration, and for that of a run that was not registered.

        Of a table that was judged it is not known what was run, and it passes.
        """
        if judgement.digest != self.digest:
            raise ValueError(f"the judgement is of the registration {judgement.digest!r}; allowed: {self.digest!r}")
        if judgement.run and (other := changed(self._registered, judgement.run)):
            raise ValueError(f"the judgement is of a run with {other}; allowed: one of what was registered")

    @property
    def _registered(self) -> dict[str, Any]:
        """What a run of it has."""
        return {"experiment": self.experiment, "data": self.data} | asdict(self.settings)

    def _ruled(self, differences: list[float], rule: Rule) -> tuple[float, float, float, str]:
        """The statistic, its interval and the verdict, which a rule for mean differences must give as well."""
        value, low, high = STATISTICS[self.statistic](differences)
        verdict = word(low, high, self.threshold)
        if self.statistic == MEAN and (given := rule(differences, self.threshold)) != verdict:
            raise ValueError(f"rule gives {given!r}; allowed: {verdict}, which is what the registered rule gives")
        return value, low, high, verdict

    def _demand_decidable(self) -> None:
        """Raise ValueError for a share of wins that wins alone could not support, or losses alone not refute."""
        n = len(self.seeds)
        above, up_to = share_of_wins([-1.0] * n)[2], share_of_wins([1.0] * n)[1]
        if not above < self.threshold <= up_to:
            allowed = f"above {above:.3f} and up to {up_to:.3f}" if above < up_to else "with six seeds or more, 0.5"
            raise ValueError(f"threshold is {self.threshold}, of {n} seeds; allowed: {allowed}, which they can decide")

    def _demand_there(self, experiment: Experiment[Any]) -> None:
        """Raise ValueError for an arm or a measure that the experiment will not have."""
        if self.measure not in type(experiment).COLUMNS:
            raise ValueError(f"measure is {self.measure!r}; allowed: {', '.join(type(experiment).COLUMNS)}")
        there = getattr(experiment.settings, "arms", (self.arm, self.control))
        for name in ("arm", "control"):
            if getattr(self, name) not in there:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(there)}")

    def _demand(self, digest: str) -> None:
        """Raise ValueError for another digest. At the size tiny data are others, and no run is the registered one."""
        if digest != self.digest and scale() != "tiny":
            raise ValueError(
                f"digest is {digest!r}; allowed: {self.digest!r}, this registration's own. If you have not run it, "
                "copy this one. If you have, a changed claim is a new one, which needs seeds that you have not seen"
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
        numbers = pd.api.types.is_any_real_numeric_dtype(rows["seed"])
        found = sorted(rows["seed"].tolist()) if numbers else rows["seed"].tolist()
        if not numbers or found != sorted(self.seeds):
            raise ValueError(
                f"the seeds of {arm!r} are {found}; allowed: each that is registered, once: {sorted(self.seeds)}"
            )
        values = [float(v) for v in rows.set_index("seed")[self.measure].loc[list(self.seeds)]]
        if not all(map(math.isfinite, values)):
            raise ValueError(f"{self.measure!r} of {arm!r} is {values}; allowed: finite numbers")
        return values


def _about(experiment: Experiment[Any]) -> dict[str, str]:
    """Which experiment it is, and on which data."""
    about = experiment.about()
    return {"experiment": about["experiment"], "data": about["data"]}
