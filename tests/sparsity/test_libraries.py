"""The record of libraries: it fits its schema, and what does not is refused by name and field."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import lthedu.sparsity
from lthedu.sparsity import libraries, read_record

STORED = json.loads((Path(lthedu.sparsity.__file__).parent / "libraries.json").read_text(encoding="utf-8"))


def changed(**fields: Any) -> dict[str, Any]:
    record = copy.deepcopy(STORED)
    record["libraries"][0] |= fields
    return record


def test_the_stored_record_fits_and_names_the_discussions_libraries() -> None:
    record = libraries()
    assert len(record.libraries) == len(STORED["libraries"])
    assert {one.name for one in record.libraries if one.named_in_2020} == {
        "MinkowskiEngine",
        "pytorch_sparse",
        "PyTorch, sparse products",
        "openai/blocksparse",
        "pytorch_block_sparse",
    }


def test_what_is_alive_has_a_date_within_a_year_and_what_ended_none() -> None:
    record = libraries()
    for one in record.libraries:
        last = max((date for date in (one.last_commit, one.last_release) if date), default=None)
        if one.status_observed in ("alive", "quiet") and last:
            assert (last[:7] >= f"{int(record.checked_on[:4]) - 1}{record.checked_on[4:7]}") == (
                one.status_observed == "alive"
            ), one.name


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (changed(last_commit="March 2023"), "MinkowskiEngine: last_commit is 'March 2023'; allowed: a date"),
        (changed(last_release="2026-13-01"), "MinkowskiEngine: last_release is '2026-13-01'"),
        (changed(last_release="2027-01-01"), "MinkowskiEngine: last_release is 2027-01-01, after the day of the check"),
        (changed(source="somewhere"), "MinkowskiEngine: source is 'somewhere'"),
        (changed(status_observed="dead"), "status_observed is 'dead'; allowed: alive, quiet, ended, removed"),
        (changed(stars=3), "MinkowskiEngine has the field 'stars'"),
        (changed(name="spconv"), "spconv is in the record 2 times"),
        (changed(index="mine"), "index is 'mine'"),
        (STORED | {"checked_on": "today"}, "checked_on is 'today'"),
        ({"libraries": []}, "the record holds libraries and lacks 'about'"),
    ],
)
def test_what_does_not_fit_is_refused(record: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_record(record)


def test_a_missing_field_is_named() -> None:
    record = copy.deepcopy(STORED)
    del record["libraries"][3]["commit"]
    with pytest.raises(ValueError, match=f"{record['libraries'][3]['name']} holds .* and lacks 'commit'"):
        read_record(record)
