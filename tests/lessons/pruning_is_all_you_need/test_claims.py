"""The verdicts that the lesson prints hold for other seeds and threads, and do not where their cause is taken away."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lthedu import data
from lthedu.course import lesson
from lthedu.course.catalogue import find
from lthedu.lessons.pruning_is_all_you_need import experiment
from lthedu.proof import error_bound, first_mask, ticket

NOTEBOOK = "pruning_is_all_you_need"
CLAIMS = 29
MARGINS = [(5, 1), (10, 2), (15, 2)]
READ_ON = ("etas = ProgressBar()", "grid = [np.round")  # not compared; later cells read what they define
SMALL = replace(
    experiment.LESSON,
    sizes=(196, 8, 6, 10),
    seeds=(0, 1),
    steps=60,
    etas=(0.1, 0.001),
    growth_etas=(0.1, 0.01),
    draws=10,
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
def small(few_images, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small targets, on small images."""
    images = data.pooled(data.load("mnist"))
    monkeypatch.setattr(data, "load", lambda name: images)
    monkeypatch.setattr(experiment.SIZES, "lesson", SMALL)


def run(claims, monkeypatch: pytest.MonkeyPatch, answers: dict[str, Callable] | None = None) -> None:
    """The cells, with `answers` in place of what `check` would give back."""
    given = answers or {}
    monkeypatch.setattr(lesson, "check", lambda number, _: given.get(number, find(number).reference))
    read = claims.cells(*READ_ON)
    cells = [source for source in claims.code if source in read or source in claims.compared]
    claims.run([source.replace("(300, 784", f"(300, {experiment.SIZES.lesson.sizes[0]}") for source in cells])
    assert (len(claims.made), len(claims.verdicts)) == (CLAIMS, 1)


@pytest.mark.full
def test_the_verdicts_hold_for_other_seeds_and_threads(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(experiment.LESSON, seeds=tuple(range(seed, seed + 5))))
    run(claims, monkeypatch)
    assert (claims.failed, claims.verdicts) == (set(), ["supported"])


@pytest.mark.usefixtures("small")
def test_all_but_the_trained_verdicts_hold_for_small_networks_too(claims, monkeypatch) -> None:
    run(claims, monkeypatch)
    assert [sentence for sentence in claims.failed if not sentence.startswith(TRAINED)] == []


@pytest.mark.usefixtures("small")
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
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=""))  # what another process reads
    run(claims, monkeypatch, answers)
    caused = (
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
    )
    assert claims.holds(*caused) == [False] * len(caused)
