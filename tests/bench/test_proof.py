"""The report of `lthedu bench proof`: every contender, on the same instances, in tables that can be read."""

import numpy as np
import pytest
import torch

from lthedu.base import compiled
from lthedu.bench import proof as bench_proof
from lthedu.proof import kernels


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_proof, "LENGTHS", {4: 1, 6: 4})
    monkeypatch.setattr(bench_proof, "SHAPE", (4, 3, 2))
    monkeypatch.setattr(bench_proof, "ETAS", (1e-1, 1e-2))


def rows(text: str, first: str, words: int) -> list[list[str]]:
    """The lines of the table whose head begins with `first`, in columns; the first so many of them are names."""
    lines = text.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.split()[:1] == [first])
    found = []
    for line in lines[begin + 1 :]:
        if len(line) != len(lines[begin]):
            break
        found.append([" ".join(line.split()[:-words]), *line.split()[-words:]])
    return found


def test_every_contender_is_timed_at_every_length(small, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    text = str(bench_proof.proof_report(instances=40, rounds=2))
    solvers = [
        *(["numba hash", "numba exact"] if kernels.AVAILABLE else []),
        "numpy hash",
        "numpy exact",
        "torch hash, cpu",
    ]
    speeds = rows(text, "n", 4)
    assert [row[0] for row in speeds] == [f"{n} {solver}" for n in (4, 6) for solver in solvers]
    for row in speeds:
        middle, low, high = (int(cell.replace(",", "")) for cell in row[1:4])
        assert 0 < low <= middle <= high
    error = {row[0]: float(row[-1]) for row in speeds}
    assert error["4 numpy exact"] <= error["4 numpy hash"]
    assert error["6 numpy hash"] == error["6 torch hash, cpu"]

    compiled = ["numba", "numpy"] if kernels.AVAILABLE else ["numpy"]
    wholes = rows(text, "what", 6)
    assert [row[:2] for row in wholes] == [
        [f"{what} {solver}", eta] for what in ("ladder", "construct") for eta in ("0.1", "0.01") for solver in compiled
    ]
    assert all(row[-2] == "0" for row in wholes if row[0].startswith("construct"))
    assert all(0 <= float(row[2]) < 60 and float(row[3]) <= float(row[2]) <= float(row[4]) for row in wholes)
    for fact in ("2 rounds", "40 rows of 4", "load ", f"torch {torch.__version__}", f"numpy {np.__version__}", "cores",
                 "23 such instances", "network 4-3-2", "peak memory", " MiB", "not"):  # fmt: skip
        assert fact in text
    assert max(map(len, text.splitlines())) <= 120


def test_the_published_figure_is_cited_with_what_makes_it_another(small) -> None:
    assert round(397_000 / 77_266, 1) == 5.1
    for fact in ("397,000 weights in 77,266 s", "36 cores", "Gurobi", "n = 21", "5.1 instances a second",
                 "acnagle/optimal-lottery-tickets", "fc2_approx.out", "no products"):  # fmt: skip
        assert fact in bench_proof.PUBLISHED
    assert str(bench_proof.proof_report(instances=4, rounds=1)).endswith(bench_proof.PUBLISHED)


def test_without_numba_its_rows_are_left_out_with_a_word(small, monkeypatch) -> None:
    monkeypatch.setattr(kernels, "AVAILABLE", False)
    monkeypatch.setattr(compiled, "AVAILABLE", False)
    text = str(bench_proof.proof_report(instances=8, rounds=1))
    assert "no numba" in text
    assert bench_proof.NO_NUMBA in text
    assert not any(row[0].split()[1] == "numba" for row in rows(text, "n", 4) + rows(text, "what", 6))


def test_all_contenders_get_the_same_instances_in_turn(small, monkeypatch) -> None:
    seen: list[tuple[str, int, float]] = []

    def fake(name):
        def search(x, t, **_):
            seen.append((name, x.shape[1], float(x.sum() + t.sum())))
            return bench_proof.Subsets(np.zeros(x.shape, bool), np.abs(t))

        return search

    monkeypatch.setattr(bench_proof, "_contenders", lambda: {"a": fake("a"), "b": fake("b")})
    bench_proof._speeds(16, rounds=3)
    assert [(name, n) for name, n, _ in seen] == [("a", 4), ("b", 4)] * 4 + [("a", 6), ("b", 6)] * 4  # one not timed
    assert len({total for _, n, total in seen if n == 4}) == 1


def test_the_instances_are_products_with_a_target_in_reach() -> None:
    x, t = bench_proof._instances(5000, 6)
    assert x.shape == (5000, 6)
    assert x.var() == pytest.approx(1 / 9, rel=0.03)
    assert np.abs(t).max() <= 0.25
    assert np.array_equal(bench_proof._instances(5000, 6)[0], x)


def test_the_networks_weights_are_spread_as_said() -> None:
    state = torch.get_rng_state()
    target = bench_proof._target()
    assert torch.equal(torch.get_rng_state(), state)
    assert sum(p.numel() for p in target.parameters()) == 266_610
    sizes = torch.cat([p.flatten() for p in target.parameters()]).abs()
    assert 0.02 < float(sizes.median()) < 0.05
    assert 0.4 < float(sizes.max()) < 3


@pytest.mark.parametrize("name", ["instances", "rounds"])
def test_numbers_below_1_are_refused_by_value(name) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0; allowed: a whole number from 1"):
        bench_proof.proof_report(**{name: 0})
