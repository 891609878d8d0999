"""The record of a learner's progress: nothing of it is lost, and it never stops a lesson."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from lthedu.course import record
from lthedu.course.record import Document, Entry, Event, Newer, Record, Refused, empty, entries, noted, read

NOW = 1_800_000_000.0


def after(*events: tuple) -> Document:
    """The document after (minutes from NOW, exercise, kind, answer or hints) happened."""
    document = empty()
    for minute, exercise, kind, *what in events:
        given = {"hints" if kind == "hint" else "answer": what[0]} if what else {}
        document = noted(document, Event(exercise, f"Title {exercise}", kind, NOW + 60 * minute, **given))
    return document


def one(*events: tuple) -> Entry:
    return entries(after(*events))["2.1"]


def test_tries_are_different_answers_and_end_with_the_pass() -> None:
    entry = one(*((0, "2.1", "tried", a) for a in ("a", "b", "a")), (1, "2.1", "passed", "c"), (2, "2.1", "tried", "d"))
    assert entry.tries == 3
    assert datetime.fromisoformat(entry.passed).timestamp() == NOW + 60


def test_minutes_are_those_between_events_whatever_exercise_the_earlier_one_was_of() -> None:
    document = after(
        (0, "2.1", "looked"), (0, "2.2", "looked"), (6, "2.1", "tried", "a"), (8, "2.1", "passed", "b"),
        (11, "1.4", "hint", 1), (12, "2.2", "passed", "c"),
    )  # fmt: skip
    minutes = {number: entry.seconds / 60 for number, entry in entries(document).items()}
    assert minutes == {"2.1": 8, "1.4": 3, "2.2": 1}


def test_a_long_pause_a_clock_turned_back_and_a_first_event_count_nothing() -> None:
    assert one((0, "2.1", "tried", "a")).seconds == 0
    pause = record.PAUSE / 60
    assert one((0, "2.1", "tried", "a"), (pause + 0.1, "2.1", "tried", "b")).seconds == 0
    assert one((0, "2.1", "tried", "a"), (pause, "2.1", "tried", "b")).seconds == record.PAUSE
    assert one((60, "2.1", "tried", "a"), (0, "2.1", "tried", "b"), (1, "2.1", "tried", "c")).seconds == 60


def test_the_start_of_the_kernel_counts_as_an_event() -> None:
    event = Event("2.1", "", "passed", NOW + 300, since=NOW, answer="a")
    assert entries(noted(empty(), event))["2.1"].seconds == 300
    later = noted(after((4, "1.1", "looked")), event)
    assert entries(later)["2.1"].seconds == 60


def test_running_the_whole_notebook_again_changes_neither_tries_nor_minutes() -> None:
    work = [(0, "2.1", "looked"), (2, "2.1", "tried", "a"), (5, "2.1", "passed", "b"), (9, "2.2", "tried", "x")]
    before = entries(after(*work))
    for minute in range(10, 60, 3):
        work += [(minute, "2.1", "passed", "b"), (minute + 1, "2.2", "tried", "x"), (minute + 2, "2.3", "looked")]
    assert entries(after(*work)) == before


def test_a_pass_after_the_solution_is_told_from_one_before_it() -> None:
    assert one((0, "2.1", "passed", "a"), (1, "2.1", "solution")).solution is None
    seen = one((0, "2.1", "tried", "a"), (1, "2.1", "solution"), (5, "2.1", "solution"), (9, "2.1", "passed", "b"))
    assert datetime.fromisoformat(seen.solution).timestamp() == NOW + 60
    assert seen.passed


def test_hints_are_the_furthest_seen_and_none_after_the_pass_counts() -> None:
    entry = one((0, "2.1", "hint", 2), (1, "2.1", "hint", 1), (2, "2.1", "passed", "a"), (3, "2.1", "hint", 3))
    assert entry.hints == 2


def test_looking_alone_leaves_no_entry() -> None:
    assert after((0, "2.1", "looked"))["exercises"] == {}


# on disk -----------------------------------------------------------------------------------------------------


def event(exercise: str = "2.1", kind: str = "tried", answer: str = "a", at: float = NOW) -> Event:
    return Event(exercise, "A title", kind, at, answer=answer)


def test_another_kernel_goes_on_where_this_one_was(tmp_path: Path) -> None:
    Record(tmp_path).add(event(answer="a"))
    assert Record(tmp_path).add(event(answer="b")).tries == 2
    assert Record(tmp_path).entry("2.1").tries == 2
    assert Record(tmp_path).entry("2.2") == Entry()


def test_two_open_lessons_never_lose_each_others_records(tmp_path: Path) -> None:
    one, two = Record(tmp_path), Record(tmp_path)
    for i in range(5):
        one.add(event("1.1", answer=f"{i}"))
        two.add(event("2.1", answer=f"{i}"))
    assert {n: e.tries for n, e in entries(one.document()).items()} == {"1.1": 5, "2.1": 5}
    assert one.document() == two.document() == read(tmp_path / ".lthedu" / "progress.json")


WRITER = """
import sys
from pathlib import Path
from lthedu.course.record import Event, Record
record = Record(Path(sys.argv[1]))
for i in range(40):
    record.add(Event(f"{sys.argv[2]}.1", "", "tried", 1e9 + i, answer=f"{i}"))
    record.add(Event("9.9", "", "tried", 1e9 + i, answer=f"{sys.argv[2]} {i}"))
assert not record.trouble, record.trouble
"""


def test_four_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(k)]) for k in range(1, 5)]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 4
    found = entries(read(tmp_path / ".lthedu" / "progress.json"))
    tries = {number: entry.tries for number, entry in found.items()}
    assert tries == {"1.1": 40, "2.1": 40, "3.1": 40, "4.1": 40, "9.9": 160}


def test_a_write_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Record(tmp_path).add(event(answer="a"))
    for place in ("fsync", "replace"):
        with monkeypatch.context() as patch:

            def killed(*_: object) -> None:
                raise KeyboardInterrupt

            patch.setattr(os, place, killed)
            with pytest.raises(KeyboardInterrupt):
                Record(tmp_path).add(event(answer=place))
        assert Record(tmp_path).entry("2.1").tries == 1


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device", "progress.json"), PermissionError(13, "Permission denied", "x")]
)
def test_what_could_not_be_written_is_written_with_the_next_event(
    tmp_path: Path, error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Record(tmp_path)
    mine.add(event(answer="a"))
    with monkeypatch.context() as patch:

        def refuse(*_: object, **__: object) -> None:
            raise error

        patch.setattr(record, "write_whole", refuse)
        assert mine.add(event(answer="b")).tries == 2
        assert mine.add(event(answer="b")).tries == 2
        assert mine.trouble == f"{error.filename}: {error.strerror}"
    Record(tmp_path).add(event(answer="c"))  # the other lesson, meanwhile
    assert mine.add(event("2.2")).tries == 1
    assert not mine.trouble
    assert Record(tmp_path).entry("2.1").tries == 3


def test_a_folder_that_is_gone_or_was_never_there_is_no_error(tmp_path: Path) -> None:
    (tmp_path / ".lthedu").write_text("a file, where the folder should be")
    mine = Record(tmp_path)
    assert mine.add(event()).tries == 1
    assert mine.trouble
    memory = Record(None)
    assert memory.add(event()).tries == 1
    assert not memory.trouble
    assert (tmp_path / ".lthedu").read_text() == "a file, where the folder should be"


def test_another_program_that_never_lets_go_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "PATIENCE", 0.2)
    mine = Record(tmp_path)
    with record.locked(tmp_path):
        assert mine.add(event()).tries == 1
    assert "another program has been writing" in mine.trouble
    mine.add(event(answer="b"))
    assert Record(tmp_path).entry("2.1").tries == 2


GOOD = after((0, "2.1", "tried", "a"))


def with_entry(**values: object) -> bytes:
    document = json.loads(json.dumps(GOOD))
    document["exercises"]["2.1"] |= values
    return json.dumps(document).encode()


DAMAGED = {
    "empty": b"",
    "cut": json.dumps(GOOD).encode()[:-9],
    "no text": b"\xff\xfe\x00",
    "a list": b"[]",
    "foreign": b'{"cells": []}',
    "no number": b'{"lthedu progress": "1", "clock": 0, "exercises": {}}',
    "true": b'{"lthedu progress": true, "clock": 0, "exercises": {}}',
    "no clock": b'{"lthedu progress": 1, "exercises": {}}',
    "clock": b'{"lthedu progress": 1, "clock": -1, "exercises": {}}',
    "NaN": b'{"lthedu progress": 1, "clock": NaN, "exercises": {}}',
    "no exercises": b'{"lthedu progress": 1, "clock": 0}',
    "exercises": b'{"lthedu progress": 1, "clock": 0, "exercises": [1]}',
    "an exercise": b'{"lthedu progress": 1, "clock": 0, "exercises": {"2.1": 3}}',
    "deep": b"[" * 100_000,
    "a name": b'{"lthedu progress": 1, "clock": 0, "exercises": {"a b": {}}}',
    "year 1": with_entry(passed="0001-01-01T00:00:00+00:00"),
    "hints": with_entry(hints=-1),
    "more hints": with_entry(hints=True),
    "seconds": with_entry(seconds="long"),
    "infinite": with_entry(seconds=1e999),
    "answers": with_entry(answers=[1]),
    "passed": with_entry(passed="yesterday"),
    "passed without zone": with_entry(passed="2026-01-01"),
    "solution": with_entry(solution=3),
    "version": with_entry(version=3),
    "title": with_entry(title=None),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_or_foreign_file_is_refused_by_name_and_kept_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ".lthedu" / "progress.json"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(Refused, match=r"progress\.json is"):
        read(path)
    for n in ("", "-2"):  # and once more: the first is not written over
        path.write_bytes(content)
        mine = Record(tmp_path)
        assert mine.entry("2.1").tries == 0
        assert path.read_bytes() == content  # looking changes nothing
        assert mine.add(event()).tries == 1
        assert (tmp_path / ".lthedu" / f"progress-damaged{n}.json").read_bytes() == content
        assert f"It is kept as progress-damaged{n}.json" in mine.put_aside
        assert str(path) in mine.put_aside
        assert read(path)["exercises"]["2.1"]["answers"] == ["a"]


def test_a_file_damaged_while_a_lesson_is_open_loses_nothing_of_what_the_lesson_knew(tmp_path: Path) -> None:
    mine = Record(tmp_path)
    mine.add(event(answer="a"))
    (tmp_path / ".lthedu" / "progress.json").write_bytes(b"")
    assert mine.add(event(answer="b")).tries == 2


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / ".lthedu" / "progress.json"
    path.parent.mkdir()
    path.write_bytes(b'{"lthedu progress": 3, "all": "different"}')
    with pytest.raises(Newer, match=r"progress\.json was written by a newer lthedu \(format 3; this one knows 2\)"):
        read(path)
    mine = Record(tmp_path)
    assert mine.add(event()).tries == 1
    assert "newer lthedu" in mine.trouble
    assert path.read_bytes() == b'{"lthedu progress": 3, "all": "different"}'
    assert {p.name for p in path.parent.iterdir()} <= {"progress.json", "lock"}


def test_a_file_of_format_1_is_read_by_the_names_of_its_exercises(tmp_path: Path) -> None:
    path = tmp_path / ".lthedu" / "progress.json"
    path.parent.mkdir()
    entry = {"title": "Rewind, bit for bit", "answers": ["a"], "passed": "2026-01-01T00:00:00+00:00"}
    exercises = {"3.2": entry, "2.99": {"title": "Gone", "answers": ["b"]}}
    path.write_text(json.dumps({"lthedu progress": 1, "clock": 0.0, "exercises": exercises}))
    assert Record(tmp_path).entry("rewind").passed == "2026-01-01T00:00:00+00:00"
    Record(tmp_path).add(event("rewind", answer="c"))
    written = json.loads(path.read_text())
    assert written["lthedu progress"] == 2
    assert {name: e["answers"] for name, e in written["exercises"].items()} == {"rewind": ["a"], "2.99": ["b"]}


def test_what_a_later_version_of_the_same_format_added_stays(tmp_path: Path) -> None:
    path = tmp_path / ".lthedu" / "progress.json"
    path.parent.mkdir()
    document = json.loads(with_entry(stars=5)) | {"name of the cat": "Mia"}
    path.write_text(json.dumps(document))
    Record(tmp_path).add(event(answer="b"))
    written = json.loads(path.read_text())
    assert written["name of the cat"] == "Mia"
    assert written["exercises"]["2.1"]["stars"] == 5
    assert written["exercises"]["2.1"]["answers"] == ["a", "b"]


def test_a_pass_outlives_an_upgrade_that_drops_its_exercise(tmp_path: Path) -> None:
    from lthedu.course.standing import standings

    Record(tmp_path).add(event("2.99", "passed"))
    Record(tmp_path).add(event("find_tickets", "tried"))
    (gone,) = [s for s in standings(Record(tmp_path).document()) if s.number == "2.99"]
    assert gone.state == "passed"
    assert gone.row()[2] == "✓ passed, not in this version"
    assert gone.title == "A title"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_others_on_this_machine_cannot_read_it(tmp_path: Path) -> None:
    Record(tmp_path).add(event())
    assert (tmp_path / ".lthedu" / "progress.json").stat().st_mode & 0o077 == 0


def test_a_solution_seen_before_any_pass_is_said(tmp_path: Path) -> None:
    from lthedu.course.standing import standings

    Record(tmp_path).add(event("find_tickets", "tried"))
    Record(tmp_path).add(event("find_tickets", "solution"))
    (entry,) = [s for s in standings(Record(tmp_path).document()) if s.number == "2.1"]
    assert entry.row()[2] == "✗ tried, not passed, solution seen"
