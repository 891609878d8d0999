"""What goes between the two processes: values come back as they were, and nothing that comes back can run or flood."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections import OrderedDict, deque
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lthedu.course.grading import codec
from lthedu.course.grading.codec import Foreign, Malformed, TooLarge, packed, unpacked
from lthedu.course.grading.line import Line, LineClosed
from lthedu.exercises.values import alike

KEYS = st.text() | st.integers() | st.booleans() | st.none()
PLAIN = st.recursive(
    KEYS | st.floats(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)


def back(value):
    return unpacked(*packed(value))


@given(PLAIN)
def test_plain_values_come_back_as_they_were(value):
    assert repr(back(value)) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        torch.randn(3, 4)[:, ::2],
        torch.zeros(0, 3),
        torch.tensor(True),
        torch.arange(3, dtype=torch.uint8),
        torch.randn(2, dtype=torch.float64, requires_grad=True),
        np.arange(6).reshape(2, 3).T,
        np.array([True, False]),
        np.arange(3, dtype=">f8"),
        np.float32(0.1),
        np.int64(7),
        {"w": [torch.ones(2)], 3: (np.zeros(1), None)},
    ],
)
def test_numbers_keep_kind_shape_and_values(value):
    found = back(value)
    assert type(found) is type(value)
    assert alike(found, value, rel=0)
    if isinstance(value, torch.Tensor):
        assert (found.dtype, found.shape) == (value.dtype, value.shape)


def test_other_kinds():
    assert back(Fraction(1, 3)) == Fraction(1, 3)
    assert back(Decimal("0.1")) == Decimal("0.1")
    assert back({1, 2}) == {1, 2}
    assert back(b"") == b""
    assert back(bytes(range(256))) == bytes(range(256))
    assert back(range(10**12)) == range(10**12)
    assert back(deque([1])) == [1]
    assert back(OrderedDict(a=1)) == {"a": 1}
    generator = torch.Generator().manual_seed(3)
    torch.rand(5, generator=generator)
    there = back(generator)
    assert torch.equal(torch.rand(3, generator=there), torch.rand(3, generator=generator))


class Odd:
    def __repr__(self):
        raise RuntimeError


class Ends:
    def __float__(self):
        raise SystemExit

    __repr__ = __float__


NOWHERE = torch.empty(2, device="meta")


@pytest.mark.parametrize(
    "value", [Odd(), Ends(), len, torch.nn.ReLU(), torch.empty(2, device="meta"), np.array(["a"]), bytearray(b"x")]
)
def test_what_has_no_plain_form_arrives_as_a_word(value):
    found = back(value)
    assert isinstance(found, Foreign)
    assert repr(found)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        nested(codec.DEPTH + 2),
        [0] * (codec.ITEMS + 1),
        torch.zeros(1).expand(10**12),
        "x" * (codec.MOST_JSON + 1),
        10**5000,
        {i * (2**61 - 1) for i in range(codec.KEYS)} | {-1},
        dict.fromkeys(range(codec.KEYS + 1)),
    ],
    ids=["deep", "long", "expanded", "text", "digits", "set", "dict"],
)
def test_what_is_too_large_is_refused_before_it_is_sent(value):
    with pytest.raises(TooLarge):
        packed(value)


def test_a_bool_is_true_or_false():
    odd = torch.tensor([2, 255, 0], dtype=torch.uint8).view(torch.bool)
    for value in (back(odd).view(torch.uint8), back(odd.numpy()).view(np.uint8)):
        assert value.tolist() == [1, 1, 0]


HOSTILE = [
    b"",
    b"{",
    b'{"a": 1}',
    b'["os.system", "ls"]',
    b'["tensor", "0"]',
    b'["array", 3]',
    b'["scalar", "O", 1]',
    b'["scalar", "f9", 1]',
    b'["range", 1, 2, 0]',
    b'["range", "1", 2, 1]',
    b'["dict", [["list"], 1]]',
    b'["set", ["list"]]',
    b'["function", 0, "f"]',
    b'["fraction", 1, 0]',
    b'["decimal", "%s"]' % (b"1" * 1000),
    b'["list", {}]',
    b"[" * 100_000,
    b'["list", ' * 50 + b"1" + b"]" * 50,
    b"[[]]",
    b"[]",
    b"1" * 10_000,
    b'["set", ' + b", ".join(b"%d" % (i * (2**61 - 1)) for i in range(300_000)) + b"]",
]


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_bytes_that_nobody_packed_are_refused(words):
    with pytest.raises(Malformed):
        unpacked(words, b"")


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_a_value_or_malformed(words, numbers):
    with contextlib.suppress(Malformed):
        unpacked(words, numbers)


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=10))
def test_any_json_is_a_value_or_malformed(tree):
    with contextlib.suppress(Malformed):
        unpacked(json.dumps(tree).encode(), b"")


def test_a_header_of_tensors_is_bounded():
    with pytest.raises(Malformed):
        unpacked(b'["tensor", "0"]', (2**40).to_bytes(8, "little") + b"{}")


def test_a_line_takes_no_message_that_is_too_long():
    here, there = socket.socketpair()
    line = Line(here)
    there.sendall(struct.pack(">II", 2**31, 0))
    with pytest.raises(LineClosed):
        line.receive()


def test_a_line_takes_no_more_in_all_than_an_answer_needs(monkeypatch):
    words, numbers = packed(("back", torch.zeros(100)))
    monkeypatch.setattr("lthedu.course.grading.line.MOST_IN_ALL", 2 * (len(numbers) + 16 * len(words)))
    here, there = map(Line, socket.socketpair())
    for _ in range(3):
        there.send("back", torch.zeros(100))
    assert here.receive()[0] == here.receive()[0] == "back"
    with pytest.raises(LineClosed, match="more than all answers"):
        here.receive()


def test_a_line_waits_no_longer_than_it_may():
    here, _there = socket.socketpair()
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        Line(here, begun + 0.2).receive()
    with pytest.raises(TimeoutError):
        Line(here, begun + 60, asleep=lambda: True, idle=1).receive()
    assert time.monotonic() - begun < 30


def test_naps_count_together():
    here, there = socket.socketpair()
    line = Line(here, asleep=lambda: True, idle=2)
    threading.Timer(1.5, lambda: Line(there).send("first")).start()
    assert line.receive() == ("first", None)
    with pytest.raises(TimeoutError):
        line.receive()
    assert line.slept == 2


def test_a_line_whose_other_end_works_is_waited_for():
    here, there = socket.socketpair()
    threading.Timer(2.5, lambda: Line(there).send("done")).start()
    assert Line(here, asleep=lambda: False, idle=1).receive() == ("done", None)
