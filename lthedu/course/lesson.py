"""The verbs of a lesson: check, hint, solution, progress, show, figure, measured, claim, verdict."""

import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from lthedu.base.arguments import typed
from lthedu.base.ranges import Text
from lthedu.course import standing
from lthedu.course.answer import digest, is_stub, line_of, source_of
from lthedu.course.assignment import missing, task
from lthedu.course.boxes import Box, Kind, show_box
from lthedu.course.catalogue import find, meant
from lthedu.course.contained import contained
from lthedu.course.folder import folder_at_work
from lthedu.course.hub import here
from lthedu.course.record import Did, Event, Record
from lthedu.course.shown import caption as caption
from lthedu.course.shown import figure as figure
from lthedu.course.shown import measured as measured
from lthedu.course.shown import show as show
from lthedu.course.stop import answer_the_stop_button
from lthedu.course.timelimit import TimeUp, time_limit
from lthedu.exercises import compare, core, draws, readers, values
from lthedu.exercises.core import Attempt, Exercise, Raised, Wrong, message_of, shortened
from lthedu.exercises.surroundings import OWNERS, REPLACED, Originals
from lthedu.exercises.values import brief

F = TypeVar("F", bound=Callable[..., Any])

SECONDS = 10.0  # a check's time limit
TRIES = 3  # wrong tries after which the solution opens
_STUCK = (
    "Exercise {}: your function is inside a call that cannot be stopped from here. Wait for it, or choose Kernel > "
    "Restart Kernel and fix it; nothing that you wrote is lost."
)
_ASSIGNED = "It is assigned: nothing takes its place, and the cells below run with your function as it is."
_PUBLIC = " This was the public check, with the same inputs for everybody; your grade comes from other inputs."


class _Kernel:
    """What this kernel knows of the learner: the record, how far its hints went, and what was said once."""

    def __init__(self, folder: Path | None) -> None:
        self.record = Record(folder)
        self.hints: dict[str, int] = {}
        self.tried: Exercise | None = None  # the one whose answer was checked last
        self.said: set[str] = set()
        self.originals = Originals({})


_kernel = _Kernel(folder_at_work())
answer_the_stop_button()


def check(number: str, function: F) -> F:
    """Check the learner's `function` for exercise `number`, say what was found, and return what to go on with.

    A right function is returned itself, so the experiment runs on it; where it gives numbers of another kind than
    later cells need, they get them in theirs. Otherwise the course's reference is returned, and the box says so, and
    says which of three things happened: not attempted yet, raised an error, or wrong, with the smallest
    counter-example. A function that never ends, calls exit, prints without end or replaces functions of torch meets a
    verdict, too, and what it replaced is put back; one inside a single call of compiled code is waited for. The
    exercise is found by the function's name, so that a number of another day does no harm. Raises ValueError for an
    unknown number.

    >>> find_tickets = check("2.1", lambda initial, full, train, prune, levels: [])
    Exercise 2.1: WRONG. It trained 0 times; with levels=1 it must train 2 times: the dense level 0,
    then once after each pruning.
    The cells below use the course's own function for now. Fix yours and run this cell again. hint("2.1") gives a hint.
    """
    if replaced := _kernel.originals.put_back():
        show_box(Box("note", REPLACED, f"{', '.join(replaced)}: it is as before again."))
    exercise = meant(number, function)
    assigned = task(exercise)
    exercise, outer = assigned or exercise, sys.stdout
    with contained() as printed:
        outcome = _examine(exercise, function, lambda: print(_STUCK.format(exercise.number), file=outer, flush=True))
    if said := printed.text():
        print(said, end="")
    if exercise.number != number:
        words = (
            f"`{exercise.name}` is exercise {exercise.number} now, and this notebook calls it {number}. Your answer is "
            f"checked all the same; `lthedu reset {exercise.number.partition('.')[0]}` puts a fresh copy beside yours."
        )
        show_box(Box("note", "This copy is older than the course.", words))
    show_box(outcome.box)
    if outcome.tried:
        _kernel.tried = exercise
    answer = digest(function) if outcome.tried else ""
    _note(exercise, "passed" if outcome.passed else "tried" if outcome.tried else "looked", answer)
    if outcome.passed and not exercise.contract:
        return exercise.handed_on(function)
    return function if assigned and not outcome.passed else find(exercise.name).reference  # type: ignore[return-value]


def hint(number: str | None = None, last: int | None = None) -> None:
    """Show the hints of exercise `number` up to the next of three: a question, the idea, almost the code.

    Each kernel begins with the first, so that a notebook run again tells no more than it did. `last` names the last
    hint to show instead; without a `number` it is the exercise whose answer was checked last. Raises ValueError for an
    unknown number.

    >>> hint("2.2")
    Hint 1 of 3 for exercise 2.2. If each weight is kept by the toss of a coin, how many weights does a
    layer keep: always the same number?
    """
    if (exercise := _named(number, "hint")) is None:
        return
    many = len(exercise.hints)
    upto = _kernel.hints.get(exercise.name, 0) + 1 if last is None else max(1, last)
    seen = _kernel.hints[exercise.name] = min(upto, many)
    for i, text in enumerate(exercise.hints[:seen], 1):
        title = f"Hint {i} of {many} for exercise {exercise.number}."
        show_box(Box("note", title, code=text) if i == many else Box("note", title, text))
    _note(exercise, "hint", hints=seen)


def solution(number: str | None = None) -> None:
    """Show the source of the reference of exercise `number`, once it is passed or after three tries.

    Three different answers count as three tries, those of an earlier day too. Without a `number` it is the exercise
    whose answer was checked last.

    >>> solution("2.3")
    The solution of exercise 2.3 is still closed. It opens when your function passes, or after 3 different tries
    (so far 0). hint("2.3") helps.
    """
    if (exercise := _named(number, "solution")) is None:
        return
    number = exercise.number
    if task(exercise):
        show_box(Box("note", f"The solution of exercise {number} is closed.", "It is assigned, and opens with no try."))
        return
    entry = _kernel.record.entry(exercise.name)
    if entry.passed is None and entry.tries < TRIES:
        words = f"It opens when your function passes, or after {TRIES} different tries (so far {entry.tries})."
        closed = f"The solution of exercise {number} is still closed."
        show_box(Box("note", closed, words + f' hint("{number}") helps.'))
        return
    module = exercise.reference.__module__
    title = f"Exercise {number}: the reference is {module}.{exercise.reference.__name__}."
    show_box(Box("note", title, "", code=source_of(exercise.reference)))
    _note(exercise, "solution")


def progress(lesson: int | str | None = None) -> None:
    """Show where you stand: for every exercise, or those of one lesson, passed or not, tries, hints and minutes.

    2, "2", "02" and "2.1" all name lesson 2. It is read from a file in your own folder of lessons; the course sends it
    nowhere.
    Raises ValueError for a lesson without exercises.

    >>> progress(2)  # doctest: +ELLIPSIS
    Your progress
    Exercise  Title ...
    """
    head = lesson.partition(".")[0] if isinstance(lesson, str) else ""
    found = standing.standings(_kernel.record.document(), int(head) if head.isdecimal() else lesson)
    path = _kernel.record.path
    whose = here(
        "on this computer, and sent nowhere.",
        "on the hub's server, whose administrators can read it. The course sends it nowhere.",
    )
    where = (
        f"Kept in {path} {whose}"
        if path
        else "Kept in memory, and gone with this kernel: this notebook is in no folder that `lthedu lab` made."
    )
    show_box(standing.table(found, [where]))
    _say_trouble()


def _named(number: str | None, verb: str) -> Exercise | None:
    """The exercise meant; where none is, a box asks which."""
    if number is not None:
        return find(number)
    if _kernel.tried is None:
        show_box(Box("note", "Which exercise?", f'Write its number in quotes, for example {verb}("2.1").'))
    return _kernel.tried


def _note(exercise: Exercise, kind: Did, answer: str = "", hints: int = 0) -> None:
    """Put it on record; that the record cannot be kept is said once, and stops nothing."""
    record = _kernel.record
    event = Event(exercise.name, exercise.title, kind, time.time(), record.began, answer, hints)
    record.add(event)
    _say_trouble()


def _say_trouble() -> None:
    record = _kernel.record
    if record.put_aside and record.put_aside not in _kernel.said:
        _kernel.said.add(record.put_aside)
        show_box(Box("note", "Your progress file could not be read.", record.put_aside))
    if record.trouble and "trouble" not in _kernel.said:
        _kernel.said.add("trouble")
        words = f"{record.trouble}. The lesson goes on, and your progress is kept in memory while this kernel runs."
        show_box(Box("note", "Your progress cannot be saved at the moment.", words))


@typed
def claim(sentence: Text, holds: bool, evidence: str = "") -> None:
    """Show the computed verdict on a sentence, and under it what was asked and what was found.

    Values of something trained stand in `evidence` as `measured` writes them. Raises TypeError where `holds` is not
    True or False, and ValueError for an empty sentence.

    >>> won = 5
    >>> evidence = f"Asked: higher in at least 4 of 5 seeds. Found: {measured(won, 0)} of 5."
    >>> claim("The ticket beats its control", won >= 4, evidence)
    SUPPORTED by this run: The ticket beats its control.
    Asked: higher in at least 4 of 5 seeds. Found: ‹5› of 5.
    >>> claim("The ticket beats its control", False)
    NOT SUPPORTED by this run: The ticket beats its control.
    """
    verdict = "SUPPORTED by this run:" if holds else "NOT SUPPORTED by this run:"
    show_box(Box("supported" if holds else "unsupported", verdict, _sentence(sentence), evidence))


@typed
def verdict(word: Literal["supported", "partly supported", "refuted", "open"], scope: Text) -> None:
    """Show what became of the lesson's claim card, and how far the verdict reaches.

    Raises ValueError for another word and for an empty scope.

    >>> verdict("supported", "LeNet-300-100 on MNIST, 5 seeds")
    Verdict on the claim card: SUPPORTED. LeNet-300-100 on MNIST, 5 seeds.
    """
    kind: Kind = "supported" if word == "supported" else "unsupported"
    show_box(Box(kind, f"Verdict on the claim card: {word.upper()}.", _sentence(scope)))


@dataclass(frozen=True)
class _Outcome:
    box: Box
    passed: bool = False
    tried: bool = field(default=True)  # whether it counts as a try


def _examine(exercise: Exercise, function: Callable[..., Any], stuck: Callable[[], None] = lambda: None) -> _Outcome:
    """Which of the outcomes this is. The four look different: another word, another colour, another next step."""
    number = exercise.number
    if words := missing():
        return _Outcome(Box("open", f"Exercise {number}: NOT CHECKED.", words), tried=False)
    where = f'hint("{number}") gives a hint.'
    going_on = "The cells below use the course's own function for now." if not task(exercise) else _ASSIGNED
    if function is exercise.reference:
        words = f"This is the course's own function. Run the cell that defines yours, then check. {where}"
        return _Outcome(Box("open", f"Exercise {number}: NOT CHECKED.", words), tried=False)
    if not callable(function):
        words = f"{number} needs a function, not {type(function).__name__}. {going_on} {where}"
        return _Outcome(Box("open", f"Exercise {number}: NOT ATTEMPTED YET.", words), tried=False)
    if is_stub(function, exercise):
        left = "the code is as you found it" if exercise.given else "the function is still empty"
        do = "Fix it" if exercise.given else "Write yours"
        words = f"{left.capitalize()}. {going_on} {do} and run this cell again. {where}"
        return _Outcome(Box("open", f"Exercise {number}: NOT ATTEMPTED YET.", words), tried=False)
    again = f"{going_on} Fix yours and run this cell again. {where}"
    for module in exercise.imports:  # one that the time limit interrupted would stay half a module
        importlib.import_module(module)
    attempt, limit = Attempt(function), time_limit(SECONDS, stuck)
    try:
        with limit:
            exercise.check(attempt)
    except (Raised, KeyboardInterrupt) as raised:
        if limit.pressed:  # the stop button
            raise
        error = raised.error if isinstance(raised, Raised) else raised
        title = f"Exercise {number}: YOUR FUNCTION RAISED {type(error).__name__}."
        place = line_of(error, function)
        return _Outcome(Box("error", title, message_of(error), again, f"{place}\n    {_called(attempt)}".strip()))
    except Wrong as wrong:
        title = f"Exercise {number}: WRONG."
        words = _sentence(shortened(wrong.message))
        return _Outcome(Box("wrong", title, words, again, shortened(wrong.example, 600)))
    except TimeUp:
        words = f"It did not finish within {SECONDS:.0f} seconds. Is there a loop that never ends, or too much work?"
        return _Outcome(Box("error", f"Exercise {number}: STOPPED.", words, again, _called(attempt)))
    except Exception as error:  # in the check's own code
        words = (
            f"The check itself failed on what your function returned ({type(error).__name__}: {message_of(error)}). "
            "If your function returns what the exercise asks for, this is a fault of the course and not yours: please "
            "report it, with your function."
        )
        return _Outcome(Box("open", f"Exercise {number}: NOT CHECKED.", words, again), tried=False)
    finally:
        attempt.leave()
    words = "The cells below now use your function; rerun any that you ran before."
    if exercise.contract:
        words = "The cells below want what the lesson asks for, and use the course's function."
    words += _PUBLIC * bool(task(exercise))
    return _Outcome(Box("right", f"Exercise {number}: RIGHT.", words), passed=True)


def _called(attempt: Attempt) -> str:
    """What the function was given at its last call."""
    given = ", ".join(brief(value) for value in attempt.given)
    return shortened(f"called with {given}", 600) if given else ""


def _sentence(text: str) -> str:
    symbol = len(text.partition(" ")[0]) == 1 and text[:2] != "a "  # such as s, or p + q
    text = text if symbol else text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else text + "."


_ours = (compare, core, draws, readers, values, sys.modules[__name__])
_kernel.originals = Originals(OWNERS | {module.__name__: module for module in _ours})  # last: they are whole now
