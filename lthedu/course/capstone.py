"""What a lesson shows of a registered claim: its card and digest, the verdict of its run, and the attacks on it."""

from lthedu.base.arguments import typed
from lthedu.course.boxes import Box, Kind, Table, show_box
from lthedu.course.shown import measured
from lthedu.course.told import AFTER, BY, REGISTERED, RULED, UNANSWERED
from lthedu.experiments.registration import Registration
from lthedu.experiments.verdicts import SUPPORTED, Attacked, Judgement, changed

TINY = " at the size tiny, which is not what was registered:"


@typed
def register(registration: Registration) -> None:
    """Show a registration's card with its digest above it, to be written down before the run.

    >>> from lthedu.experiments import Seeded
    >>> settings = Seeded(seeds=range(10, 15))
    >>> claim = Registration("Is it?", "a", "b", "right", settings, 1.0, ("longer",), "mine.py", "MNIST")
    >>> register(claim)  # doctest: +ELLIPSIS
    Registered: ...
    question: Is it?
    arm: a
    ...
    """
    show_box(Box("plain", f"{REGISTERED}{registration.digest}", code=registration.card))


@typed
def show_verdict(registration: Registration, judgement: Judgement) -> None:
    """Show what a run found, and the verdict that the registered rule gives on it.

    A run at the size `tiny` (LTHEDU_SCALE) is shorter than what was registered, and is not shown as that run. Of a
    table that was judged the box says so. Raises ValueError for a judgement by another registration, and for that
    of a run of anything else than what was registered.
    """
    registration.demand_run(judgement)
    tiny = judgement.scale == "tiny"
    kind: Kind = "supported" if judgement.verdict == SUPPORTED and not tiny else "unsupported"
    asked = f"Asked: {registration.statistic}, {registration.threshold!r} or more. Found: {_interval(judgement)}."
    asked += " Judged from a table, so what was run is not known here." * (not judgement.run)
    title = f"{judgement.verdict}{TINY if tiny else RULED}"
    show_box(Box(kind, title, registration.question, detail=asked, next=f"{BY}{judgement.digest}"))


@typed
def show_attacks(attacked: Attacked) -> None:
    """Show a row for each attack that is answered, what is left of the verdict, and which attacks are not answered."""
    rows = [
        (
            name,
            run.verdict,
            f"run with {changed(attacked.judgement.run, run.run) or 'other results'}: {_interval(run)}",
        )
        for name, run in attacked.runs.items()
    ]
    rows += [(name, "does not apply", reason) for name, reason in attacked.reasons.items()]
    title = f"{AFTER}{attacked.verdict}"
    notes = [f"By its own rule: {attacked.judgement.verdict}"]
    notes += [f"Another verdict from: {', '.join(attacked.others)}"] * bool(attacked.others)
    notes += [f"{UNANSWERED}{', '.join(attacked.unanswered) or 'none'}", f"{BY}{attacked.judgement.digest}"]
    show_box(Table(title, ("attack", "verdict", "answer"), tuple(rows), tuple(notes)))


def _interval(judgement: Judgement) -> str:
    low, high = measured(judgement.low, 2), measured(judgement.high, 2)
    return f"{measured(judgement.value, 2)}, 95 % interval {low} to {high}"
