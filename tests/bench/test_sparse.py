"""The report of `lthedu bench sparse`: every step at every density on every number of threads, and paired ratios."""

import pytest
import torch

from lthedu.base import compiled
from lthedu.bench import sparse as bench

STEPS = [bench.DENSE, bench.IDIOMATIC, *([bench.SPARSE] if compiled.AVAILABLE else [])]


def rows(text: str) -> dict[tuple[str, ...], list[str]]:
    words = [line.split() for line in text.splitlines()]
    return {tuple(w[:3]): w[3:] for w in words if len(w) == 8 and w[1] in (bench.SPARSE, *STEPS)}


def test_every_step_is_timed_at_every_density_on_one_thread_and_two(monkeypatch):
    monkeypatch.setattr(bench, "DENSITIES", (1.0, 0.1))
    threads = torch.get_num_threads()
    found = rows(str(bench.sparse_report(replicates=2, rounds=1, threads=2, steps=2)))
    assert set(found) == {(n, step, density) for n in "12" for step in STEPS for density in ("1", "0.1")}
    assert torch.get_num_threads() == threads


def test_a_ratio_is_to_the_other_step_of_the_same_round_density_and_threads(monkeypatch):
    times = {bench.DENSE: [8.0, 4.0, 4.0], bench.IDIOMATIC: [16.0, 8.0, 40.0], bench.SPARSE: [1.0, 1.0, 4.0]}

    def fake(contenders, *_, **__):
        return {n: [float(n[0]) * t for t in times.get(n[1], [1.0])] if len(n) == 3 else [1.0] for n in contenders}

    monkeypatch.setattr(bench, "measure", fake)
    monkeypatch.setattr(compiled, "AVAILABLE", True)
    found = rows(str(bench.sparse_report(threads=2)))
    assert found["2", bench.SPARSE, "0.1"] == ["2.00", "2.00", "8.00", "4.00", "10.00"]
    assert found["1", bench.DENSE, "1"][-2:] == ["1.00", "2.00"]


def test_without_numba_the_sparse_steps_are_left_out_with_a_word(monkeypatch):
    monkeypatch.setattr(compiled, "AVAILABLE", False)
    monkeypatch.setattr(bench, "DENSITIES", (0.1,))
    text = str(bench.sparse_report(replicates=1, rounds=1, threads=1, steps=2))
    assert bench.NO_NUMBA in text
    assert {step for _, step, _ in rows(text)} == {bench.DENSE, bench.IDIOMATIC}


@pytest.mark.parametrize("name", ["replicates", "rounds", "threads"])
def test_numbers_below_1_are_refused_by_value(name):
    with pytest.raises(ValueError, match=f"{name} is 0; allowed: a whole number from 1"):
        bench.sparse_report(**{name: 0})
