import copy
import pickle

import numpy as np
import pytest
import torch

from lthedu.course.catalogue import find
from lthedu.exercises.core import Attempt, Raised, Wrong, same_tensor, same_tensors
from lthedu.exercises.values import brief, difference


def test_arguments_are_copied_before_the_call() -> None:
    mine = torch.zeros(2)
    seen = []
    Attempt(seen.append)(mine)
    assert seen[0] is not mine


def test_a_changed_argument_is_named() -> None:
    def answer(weights, mask):
        mask["w"][0] = False

    with pytest.raises(Wrong, match="its argument 'mask'"):
        Attempt(answer)(torch.ones(1), {"w": torch.tensor([True])})


def test_where_a_large_argument_changed_is_shown() -> None:
    def answer(layers):
        layers[1]["w"][2, 3] = 1e-7

    with pytest.raises(Wrong) as caught:
        Attempt(answer)([{"w": torch.ones(1)}, {"w": torch.zeros(4, 5)}])
    assert caught.value.example == "at [1]['w'][2, 3] 0.0 became 1e-07"


def test_what_the_function_raises_is_kept_apart_from_what_it_gets_wrong() -> None:
    with pytest.raises(Raised) as caught:
        Attempt(lambda x: x.no_such_thing)(torch.ones(1))
    assert isinstance(caught.value.error, AttributeError)
    with pytest.raises(Raised):
        Attempt(lambda x: (_ for _ in ()).throw(SystemExit))(1)


def test_a_generator_argument_is_copied_with_its_state() -> None:
    g = torch.Generator().manual_seed(3)
    first = Attempt(lambda g: torch.rand(2, generator=g))(g)
    assert torch.equal(first, Attempt(lambda g: torch.rand(2, generator=g))(g))


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (None, "is None; expected a tensor"),
        (torch.ones(3), r"shape \(3,\); expected \(2,\)"),
        (torch.ones(2, dtype=torch.float64), "dtype torch.float64; expected torch.float32"),
        (torch.tensor([1.0, float("nan")]), "holds NaN"),
    ],
)
def test_a_tensor_of_another_kind_is_named(got: object, words: str) -> None:
    with pytest.raises(Wrong, match=words):
        same_tensor(got, torch.zeros(2), "it")


@pytest.mark.parametrize(
    ("lazy", "words"), [((i for i in range(3)), r"generator \(it says `yield`\)"), (map(abs, [1]), "map object")]
)
def test_an_iterator_is_not_its_values(lazy, words: str) -> None:
    with pytest.raises(Wrong, match=rf"returned a {words}, not values"):
        Attempt(lambda: lazy)()


def test_missing_layers_are_named() -> None:
    with pytest.raises(Wrong, match=r"names the layers \['a'\]; expected \['a', 'b'\]"):
        same_tensors({"a": torch.ones(1)}, {"a": torch.ones(1), "b": torch.ones(1)}, "mask")


def test_an_unknown_exercise_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no exercise '9.9'; there are: .*2.1 to 2.4, 3.1 to "):
        find("9.9")


def test_brief_shows_small_values_whole_and_large_ones_by_shape() -> None:
    assert brief(torch.tensor([1, 2])) == "[1, 2]"
    assert brief(torch.zeros(20, 30)) == "a tensor of shape (20, 30)"
    assert brief(torch.tensor([0.5, float("nan"), -0.0, 0.0])) == "[0.5, nan, -0.0, 0.0]"
    assert len(brief("x" * 500)) == 80


@pytest.mark.parametrize(
    "change", [lambda a: a.__setitem__(0, 5.0), lambda a: a.resize(1, refcheck=False), lambda a: a.__iadd__(1)]
)
def test_an_array_that_is_changed_is_noticed(change) -> None:
    with pytest.raises(Wrong, match="it changed its argument"):
        Attempt(change)(np.array([1.0, float("nan")]))
    Attempt(lambda a: None)(np.array([1.0, float("nan")]))
    Attempt(lambda a: None)(np.array([True, False]))


def test_copying_a_tensor_changes_nothing_that_is_noticed() -> None:
    """`copyreg` notes the names of a class's slots in the class."""
    if hasattr(torch.Tensor, "__slotnames__"):
        del torch.Tensor.__slotnames__
    assert torch.equal(Attempt(lambda a: pickle.loads(pickle.dumps(copy.copy(a))))(torch.ones(2)), torch.ones(2))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.zeros(2, device="meta"), "on the device meta"),
        (torch.zeros(2, 2).to_sparse(), "a sparse tensor"),
        ([torch.zeros(2, dtype=torch.complex64)], "a complex tensor"),
    ],
)
def test_tensors_that_cannot_be_read_are_named(value, words: str) -> None:
    with pytest.raises(Wrong, match=words):
        Attempt(lambda: value)()


def test_what_differs_is_shown_at_its_first_place_in_digits_that_differ() -> None:
    large = torch.zeros(3, 4, 5)
    other = large.index_put((torch.tensor(1), torch.tensor(2), torch.tensor(3)), torch.tensor(1e-7))
    assert difference(large, other) == "at [1, 2, 3] got 0.0, expected 1e-07"
    assert difference(0.2, np.float32(0.2)) == "got 0.2, expected np.float32(0.2)"
    assert difference(list(range(20)), [*range(19), 7]) == "at [19] got 19, expected 7"
    assert difference({"a": 1, "b": torch.ones(2)}, {"a": 1, "b": torch.zeros(2)}) == (
        "at ['b'] got [1.0, 1.0], expected [0.0, 0.0]"
    )
    assert difference(torch.ones(2), [1.0, 1.0]) == "got [1.0, 1.0], expected [1.0, 1.0]"


def test_later_cells_get_a_right_answer_in_the_form_that_they_need() -> None:
    exercise = find("matching_width")
    answer = exercise.handed_on(lambda total, inputs, outputs: np.floor((total - outputs) / (inputs + outputs + 1)))
    assert type(answer(27_000, 784, outputs=10)) is int
    assert exercise.handed_on(lambda *args: None)(27_000, 784, 10) is None  # what cannot be read is left as it is
