"""What a public function asks of its arguments: their types, and the range that an annotation names.

`@checked` holds every argument against its annotation before the body runs, so that a wrong value is named where it
was given and nothing has happened yet. What an array or a tensor holds is for the function itself to judge.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral, Real
from types import GenericAlias, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

F = TypeVar("F", bound=Callable[..., Any])
LONGEST = 100  # characters of a value that a message shows
ONE: dict[Any, str] = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}
SEVERAL: dict[Any, str] = {int: "whole numbers", float: "numbers", bool: "True or False each", str: "texts"}


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`, both allowed (None: no bound there). NaN lies in no range."""

    low: float | None = None
    high: float | None = None

    def __contains__(self, value: Any) -> bool:
        below = self.low is not None and value < self.low
        above = self.high is not None and value > self.high
        return bool(value == value) and not below and not above

    def __str__(self) -> str:
        if self.high is None:
            return "that is not NaN" if self.low is None else f"from {self.low} up"
        return f"up to {self.high}" if self.low is None else f"from {self.low} to {self.high}"


@dataclass(frozen=True)
class Columns:
    """A table with these columns, named in one text, and at least so many rows.

    >>> class Table(list):
    ...     columns = ("arm", "accuracy")
    >>> Table([1]) in Columns("arm"), Table() in Columns("arm"), Table([1]) in Columns("arm level")
    (True, False, False)
    """

    names: str
    rows: int = 1

    def __contains__(self, table: Any) -> bool:
        return set(self.names.split()) <= set(table.columns) and len(table) >= self.rows

    def __str__(self) -> str:
        return f"with the columns {', '.join(self.names.split())}" + (" and one row or more" if self.rows else "")


@dataclass(frozen=True)
class Filled:
    """A text with something in it.

    >>> "a" in Filled(), " " in Filled()
    (True, False)
    """

    def __contains__(self, text: Any) -> bool:
        return bool(text.strip())

    def __str__(self) -> str:
        return "with something in it"


@dataclass(frozen=True)
class Above:
    """The numbers above `low` (itself not allowed), up to `high`, or below `below`, where they are named.

    >>> 1 in Above(0, high=1), 1 in Above(0, below=1), f"{Above(0, high=1)}; {Above(0, below=1)}; {Above(0)}"
    (True, False, 'above 0 to 1; above 0 and below 1; above 0')
    """

    low: float
    high: float | None = None
    below: float | None = None

    def __contains__(self, value: Any) -> bool:
        fits = self.high is None or value <= self.high
        return bool(value > self.low and fits and (self.below is None or value < self.below))

    def __str__(self) -> str:
        ends = [f"to {self.high}"] * (self.high is not None) + [f"and below {self.below}"] * (self.below is not None)
        return " ".join([f"above {self.low}", *ends])


@dataclass(frozen=True)
class AtLeast:
    """A sequence of so many items or more.

    >>> (3,) in AtLeast(1), () in AtLeast(1), str(AtLeast(2))
    (True, False, 'two or more')
    """

    items: int = 1

    def __contains__(self, values: Any) -> bool:
        return len(values) >= self.items

    def __str__(self) -> str:
        return f"{ {1: 'one', 2: 'two'}.get(self.items, self.items) } or more"


@dataclass(frozen=True)
class Distinct:
    """A sequence that holds nothing twice.

    >>> (0, 1) in Distinct(), (1, 1) in Distinct()
    (True, False)
    """

    def __contains__(self, values: Any) -> bool:
        return len({*values}) == len(values)

    def __str__(self) -> str:
        return "each once"


@dataclass(frozen=True)
class Rising:
    """A sequence in which every number is larger than the one before.

    >>> (0, 2) in Rising(), (2, 0) in Rising(), (1, 1) in Rising()
    (True, False, False)
    """

    def __contains__(self, values: Any) -> bool:
        return all(a < b for a, b in pairwise(values))

    def __str__(self) -> str:
        return "rising"


Count = Annotated[int, Range(1)]
Whole = Annotated[int, Range(0)]
Fraction = Annotated[float, Range(0, 1)]
Number = Annotated[float, Range()]
Text = Annotated[str, Filled()]


class Fault(NamedTuple):
    """A value that does not fit, the place in the argument where it stands, and what is allowed there."""

    place: str
    value: Any
    allowed: str
    error: type[Exception] = TypeError


Check = Callable[[Any], Fault | None]


def checked(function: F) -> F:
    """The function or class, every argument held against its annotation at each call.

    Raises ValueError for a number or a word that is none of those allowed (3.5 for a whole number, one outside the
    `Range` of an `Annotated`, a text that a `Literal` lacks), and TypeError for a value of another type. The message
    names the value, the place where it stands and what is allowed there.

    >>> @checked
    ... def share(numbers: Sequence[int], of: Fraction = 0.5) -> float:
    ...     return of * sum(numbers)
    >>> share((1, 2.5))
    Traceback (most recent call last):
    ValueError: share: numbers[1] is 2.5; allowed: a whole number
    >>> share((1, 2), of=7)
    Traceback (most recent call last):
    ValueError: share: of is 7; allowed: a number from 0 to 1
    """
    if not inspect.isclass(function):
        return _held(function, function.__name__)
    cls: Any = function  # a class is changed in place, so that it stays the class it is
    cls.__init__ = _held(cls.__init__, function.__name__)
    return function


def _held(function: F, name: str) -> F:
    signature = inspect.signature(function)
    several = {p.name for p in signature.parameters.values() if p.kind is p.VAR_POSITIONAL}  # *names: a tuple of them

    @functools.cache
    def checks() -> dict[str, Check]:  # at the first call: by then every name in the annotations has its meaning
        hints = get_type_hints(function, include_extras=True)
        hints |= {p: GenericAlias(tuple, (hints[p], ...)) for p in several}
        return {p: check_of(hint) for p, hint in hints.items() if p != "return"}

    @functools.wraps(function)
    def held(*args: Any, **named: Any) -> Any:
        try:
            given = signature.bind(*args, **named).arguments
        except TypeError:  # too few arguments, or one too many: Python says it best
            return function(*args, **named)
        for parameter, check in checks().items():
            if parameter in given and (fault := check(given[parameter])):
                place = f"{parameter}{fault.place}"
                raise fault.error(f"{name}: {place} is {shown(fault.value)}; allowed: {fault.allowed}")
        return function(*args, **named)

    return held  # type: ignore[return-value]


@functools.cache
def check_of(hint: Any) -> Check:
    """The check of one annotation: None for a value that fits it, else what does not.

    Whole and real numbers are the numeric tower's, numpy's among them; True is no number. A sequence is anything
    with a length and items that is no text and no mapping: an array, a tensor or a column as well. A function's own
    arguments are not known before it is called, and of an iterator nothing is taken.

    >>> check_of(dict[str, int])({"a": "b"})
    Fault(place="['a']", value='b', allowed='a whole number', error=<class 'TypeError'>)
    """
    hint = _unaliased(hint)
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any or hint is object or isinstance(hint, TypeVar):
        return lambda value: None
    if origin is Annotated:
        return _ranged(args[0], args[1:])
    if _of_numpy(hint):
        others = (Real, type(None)) if type(None) in args else Real
        return _plain(lambda value: _is_sequence(value) or isinstance(value, others), spoken(hint), ())
    if origin in (Union, UnionType):
        return _any_of(args)
    if origin is Literal:
        return _plain(lambda value: isinstance(value, str) and value in args, spoken(hint), str)
    kind = origin or hint
    if kind is tuple and args and args[-1] is not Ellipsis:
        return _fixed(args)
    if kind in (tuple, list, Sequence):
        return _sequence(args)
    if kind in (dict, Mapping):
        return _mapping(kind, args)
    return _plain(functools.partial(_is, kind), spoken(hint), Real if kind is int else ())


def _unaliased(hint: Any) -> Any:
    """What an alias stands for that is made by `type X = ...`, as numpy's are from 2.5 on."""
    alias = get_origin(hint) or hint
    if not hasattr(alias, "__value__"):
        return hint
    return _unaliased(alias.__value__[get_args(hint)] if get_args(hint) else alias.__value__)


def _is(kind: Any, value: Any) -> bool:
    if kind in (int, float, bool):
        if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
            value = value.item()
        if kind is bool or isinstance(value, bool):
            return kind is bool and isinstance(value, bool)
        return isinstance(value, Integral if kind is int else Real)
    if kind is Callable:
        return callable(value)
    if getattr(kind, "_is_protocol", False) and kind not in (Iterable, Iterator):
        return all(hasattr(value, name) for name in vars(kind) if not name.startswith("_"))
    return isinstance(value, type(None) if kind is None else kind)


def _of_numpy(hint: Any) -> bool:
    """Whether it is numpy's ArrayLike, whose protocols cannot be asked for."""
    union = get_origin(hint) in (Union, UnionType)
    return union and any(getattr(arg, "__module__", "").startswith("numpy._typing") for arg in get_args(hint))


def _is_sequence(value: Any) -> bool:
    return hasattr(value, "__len__") and hasattr(value, "__getitem__") and not isinstance(value, str | bytes | Mapping)


def _plain(fits: Callable[[Any], bool], allowed: str, near: type | tuple[type, ...]) -> Check:
    """`near`: the types of which a value that does not fit is a wrong value, and not a wrong type."""

    def check(value: Any) -> Fault | None:
        if fits(value):
            return None
        of_value = isinstance(value, near) and not isinstance(value, bool)
        return Fault("", value, allowed, ValueError if of_value else TypeError)

    return check


def _ranged(hint: Any, ranges: tuple[Any, ...]) -> Check:
    of_type = check_of(hint)

    def check(value: Any) -> Fault | None:
        if fault := of_type(value):
            return fault if fault.place else fault._replace(allowed=_in_words(hint, ranges))
        for allowed in ranges:
            if value is not None and value not in allowed:
                return Fault("", value, _in_words(hint, ranges), ValueError)
        return None

    return check


def _any_of(hints: tuple[Any, ...]) -> Check:
    checks = [check_of(hint) for hint in hints]

    def check(value: Any) -> Fault | None:
        faults = [check(value) for check in checks]
        if None in faults:
            return None
        inside = [f for f in faults if f and f.place]  # of the right kind as a whole
        error = ValueError if any(f and f.error is ValueError for f in faults) else TypeError
        return inside[0] if inside else Fault("", value, spoken(Union[hints]), error)  # noqa: UP007

    return check


def _fixed(hints: tuple[Any, ...]) -> Check:
    checks = [check_of(hint) for hint in hints]

    def check(value: Any) -> Fault | None:
        if not isinstance(value, tuple) or len(value) != len(checks):
            return Fault("", value, f"a tuple of {len(checks)}: {', '.join(map(spoken, hints))}")
        return _first((f"[{i}]", v, check) for i, (v, check) in enumerate(zip(value, checks, strict=True)))

    return check


def _sequence(hints: tuple[Any, ...]) -> Check:
    item = check_of(hints[0]) if hints else None

    def check(value: Any) -> Fault | None:
        if not _is_sequence(value):
            return Fault("", value, f"a sequence of {_several(hints[0])}" if hints else "a sequence")
        if item is None or hasattr(value, "dtype"):
            return None
        return _first((f"[{i}]", v, item) for i, v in enumerate(value))

    return check


def _mapping(kind: Any, hints: tuple[Any, ...]) -> Check:
    what = "a dict" if kind is dict else "a mapping"
    keys, items = map(check_of, hints or (Any, Any))

    def check(value: Any) -> Fault | None:
        if not isinstance(value, kind):
            return Fault("", value, f"{what} of {_several(hints[1])}" if hints else what)
        return _first(("'s key", k, keys) for k in value) or _first((f"[{k!r}]", v, items) for k, v in value.items())

    return check


def _first(values: Iterable[tuple[str, Any, Check]]) -> Fault | None:
    return next((f._replace(place=place + f.place) for place, value, check in values if (f := check(value))), None)


def spoken(hint: Any) -> str:
    """An annotation in words.

    >>> spoken(int | None), spoken(Literal["layer", "global"]), spoken(Literal["a", "b"] | None)
    ('a whole number or None', 'layer, global', 'a, b or None')
    """
    hint = _unaliased(hint)
    origin, args = get_origin(hint), get_args(hint)
    if hint is None or hint is type(None):
        return "None"
    if hint in ONE:
        return ONE[hint]
    if (origin or hint) in (tuple, list, Sequence):
        return f"a sequence of {_several(args[0])}" if args else "a sequence"
    if _of_numpy(hint):
        return "an array of numbers" + (" or None" if type(None) in args else "")
    if origin is Annotated:
        return _in_words(args[0], args[1:])
    if origin is Literal:
        return ", ".join(args)
    if origin in (Union, UnionType):
        *words, last = [
            word for arg in args for word in (get_args(arg) if get_origin(arg) is Literal else [spoken(arg)])
        ]
        return f"{', '.join(words)} or {last}"
    if (origin or hint) is Callable:
        return "a function"
    name = getattr(origin or hint, "__name__", str(hint))
    module = getattr(origin or hint, "__module__", "builtins").split(".")[0]
    return f"a {name}" if module == "builtins" else f"{module}.{name}"


def _in_words(hint: Any, ranges: tuple[Any, ...]) -> str:
    glue = ", " if (get_origin(hint) or hint) in (tuple, list, Sequence) else " "
    return glue.join((spoken(hint), ", ".join(map(str, ranges))))


def _several(hint: Any) -> str:
    return SEVERAL[hint] if hint in SEVERAL else f"{spoken(hint)} each"


def shown(value: Any) -> str:
    """A value in a message: itself where it is short, else what it is; never all the numbers of a tensor.

    >>> shown("half"), shown([1, 2]), shown(None)
    ("'half'", '[1, 2]', 'None')
    """
    name = type(value).__name__
    kind = f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
    if hasattr(value, "columns"):
        return f"{kind} of {len(value)} rows with the columns {', '.join(map(str, value.columns))}"
    if hasattr(value, "shape") and getattr(value, "shape", ()) != ():
        return f"{kind} of shape {tuple(value.shape)}"
    text = repr(value)
    if len(text) > LONGEST or "\n" in text or " at 0x" in text:
        return kind + (f" of {len(value)}" if hasattr(value, "__len__") else "")
    return text
