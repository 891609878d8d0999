"""Times of lessons: measured beside the machine's speed, kept in one file, scaled to another machine."""

import json
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from lthedu.base.course_files import course_path
from lthedu.course import authoring, times
from lthedu.course.times import Time


def test_written_times_are_read_again_and_the_others_stay(tmp_path: Path) -> None:
    assert times.read(tmp_path) == {}
    one, two = Time(60.0, 50.0, "mine"), Time(1.5, 20.0, "höhere")
    times.write(tmp_path, "02_b", two)
    times.write(tmp_path, "01_a", one)
    assert times.read(tmp_path) == {"01_a": one, "02_b": two}
    text = (tmp_path / "times.json").read_bytes()
    times.write(tmp_path, "02_b", two)
    assert (tmp_path / "times.json").read_bytes() == text


def test_the_course_has_times_of_lessons_it_has() -> None:
    known = times.read(course_path("lessons"))
    assert known
    assert set(known) == {path.stem[3:] for path in course_path("lessons").glob("*.ipynb")}
    assert all(5 < t.seconds < 600 and t.rate > 1 for t in known.values())


@pytest.mark.parametrize("text", ["", "[]", '{"a": 3}', '{"a": {"seconds": 3}}', "\0"])
def test_a_file_that_holds_no_times_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "times.json").write_text(text)
    with pytest.raises(ValueError, match=r"times\.json does not hold the lessons' times"):
        times.read(tmp_path)
    with pytest.raises(ValueError, match=r"times\.json does not hold"):
        times.write(tmp_path, "a", Time(1.0, 1.0, ""))
    assert (tmp_path / "times.json").read_text() == text


def test_canonical_measures_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "01_small.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("import time; time.sleep(0.2)")]), path)
    speeds = iter([45.0, 55.0])
    monkeypatch.setattr(authoring, "asked", lambda *_: {"torch_facts": {"threads": 2}, "rate": next(speeds)})
    authoring.canonical(path)
    assert [p.name for p in tmp_path.iterdir()] == ["01_small.ipynb"]
    begun = time.monotonic()
    authoring.canonical(path, times=True)
    took = time.monotonic() - begun
    (entry,) = json.loads((tmp_path / "times.json").read_text(encoding="utf-8")).values()
    assert 0.2 < entry["seconds"] < took + 0.1
    assert entry["rate"] == 50.0  # the mean of before and after
    assert entry["machine"].endswith(", 2 threads")


def test_a_speed_that_cannot_be_measured_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "01_small.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), path)
    before = path.read_bytes()
    monkeypatch.setattr(authoring, "asked", lambda *_: {"rate": RuntimeError("no torch")})
    with pytest.raises(RuntimeError, match="no torch"):
        authoring.canonical(path, times=True)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["01_small.ipynb"]


def test_a_busy_machine_is_not_taken_for_a_slow_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "01_small.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), path)
    before = path.read_bytes()
    speeds = iter([60.0, 20.0])
    monkeypatch.setattr(authoring, "asked", lambda *_: {"torch_facts": {"threads": 2}, "rate": next(speeds)})
    with pytest.raises(ValueError, match="busy with something else: 60 steps a second before the run, 20 after"):
        authoring.canonical(path, times=True)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["01_small.ipynb"]
