"""The verdicts that lesson 09 prints hold for other seeds and threads, and do not where their cause is taken away."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch

from lthedu import data
from lthedu.course import lesson
from lthedu.exercises import find
from lthedu.proof import error_bound, first_mask, settings, ticket

mpl.use("agg")
NOTEBOOK = Path(__file__).parents[2] / "lessons/09_pruning_is_all_you_need.ipynb"
CODE = [c.source for c in nbformat.read(NOTEBOOK, 4).cells if c.cell_type == "code"]
SMALL = replace(
    settings.LESSON,
    sizes=(784, 12, 8, 10),
    seeds=(0, 1),
    steps=60,
    etas=(0.1, 0.001),
    growth_etas=(0.1, 0.01),
    draws=20,
)
# a network this small and hardly trained does not read well, and its file is mostly header
TRAINED = (
    "Every target reads",
    "The sixth mask tells",
    "The ticket file is between",
    "At eta 0.001 it proves",
    "Before scaling",
    "Target and ticket answer",
    "The ticket is as accurate",
)


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bool]]:
    """The claims that the cells make from now on, by their sentence."""
    found: dict[str, bool] = {}
    monkeypatch.setattr(lesson, "claim", lambda sentence, holds, evidence="": found.__setitem__(sentence, bool(holds)))
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))
    yield found
    plt.close("all")


def run_lesson(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Callable] | None = None) -> None:
    """All code cells, with `answers` in place of what `check` would give back."""
    given = answers or {}
    monkeypatch.setattr(lesson, "check", lambda number, _: given.get(number, find(number).reference))
    space: dict = {"__name__": "__main__"}
    for i, source in enumerate(CODE):
        exec(compile(source, f"code cell {i + 1}", "exec"), space)


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = data.load
    monkeypatch.setattr(data, "load", lambda *args, **named: whole(*args, **named).first(4000, 100, 500))
    monkeypatch.setattr(settings.SIZES, "lesson", SMALL)


@pytest.mark.full
@pytest.mark.parametrize(("first_seed", "threads"), [(5, 1), (10, 2), (15, 2)])
def test_the_verdicts_hold_for_other_seeds_and_threads(claims, monkeypatch, first_seed: int, threads: int) -> None:
    monkeypatch.setattr(
        settings.SIZES, "lesson", replace(settings.LESSON, seeds=tuple(range(first_seed, first_seed + 5)))
    )
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        run_lesson(monkeypatch)
    finally:
        torch.set_num_threads(before)
    assert [sentence for sentence, holds in claims.items() if not holds] == []
    assert len(claims) > 20


def test_all_but_the_trained_verdicts_hold_for_small_networks_too(claims, monkeypatch) -> None:
    small(monkeypatch)
    run_lesson(monkeypatch)
    failed = [sentence for sentence, holds in claims.items() if not holds]
    assert [sentence for sentence in failed if not sentence.startswith(TRAINED)] == []


def test_the_verdicts_fail_where_their_cause_is_taken_away(claims, monkeypatch) -> None:
    """Too few candidates, lost shared neurons, no scaling, a certificate that is too small, a weight that moved."""

    def loses_the_shared(second: np.ndarray, owner: np.ndarray, columns: int) -> np.ndarray:
        return first_mask(second, np.where(second.sum(0) == 1, owner, -1), columns)

    answers = {
        "9.2": loses_the_shared,
        "9.3": lambda layers, largest=0.25: ([50.0 * layer for layer in layers], 1.0),
        "9.4": lambda eta, instances, delta=0.01: 6,
        "9.6": lambda *args: error_bound(*args) / 1e6,
    }
    whole = ticket.Ticket.module

    def trained(self: ticket.Ticket) -> torch.nn.Module:
        net = whole(self)
        net.layers[1].weight[0, 0] += 1e-6
        return net

    monkeypatch.setattr(ticket.Ticket, "module", trained)
    small(monkeypatch)
    run_lesson(monkeypatch, answers)
    failed = [sentence for sentence, holds in claims.items() if not holds]
    for start in (
        "Pruning really computes",
        "Afterwards the largest number of every layer",
        "Every weight of every target is hit",
        "No normalised weight is off",
        "No weight moved",
        "The masked network computes",
        "Target and ticket answer",
        "The worst input that a search finds stays below",
        "One source holds six masks",
        "Large weights are out of reach, until",
    ):
        assert any(sentence.startswith(start) for sentence in failed), start
