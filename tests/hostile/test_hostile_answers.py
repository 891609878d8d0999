"""Code that does its worst inside a check: there is a verdict in bounded time, and things are as they were."""

import importlib
import itertools
import os
import pkgutil
import re
import signal
import sys
import time

import numpy as np
import pytest
import torch
from torch.nn import functional

import lthedu.exercises
from lthedu.course import lesson
from lthedu.course.contained import LIMIT
from lthedu.exercises import exercises
from lthedu.exercises.core import Exercise
from lthedu.exercises.surroundings import Surroundings

for module in pkgutil.iter_modules(lthedu.exercises.__path__):
    if not module.name.endswith(("_answers", "_mistakes", "core", "surroundings")):
        importlib.import_module(f"lthedu.exercises.{module.name}")
ALL = exercises()
ONE = ("2.2",)  # in the default run; all of them with -m full
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
    giving(range(10**12)),
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
for i, answer in enumerate(ODD):
    if answer.__name__ in ("answer", "<lambda>"):
        answer.__name__ = f"odd_{i}"


def cases(answers):
    return [
        pytest.param(e, a, id=f"{e.number} {a.__name__}", marks=() if e.number in ONE else pytest.mark.full)
        for e in ALL
        for a in answers
    ]


@pytest.fixture(autouse=True)
def contained(monkeypatch, tmp_path):
    """A kernel without a folder, and the proof that nothing was left changed."""
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))
    before, handler = Surroundings(), signal.getsignal(signal.SIGINT)
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert before.restore() == []
    assert signal.getsignal(signal.SIGINT) is handler
    assert took < BOUND
    time.sleep(0.15)  # no interrupt is still on its way


def said(exercise: Exercise, answer, capsys) -> str:
    """What the check says, which ends with one box; the lesson goes on with the reference."""
    assert lesson.check(exercise.number, answer) is exercise.reference
    text = capsys.readouterr().out
    assert len(re.findall(rf"^Exercise {exercise.number}: ({VERDICTS})", text, re.M)) == 1
    assert "uses the course's reference, not your function" in " ".join(text.split())
    assert len(text) < LIMIT + 6_000
    return text


@pytest.fixture
def short(monkeypatch):
    """A check of at most a second, for what would take all of ten."""
    monkeypatch.setattr(lesson, "SECONDS", 1.0)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(("exercise", "answer"), cases(STOPS))
def test_what_never_ends_is_stopped(exercise, answer, capsys) -> None:
    assert ": STOPPED. It did not finish within 1 seconds" in said(exercise, answer, capsys)


@pytest.mark.parametrize(("exercise", "answer"), cases(RAISES))
def test_whatever_is_raised_is_told(exercise, answer, capsys) -> None:
    assert ": YOUR FUNCTION RAISED " in said(exercise, answer, capsys)


@pytest.mark.parametrize("device", ["meta", *(["cuda"] if torch.cuda.is_available() else [])])
@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.number)
def test_right_numbers_on_another_device_are_not_right(exercise, device, capsys) -> None:
    went = []

    def answer(*args):
        there, any_went = moved(exercise.reference(*args), device)
        went.append(any_went)
        return there

    if lesson.check(exercise.number, answer) is answer:
        assert not any(went)
    else:
        assert re.search(rf"(WRONG|RAISED).*(\b{device}|device)", capsys.readouterr().out, re.S)


@pytest.mark.parametrize(("exercise", "answer"), cases(CHANGES))
def test_what_is_replaced_is_named_and_put_back(exercise, answer, capsys) -> None:
    text = said(exercise, answer, capsys)
    assert ": WRONG. It changed " in text
    assert "on which later cells rely" in " ".join(text.split())


@pytest.mark.usefixtures("short")
@pytest.mark.filterwarnings("ignore:coroutine 'asynchronous' was never awaited:RuntimeWarning")
@pytest.mark.parametrize(("exercise", "answer"), cases(ODD))
def test_odd_answers_meet_a_verdict(exercise, answer, capsys) -> None:
    assert "RIGHT" not in said(exercise, answer, capsys)
