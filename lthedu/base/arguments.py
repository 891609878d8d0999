"""What a public function asks of its arguments: their types, and the range that an annotation names.

`@typed` holds every argument against its annotation before the body runs, so that a wrong value is named where it
was given and nothing has happened yet. What an array or a tensor holds is for the function itself to judge. Arguments
that fit cost microseconds: `fits` makes a small test of an annotation, and `fault` looks for words where it fails.
"""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice, repeat
from numbers import Integral, Real
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

F = TypeVar("F", bound=Callable[..., Any])
FIRST = 32  # items of a sequence or mapping that are looked at
LONGEST = 100  # characters of a value that a message shows
ARRAY = "an array of numbers"  # what numpy's ArrayLike stands for: protocols that cannot be asked for
USUAL: dict[Any, tuple[type, ...]] = {int: (int,), float: (float, int), bool: (bool,)}  # told by their type alone
HOLDERS = (Union, tuple, Sequence, dict, Mapping)
WORDS: dict[Any, tuple[str, str]] = {  # one of them, several
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("True or False", "True or False each"),
    str: ("a text", "texts"),
    type(None): ("None", "None each"),
    ARRAY: (ARRAY, "arrays of numbers"),
    Callable: ("a function", "functions"),
    Mapping: ("a mapping", "mappings"),
}
Test = Callable[[Any], bool]


class Fault(NamedTuple):
    """A value that does not fit, the place where it stands, and what is allowed there."""

    place: str
    value: Any
    allowed: str
    error: type[Exception] = TypeError


def typed(function: F) -> F:
    """The function or class, every argument held against its annotation at each call.

    Raises ValueError for a number or a word that is none of those allowed (3.5 for a whole number, one outside the
    `Range` of an `Annotated`, a text that a `Literal` lacks), and TypeError for a value of another type. The message
    names the value, the place where it stands and what is allowed there. A number that comes as an array or a tensor
    without dimensions is handed on as a plain one.

    >>> from lthedu.base.ranges import Fraction
    >>> @typed
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


def _held(function: F, title: str) -> F:
    parameters = inspect.signature(function).parameters.values()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = "".join(p.name for p in parameters if p.kind is p.VAR_POSITIONAL)  # of *rest: it takes all that follow

    @functools.cache
    def tests() -> dict[str, tuple[Test, Any, bool]]:  # at the first call: by then each annotation has its meaning
        hints = get_type_hints(function, include_extras=True)
        known = {p.name: hints[p.name] for p in parameters if p.name in hints}
        return {name: (fits(hint), hint, _asks_for_number(hint)) for name, hint in known.items()}

    @functools.wraps(function)
    def held(*args: Any, **named: Any) -> Any:
        known, plain = tests(), True
        for name, value in chain(zip(chain(names, repeat(rest)), args), named.items()):  # noqa: B905
            if name not in known:
                continue
            test, hint, number = known[name]
            if not test(value):
                place = name if name != rest else f"{rest}[{[v is value for v in args[len(names) :]].index(True)}]"
                found = fault(hint, value, place)
                raise found.error(f"{title}: {found.place} is {shown(found.value)}; allowed: {found.allowed}")
            if number and getattr(value, "ndim", None) == 0 and not isinstance(value, Real):
                plain = False
        if not plain:
            numbers = [name in known and known[name][2] for name in (*names, *repeat(rest, len(args)))]
            args = tuple(_plain(v) if number else v for v, number in zip(args, numbers, strict=False))
            named = {name: _plain(v) if name in known and known[name][2] else v for name, v in named.items()}
        return function(*args, **named)  # too few arguments, or one too many: Python says it best

    return held  # type: ignore[return-value]


@functools.cache
def fits(hint: Any) -> Test:
    """The test of one annotation: whether a value fits it.

    Whole and real numbers are the numeric tower's, numpy's among them; True is no number. A sequence is anything
    with a length and items that is no text and no mapping: an array, a tensor or a column as well. Of a sequence or a
    mapping the first 32 items are looked at, of an array none; a function's own arguments are not known before it is
    called, and of an iterator nothing is taken.

    >>> fits(dict[str, int])({"a": 1}), fits(dict[str, int])({"a": "b"})
    (True, False)
    """
    kind, args = _parts(hint)
    if kind in (Any, object) or isinstance(kind, TypeVar):
        return lambda value: True
    if kind in USUAL:
        usual = USUAL[kind]
        return lambda value: type(value) in usual or _is_number(kind, value)
    if kind is Literal:
        return lambda value: isinstance(value, str) and value in args
    if kind is ARRAY:
        return lambda value: _is_sequence(value) or isinstance(value, Real)
    if kind is Annotated:
        whole, ranges = fits(args[0]), args[1:]
        return lambda value: whole(value) and (value is None or all(value in allowed for allowed in ranges))
    parts = [fits(arg) for arg in args if arg is not Ellipsis] if kind in HOLDERS else []
    if kind is Union:
        return lambda value: any(part(value) for part in parts)
    if kind is tuple:
        size = len(parts)
        return lambda value: (
            isinstance(value, tuple) and len(value) == size and all(p(v) for p, v in zip(parts, value, strict=True))
        )
    if kind is Sequence:
        return lambda value: (
            _is_sequence(value) and (not parts or hasattr(value, "dtype") or all(map(parts[0], islice(value, FIRST))))
        )
    if parts:
        key, item = parts
        return lambda value: (
            isinstance(value, kind) and all(key(k) and item(v) for k, v in islice(value.items(), FIRST))
        )
    return lambda value: isinstance(value, kind)


def fault(hint: Any, value: Any, place: str = "") -> Fault:
    """What does not fit about a value that does not: its innermost part, and what is allowed there.

    >>> fault(dict[str, int], {"a": "b"}, "counts")
    Fault(place="counts['a']", value='b', allowed='a whole number', error=<class 'TypeError'>)
    """
    kind, args = _parts(hint)
    if kind is Annotated:
        if fits(args[0])(value):
            return Fault(place, value, spoken(hint), ValueError)
        found = fault(args[0], value, place)
        return found if found.place != place else found._replace(allowed=spoken(hint))
    if kind is Union:
        each = [fault(arg, value, place) for arg in args]
        error = ValueError if any(f.error is ValueError for f in each) else TypeError
        inside = [f for f in each if f.place != place]  # of the right kind as a whole
        return inside[0] if inside else Fault(place, value, spoken(hint), error)
    inner: list[tuple[str, Any, Any]] = []
    if kind is tuple and isinstance(value, tuple) and len(value) == len(args):
        inner = [(f"{place}[{i}]", *pair) for i, pair in enumerate(zip(args, value, strict=True))]
    elif kind is Sequence and args and _is_sequence(value):
        inner = [(f"{place}[{i}]", args[0], v) for i, v in enumerate(islice(value, FIRST))]
    elif kind in (dict, Mapping) and args and isinstance(value, kind):
        inner = [(f"{place}'s key", args[0], k) for k in islice(value, FIRST)]
        inner += [(f"{place}[{k!r}]", args[1], v) for k, v in islice(value.items(), FIRST)]
    for part in inner:
        if not fits(part[1])(part[2]):
            return fault(part[1], part[2], part[0])
    near = {int: Real, Literal: str}.get(kind, ())  # of which a value is a wrong value, and not one of a wrong type
    wrong_value = isinstance(value, near) and not isinstance(value, bool)
    of = f" of {_several(args[1])}" if kind in (dict, Mapping) and args else ""
    return Fault(place, value, spoken(hint) + of, ValueError if wrong_value else TypeError)


def _parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """What an annotation is, and of what: every sequence is a Sequence but a tuple of so many, every union a Union."""
    kind, args = get_origin(hint) or hint, get_args(hint)
    if hasattr(kind, "__value__"):  # an alias made by `type X = ...`, as numpy's are from 2.5 on
        return _parts(kind.__value__[args] if args else kind.__value__)
    if kind in (Union, UnionType):
        of_numpy = any(getattr(arg, "__module__", "").startswith("numpy._typing") for arg in args)
        return ARRAY if of_numpy else Union, args
    if kind in (list, Sequence) or (kind is tuple and (not args or args[-1] is Ellipsis)):
        return Sequence, args[:1]
    if kind is Annotated:
        return kind, (hint.__origin__, *hint.__metadata__)
    return (type(None) if kind is None else kind), args


def _asks_for_number(hint: Any) -> bool:
    """Whether an annotation is a number's or a truth value's, or leaves the choice between one and a word or None."""
    kind, args = _parts(hint)
    if kind is Annotated:
        return _asks_for_number(args[0])
    if kind is Union:
        rest = [arg for arg in args if arg is not type(None) and get_origin(arg) is not Literal]
        return bool(rest) and all(map(_asks_for_number, rest))
    return kind in USUAL


def _plain(value: Any) -> Any:
    """The number in an array or a tensor without dimensions: `round` and `range` take no tensor."""
    return value.item() if getattr(value, "ndim", None) == 0 and not isinstance(value, Real) else value


def _is_number(kind: type, value: Any) -> bool:
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    return isinstance(value, Integral if kind is int else Real)


def _is_sequence(value: Any) -> bool:
    if type(value) in (list, tuple, range):
        return True
    if isinstance(value, str | bytes | Mapping) or getattr(value, "ndim", 1) == 0:
        return False
    return hasattr(value, "__len__") and hasattr(value, "__getitem__")


def spoken(hint: Any) -> str:
    """An annotation in words.

    >>> spoken(int | None), spoken(Literal["layer", "global"]), spoken(Literal["a", "b"] | None)
    ('a whole number or None', 'layer, global', 'a, b or None')
    """
    kind, args = _parts(hint)
    if kind in WORDS:
        return WORDS[kind][0]
    if kind is Sequence:
        return f"a sequence of {_several(args[0])}" if args else "a sequence"
    if kind is tuple:
        return f"a tuple of {len(args)}: {', '.join(map(spoken, args))}"
    if kind is Annotated:
        glue = ", " if _parts(args[0])[0] is Sequence else " "
        return glue.join((spoken(args[0]), ", ".join(map(str, args[1:]))))
    if kind is Literal:
        return ", ".join(args)
    if kind is Union:
        *words, last = [w for arg in args for w in (get_args(arg) if get_origin(arg) is Literal else [spoken(arg)])]
        return f"{', '.join(words)} or {last}"
    module, name = getattr(kind, "__module__", "builtins").split(".")[0], getattr(kind, "__name__", str(kind))
    return f"a {name}" if module == "builtins" else f"{module}.{name}"


def _several(hint: Any) -> str:
    return WORDS[hint][1] if hint in WORDS else f"{spoken(hint)} each"


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
