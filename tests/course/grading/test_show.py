"""Whoever is asked for by a part of the name must be one, and the mistake that they made is shown."""

import json

import numpy as np
import pytest

from lthedu.course.catalogue import find
from lthedu.course.grading.show import _planted, shown
from lthedu.exercises.core import Attempt, Wrong


def test_a_part_of_a_name_must_be_one_students(tmp_path):
    (tmp_path / "results").mkdir()
    for name in ("Ada Hall", "Bea Hall"):
        (tmp_path / "results" / f"{name}.json").write_text(json.dumps({"name": name}))
    with pytest.raises(ValueError, match="'hall' is several: Ada Hall, Bea Hall; allowed: what only one has"):
        list(shown("hall", "2.1", tmp_path, tmp_path))
    with pytest.raises(ValueError, match=r"there is no 'cy' in .*; there are: Ada Hall, Bea Hall"):
        list(shown("cy", "2.1", tmp_path, tmp_path))


def asks_one_output(second, owner, columns):
    found = np.zeros((len(owner), columns), dtype=bool)
    for j in range(len(owner)):
        if second[0, j]:
            found[j, owner[j]] = True
    return found


def asks_none(second, owner, columns):
    found = np.zeros((len(owner), columns), dtype=bool)
    found[np.arange(len(owner)), owner] = True
    return found


@pytest.mark.parametrize(
    ("answer", "name"), [(asks_one_output, "one_output_and_minus_one"), (asks_none, "never_looks_at_second")]
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_two_mistakes_made_at_once_in_a_loop_over_neurons_are_shown(answer, name, seed):
    exercise = find("first_mask")
    with pytest.raises(Wrong) as wrong:
        exercise.check(Attempt(answer, seed))
    assert f"def {name}(" in "\n".join(_planted(exercise, {"sentence": wrong.value.message}))
