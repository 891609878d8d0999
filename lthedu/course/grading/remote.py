"""A learner's function in another process, called as if it were here.

Arguments travel there; functions among them are called back. The result comes back, and so does what the function did
to its arguments, to torch's random state and to its surroundings.
"""

import builtins
import inspect
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lthedu.course.grading.codec import NoPlainForm, TooLarge
from lthedu.course.grading.line import Line, LineClosed
from lthedu.exercises.core import Wrong, message_of, shortened


class Ended(KeyboardInterrupt):
    """The answering process is gone. A KeyboardInterrupt, so that checks treat it as they treat the time limit."""


class TooSlow(Ended):
    """The answering process did not answer in time."""


class CannotTravel(Exception):
    """An argument of the check that has no plain form: this exercise cannot be asked of another process."""


class Remote:
    """The function at the other end of `line`. Calling it raises what it raised, and Ended where no answer comes.

    `parameters` are its names of the arguments, for messages. `seconds` of this process's CPU are enough for all that
    the answer makes us do: one that calls our functions for ever uses hardly any of its own.
    """

    def __init__(self, line: Line, parameters: list[str], seconds: float = float("inf")) -> None:
        self.line, self.until = line, time.process_time() + seconds
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in parameters])

    def __call__(self, *args: Any) -> Any:
        functions: list[Callable[..., Any]] = []
        faults: list[Exception] = []  # what functions of ours raised in this call

        def lent(function: Any) -> list[Any]:
            if isinstance(function, torch.nn.Module | torch.optim.Optimizer):
                raise CannotTravel(f"the check gives the function a {type(function).__name__}, which has no plain form")
            functions.append(function)
            return ["function", len(functions) - 1, getattr(function, "__name__", "function")]

        try:
            self.line.send("call", args, lent)
            while True:
                word, value = self.line.receive()
                if word == "back":
                    self._called_back(value, functions, faults)
                else:
                    return self._outcome(word, value, args, faults)
        except TimeoutError:
            raise TooSlow from None
        except LineClosed:
            raise Ended from None
        except (ValueError, TypeError, IndexError, KeyError, AttributeError, RuntimeError) as error:
            if isinstance(error, TooLarge | NoPlainForm):
                raise CannotTravel(f"the check's arguments cannot be sent: {error}") from error
            if error in faults or isinstance(error, _Said):
                raise
            self.line.refused = "a message of another form"
            raise Ended from error

    def _called_back(self, value: Any, functions: list[Callable[..., Any]], faults: list[Exception]) -> None:
        """The other side calls one of the functions that it was lent."""
        number, args, named = value
        if time.process_time() > self.until:
            raise TooSlow
        try:
            result = functions[number](*args, **named)
        except Exception as error:
            faults.append(error)
            self.line.send("fault", (len(faults) - 1, type(error).__name__, message_of(error)))
        else:
            self.line.send("result", result)

    def _outcome(self, word: str, value: Any, args: tuple[Any, ...], faults: list[Exception]) -> Any:
        if word == "returned":
            result, changed, drew = value
            for place, after in changed:
                put_into(args[place], after)
            if drew:  # checks look at our global random state
                torch.rand(1)
            return result
        if word == "wrong":  # what `Attempt` finds where the function runs
            message, example = value
            raise Wrong(shortened(str(message)), shortened(str(example), 600))
        if word == "fault":  # what our function raised came through the learner's
            raise faults[value]
        if word == "raised":
            kind, message, place = value
            raise raised(str(kind), str(message), str(place))
        raise self.line.refusal("a word of its own")


class _Said:
    """Marks the errors that stand for a learner's."""

    place: str


def raised(kind: str, message: str, place: str) -> BaseException:
    """An error that stands for one of another process: its name, its message, and the line that raised.

    >>> raised("ZeroDivisionError", "division by zero", "")
    ZeroDivisionError('division by zero')
    >>> raised("MyError", "no", "line 3 of your cell")
    MyError('no')
    """
    name = kind if kind.isidentifier() and len(kind) <= 60 else "Exception"
    base = getattr(builtins, name, Exception)
    fit = isinstance(base, type) and issubclass(base, Exception) and not issubclass(base, UnicodeError)
    made = type(name, (_Said, base if fit else Exception), {})
    error: BaseException = made(shortened(message))
    error.place = shortened(place, 300)  # type: ignore[attr-defined]
    return error


def put_into(value: Any, after: Any) -> None:
    """Make `value`, an argument that was changed elsewhere, what it became there, as far as it can be.

    >>> weights = {"w": [1.0]}
    >>> put_into(weights, {"w": []})
    >>> weights
    {'w': []}
    """
    if isinstance(value, torch.Generator) and isinstance(after, torch.Generator):
        value.set_state(after.get_state())
    elif isinstance(value, torch.Tensor) and isinstance(after, torch.Tensor):
        with torch.no_grad():
            value.set_(after) if value.dtype == after.dtype else value.fill_(float("nan"))  # type: ignore[call-overload]
    elif isinstance(value, np.ndarray) and isinstance(after, np.ndarray) and value.shape == after.shape:
        value[...] = after
    elif isinstance(value, dict) and isinstance(after, dict):
        value.clear()
        value.update(after)
    elif isinstance(value, list) and isinstance(after, list):
        value[:] = after
    elif isinstance(value, tuple) and isinstance(after, tuple):
        for one, other in zip(value, after, strict=False):
            put_into(one, other)
