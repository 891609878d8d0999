"""The verdicts that the lesson prints hold for other seeds and threads, and do not where their cause is taken away."""

import functools
import math
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from lthedu import proof, pruning
from lthedu.course import lesson
from lthedu.course.bar import ProgressBar
from lthedu.course.catalogue import find
from lthedu.experiments.study import settings
from lthedu.lessons.what_is_a_lottery_ticket import exercises, players
from lthedu.pruning import random_scores

LESSONS = Path(__file__).parents[3] / "lessons"
NOTEBOOK = "what_is_a_lottery_ticket"
CLAIMS = 6
(FILE,) = LESSONS.glob(f"[0-9][0-9]_{NOTEBOOK}.ipynb")
TEXT = [c.source for c in nbformat.read(FILE, 4).cells if c.cell_type == "markdown"]
MARGINS = [(5, 1), (10, 2), (5, 2), (10, 1), (15, 2), (20, 2)]
DELETING, TICKETS = ("Networks read as before", "The largest tenth"), ("With a fifth", "Tickets read on average")
NUMBERS = ("Each further", "Ten starts")


@pytest.mark.full
def test_the_verdicts_hold_for_other_seeds_and_threads(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(settings.SIZES, "lesson", replace(settings.LESSON, seeds=tuple(range(seed, seed + 5))))
    monkeypatch.setattr(proof, "subset_errors", functools.partial(proof.subset_errors, seed=seed))
    claims.run()
    assert claims.holds(*DELETING, *TICKETS, *NUMBERS) == [True] * 6


@pytest.mark.full
def test_the_claims_about_training_fail_where_size_tells_nothing(claims, monkeypatch) -> None:
    coin = torch.Generator().manual_seed(1)
    monkeypatch.setattr(pruning, "magnitude", lambda weights: random_scores(weights, coin))
    claims.run()
    assert claims.holds(*DELETING, *TICKETS) == [False] * 4


def number_cells(claims, monkeypatch, closest_subset, seed: int) -> list[bool]:
    """What the cells about numbers claim of such a choice, with numbers drawn from `seed`."""
    monkeypatch.setattr(proof, "subset_errors", functools.partial(proof.subset_errors, seed=seed))
    cells = claims.cells("# You need not read this code.\nfrom lthedu.course", "from lthedu import proof", "typical = ")
    claims.run(cells, closest_subset=closest_subset, math=math, np=np, ProgressBar=ProgressBar)
    return claims.holds(*NUMBERS)


@pytest.mark.parametrize("first", range(1, 4))
def test_the_verdicts_about_numbers_hold_for_other_draws(claims, monkeypatch, first: int) -> None:
    assert number_cells(claims, monkeypatch, proof.meet_in_the_middle, first) == [True, True]


def test_the_verdicts_about_numbers_fail_where_nobody_or_everybody_searches(claims, monkeypatch) -> None:
    monkeypatch.setattr(players, "patient_choice", proof.meet_in_the_middle)
    assert number_cells(claims, monkeypatch, proof.meet_in_the_middle, 0) == [True, False]
    monkeypatch.setattr(proof, "meet_in_the_middle", proof.greedy_subset)
    assert number_cells(claims, monkeypatch, proof.greedy_subset, 0)[0] is False


def test_the_map_links_every_lesson_that_is_here_and_no_other() -> None:
    (rows,) = [source for source in TEXT if source.startswith("| lesson |")]
    linked = dict(re.findall(r"^\| \[(\d\d) [^\]]*\]\((\w+\.ipynb)\)", rows, re.MULTILINE))
    here = {path.stem[:2]: path.name for path in LESSONS.glob("[0-9][0-9]_*.ipynb")}
    assert linked == {number: name for number, name in here.items() if number != "00"}


def test_some_statements_hold_and_some_do_not_and_their_reasons_name_lessons_that_are_here() -> None:
    assert len(exercises.STATEMENTS) == 10
    assert {s.holds for s in exercises.STATEMENTS} == {True, False}
    here = {path.stem[:2] for path in LESSONS.glob("[0-9][0-9]_*.ipynb")}
    named = {n for s in exercises.STATEMENTS for n in re.findall(r"\b\d\d\b(?! %)", s.why)}
    assert named
    assert named <= here


def test_each_wrong_answer_gets_a_line_of_its_own() -> None:
    def all_true() -> dict[int, bool]:
        return dict.fromkeys(range(1, 11), True)

    box = lesson._examine(find("0.4"), all_true).box
    reasons = box.words.splitlines()
    assert [r.split(":")[0] for r in reasons[1:]] == [f"Statement {n}" for n in (2, 3, 4, 8, 9, 10)]
    assert box._repr_html_().count("<br>Statement") == 6
