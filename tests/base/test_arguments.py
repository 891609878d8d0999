"""What fits an annotation, and what is said of what does not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import ArrayLike, NDArray

from lthedu.base.arguments import fits, shown, spoken, typed
from lthedu.base.ranges import Columns, Count, Fraction, Number, Range, Text, Whole

NAN = float("nan")


@runtime_checkable
class Draws(Protocol):
    def draw(self) -> int: ...


class Dealer:
    def draw(self) -> int:
        return 1


FITS: list[tuple[Any, list[Any]]] = [
    (int, [0, -3, np.int64(3), torch.tensor(3), 10**30]),
    (float, [0, 0.5, NAN, np.float32(0.5), torch.tensor(0.5), np.array(0.5)]),
    (bool, [True, False, np.bool_(True), torch.tensor(True)]),
    (str, ["", "a"]),
    (Any, [None, object()]),
    (int | None, [None, 3]),
    (Literal["a", "b"] | None, [None, "a"]),
    (Sequence[int], [[], [1], (1, 2), range(3), np.arange(3), torch.arange(3), pd.Series([1])]),
    (tuple[int, ...], [(), (1,), [1]]),
    (tuple[float, str], [(1, "a")]),
    (list[str], [["a"]]),
    (dict[str, torch.Tensor], [{}, {"a": torch.ones(2)}]),
    (Mapping[str, float | None], [{}, {"a": None}, {"a": 0.5}]),
    (Callable[[int], int], [len, Dealer().draw, lambda x: x]),
    (Draws, [Dealer()]),
    (ArrayLike, [[1.0], np.ones(2), 3, torch.ones(2)]),
    (NDArray[np.float64], [np.ones(2)]),
    (Count, [1, 7]),
    (Whole, [0]),
    (Fraction, [0, 1, 0.5]),
    (Number, [float("inf"), -3]),
    (Text, ["a"]),
    (Annotated[float | None, Range(high=3)], [None, 3]),
]
WRONG: list[tuple[Any, Any, type[Exception], str]] = [
    (int, True, TypeError, "True; allowed: a whole number"),
    (int, 0.5, ValueError, "0.5; allowed: a whole number"),
    (int, "3", TypeError, "'3'; allowed: a whole number"),
    (float, "half", TypeError, "'half'; allowed: a number"),
    (float, np.ones(2), TypeError, "a ndarray of shape (2,); allowed: a number"),
    (float, 1j, TypeError, "1j; allowed: a number"),
    (bool, 1, TypeError, "1; allowed: True or False"),
    (str, b"a", TypeError, "b'a'; allowed: a text"),
    (Literal["a", "b"], "c", ValueError, "'c'; allowed: a, b"),
    (Literal["a", "b"], 3, TypeError, "3; allowed: a, b"),
    (Literal["a", "b"] | None, "c", ValueError, "'c'; allowed: a, b or None"),
    (int | None, "a", TypeError, "'a'; allowed: a whole number or None"),
    (Sequence[int], "12", TypeError, "'12'; allowed: a sequence of whole numbers"),
    (Sequence[int], {1: 2}, TypeError, "{1: 2}; allowed: a sequence of whole numbers"),
    (Sequence[int], [1, 2, 0.5], ValueError, "[2] is 0.5; allowed: a whole number"),
    (Sequence[int] | None, [1, "a"], TypeError, "[1] is 'a'; allowed: a whole number"),
    (tuple[float, str], (1, 2), TypeError, "[1] is 2; allowed: a text"),
    (tuple[float, str], (1,), TypeError, "(1,); allowed: a tuple of 2: a number, a text"),
    (dict[str, torch.Tensor], {"a": 3}, TypeError, "['a'] is 3; allowed: torch.Tensor"),
    (dict[str, torch.Tensor], {0: torch.ones(1)}, TypeError, "'s key is 0; allowed: a text"),
    (dict[str, dict[str, int]], {"a": {"b": "c"}}, TypeError, "['a']['b'] is 'c'; allowed: a whole number"),
    (Callable[[int], int], 3, TypeError, "3; allowed: a function"),
    (Draws, None, TypeError, f"None; allowed: {__name__.split('.')[0]}.Draws"),
    (ArrayLike, "a", TypeError, "'a'; allowed: an array of numbers"),
    (NDArray[np.float64], (1.0,), TypeError, "(1.0,); allowed: numpy.ndarray"),
    (Count, 0, ValueError, "0; allowed: a whole number from 1 up"),
    (Fraction, NAN, ValueError, "nan; allowed: a number from 0 to 1"),
    (Fraction, "half", TypeError, "'half'; allowed: a number from 0 to 1"),
    (Number, NAN, ValueError, "nan; allowed: a number that is not NaN"),
    (Text, " ", ValueError, "' '; allowed: a text with something in it"),
    (Annotated[float, Range(high=3)], 4, ValueError, "4; allowed: a number up to 3"),
    (
        Annotated[pd.DataFrame, Columns("a b")],
        pd.DataFrame({"a": [1]}),
        ValueError,
        "a DataFrame of 1 rows with the columns a; allowed: pandas.DataFrame with the columns a, b and one row or more",
    ),
]


@pytest.mark.parametrize(("hint", "values"), FITS, ids=[spoken(hint) for hint, _ in FITS])
def test_what_fits(hint: Any, values: list[Any]) -> None:
    assert [bool(fits(hint)(value)) for value in values] == [True] * len(values)


@pytest.mark.parametrize(("hint", "value", "error", "words"), WRONG)
def test_what_does_not_fit_is_named_with_what_would(hint: Any, value: Any, error: type[Exception], words: str) -> None:
    def asks(x: Any) -> None:
        raise AssertionError("the body ran")

    asks.__annotations__["x"] = hint
    with pytest.raises(error) as caught:
        typed(asks)(value)
    assert str(caught.value) == f"asks: x{'' if words.startswith(('[', chr(39) + 's')) else ' is '}{words}"
    assert type(caught.value) is error


@pytest.mark.parametrize("value", [torch.tensor(3), np.array(3), torch.tensor(3.0), np.array(3.0)])
@pytest.mark.parametrize("hint", [float, Count, Annotated[float | None, Range(high=3)], float | Literal["all"]])
def test_a_number_in_an_array_without_dimensions_arrives_as_a_plain_one(hint: Any, value: Any) -> None:
    def asks(x: Any, *rest: float, key: Any = None) -> tuple[Any, ...]:
        return x, *rest, key

    asks.__annotations__ |= {"x": hint, "key": hint}
    if hint is Count and value.dtype not in (torch.int64, np.int64):
        return
    found = typed(asks)(value, value, 0.5, key=value)
    assert found == (3, 3, 0.5, 3)
    assert {type(number) for number in found} <= {int, float}


def test_only_where_a_number_is_asked_for_and_no_other_number_is_touched() -> None:
    @typed
    def f(a: torch.Tensor, b: torch.Tensor | float, c: Any, d: float, e: bool) -> tuple[Any, ...]:
        return a, b, c, d, e

    given = (torch.tensor(1.0), torch.tensor(2.0), torch.tensor(3.0), np.float32(0.1), True)
    assert all(x is y for x, y in zip(f(*given), given, strict=True))
    assert f(*given[:3], 1, torch.tensor(True))[4] is True


@pytest.mark.parametrize("value", [torch.tensor(3), np.array(3)])
def test_what_has_no_dimensions_is_no_sequence(value: Any) -> None:
    with pytest.raises(TypeError, match=r"typed_sum: numbers is .*; allowed: a sequence of numbers"):
        typed_sum(value)


def test_a_class_is_checked_when_it_is_made_and_stays_the_class_it_is() -> None:
    class Thing:
        """A thing."""

        def __init__(self, n: Count) -> None:
            self.n = n

    assert typed(Thing) is Thing
    assert Thing(2).n == 2
    with pytest.raises(ValueError, match="Thing: n is 0; allowed: a whole number from 1 up"):
        Thing(0)


def test_too_few_arguments_and_one_too_many_are_python_s_own_errors() -> None:
    @typed
    def f(a: int, *rest: int, key: float = 0.5) -> tuple[Any, ...]:
        return a, rest, key

    assert f(1, 2, 3, key=1) == (1, (2, 3), 1)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        f()
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        f(1, other=2)
    with pytest.raises(ValueError, match=r"f: rest\[1\] is 0.5"):
        f(1, 2, 0.5)


def test_nothing_is_taken_of_an_iterator_and_no_array_is_read() -> None:
    class Unread(np.ndarray):
        def __iter__(self) -> Any:
            raise AssertionError("it was read")

    assert fits(Sequence[float])(np.zeros(3).view(Unread))
    with pytest.raises(TypeError, match="a generator; allowed: a sequence of numbers"):
        typed_sum(x for x in (1, 2))


@typed
def typed_sum(numbers: Sequence[float]) -> float:
    return sum(numbers)


def test_of_a_long_sequence_the_beginning_is_looked_at() -> None:
    taken = []

    class Long(list):
        def __iter__(self) -> Any:
            return (taken.append(i) or i for i in range(10**9))

    assert fits(Sequence[int])(Long())
    assert len(taken) < 100


def test_an_alias_is_what_it_stands_for() -> None:
    alias = pytest.importorskip("typing_extensions").TypeAliasType
    item = TypeVar("item")
    numbers, row = alias("numbers", Sequence[int]), alias("row", dict[str, item], type_params=(item,))
    assert fits(numbers)([1])
    assert not fits(numbers)([0.5])
    assert not fits(row[int])({"a": "b"})
    assert spoken(row[int] | None) == "a dict or None"


def test_a_long_value_is_described() -> None:
    assert shown(list(range(1000))) == "a list of 1000"
    assert shown(torch.zeros(3, 4)) == "a Tensor of shape (3, 4)"
    assert shown(object()) == "an object"
