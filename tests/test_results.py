import json
import math
import random
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.base import sealed
from lthedu.data import DamagedFile

RECORD, TENSORS = "record.json", "tensors.safetensors"
TEN = {
    "w": torch.randn(2, 3, generator=torch.Generator().manual_seed(0)),
    "mask": torch.tensor([True, False, True]),
    "odd": torch.tensor([float("nan"), -0.0, 0.0, float("inf"), 1e-45]),
    "double": torch.tensor([0.1, -0.0], dtype=torch.float64),
    "steps": torch.tensor(7),
    "none": torch.zeros(0, 3),
}
# numbers that JSON can write in more than one way, and letters that it escapes
ROWS = {"rows": [{"loss": 0.30000000000000004, "p": 1e-05, "n": -3, "name": "µ\n\x7f", "bad": math.nan}]}


def bits(tensor):
    return (tensor.dtype, tensor.shape, tensor.contiguous().numpy().tobytes())


@pytest.fixture
def level(tmp_path):
    sealed.write(tmp_path / "run" / "level_00", ROWS, TEN)
    return tmp_path / "run" / "level_00"


def test_record_and_tensors_come_back_bit_for_bit(level):
    record, tensors = sealed.read(level)
    assert repr(record) == repr(ROWS)
    assert {n: bits(t) for n, t in tensors.items()} == {n: bits(t) for n, t in TEN.items()}


def test_the_order_of_names_comes_back(tmp_path):
    names = [f"{i}.{kind}" for i in (3, 1, 2, 10) for kind in ("weight", "bias")]
    for attempt in range(5):  # safetensors gives them in another order from call to call
        sealed.write(tmp_path / str(attempt), {}, {name: torch.zeros(2) for name in names})
        assert list(sealed.read(tmp_path / str(attempt))[1]) == names


def test_a_nan_keeps_its_payload(tmp_path):
    odd = torch.tensor([0x7FC00001, 0xFFC12345 - 2**32], dtype=torch.int32).view(torch.float32)
    sealed.write(tmp_path / "a", {}, {"odd": odd})
    assert bits(sealed.read(tmp_path / "a")[1]["odd"]) == bits(odd)


def test_views_that_share_memory_are_written_as_they_read(tmp_path):
    base = torch.arange(12.0).view(3, 4)
    sealed.write(tmp_path / "a", {}, {"t": base.T, "row": base[1], "wide": base[:1].expand(5, 4), "same": base})
    assert sealed.read(tmp_path / "a")[1]["t"].equal(base.T)
    assert sealed.read(tmp_path / "a")[1]["wide"].equal(base[:1].expand(5, 4))


json_value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.dictionaries(st.text(max_size=5), json_value, max_size=4))
def test_any_json_record_comes_back(tmp_path_factory, record):
    place = tmp_path_factory.mktemp("any") / "a"
    sealed.write(place, record, {})
    assert sealed.read(place) == (record, {})


def test_a_level_is_never_written_over(level):
    before = (level / RECORD).read_bytes()
    with pytest.raises(FileExistsError, match="level_00"):
        sealed.write(level, {"other": 1}, {})
    assert (level / RECORD).read_bytes() == before


@pytest.mark.parametrize("fails", ["fsync", "rename"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("call", [1, 2])
def test_a_write_that_fails_midway_leaves_nothing(tmp_path, monkeypatch, fails, error, call):
    real, calls = getattr(sealed.os, fails), []

    def failing(*args):
        calls.append(args)
        if len(calls) == (call if fails == "fsync" else 1):
            raise error
        return real(*args)

    monkeypatch.setattr(sealed.os, fails, failing)
    with pytest.raises(type(error)):
        sealed.write(tmp_path / "level_00", ROWS, TEN)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    sealed.write(tmp_path / "level_00", ROWS, TEN)


def test_a_record_that_json_cannot_hold_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        sealed.write(tmp_path / "level_00", {"x": object()}, {})
    assert list(tmp_path.iterdir()) == []


def test_everything_is_on_disk_before_the_folder_has_its_name(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(sealed.os, "fsync", lambda fd: seen.append((tmp_path / "level_00").exists()))
    sealed.write(tmp_path / "level_00", ROWS, TEN)
    assert seen == [False, False]


@pytest.mark.parametrize("file", [RECORD, TENSORS])
def test_any_flipped_bit_is_refused_and_the_file_is_named(level, file):
    good, rng = (level / file).read_bytes(), random.Random(0)
    flips = [(i, 1 << rng.randrange(8)) for i in rng.sample(range(len(good)), min(200, len(good)))]
    flips += [(i, 0x20) for i in range(len(good))] if file == RECORD else []  # e and E, f and F mean the same
    for where, bit in flips:
        raw = bytearray(good)
        raw[where] ^= bit
        (level / file).write_bytes(raw)
        with pytest.raises(DamagedFile, match=re.escape(str(level / file))):
            sealed.read(level)
    (level / file).write_bytes(good)
    sealed.read(level)


def test_a_digit_too_small_to_change_a_number_is_still_a_damaged_record(level):
    raw = (level / RECORD).read_text()
    assert float("0.30000000000000004") == float("0.30000000000000005")
    (level / RECORD).write_text(raw.replace("0.30000000000000004", "0.30000000000000005"))
    with pytest.raises(DamagedFile, match=RECORD):
        sealed.read(level)


@pytest.mark.parametrize("file", [RECORD, TENSORS])
@pytest.mark.parametrize("cut", [0, 1, 0.5])
def test_a_file_cut_short_is_refused_and_named(level, file, cut):
    raw = (level / file).read_bytes()
    (level / file).write_bytes(raw[: int(len(raw) * cut) if cut != 1 else -1])
    with pytest.raises(DamagedFile, match=file):
        sealed.read(level)


def test_the_refusal_of_damaged_tensors_shows_both_checksums(level):
    import hashlib

    good = (level / TENSORS).read_bytes()
    bad = good[:-1] + bytes([good[-1] ^ 1])
    (level / TENSORS).write_bytes(bad)
    with pytest.raises(DamagedFile) as error:
        sealed.read(level)
    assert hashlib.sha256(good).hexdigest() in str(error.value)
    assert hashlib.sha256(bad).hexdigest() in str(error.value)


def test_a_level_with_another_levels_tensors_is_refused(level, tmp_path):
    sealed.write(tmp_path / "run" / "level_01", ROWS, {"w": torch.zeros(2)})
    (level / TENSORS).write_bytes((tmp_path / "run" / "level_01" / TENSORS).read_bytes())
    with pytest.raises(DamagedFile, match="level_00"):
        sealed.read(level)


@pytest.mark.parametrize("foreign", [{}, [], None, 3, "x", {"record": {}}, {"sha256 of record": "0"}])
def test_foreign_json_is_refused(level, foreign):
    (level / RECORD).write_text(json.dumps(foreign))
    with pytest.raises(DamagedFile, match=f"{RECORD} is damaged"):
        sealed.read(level)


@pytest.mark.parametrize("file", [RECORD, TENSORS])
def test_a_missing_file_is_named(level, file):
    (level / file).unlink()
    with pytest.raises(OSError, match=file):
        sealed.read(level)


def test_a_level_without_its_tensors_is_refused_by_name(tmp_path):
    sealed.write(tmp_path / "level", {"level": 0}, {"w": torch.ones(2)})
    (tmp_path / "level" / "tensors.safetensors").unlink()
    with pytest.raises(DamagedFile, match=r"tensors.safetensors is missing; delete"):
        sealed.read(tmp_path / "level")
