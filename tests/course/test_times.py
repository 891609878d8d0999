"""Times of lessons: measured beside the machine's speed, kept in one file, scaled to another machine."""

import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from lthedu.base.course_files import course_path
from lthedu.base.machine import cpu_name
from lthedu.course import authoring, times
from lthedu.course.times import Time

REFERENCE = 29.0  # steps per second of one thread of an AMD EPYC (Zen 4) with nothing else to do


def test_written_times_are_read_again_and_the_others_stay(tmp_path: Path) -> None:
    assert times.read(tmp_path) == {}
    one, two = Time(60.0, 5.5, 1, 50.0, "mine"), Time(1.5, 0.0, 1, 20.0, "höhere")
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
    assert all(t.seconds > 1 and t.rate > 1 for t in known.values())


def test_no_lesson_takes_the_reference_machine_long() -> None:
    # 01 trains its networks for two budgets and under two schedules;
    # 09 trains five targets and builds 33 tickets of 36 million random weights
    allowed = {"pruning_basics": 50, "winning_tickets": 75, "rewinding": 75}
    # 15 trains 20 networks one example at a time, 17 six networks and a refit of many patches
    allowed |= {"hashing_instead_of_multiplying": 50, "sparse_coding": 50}
    allowed["pruning_is_all_you_need"] = 75
    for name, measured in times.read(course_path("lessons")).items():
        seconds, cold = measured.estimate(REFERENCE)
        assert seconds <= allowed.get(name, 40), name
        assert cold <= 15, name


OLD = '{"a": {"seconds": 50.0, "rate": 56.7, "machine": "AMD EPYC, 2 threads"}}'


@pytest.mark.parametrize("text", ["", "[]", '{"a": 3}', '{"a": {"seconds": 3}}', OLD, "\0"])
def test_a_file_that_holds_no_times_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "times.json").write_text(text)
    with pytest.raises(ValueError, match=r"times\.json does not hold the lessons' times"):
        times.read(tmp_path)
    with pytest.raises(ValueError, match=r"times\.json does not hold"):
        times.write(tmp_path, "a", Time(1.0, 0.0, 1, 1.0, ""))
    assert (tmp_path / "times.json").read_text() == text


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (OLD, "a has seconds, rate, machine; allowed: seconds, cold, threads, rate, machine: delete it"),
        (json.dumps({"a": asdict(Time(1.0, 0.0, 2, 1.0, ""))}), "threads of a is 2; allowed: 1: delete it"),
    ],
)
def test_times_of_several_threads_are_refused_before_anything_is_run(tmp_path: Path, text: str, wrong: str) -> None:
    nbformat.write(new_notebook(cells=[new_code_cell("open('ran', 'w')")]), tmp_path / "01_a.ipynb")
    (tmp_path / "times.json").write_text(text)
    with pytest.raises(ValueError, match=wrong):
        authoring.canonical(tmp_path / "01_a.ipynb", times=True)
    assert not (tmp_path / "ran").exists()


SURROUNDINGS = """import os, pathlib
names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "LTHEDU_DEVICE")
loop = pathlib.Path(os.environ.get("NUMBA_CACHE_DIR", os.environ["LTHEDU_HOME"]), "loop")
print(*(os.environ.get(name) for name in names), loop.exists())
loop.touch()"""


def test_canonical_measures_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "01_small.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(SURROUNDINGS)]), path)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    authoring.canonical(path)
    assert [p.name for p in tmp_path.iterdir()] == ["01_small.ipynb"]
    speeds, clock = iter([45.0, 55.0]), iter([0.0, 12.5, 20.0, 29.0])
    monkeypatch.setattr(authoring, "asked", lambda *_: {"rate": next(speeds)})
    monkeypatch.setattr(authoring, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    authoring.canonical(path, times=True)
    assert times.read(tmp_path) == {"small": Time(9.0, 3.5, 1, 50.0, cpu_name())}  # the second run; the mean speed
    assert nbformat.read(path, 4).cells[0].outputs[0].text == "1 1 cpu True\n"  # it found what the first run left


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
    monkeypatch.setattr(authoring, "asked", lambda *_: {"rate": next(speeds)})
    with pytest.raises(ValueError, match="busy with something else: 60 steps a second before the runs, 20 after"):
        authoring.canonical(path, times=True)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["01_small.ipynb"]
