"""The report of `lthedu bench lessons`."""

from lthedu.base.course_files import course_path, lesson_numbers
from lthedu.course import lesson_times
from lthedu.course.times import read


def test_every_lesson_that_was_measured_stands_in_its_place_with_an_estimate(monkeypatch):
    known, ran = read(course_path("lessons")), []
    monkeypatch.setattr(lesson_times, "steps_per_second", lambda: 10.0)
    monkeypatch.setattr(lesson_times, "executed", lambda notebook, folder: ran.append(notebook.cells[0].source))
    text = str(lesson_times.lessons_report(rounds=1))
    assert ran == []
    at = [text.index(f"\n{number:02} {name} ") for name, number in lesson_numbers().items() if name in known]
    assert at == sorted(at)
    one = known["winning_tickets"]
    row = next(line for line in text.splitlines() if line.startswith("02 winning_tickets")).split()
    assert row[2:6] == [f"{one.seconds * one.rate / 10:,.1f}"] * 3 + [f"{one.seconds:.1f}"]
    assert f"all of them: {sum(time.seconds for time in known.values()):.0f} s, recorded" in text
    assert "s, measured" in str(lesson_times.lessons_report(rounds=1, run=True))
    assert len(ran) == len(known)
