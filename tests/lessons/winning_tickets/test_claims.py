"""The verdicts that the lesson prints hold for other seeds and for one thread and two: they are not one run's luck."""

from dataclasses import replace

import pytest

from lthedu.experiments.study import settings

NOTEBOOK = "winning_tickets"
CLAIMS = 9
MARGINS = [(5, 1), (10, 2), (5, 2), (10, 1)]


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds_and_threads(claims, monkeypatch, seed: int, threads: int) -> None:
    """The paired study's, and those on the published rule, which a cell applies to seeds of its own."""
    seeds = range(seed, seed + 5)
    monkeypatch.setattr(settings.SIZES, "lesson", replace(settings.LESSON, seeds=tuple(seeds)))
    study = claims.run([source.replace("range(5)", repr(seeds)) for source in claims.compared])["study"]
    assert study.settings.seeds == tuple(seeds)
    assert (claims.failed, claims.verdicts) == (set(), ["supported"])
