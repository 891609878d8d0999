"""Whoever is asked for by a part of the name must be one."""

import json

import pytest

from lthedu.course.grading.show import shown


def test_a_part_of_a_name_must_be_one_students(tmp_path):
    (tmp_path / "results").mkdir()
    for name in ("Ada Hall", "Bea Hall"):
        (tmp_path / "results" / f"{name}.json").write_text(json.dumps({"name": name}))
    with pytest.raises(ValueError, match="'hall' is several: Ada Hall, Bea Hall; allowed: what only one has"):
        list(shown("hall", "2.1", tmp_path, tmp_path))
    with pytest.raises(ValueError, match=r"there is no 'cy' in .*; there are: Ada Hall, Bea Hall"):
        list(shown("cy", "2.1", tmp_path, tmp_path))
