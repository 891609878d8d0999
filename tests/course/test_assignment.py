"""In the student's notebook: nothing takes the place of an assigned function, and an id decides the contract."""

import json

import pytest

from lthedu.course import assignment as module
from lthedu.course import lesson
from lthedu.course.assignment import assignment, contract
from lthedu.course.catalogue import exercises, find
from lthedu.exercises.core import ANOTHERS, LESSONS_OWN, Attempt, Wrong

DOCUMENT = {
    "format": 1,
    "assignment": "ps1",
    "deadline": "2026-12-14",
    "variants": True,
    "salt": "ab",
    "exercises": {"paired_test": {"number": "2.3", "points": 2}, "find_tickets": {"number": "2.1", "points": 3}},
    "notebooks": {},
    "written": {},
}
VARIANTS = [(e, v) for e in exercises() for v in e.variants]


@pytest.fixture(autouse=True)
def a_record_of_its_own(monkeypatch):
    """What is passed here is passed nowhere else."""
    monkeypatch.setattr(lesson._kernel, "record", lesson._Kernel(None).record)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A student's folder, and a kernel in which nothing is assigned yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "_tasks", {})
    monkeypatch.setattr(module, "_missing", [])
    (tmp_path / "assignment.json").write_text(json.dumps(DOCUMENT))
    return tmp_path


def test_five_lessons_have_variants():
    assert {e.number.split(".")[0] for e, _ in VARIANTS} >= {"1", "2", "5", "8", "9"}


@pytest.mark.parametrize(("exercise", "other"), VARIANTS, ids=lambda e: e.reference.__qualname__)
def test_a_variant_accepts_its_reference_and_names_a_pasted_library_function(exercise, other):
    for seed in (0, 1, 2):
        other.check(Attempt(other.reference, seed))
        with pytest.raises(Wrong, match=LESSONS_OWN):
            other.check(Attempt(exercise.reference, seed))
        with pytest.raises(Wrong):
            exercise.check(Attempt(other.reference, seed))
        for anothers in (v for v in exercise.variants if v.contract != other.contract):
            with pytest.raises(Wrong, match=ANOTHERS):
                other.check(Attempt(anothers.reference, seed))


@pytest.mark.parametrize("exercise", [e for e in exercises() if e.variants], ids=lambda e: e.number)
def test_ids_reach_every_contract_and_always_the_same(exercise):
    chosen = [contract(exercise, DOCUMENT, f"s{i}").contract for i in range(60)]
    assert set(chosen) == {v.contract for v in exercise.variants}
    assert contract(exercise, DOCUMENT, " S7 ").contract == chosen[7]


def test_nothing_takes_the_place_of_an_assigned_function(capsys):
    assignment("ps1", student="s1")
    said = capsys.readouterr().out
    assert "2.3 (2 points): " in said

    def find_tickets(initial, full, train, prune, levels):
        return []

    def keep_largest(scores, density):
        return scores

    assert lesson.check("2.1", find_tickets) is find_tickets
    assert "nothing takes its place" in capsys.readouterr().out
    assert lesson.check("1.1", keep_largest) is find("1.1").reference
    lesson.solution("2.1")
    assert "It is assigned" in capsys.readouterr().out


def test_a_right_function_is_told_that_the_check_was_the_public_one(capsys):
    assignment("ps1", student="s1")
    source = find("2.1").reference

    def find_tickets(initial, full, train, prune, levels):
        return source(initial, full, train, prune, levels)

    assert lesson.check("2.1", find_tickets) is find_tickets
    assert "public check" in capsys.readouterr().out


def test_cells_below_a_variant_get_what_the_lesson_asks_for(capsys):
    assignment("ps1", student="s1")
    mine = module.task(find("2.3")).reference

    def paired_test(a, b):
        return mine(a, b)

    assert lesson.check("2.3", paired_test) is find("2.3").reference
    assert "Exercise 2.3: RIGHT." in capsys.readouterr().out


def paired_test(a, b):
    return find("2.3").reference(a, b)


def test_without_an_id_nothing_is_checked_yet(capsys):
    assignment("ps1")
    assert "Assignment ps1 cannot begin yet. Type your id" in capsys.readouterr().out
    assert module.task(find("2.3")) is None
    lesson.check("2.3", paired_test)
    said = " ".join(capsys.readouterr().out.split())
    assert 'Exercise 2.3: NOT CHECKED. Type your id between the quotes of student=""' in said
    assignment("ps1", student="s1")
    lesson.check("2.3", paired_test)
    assert "WRONG. This is what the lesson asks for" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("ps2", json.dumps(DOCUMENT), "The assignment.json beside this notebook is of the assignment ps1, and"),
        ("ps1", "{}", "assignment.json is no assignment's file, or a damaged one ('format')"),
        ("ps1", None, "assignment.json is not beside this notebook. Unpack the whole of the assignment's zip again"),
    ],
)
def test_without_its_file_an_assignment_says_so_and_checks_nothing(folder, capsys, name, content, words):
    assignment("ps1", student="s1")  # it had begun
    (folder / "assignment.json").unlink()
    if content is not None:
        (folder / "assignment.json").write_text(content)
    capsys.readouterr()
    assignment(name, student="s1")
    assert f"Assignment {name} cannot begin yet. {words}" in " ".join(capsys.readouterr().out.split())
    lesson.check("2.3", paired_test)
    assert f"NOT CHECKED. {words}" in " ".join(capsys.readouterr().out.split())


def test_what_was_replaced_before_a_check_is_said_and_put_back(capsys):
    import torch

    true, examined = torch.equal, lesson._examine
    torch.equal = lambda a, b: True
    lesson._examine = lambda *args: lesson._Outcome(lesson.Box("right", "Exercise 2.3: RIGHT."), passed=True)
    lesson.check("2.3", lambda a, b: (0.0, 0.0))
    said = " ".join(capsys.readouterr().out.split())
    assert "Something was replaced before this check. torch.equal, lthedu.course.lesson._examine" in said
    assert "Exercise 2.3: WRONG" in said
    assert torch.equal is true
    assert lesson._examine is examined
