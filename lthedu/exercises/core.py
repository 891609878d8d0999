"""What an exercise is, and how a learner's function is called with care."""

import copy
import functools
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from lthedu.base.course_files import lesson_numbers
from lthedu.exercises.surroundings import Surroundings, known_settings
from lthedu.exercises.values import brief, change

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)


class Wrong(Exception):
    """The learner's function did the wrong thing: what it did, and the smallest example that shows it."""

    def __init__(self, message: str, example: str = "") -> None:
        super().__init__(message)
        self.message, self.example = message, example


class Raised(Exception):
    """The learner's function raised; `error` is what it raised."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(message_of(error))
        self.error = error


class Attempt:
    """A learner's function under test: arguments are copied before each call, and must come back unchanged.

    >>> Attempt(lambda weights: weights.clear())([1, 2])
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: it changed its argument 'weights'; work on a copy
    """

    def __init__(self, function: Function, seed: int = 0) -> None:
        self.function = function
        self.around = Surroundings()
        self.settings = self.around.settings  # the notebook's
        self.rng = torch.Generator().manual_seed(seed)  # for the check's random inputs
        self.given: list[Any] = []  # the copies that the last call got, as it left them
        self.exercise: Exercise  # set by Exercise.check

    def __call__(self, *args: Any) -> Any:
        """The function's result. Raises Raised when it raises, Wrong when it changes an argument."""
        self.given = given = [copied(a) for a in args]
        result = self.in_place(*given)
        for i, (before, after) in enumerate(zip(args, given, strict=True)):
            if was_changed(before, after):
                raise Wrong(f"it changed its argument {self._name(i)}; work on a copy", change(before, after))
        return result

    def in_place(self, *args: Any) -> Any:
        """The result of a function whose task is to change its arguments: it gets them as they are.

        Raises Wrong when it leaves something else than they changed (a function of torch replaced, gradients off), and
        when it returns an iterator.
        """
        self.around.note_settings()
        try:
            result = self.function(*args)
        except (Wrong, KeyboardInterrupt):  # the latter is the stop button, or the time limit
            raise
        except BaseException as error:  # sys.exit too
            raise Raised(error) from error
        finally:
            changed = self.around.restore()
        if changed:
            raise Wrong(
                f"it changed {', '.join(changed)}, on which later cells rely (it is as before again); set nothing "
                "outside your function, or only inside `with`, as in `with torch.no_grad():`"
            )
        if isinstance(result, Iterator):  # it may be endless, and a check that reads it would fill the memory
            kind = "generator (it says `yield`)" if inspect.isgenerator(result) else f"{type(result).__name__} object"
            raise Wrong(f"it returned a {kind}, not values; build a list of them and return that")
        for tensor in _tensors(result):
            if tensor.device.type == "meta":
                raise Wrong("it returned a tensor on the device meta, which holds no numbers")
            if tensor.layout != torch.strided or tensor.is_complex() or tensor.is_quantized:
                kind = "complex" if tensor.is_complex() else "quantized" if tensor.is_quantized else "sparse"
                raise Wrong(f"it returned a {kind} tensor; expected ordinary ones, dense and of real numbers")
        return result

    def leave(self) -> None:
        """Put back what the notebook had, whatever the check was interrupted in."""
        self.around.settings = self.settings
        self.around.restore()

    def _name(self, position: int) -> str:
        names = list(inspect.signature(self.function).parameters)
        return repr(names[position]) if position < len(names) else f"number {position + 1}"


Check = Callable[[Attempt], None]


def message_of(error: BaseException) -> str:
    """What an error says, cut where it is endless.

    >>> message_of(ValueError("x" * 10_000))[-7:]
    'xxxx...'
    """
    try:
        return shortened(str(error))
    except Exception:  # an error class of the learner's, with a bug of its own
        return "its message cannot be shown"


def shortened(text: str, limit: int = 4_000) -> str:
    """`text`, or its first `limit` characters with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


@dataclass(frozen=True)
class Mistake:
    """A mistake that people really make, as the function that makes it, and what its maker is told."""

    function: Function
    words: str


@dataclass(frozen=True)
class Exercise:
    """One exercise. `reference` is the function that the course uses, `given` the code of a bug that is to be found."""

    reference: Function
    title: str
    minutes: int
    level: int  # 1 (warm-up) to 3 (hard)
    hints: tuple[str, str, str]  # a question, the idea, almost code
    judge: Check
    returns: Callable[..., Any]  # (result, *arguments) -> the value that later cells get; raises Wrong for what is none
    given: Function | None = None
    imports: tuple[str, ...] = ()  # what the check would import by and by: done before its time begins
    contract: str = ""  # of a variant: what it asks for in the place of what the lesson says

    @property
    def name(self) -> str:
        """The name of the function that a learner writes; no other exercise has it."""
        return self.reference.__name__

    @property
    def number(self) -> str:
        """The lesson's number, or name where it has no notebook yet, and the exercise's place in it, such as "2.1"."""
        mine = [e.name for e in _registry.values() if e.lesson == self.lesson]
        return f"{lesson_numbers().get(self.lesson, self.lesson)}.{mine.index(self.name) + 1}"

    @property
    def lesson(self) -> str:
        """The name of its lesson: that of the folder in which its check stands."""
        return self.judge.__module__.split(".")[-2]

    @property
    def mistakes(self) -> list[Mistake]:
        """What stands in `mistakes.py` beside the check, read when it is first asked for; a variant has none."""
        if self.contract:
            return []
        importlib.import_module(self.judge.__module__.rpartition(".")[0] + ".mistakes")
        return _mistakes.get(self.name, [])

    @property
    def variants(self) -> list["Exercise"]:
        """The exercise in other contracts, as `variants.py` beside the check has them; most exercises have none."""
        module = self.judge.__module__.rpartition(".")[0] + ".variants"
        if find_spec(module):
            importlib.import_module(module)
        return [replace(self, reference=f, contract=words) for f, words in _variants.get(self.name, [])]

    def check(self, attempt: Attempt) -> None:
        """Nothing where the attempt is right. Raises Wrong where it is not, and Raised where it raised.

        Whatever the notebook has set, it runs in float32, on the CPU, and with gradients.
        """
        attempt.exercise = self
        with known_settings():
            try:
                self.judge(attempt)
            except Wrong as wrong:
                raise Wrong(self._asked_elsewhere(attempt) or wrong.message, wrong.example) from None

    def _asked_elsewhere(self, attempt: Attempt) -> str:
        """Of an answer to a variant that is wrong: whether it is right in the lesson, or for another student."""
        lessons = _registry[self.name]
        others = [(lessons, LESSONS_OWN), *((v, ANOTHERS) for v in lessons.variants if v.contract != self.contract)]
        for other, words in others if self.contract else []:
            attempt.exercise = other
            try:
                self.judge(attempt)
            except (Wrong, Raised):
                continue
            except KeyboardInterrupt:  # the time limit: nothing more can be found out
                break
            return words
        return ""

    def handed_on(self, function: F) -> F:
        """A right function as later cells need it: what it returns comes in the form that the reference has."""
        signature = inspect.signature(self.reference)

        @functools.wraps(function)
        def read(*args: Any, **named: Any) -> Any:
            result = function(*args, **named)
            try:
                return self.returns(result, *signature.bind(*args, **named).args)
            except (Wrong, TypeError):
                return result

        return function if self.returns is as_it_is else read  # type: ignore[return-value]


_registry: dict[str, Exercise] = {}  # by name
_mistakes: dict[str, list[Mistake]] = {}  # by the exercise's name
_variants: dict[str, list[tuple[Function, str]]] = {}  # by the exercise's name: the reference, and what it does
LESSONS_OWN = "this is what the lesson asks for; your assignment asks for something else, and says so in its first box"
ANOTHERS = "this is what another student is asked; what your assignment asks of you stands in its first box"


def as_it_is(result: Any, *_: Any) -> Any:
    """The result itself."""
    return result


def exercise(
    reference: Function,
    title: str,
    *,
    minutes: int,
    level: int,
    hints: tuple[str, str, str],
    returns: Callable[..., Any] = as_it_is,
    given: Function | None = None,
    imports: tuple[str, ...] = (),
) -> Callable[[Check], Check]:
    """Register the decorated check as the exercise in which a learner writes what `reference` does.

    `returns(result, *arguments)` reads what an answer returned, in whatever kind of number or sequence it came, raises
    Wrong for what it cannot read, and gives the form that later cells need; `compare` and `check` both use it. An
    exercise's number follows from its place in the module. Raises ValueError where another exercise has the name.
    """

    def register(check: Check) -> Check:
        known = _registry.get(reference.__name__)
        if known is not None and known.judge.__module__ != check.__module__:
            raise ValueError(f"there is an exercise {reference.__name__!r} already, in {known.judge.__module__}")
        made = Exercise(reference, title, minutes, level, hints, check, returns, given, imports)
        _registry[made.name] = made
        return check

    return register


def mistake(name: str, words: str) -> Callable[[F], F]:
    """Register the decorated function as a mistake in exercise `name`; who makes it is told `words`."""

    def register(function: F) -> F:
        _mistakes.setdefault(name, []).append(Mistake(function, words))
        return function

    return register


def variant(name: str, contract: str) -> Callable[[F], F]:
    """Register the decorated function as the reference of exercise `name` in another contract.

    It goes through the same check, so the exercise's check must be one that compares. `contract` tells a student what
    is asked for in the place of what the lesson says.
    """

    def register(function: F) -> F:
        function.__name__ = name  # a reference's name is its exercise's
        _variants.setdefault(name, []).append((function, contract))
        return function

    return register


def registered() -> dict[str, Exercise]:
    """The exercises whose modules were imported, by name. `lthedu.course.catalogue` knows all of the course."""
    return dict(_registry)


def same_tensors(got: Any, like: Mapping[str, Tensor], what: str) -> dict[str, Tensor]:
    """`got`, if it is a dict with the layers, shapes and dtypes of `like` and without NaN; else Wrong."""
    if not isinstance(got, Mapping):
        raise Wrong(f"{what} is {brief(got)}; expected a dict of tensors by layer name")
    if set(got) != set(like):
        raise Wrong(f"{what} names the layers {sorted(got)}; expected {sorted(like)}")
    return {name: same_tensor(got[name], t, f"{what}[{name!r}]") for name, t in like.items()}


def same_tensor(got: Any, like: Tensor, what: str) -> Tensor:
    """`got`, if it is a tensor of the shape and dtype of `like` and without NaN; else Wrong.

    >>> same_tensor(torch.ones(3), torch.ones(2), "the answer")
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: the answer has shape (3,); expected (2,)
    """
    if not isinstance(got, Tensor):
        raise Wrong(f"{what} is {brief(got)}; expected a tensor")
    if got.shape != like.shape:
        raise Wrong(f"{what} has shape {tuple(got.shape)}; expected {tuple(like.shape)}")
    if got.dtype != like.dtype:
        raise Wrong(f"{what} has dtype {got.dtype}; expected {like.dtype}")
    if got.device != like.device:
        raise Wrong(f"{what} is on {got.device}; expected it where the input is, on {like.device}")
    if got.is_floating_point() and bool(got.isnan().any()):
        raise Wrong(f"{what} holds NaN")
    return got


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in it, as far as dicts, lists and tuples go."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _tensors(one)


def copied(value: Any) -> Any:
    """A copy to work on: a generator's goes on from the same state, and a function is itself."""
    if isinstance(value, torch.Generator):
        return value.clone_state()
    return value if callable(value) else copy.deepcopy(value)  # a bound method's copy would copy its object


def was_changed(before: Any, after: Any) -> bool:
    """Whether an argument is no longer what it was: numbers, tensors, arrays, dicts, lists and tuples."""
    if isinstance(before, Tensor):
        same = isinstance(after, Tensor) and before.shape == after.shape and before.dtype == after.dtype
        return not (same and torch.equal(before.nan_to_num(), after.nan_to_num()))
    if isinstance(before, np.ndarray):
        same = isinstance(after, np.ndarray) and before.shape == after.shape and before.dtype == after.dtype
        return not (same and np.array_equal(before, after, equal_nan=before.dtype.kind in "fc"))
    if isinstance(before, dict):
        return before.keys() != after.keys() or any(was_changed(before[k], after[k]) for k in before)
    if isinstance(before, list | tuple):
        return len(before) != len(after) or any(was_changed(b, a) for b, a in zip(before, after, strict=True))
    return isinstance(before, int | float | str) and before != after and before == before  # NaN is not itself
