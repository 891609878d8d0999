"""The verdicts that lesson 00 prints hold for other seeds and threads, and do not where their cause is taken away."""

import functools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch

from lthedu import plots, proof, pruning, tickets
from lthedu.course import doctor, lesson
from lthedu.exercises import find, lesson00
from lthedu.pruning import random_scores
from lthedu.tickets import study

mpl.use("agg")
ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "lessons/00_what_is_a_lottery_ticket.ipynb"
CELLS = nbformat.read(NOTEBOOK, 4).cells
CODE = [c.source for c in CELLS if c.cell_type == "code"]
TRAINED = ("Losing", "With a tenth", "With a fifth", "Tickets are")
NUMBERS = ("Each further", "With 12")


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bool]]:
    """The claims that the cells make from now on, by their sentence."""
    found: dict[str, bool] = {}
    monkeypatch.setattr(lesson, "claim", lambda sentence, holds, evidence="": found.__setitem__(sentence, bool(holds)))
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))
    monkeypatch.setattr(doctor, "examine", lambda **_: True)  # it takes 20 seconds
    yield found
    plt.close("all")


def about(claims: dict[str, bool], starts: tuple[str, ...]) -> list[bool]:
    found = [[holds for sentence, holds in claims.items() if sentence.startswith(start)] for start in starts]
    assert [len(f) for f in found] == [1] * len(starts)
    return [holds for (holds,) in found]


def run_lesson(**changed: str) -> None:
    """All code cells; `changed` gives settings of the first cells other values."""
    space: dict = {"__name__": "__main__"}
    for i, source in enumerate(CODE):
        for name, value in changed.items():
            source = re.sub(rf"\b{name}=[\d.]+", f"{name}={value}", source)
        exec(compile(source, f"code cell {i + 1}", "exec"), space)


def with_seeds(monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    monkeypatch.setattr(tickets.settings.SIZES, "lesson", replace(tickets.LESSON, seeds=tuple(range(first, first + 5))))


@pytest.mark.full
@pytest.mark.parametrize(("first_seed", "threads"), [(5, 1), (5, 2), (10, 1), (10, 2), (15, 2), (20, 2)])
def test_the_verdicts_hold_for_other_seeds_and_threads(claims, monkeypatch, first_seed: int, threads: int) -> None:
    with_seeds(monkeypatch, first_seed)
    monkeypatch.setattr(proof, "subset_errors", functools.partial(proof.subset_errors, seed=first_seed))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        run_lesson()
    finally:
        torch.set_num_threads(before)
    assert about(claims, TRAINED + NUMBERS) == [True] * 6
    assert len(claims) == 6


@pytest.mark.full
def test_the_claims_about_training_fail_where_size_tells_nothing(claims, monkeypatch) -> None:
    coin = torch.Generator().manual_seed(1)
    for module in (pruning, study):
        monkeypatch.setattr(module, "magnitude", lambda weights: random_scores(weights, coin))
    run_lesson()
    small_half, _, as_good, better = about(claims, TRAINED)
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
    run_lesson(keep="0.1", keep_output="0.1")
    assert about(claims, ("With a tenth",)) == [False]


def number_cells(closest_subset, seed: int) -> None:
    (draw,) = [s for s in CODE if s.startswith("sizes = range(")]
    (judge,) = [s for s in CODE if s.startswith("typical = ")]
    space = {"np": np, "plots": plots, "caption": lambda alt: None, "closest_subset": closest_subset}
    space |= {"claim": lesson.claim, "show": lambda *args: None}
    space["proof"] = type("proof", (), {"greedy_subset": staticmethod(proof.greedy_subset)})
    space["proof"].subset_errors = staticmethod(functools.partial(proof.subset_errors, seed=seed))
    for source in (draw, judge):
        exec(source, space)


@pytest.mark.parametrize("seed", range(1, 21))
def test_the_verdicts_about_numbers_hold_for_other_draws(claims, seed: int) -> None:
    number_cells(proof.closest_subset, seed)
    assert about(claims, NUMBERS) == [True, True]


def test_the_verdicts_about_numbers_fail_for_a_choice_that_is_not_the_best(claims) -> None:
    number_cells(proof.greedy_subset, 0)
    assert about(claims, NUMBERS) == [False, False]


def test_the_map_tells_which_lessons_are_here() -> None:
    (told,) = [c.source for c in CELLS if c.source.startswith("## Map of the course")]
    here = sorted(path.stem[:2] for path in (ROOT / "lessons").glob("[0-9][0-9]_*.ipynb"))
    (sentence,) = [line for line in told.splitlines() if "are here today" in line]
    assert re.findall(r"\d\d", sentence) == here
    assert re.findall(r"^\| (\d\d) ", told, re.MULTILINE) == [f"{n:02}" for n in range(19)]


def test_every_statement_names_a_lesson_and_some_hold_and_some_do_not() -> None:
    assert len(lesson00.STATEMENTS) == 10
    assert {s.holds for s in lesson00.STATEMENTS} == {True, False}
    for statement in lesson00.STATEMENTS:
        numbers = re.findall(r"\b[Ll]essons? (\d\d)", statement.why)
        assert numbers
        assert all(int(n) <= 18 for n in numbers)


def test_the_story_is_short() -> None:
    (story,) = [c.source for c in CELLS if c.source.startswith("## The story")]
    assert len(story.removeprefix("## The story").split()) <= 200


def test_each_wrong_answer_gets_a_line_of_its_own() -> None:
    def all_true() -> dict[int, bool]:
        return dict.fromkeys(range(1, 11), True)

    box = lesson._examine(find("0.4"), all_true).box
    reasons = box.words.splitlines()
    assert [r.split(":")[0] for r in reasons[1:]] == [f"Statement {n}" for n in (2, 3, 4, 8, 9, 10)]
    assert box._repr_html_().count("<br>Statement") == 6
