"""The verdicts that the lesson prints hold for other seeds and threads, and do not where their cause is taken away."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from lthedu import data
from lthedu.course import lesson
from lthedu.course.catalogue import find
from lthedu.experiments import paper_results
from lthedu.lessons.pruning_is_all_you_need import experiment
from lthedu.proof import error_bound, first_mask, ticket

NOTEBOOK = "pruning_is_all_you_need"
CLAIMS = 6
MARGINS = [(5, 1), (10, 2), (15, 2)]
SMALL = replace(experiment.LESSON, sizes=(196, 8, 6, 10), seeds=(0, 1), steps=60, etas=(0.1, 0.001))
HIT = "Both searches make every weight"
UNMOVED = "No weight moved"
ALIKE = "Target and ticket answer over 99 %"
BOUNDED = "No search beats the certificate"
GROWTH = "Halving eta adds fewer than 8"
SIX = "One random network holds six targets"


@pytest.fixture
def small(few_images, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small targets, on small images."""
    images = data.pooled(data.load("mnist"))
    monkeypatch.setattr(data, "load", lambda name: images)
    monkeypatch.setattr(experiment.SIZES, "lesson", SMALL)


def run(claims, monkeypatch: pytest.MonkeyPatch, answers: dict[str, Callable] | None = None) -> None:
    """The cells that are compared but the one with another process, with `answers` for what `check` gives back."""
    given = answers or {}
    monkeypatch.setattr(lesson, "check", lambda number, _: given.get(number, find(number).reference))
    (file,) = claims.cells("import hashlib")
    claims.run([source for source in claims.compared if source != file])
    assert (len(claims.made), len(claims.verdicts)) == (CLAIMS, 1)


@pytest.mark.full
def test_the_verdicts_hold_for_other_seeds_and_threads(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(experiment.LESSON, seeds=tuple(range(seed, seed + 5))))
    run(claims, monkeypatch)
    assert (claims.failed, claims.verdicts) == (set(), ["supported"])


@pytest.mark.usefixtures("small")
def test_all_but_the_trained_verdicts_hold_for_small_networks_too(claims, monkeypatch) -> None:
    """A network this small and hardly trained does not read well, nor tell odd from even."""
    run(claims, monkeypatch)
    assert claims.holds(HIT, UNMOVED, BOUNDED, GROWTH) == [True] * 4
    assert claims.verdicts == ["partly supported"]


@pytest.mark.usefixtures("small")
def test_the_verdicts_fail_where_their_cause_is_taken_away(claims, monkeypatch) -> None:
    """Too few candidates, lost shared neurons, a certificate that is too small, a weight that moved, another table."""

    def loses_the_shared(second: np.ndarray, owner: np.ndarray, columns: int) -> np.ndarray:
        return first_mask(second, np.where(second.sum(0) == 1, owner, -1), columns)

    answers = {
        "9.2": loses_the_shared,
        "9.4": lambda eta, instances, delta=0.01: 6,
        "9.6": lambda *args: error_bound(*args) / 1e6,
    }
    whole = ticket.Ticket.module

    def trained(self: ticket.Ticket) -> torch.nn.Module:
        net = whole(self)
        net.layers[1].weight[0, 0] += 1e-6
        return net

    stored = paper_results.load("pruning_is_all_you_need")
    steeper = stored.table.assign(neurons=stored.table["neurons"] / stored.table["eta"])
    monkeypatch.setattr(ticket.Ticket, "module", trained)
    monkeypatch.setattr(paper_results, "load", lambda name: replace(stored, table=steeper))
    run(claims, monkeypatch, answers)
    assert claims.holds(HIT, UNMOVED, ALIKE, BOUNDED, GROWTH, SIX) == [False] * 6
    assert claims.verdicts == ["open"]
