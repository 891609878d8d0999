"""What a lesson shows of a registered claim: its card and digest, the verdict of its run, and the attacks on it."""

from lthedu.base.arguments import typed
from lthedu.course.boxes import Box, Kind, Table, show_box
from lthedu.course.shown import measured
from lthedu.course.told import AFTER, BY, REGISTERED, RULED, UNANSWERED
from lthedu.experiments.registration import Registration
from lthedu.experiments.verdicts import SUPPORTED, Attacked, Judgement, changed


@typed
def register(registration: Registration) -> None:
    """Show a registration's card with its digest above it, to be written down before the run.

    >>> from lthedu.experiments import Seeded
    >>> settings = Seeded(seeds=range(10, 15))
    >>> register(Registration("Is it better?", "a", "b", "right", settings, 1.0, ("longer",)))  # doctest: +ELLIPSIS
    Registered: ...
    question: Is it better?
    claim: mean difference, a minus b, is 1.0 or more
    ...
    """
    show_box(Box("plain", f"{REGISTERED}{registration.digest}", code=registration.card))


@typed
def show_verdict(registration: Registration, judgement: Judgement) -> None:
    """Show what a run found, and the verdict that the registered rule gives on it.

    Raises ValueError for a judgement by another registration, and for that of a run with other settings.
    """
    registration.demand_run(judgement)
    kind: Kind = "supported" if judgement.verdict == SUPPORTED else "unsupported"
    asked = f"Asked: {registration.statistic}, {registration.threshold:g} or more. Found: {_interval(judgement)}."
    by = f"{BY}{judgement.digest}"
    show_box(Box(kind, f"{judgement.verdict}{RULED}", registration.question, detail=asked, next=by))


@typed
def show_attacks(attacked: Attacked) -> None:
    """Show a row for each attack that is answered, what is left of the verdict, and which attacks are not answered."""
    rows = [
        (
            name,
            run.verdict,
            f"run with {changed(attacked.judgement.settings, run.settings) or 'other results'}: {_interval(run)}",
        )
        for name, run in attacked.runs.items()
    ]
    rows += [(name, "does not apply", reason) for name, reason in attacked.reasons.items()]
    title = f"{AFTER}{attacked.verdict}"
    notes = [f"By its own rule: {attacked.judgement.verdict}"]
    notes += [f"Another verdict from: {', '.join(attacked.reversed_by)}"] * bool(attacked.reversed_by)
    notes += [f"{UNANSWERED}{', '.join(attacked.unanswered) or 'none'}", f"{BY}{attacked.judgement.digest}"]
    show_box(Table(title, ("attack", "verdict", "answer"), tuple(rows), tuple(notes)))


def _interval(judgement: Judgement) -> str:
    low, high = measured(judgement.low, 2), measured(judgement.high, 2)
    return f"{measured(judgement.value, 2)}, 95 % interval {low} to {high}"
