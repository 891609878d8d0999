"""Comparing an answer with the reference, case by case; and what is said of one that differs.

A mistake is a function with its words. It speaks only where it agrees with the answer on every case, and no mistake
with other words does: so nobody is told of a mistake that they did not make.
"""

import contextlib
import doctest
import inspect
import math
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch

from lthedu.exercises.core import Attempt, Exercise, Function, Raised, Wrong, brief, copied

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


def difference(got: Any, right: Any) -> str:
    """What came and what was expected, at the first place where a large value differs, in digits that differ.

    >>> difference(0.2, 0.2 + 1e-8), difference([1, 2], [1, 3])
    ('got 0.2, expected 0.20000001', 'got [1, 2], expected [1, 3]')
    >>> difference({"w": torch.zeros(5, 6)}, {"w": torch.zeros(5, 6).index_fill(1, torch.tensor(2), 1.5)})
    "at ['w'][0, 2] got 0.0, expected 1.5"
    """
    place = ""
    while True:
        if isinstance(got, Mapping) and isinstance(right, Mapping) and got.keys() == right.keys():
            keys: list[Any] = [key for key in right if not alike(got[key], right[key], 0)]
        elif isinstance(got, list | tuple) and isinstance(right, list | tuple) and len(got) == len(right) > 12:
            keys = [i for i in range(len(right)) if not alike(got[i], right[i], 0)]
        else:
            break
        if not keys:
            break
        place += f"[{keys[0]!r}]"
        got, right = got[keys[0]], right[keys[0]]
    x, y = (_array(value) if isinstance(value, torch.Tensor | np.ndarray) else None for value in (got, right))
    if x is not None and y is not None and x.shape == y.shape and x.size > 12:
        places = np.argwhere(~((x == y) | (np.isnan(x) & np.isnan(y)))).tolist()
        if places:
            place += str(places[0])
            got, right = (value[tuple(places[0])].item() for value in (got, right))
    return f"{'at ' * bool(place)}{place}{' ' * bool(place)}got {apart(got, right)[0]}, expected {apart(got, right)[1]}"


def apart(got: Any, right: Any) -> tuple[str, str]:
    """Both values, briefly, with as many digits as it takes for them to differ.

    >>> apart(1 / 3, 0.333333), apart(torch.tensor(1.0), 1.0), apart(torch.tensor([0.5]), torch.tensor([0.5 + 1e-6]))
    (('0.3333333', '0.333333'), ('tensor(1.0)', '1.0'), ('[0.5]', '[0.500001]'))
    """
    for digits in range(4, 18):
        shown = brief(got, digits), brief(right, digits)
        if shown[0] != shown[1]:
            return shown
    return shown


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

    about = {**vars(sys.modules[function.__module__]), function.__name__: recorded}
    for example in doctest.DocTestParser().get_examples(inspect.getdoc(function) or ""):
        with contextlib.suppress(Exception):  # an example may show an error
            exec(compile(example.source, function.__name__, "exec"), about)
    return calls


def alike(a: Any, b: Any, rel: float = 1e-6) -> bool:
    """Whether two values are the same: numbers up to `rel`, tensors, arrays and lists item by item.

    >>> alike([1.0, torch.ones(2)], (1 + 1e-9, np.ones(2))), alike(1, True), alike({"a": 1}, {"a": 2})
    (True, True, False)
    """
    if isinstance(a, Mapping) or isinstance(b, Mapping):
        return (
            isinstance(a, Mapping)
            and isinstance(b, Mapping)
            and a.keys() == b.keys()
            and all(alike(a[key], b[key], rel) for key in a)
        )
    if isinstance(a, str) or isinstance(b, str) or a is None or b is None:
        return type(a) is type(b) and a == b
    if isinstance(a, torch.Tensor | np.ndarray) or isinstance(b, torch.Tensor | np.ndarray):
        x, y = _array(a), _array(b)
        return x is not None and y is not None and x.shape == y.shape and np.allclose(x, y, rel, rel**2, equal_nan=True)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(alike(x, y, rel) for x, y in zip(a, b, strict=True))
    try:
        return a == b or math.isclose(a, b, rel_tol=rel, abs_tol=rel**2)
    except TypeError:
        return False


def _array(value: Any) -> np.ndarray[Any, Any] | None:
    try:
        return np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value, float)
    except (TypeError, ValueError):
        return None
