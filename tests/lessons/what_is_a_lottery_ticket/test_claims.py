"""The verdicts that the lesson prints hold for other seeds and threads, and do not where their cause is taken away."""

import functools
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
import torch

from lthedu import proof, pruning
from lthedu.course import lesson
from lthedu.course.catalogue import find
from lthedu.experiments.study import settings, study
from lthedu.lessons.what_is_a_lottery_ticket import exercises
from lthedu.pruning import random_scores

LESSONS = Path(__file__).parents[3] / "lessons"
NOTEBOOK = "what_is_a_lottery_ticket"
CLAIMS = 6
(FILE,) = LESSONS.glob(f"[0-9][0-9]_{NOTEBOOK}.ipynb")
TEXT = [c.source for c in nbformat.read(FILE, 4).cells if c.cell_type == "markdown"]
MARGINS = [(5, 1), (10, 2), (5, 2), (10, 1), (15, 2), (20, 2)]
TRAINED = ("Losing", "With a tenth", "With a fifth", "Tickets are")
NUMBERS = ("Each further", "With 12")


def with_settings(cells: list[str], **changed: str) -> list[str]:
    """The cells, with other values for settings that they give by name."""
    for name, value in changed.items():
        cells = [re.sub(rf"\b{name}=[\d.]+", f"{name}={value}", source) for source in cells]
    return cells


@pytest.mark.full
def test_the_verdicts_hold_for_other_seeds_and_threads(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(settings.SIZES, "lesson", replace(study.LESSON, seeds=tuple(range(seed, seed + 5))))
    monkeypatch.setattr(proof, "subset_errors", functools.partial(proof.subset_errors, seed=seed))
    claims.run()
    assert claims.holds(*TRAINED, *NUMBERS) == [True] * 6


@pytest.mark.full
def test_the_claims_about_training_fail_where_size_tells_nothing(claims, monkeypatch) -> None:
    coin = torch.Generator().manual_seed(1)
    for module in (pruning, study):
        monkeypatch.setattr(module, "magnitude", lambda weights: random_scores(weights, coin))
    claims.run()
    small_half, _, as_good, better = claims.holds(*TRAINED)
    assert not small_half
    assert not as_good
    assert not better


@pytest.mark.full
def test_the_claim_about_deleting_fails_for_networks_that_are_sparse_already(claims, monkeypatch) -> None:
    """Where nine tenths of the weights are zero from training, deleting them loses nothing."""
    whole = study.Study.run

    def sparse(self, progress=None):
        table = whole(self, progress)
        tickets_ = {name: t[: len(self.settings.seeds)] for name, t in self.levels[1].trained.items()}
        self.levels[0] = replace(self.levels[0], trained=tickets_)
        return table

    monkeypatch.setattr(study.Study, "run", sparse)
    claims.run(with_settings(claims.compared, keep="0.1", keep_output="0.1"))
    assert claims.holds("With a tenth") == [False]


def number_cells(claims, monkeypatch, closest_subset, seed: int) -> list[bool]:
    """What the cells about numbers claim of such a choice, with numbers drawn from `seed`."""
    monkeypatch.setattr(proof, "subset_errors", functools.partial(proof.subset_errors, seed=seed))
    claims.run(claims.cells("import", "sizes = range(", "typical = "), closest_subset=closest_subset)
    return claims.holds(*NUMBERS)


@pytest.mark.parametrize("first", range(1, 21))
def test_the_verdicts_about_numbers_hold_for_other_draws(claims, monkeypatch, first: int) -> None:
    assert number_cells(claims, monkeypatch, proof.closest_subset, first) == [True, True]


def test_the_verdicts_about_numbers_fail_for_a_choice_that_is_not_the_best(claims, monkeypatch) -> None:
    assert number_cells(claims, monkeypatch, proof.greedy_subset, 0) == [False, False]


def test_the_map_tells_which_lessons_are_here() -> None:
    (told,) = [source for source in TEXT if source.startswith("## Map of the course")]
    here = sorted(path.stem[:2] for path in LESSONS.glob("[0-9][0-9]_*.ipynb"))
    (sentence,) = [line for line in told.splitlines() if "are here today" in line]
    assert re.findall(r"\d\d", sentence) == here
    assert re.findall(r"^\| (\d\d) ", told, re.MULTILINE) == [f"{n:02}" for n in range(19)]


def test_every_statement_names_a_lesson_and_some_hold_and_some_do_not() -> None:
    assert len(exercises.STATEMENTS) == 10
    assert {s.holds for s in exercises.STATEMENTS} == {True, False}
    for statement in exercises.STATEMENTS:
        numbers = re.findall(r"\b[Ll]essons? (\d\d)", statement.why)
        assert numbers
        assert all(int(n) <= 19 for n in numbers)


def test_the_story_is_short() -> None:
    (story,) = [source for source in TEXT if source.startswith("## The story")]
    assert len(story.removeprefix("## The story").split()) <= 200


def test_each_wrong_answer_gets_a_line_of_its_own() -> None:
    def all_true() -> dict[int, bool]:
        return dict.fromkeys(range(1, 11), True)

    box = lesson._examine(find("0.4"), all_true).box
    reasons = box.words.splitlines()
    assert [r.split(":")[0] for r in reasons[1:]] == [f"Statement {n}" for n in (2, 3, 4, 8, 9, 10)]
    assert box._repr_html_().count("<br>Statement") == 6
