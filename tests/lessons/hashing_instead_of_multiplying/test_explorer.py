"""The explorer of what hashing finds: its callbacks; a browser test drives the same widget by keyboard."""

import pytest

from lthedu.lessons.hashing_instead_of_multiplying import experiment
from lthedu.lessons.hashing_instead_of_multiplying.arms import RAW
from lthedu.lessons.hashing_instead_of_multiplying.explorer import explorer


@pytest.fixture(scope="module")
def trained():
    return experiment.run((RAW,), experiment.SIZES.tiny)[1][RAW]


def test_every_control_draws_another_picture_and_says_so(trained, draws_each_anew) -> None:
    shown = explorer(trained, bits=4, tables=3)
    way, bits, tables, *_ = shown.children
    draws_each_anew(shown, [(way, "nothing"), (bits, 2), (tables, 9)])


def test_one_bit_and_many_tables_find_nearly_all_rows(trained) -> None:
    *_, words = explorer(trained, bits=1, tables=32).children
    assert "The label is found for 100 % of 200 test examples" in words.value
    assert "of 60. One code takes 32 products" in words.value


def test_it_begins_as_it_is_asked_to(trained) -> None:
    assert explorer(trained, way="nothing").children[0].value == "nothing"


@pytest.mark.parametrize("named", [{"bits": 15}, {"tables": 33}, {"way": "all"}])
def test_what_the_controls_do_not_have_is_refused(trained, named) -> None:
    with pytest.raises(ValueError, match="allowed: "):
        explorer(trained, **named)
