"""Comparing an answer with the reference, case by case; and what is said of one that differs.

A mistake is a function with its words. It speaks only where it agrees with the answer on every case, and no mistake
with other words does: so nobody is told of a mistake that they did not make.
"""

import contextlib
import doctest
import inspect
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from lthedu.exercises.core import Attempt, Exercise, Function, Raised, Wrong, copied
from lthedu.exercises.values import alike, brief, difference

Case = tuple[Any, ...] | Callable[[], tuple[Any, ...]]  # arguments, or what makes them anew: some remember their calls
Read = Callable[..., Any]  # (result, *arguments) -> the value to compare; raises Wrong for what cannot be read
Close = Callable[..., bool]  # (value, value, *arguments) -> whether the two are the same
Words = str | Callable[..., str]  # or (got, right, *arguments) -> words


def compare(
    attempt: Attempt,
    cases: Iterable[Case],
    *,
    otherwise: Words,
    read: Read | None = None,
    close: Close | None = None,
    same: Close | None = None,
    show: Callable[..., str] | None = None,
) -> None:
    """Hold the answer against the reference on every case, and on the examples of the reference's docstring.

    `read(result, *arguments)` makes of a result, and of the arguments as the function got them, the value that is
    compared, or raises Wrong; it is what the exercise `returns` unless given. `close(got, right, *arguments)` says
    whether an answer is right, and `same`, which is `close` unless given, whether a mistake agrees with the answer.
    Raises Wrong with the words of the mistake that explains every case, or else `otherwise`, and `show(got, right,
    *arguments)` of the first case that differs.

    >>> from lthedu.course.catalogue import find
    >>> attempt = Attempt(lambda eta, instances, delta=0.01: 3)
    >>> attempt.exercise = find("subset_width")
    >>> compare(attempt, [(0.01, 100)], otherwise="that is too few")
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: that is too few
    """
    reference = attempt.exercise.reference
    if attempt.exercise.contract:  # these words are of the lesson's contract
        otherwise, show = "this is not what your assignment asks for", None
    read = read or attempt.exercise.returns
    close = close or (lambda a, b, *args: alike(a, b))
    tried: list[Case] = [*cases, *examples(reference)]
    found: list[Any] = []  # of each case; UNREADABLE where, after a wrong one, no value came back
    wrong: tuple[Any, ...] | None = None
    general = Wrong("")  # what is said of the first case that differs, where no mistake explains it
    for case in tried:
        args = _arguments(case)
        try:
            got = read(attempt(*args), *attempt.given)
        except (Raised, Wrong):
            if wrong is None:
                raise
            got = UNREADABLE
        except KeyboardInterrupt:  # the time limit, or the stop button: what is known by then is told
            if wrong is None:
                raise
            raise general from None
        if wrong is None:
            right = value_of(reference, case, read)
            if not close(got, right, *args):
                wrong = (got, right, *args)
                words = otherwise if isinstance(otherwise, str) else _said(otherwise, wrong)
                example = _said(show or _shown(reference), wrong)
                general = Wrong(words or "this is not what the exercise asks for", example)
        found.append(got)
    if wrong is not None:
        words = diagnosis(attempt.exercise, tried, found, read, same or close)
        raise Wrong(words, general.example) if words else general


def _said(words: Callable[..., str], wrong: tuple[Any, ...]) -> str:
    """What is said of a wrong answer; nothing where the words fail on it, which is no fault of the answer's."""
    try:
        return words(*wrong)
    except Exception:
        return ""


UNREADABLE = object()


def diagnosis(exercise: Exercise, cases: list[Case], found: list[Any], read: Read, same: Close) -> str:
    """The words of the mistakes that give on every case what was found there; none where they are of two minds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a mistake warns of is not the learner's
        words = {m.words for m in exercise.mistakes if _agrees(m.function, cases, found, read, same)}
    return words.pop() if len(words) == 1 else ""


def _agrees(function: Function, cases: list[Case], found: list[Any], read: Read, same: Close) -> bool:
    for case, value in zip(cases, found, strict=True):
        try:
            mine = value_of(function, case, read)
        except Exception:  # a mistake may fail where it does not fit
            mine = UNREADABLE
        if mine is UNREADABLE or value is UNREADABLE:
            if mine is not value:
                return False
        elif not same(value, mine, *_arguments(case)):
            return False
    return True


def value_of(function: Function, case: Case, read: Read) -> Any:
    """What `read` makes of the function's result on a case."""
    args = [copied(a) for a in _arguments(case)]
    return read(function(*args), *args)


def _arguments(case: Case) -> tuple[Any, ...]:
    return case() if callable(case) else case


def _shown(reference: Function) -> Callable[..., str]:
    names = list(inspect.signature(reference).parameters)

    def show(got: Any, right: Any, *args: Any) -> str:
        given = ", ".join(f"{name} = {brief(value)}" for name, value in zip(names, args, strict=False))
        return f"{given}: {difference(got, right)}"

    return show


def examples(function: Function) -> list[tuple[Any, ...]]:
    """The arguments of every call of the function in its docstring's examples, as they stand there.

    >>> from lthedu.stats import clopper_pearson
    >>> examples(clopper_pearson)
    [(0, 128)]
    """
    calls: list[tuple[Any, ...]] = []
    signature = inspect.signature(function)

    def recorded(*args: Any, **named: Any) -> Any:
        given = copied(signature.bind(*args, **named).args)
        result = function(*args, **named)
        calls.append(given)
        return result

    names = dict.fromkeys((function.__name__, function.__qualname__), recorded)  # a variant has two
    about = {**vars(sys.modules[function.__module__]), **names}
    for example in doctest.DocTestParser().get_examples(inspect.getdoc(function) or ""):
        with contextlib.suppress(Exception):  # an example may show an error
            exec(compile(example.source, function.__name__, "exec"), about)
    return calls
