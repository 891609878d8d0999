"""Code that does its worst inside a check: there is a verdict in bounded time, and things are as they were.

What is returned meets the check of every exercise, which reads it. What never returns, raises or changes its
surroundings meets what calls it, which is the same for all: one exercise is enough.
"""

import itertools
import os
import re
import signal
import sys
import time

import numpy as np
import pytest
import torch
from torch.nn import functional

from lthedu.course import lesson
from lthedu.course.catalogue import exercises, find, waiting
from lthedu.course.contained import LIMIT, contained
from lthedu.exercises.surroundings import Surroundings

ALL = exercises() + waiting()
BOUND = 20.0  # seconds: the limit of a check, interrupts that a loop swallows, a busy machine


class Custom(BaseException):
    """Not an Exception, as GeneratorExit is not."""


class Mute(Exception):
    def __str__(self):
        raise ZeroDivisionError


class Hostile:
    """An object that fails whatever one does with it."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __repr__(self):
        raise RuntimeError("repr")

    def __eq__(self, other):
        raise RuntimeError("eq")

    def __len__(self):
        return -1

    def __iter__(self):
        raise RuntimeError("iter")

    def __bool__(self):
        raise RuntimeError("bool")

    def __float__(self):
        raise RuntimeError("float")

    __hash__ = None


def endless(*args):
    while True:
        pass


def endless_with_a_bare_except(*args):
    while True:
        try:  # noqa: SIM105
            sum(range(1000))
        except:  # noqa: E722
            pass


def endless_in_its_cleaning_up(*args):
    try:
        endless()
    finally:
        endless()


def asleep(*args):
    time.sleep(3600)


def endless_printing(*args):
    for i in itertools.count():
        print(i)


def prints_megabytes(*args):
    print("x" * 20_000_000)
    for _ in range(1000):
        sys.stderr.write("y" * 1000)


def recursive(*args):
    return recursive(*args)


def deeper_than_allowed(*args):
    sys.setrecursionlimit(10**6)


def raising(error):
    def answer(*args):
        raise error

    answer.__name__ = f"raises_{type(error).__name__}_{str(error)[:9] if not isinstance(error, Mute) else 'mute'}"
    return answer


def leaving(*args):
    sys.exit(3)


def giving(value):
    def answer(*args):
        return value() if isinstance(value, type(giving)) else value

    return answer


def endless_generator(*args):
    yield from itertools.count()


def generator_that_raises(*args):
    yield 1
    raise KeyError("later")


async def asynchronous(*args):
    return 1


def mutating(*args):
    for value in args:
        if isinstance(value, torch.Tensor):
            value.zero_()
        elif isinstance(value, dict):
            value.clear()
        elif isinstance(value, list):
            value.append(None)


def on_meta(*args):
    return (
        {"fc1.weight": torch.zeros(3, device="meta")}
        if args and isinstance(args[0], dict)
        else torch.zeros(3, device="meta")
    )


def replacing_comparisons(*args):
    torch.equal = torch.allclose = lambda *a, **k: True
    torch.Tensor.__eq__ = torch.Tensor.equal = lambda *a: True
    torch.Tensor.all = torch.Tensor.any = lambda *a, **k: torch.tensor(True)
    functional.cross_entropy = lambda *a, **k: torch.tensor(0.0)
    np.allclose = np.array_equal = lambda *a, **k: True


def replacing_builtins(*args):
    import builtins

    builtins.len = builtins.abs = builtins.round = lambda *a: 0
    builtins.isinstance = lambda *a: True


def deleting_functions(*args):
    del torch.equal, torch.where, torch.Tensor.backward


def other_settings(*args):
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    os.chdir("/")


def moved(value, device):
    """The tensors in `value` on another device, and whether there were any."""
    if isinstance(value, torch.Tensor):
        return value.to(device), value.device.type != device
    if isinstance(value, dict):
        pairs = {k: moved(v, device) for k, v in value.items()}
        return {k: v for k, (v, _) in pairs.items()}, any(went for _, went in pairs.values())
    if type(value) in (list, tuple):
        pairs = [moved(v, device) for v in value]
        return type(value)(v for v, _ in pairs), any(went for _, went in pairs)
    return value, False


VERDICTS = "RIGHT|WRONG|YOUR FUNCTION RAISED|STOPPED|NOT ATTEMPTED YET"
STOPS = [endless, endless_with_a_bare_except, endless_in_its_cleaning_up, asleep, endless_printing]
RAISES = [
    raising(ValueError("<b>x</b>" * 10**6)),
    raising(Mute()),
    raising(Custom("not an Exception")),
    raising(GeneratorExit()),
    raising(MemoryError("9 TiB")),
    raising(StopIteration(3)),
    raising(SystemExit(3)),
    raising(AssertionError()),
    raising(KeyboardInterrupt()),
    leaving,
    recursive,
]
CHANGES = [replacing_comparisons, replacing_builtins, deleting_functions, other_settings, deeper_than_allowed]
ODD = [
    prints_megabytes,
    mutating,
    endless_generator,
    generator_that_raises,
    asynchronous,
    on_meta,
    giving(Hostile()),
    giving(lambda: Hostile),
    giving(itertools.count()),
    giving({i: i for i in range(100_000)}),
    giving("x" * 10**6),
    giving(10**5000),
    giving(float("inf")),
    giving(torch.full((3,), float("nan"))),
    giving(torch.zeros(3, dtype=torch.complex64)),
    giving(torch.zeros(2, 2).to_sparse()),
    giving(np.array([object()])),
    giving({"fc1.weight": None}),
    giving({"fc1.weight": [True]}),
    giving([[None]]),
    giving(object),
    lambda: None,
    lambda a, b, c, d, e, f, g: None,
    Hostile,
    str,
]
LONG = giving(range(10**12))  # a check may read it to its end, and is stopped
SENSELESS = [None, 3, "mask", [], {}, float("nan"), torch.zeros(0), (None, None)]
for i, answer in enumerate(ODD):
    if answer.__name__ in ("answer", "<lambda>"):
        answer.__name__ = f"odd_{i}"


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    """A kernel without a folder, and the proof that nothing was left changed."""
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))
    before, handler = Surroundings(), signal.getsignal(signal.SIGINT)
    yield
    assert before.restore() == []
    assert signal.getsignal(signal.SIGINT) is handler


def said(answer, capsys) -> str:
    """What the check of 2.2 says, which ends with one box; the lesson goes on with the reference."""
    began = time.monotonic()
    assert lesson.check("2.2", answer) is find("2.2").reference
    assert time.monotonic() - began < BOUND
    text = capsys.readouterr().out
    assert len(re.findall(rf"^Exercise 2.2: ({VERDICTS})", text, re.M)) == 1
    assert "use the course's own function for now" in " ".join(text.split())
    assert len(text) < LIMIT + 6_000
    return text


@pytest.mark.parametrize("answer", STOPS)
def test_what_never_ends_is_stopped(answer, capsys, monkeypatch) -> None:
    monkeypatch.setattr(lesson, "SECONDS", 1.0)
    assert ": STOPPED. It did not finish within 1 seconds" in said(answer, capsys)
    time.sleep(0.15)  # no interrupt is still on its way


@pytest.mark.parametrize("answer", RAISES)
def test_whatever_is_raised_is_told(answer, capsys) -> None:
    assert ": YOUR FUNCTION RAISED " in said(answer, capsys)


@pytest.mark.parametrize("answer", CHANGES)
def test_what_is_replaced_is_named_and_put_back(answer, capsys) -> None:
    text = said(answer, capsys)
    assert ": WRONG. It changed " in text
    assert "on which later cells rely" in " ".join(text.split())


def test_megabytes_that_are_printed_are_cut(capsys) -> None:
    assert "more characters printed are left out" in said(prints_megabytes, capsys)


@pytest.mark.parametrize("device", ["meta", *(["cuda"] if torch.cuda.is_available() else [])])
@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.number)
def test_right_numbers_on_another_device_are_not_right(exercise, device, capsys) -> None:
    went = []

    def answer(*args):
        there, any_went = moved(exercise.reference(*args), device)
        went.append(any_went)
        return there

    found = lesson.check(exercise.number, answer)
    if getattr(found, "__wrapped__", found) is answer:
        assert not any(went)
    else:
        assert re.search(rf"(WRONG|RAISED).*(\b{device}|device)", capsys.readouterr().out, re.S)


def examined(exercise, answer, *more: str) -> str:
    """What is amiss with the verdict on an odd answer: nothing, or a line of a list."""
    before, began = Surroundings(), time.monotonic()
    with contained():
        outcome = lesson._examine(exercise, answer)
    told, changed = outcome.box, before.restore()
    verdicts = "|".join(["WRONG", r"YOUR FUNCTION RAISED \w+", *more])
    verdict = re.match(rf"Exercise {exercise.number}: ({verdicts})\.$", told.title)
    if outcome.passed or not verdict or not told.words.strip() or changed or time.monotonic() - began > BOUND:
        return f"{answer.__name__}: {told.title} {told.words[:200]} (changed: {changed})"
    return ""


@pytest.mark.filterwarnings("ignore:coroutine 'asynchronous' was never awaited:RuntimeWarning")
@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.number)
def test_whatever_is_returned_is_wrong_or_raises_and_says_so(exercise, monkeypatch) -> None:
    assert [amiss for answer in ODD if (amiss := examined(exercise, answer))] == []
    for value in SENSELESS:  # what people return: the check itself has the words
        assert lesson._examine(exercise, giving(value)).box.title == f"Exercise {exercise.number}: WRONG.", value
    monkeypatch.setattr(lesson, "SECONDS", 1.0)
    assert examined(exercise, LONG, "STOPPED") == ""
