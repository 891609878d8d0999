"""Values as bytes and back: JSON, and safetensors for what holds numbers. Nothing that comes back can run.

A value becomes a tree of JSON's own kinds; what JSON lacks is a list that begins with a word, such as ["tuple", 1, 2].
Whatever has no plain form arrives as `Foreign`: it tells what it was, and that is all it can do.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

from lthedu.exercises.values import brief

MOST_JSON = 2**23  # bytes
MOST_NUMBERS = 2**27  # bytes of tensors and arrays in one message
MOST_HEADER = 2**20  # bytes, of which safetensors makes objects
DEPTH = 32
ITEMS = 200_000
KEYS = 20_000  # of a set or a dict: with keys chosen to collide, making one takes the square of that

Functions = Callable[[Any], list[Any]]  # a function -> its plain form
Finder = Callable[[int, str], Any]  # the number and the name of a function of the other side -> what calls it


class Malformed(ValueError):
    """Bytes that no `packed` made."""


class TooLarge(ValueError):
    """A value that is too large, or too deep, to be sent."""


class NoPlainForm(ValueError):
    """A value that is neither numbers nor made of what has a plain form, where one is asked for."""


class Foreign:
    """What came from another process and has no plain form there: its kind, and how it shows itself.

    >>> unpacked(*packed({"net": torch.nn.Linear(1, 1)}))
    {'net': a network of the class Linear}
    """

    def __init__(self, kind: str, shown: str) -> None:
        self.kind, self.shown = kind, shown

    def __repr__(self) -> str:
        return self.shown


def packed(value: Any, functions: Functions | None = None) -> tuple[bytes, bytes]:
    """`value` as JSON and as safetensors. `functions` gives functions a form, without it they are foreign.

    Raises TooLarge; and with `functions` NoPlainForm, for whatever else would be foreign.

    >>> packed([1, (2.5, None)])[0]
    b'["list", 1, ["tuple", 2.5, null]]'
    """
    packer = _Packer(functions)
    try:
        words = json.dumps(packer.tree(value, DEPTH)).encode()
    except ValueError as error:
        raise TooLarge(str(error)) from error
    if len(words) > MOST_JSON:
        raise TooLarge(f"it takes {len(words):,} bytes; allowed: {MOST_JSON:,}")
    return words, save(packer.tensors) if packer.tensors else b""


def unpacked(words: bytes, numbers: bytes, functions: Finder | None = None) -> Any:
    """The value whose bytes these are. Raises Malformed for bytes that are none, whoever wrote them.

    >>> unpacked(*packed({"a": (1, 2.5), 3: {0.5}, "w": torch.ones(2)}))
    {'a': (1, 2.5), 3: {0.5}, 'w': tensor([1., 1.])}
    >>> unpacked(b'["os.system", "ls"]', b"")
    Traceback (most recent call last):
    lthedu.course.grading.codec.Malformed: 'os.system' is no kind of value
    """
    if len(words) > MOST_JSON or len(numbers) > MOST_NUMBERS + MOST_HEADER:
        raise Malformed("the message is too long")
    try:
        if numbers and int.from_bytes(numbers[:8], "little") > MOST_HEADER:
            raise Malformed("the message has too long a header")
        tensors = load(numbers) if numbers else {}
        return _Unpacker(tensors, functions).value(json.loads(words), DEPTH + 2)
    except Malformed:
        raise
    except Exception as error:  # of many kinds: of JSON, of safetensors, of what makes the values
        raise Malformed(f"the message cannot be read ({type(error).__name__})") from error


class _Packer:
    def __init__(self, functions: Functions | None) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.functions, self.items, self.bytes = functions, 0, 0

    def tree(self, value: Any, depth: int) -> Any:
        self.items += 1
        if self.items > ITEMS or depth < 0:
            raise TooLarge(f"it has more than {ITEMS:,} items" if depth >= 0 else "it is nested too deeply")
        if value is None or type(value) in (bool, int, float):
            return value
        if isinstance(value, str):
            return str(value)
        if isinstance(value, bytes):
            return ["bytes", bytes.hex(value)]
        if isinstance(value, Tensor | np.ndarray | np.generic | torch.Generator):
            return self._numbers(value)
        if isinstance(value, Mapping | set | frozenset) and len(value) > KEYS:
            raise TooLarge(f"it has {len(value):,} keys; allowed: {KEYS:,}")
        if isinstance(value, Mapping):
            return ["dict", *([self.tree(k, depth - 1), self.tree(v, depth - 1)] for k, v in value.items())]
        if isinstance(value, range):
            return ["range", value.start, value.stop, value.step]
        for kind, name in ((tuple, "tuple"), (list, "list"), (set | frozenset, "set")):
            if isinstance(value, kind):
                return [name, *self._each(value, depth)]
        if isinstance(value, Fraction):
            return ["fraction", value.numerator, value.denominator]
        if isinstance(value, Decimal | complex):
            return [type(value).__name__.lower(), str(value)]
        if callable(value):
            return self.functions(value) if self.functions else self._foreign(value)
        if isinstance(value, Collection) and not isinstance(value, bytearray | memoryview | type):
            return ["list", *self._each(value, depth)]  # a deque, the values of a dict, a column of a table
        try:
            return float(value)
        except (Exception, SystemExit):  # of many kinds: the class may be the learner's
            return self._foreign(value)

    def _each(self, values: Iterable[Any], depth: int) -> list[Any]:
        return [self.tree(one, depth - 1) for one in values]

    def _numbers(self, value: Any) -> Any:
        if isinstance(value, torch.Generator):
            return ["generator", self._stored(value.get_state())]
        try:
            if isinstance(value, Tensor):
                if value.layout != torch.strided or value.device.type == "meta" or value.is_quantized:
                    return self._foreign(value)
                return ["tensor", self._stored(value)]
            if value.dtype.kind not in "biuf" or value.dtype.itemsize > 8:
                return self._foreign(value)
            if isinstance(value, np.generic):
                return ["scalar", value.dtype.str, value.item()]
            native = value.astype(value.dtype.newbyteorder("="), copy=False)
            return ["array", self._stored(torch.from_numpy(np.array(native)))]
        except (TypeError, RuntimeError):
            return self._foreign(value)

    def _foreign(self, value: Any) -> list[Any]:
        """What a value is, in words: its own, where it has some. Whoever lends functions asks for plain values."""
        kind = type(value).__name__[:80]
        if self.functions:
            raise NoPlainForm(f"a value of the kind {kind} has no plain form")
        try:
            shown = brief(value)
        except (Exception, SystemExit):  # the learner's class, with a bug of its own
            shown = f"an object of {kind}"
        return ["foreign", kind, shown[:200]]

    def _stored(self, tensor: Tensor) -> str:
        self.bytes += tensor.numel() * tensor.element_size()
        if self.bytes > MOST_NUMBERS:
            raise TooLarge(f"it holds {self.bytes:,} bytes of numbers or more; allowed: {MOST_NUMBERS:,}")
        name = str(len(self.tensors))
        self.tensors[name] = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        return name


class _Unpacker:
    def __init__(self, tensors: dict[str, Tensor], functions: Finder | None) -> None:
        self.tensors, self.functions = tensors, functions

    def value(self, tree: Any, depth: int) -> Any:
        if depth < 0:
            raise Malformed("the message is nested too deeply")
        if not isinstance(tree, list):
            if isinstance(tree, dict):
                raise Malformed("the message holds an object of JSON")
            return tree
        kind, *parts = tree
        if kind in ("set", "dict") and len(parts) > KEYS:
            raise Malformed("it has too many keys")
        if kind in ("list", "tuple", "set"):
            items = [self.value(part, depth - 1) for part in parts]
            return items if kind == "list" else tuple(items) if kind == "tuple" else set(items)
        if kind == "dict":
            return {self.value(k, depth - 1): self.value(v, depth - 1) for k, v in parts}
        if kind not in _KINDS:
            raise Malformed(f"{str(kind)[:40]!r} is no kind of value")
        return _KINDS[kind](self, *parts)

    def generator(self, name: str) -> torch.Generator:
        made = torch.Generator()
        made.set_state(self.tensors[name])
        return made

    def scalar(self, dtype: str, number: float) -> np.generic:
        found = np.dtype(dtype)
        if found.kind not in "biuf" or found.itemsize > 8:
            raise Malformed("no such kind of number")
        return found.type(number)  # type: ignore[no-any-return]

    def function(self, number: int, name: str) -> Any:
        if self.functions is None:
            raise Malformed("a function came where none is expected")
        return self.functions(_whole(number), str(name))


def _plain(tensor: Tensor) -> Tensor:
    """The tensor; of bools each is 0 or 1, for another byte counts as True here and as itself there."""
    return tensor.view(torch.uint8) != 0 if tensor.dtype == torch.bool else tensor


def _whole(number: Any) -> int:
    if type(number) is not int:
        raise Malformed("no whole number")
    return number


def _text(text: Any) -> str:
    if type(text) is not str or len(text) > 400:
        raise Malformed("no short text")
    return text


_KINDS: dict[str, Callable[..., Any]] = {
    "tensor": lambda own, name: _plain(own.tensors[name]),
    "array": lambda own, name: _plain(own.tensors[name]).numpy(),
    "generator": _Unpacker.generator,
    "scalar": _Unpacker.scalar,
    "function": _Unpacker.function,
    "range": lambda own, *ends: range(*map(_whole, ends)),
    "fraction": lambda own, *parts: Fraction(*map(_whole, parts)),
    "bytes": lambda own, digits: bytes.fromhex(digits),
    "decimal": lambda own, text: Decimal(_text(text)),
    "complex": lambda own, text: complex(_text(text)),
    "foreign": lambda own, kind, shown: Foreign(_text(kind), _text(shown)),
}
