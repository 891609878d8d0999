"""The solvers that take subset sums by the hundred thousand: against every choice, against each other, at the edges."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from brute_force import smallest_errors
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.base import compiled, threads
from lthedu.proof import best_subsets, hashed_subsets, kernels, solve
from lthedu.proof.solvers import LADDER, Subsets

NUMBA = pytest.mark.skipif(not kernels.AVAILABLE, reason="numba is not installed")
CUDA = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device"),
]
COMPILED = [pytest.param("numba", marks=NUMBA), "numpy"]
HASHED = [*COMPILED, "torch"]


def instances(n: int, rows: int, seed: int = 0, pool: str = "uniform") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (rows, n))
    if pool == "products":  # float32 products, as a construction makes them, some of them zero
        x = np.float32(x) * np.float64(np.float32(rng.uniform(-0.3, 1, (rows, n)).clip(0)))
    return x, rng.uniform(-0.5, 0.5, rows)


def recomputed(found: Subsets, x: np.ndarray, t: np.ndarray) -> None:
    """The errors are those of the choice, and the choice is bool and of the numbers' shape."""
    assert found.keep.shape == x.shape
    assert found.keep.dtype == bool
    assert found.errors == pytest.approx(np.abs((x * found.keep).sum(1) - t), abs=1e-12)


# the exact one


@pytest.mark.parametrize("solver", COMPILED)
@pytest.mark.parametrize("pool", ["uniform", "products"])
def test_the_exact_search_is_brute_force(solver: str, pool: str) -> None:
    for n in range(1, 13):
        x, t = instances(n, 200, seed=n, pool=pool)
        found = best_subsets(x, t, solver=solver)
        recomputed(found, x, t)
        assert found.errors == pytest.approx(smallest_errors(x, t), abs=1e-14)


def test_brute_force_tries_every_choice() -> None:
    x, t = instances(5, 20)
    every = np.array(list(itertools.product([0, 1], repeat=5)))
    assert smallest_errors(x, t) == pytest.approx(np.abs(x @ every.T - t[:, None]).min(1), abs=1e-15)


@NUMBA
@pytest.mark.parametrize("n", [15, 20, 25])
def test_the_exact_searches_agree_where_the_halves_are_large(n: int) -> None:
    x, t = instances(n, 20, seed=n)
    a, b = (best_subsets(x, t, solver=solver) for solver in ("numba", "numpy"))
    assert a.errors == pytest.approx(b.errors, abs=1e-14)


@pytest.mark.parametrize("solver", COMPILED)
def test_forty_numbers_find_the_sum_that_was_hidden_in_them(solver: str) -> None:
    x, _ = instances(40, 2, seed=1)
    hidden = np.random.default_rng(2).random(x.shape) < 0.5
    assert best_subsets(x, (x * hidden).sum(1), solver=solver).errors.max() < 1e-11


# what may be equal: few different values, zeros, the target itself among the sums
whole = st.integers(-3, 3).map(float)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 8).flatmap(lambda n: st.lists(st.lists(whole, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_equal_numbers_and_zeros_confuse_no_search(rows: list[list[float]]) -> None:
    x, t = np.array(rows), np.arange(len(rows)) - 1.0
    best = smallest_errors(x, t)
    for solver in ("auto", "numpy"):
        assert (best_subsets(x, t, solver=solver).errors == best).all()
    for solver in ("auto", "numpy", "torch"):
        found = hashed_subsets(x, t, solver=solver)
        recomputed(found, x, t)
        assert (found.errors >= best).all()
        assert not found.keep[x == 0].any()


# the hash


@pytest.mark.parametrize("solver", HASHED)
@pytest.mark.parametrize("pool", ["uniform", "products"])
def test_the_hash_is_never_better_than_the_best(solver: str, pool: str) -> None:
    for n in (1, 2, 3, 7, 12, 16):
        x, t = instances(n, 300, seed=n, pool=pool)
        found = hashed_subsets(x, t, solver=solver)
        recomputed(found, x, t)
        assert (found.errors >= best_subsets(x, t).errors - 1e-14).all()


def test_the_hash_is_nearly_the_best() -> None:
    x, t = instances(16, 5000)
    best, hasty, eta = best_subsets(x, t).errors, hashed_subsets(x, t).errors, 1e-3
    sure = best <= eta / 4
    assert sure.mean() > 0.9
    assert (hasty[sure] <= eta).mean() > 0.97
    assert np.median(hasty) < 2 * np.median(best)


@NUMBA
@pytest.mark.parametrize("n", [1, 2, 5, 12, 17, 20, 24, 31])
@pytest.mark.parametrize("pool", ["uniform", "products"])
def test_numba_numpy_and_torch_make_the_same_choices(n: int, pool: str) -> None:
    x, t = instances(n, 400 if n < 24 else 30, seed=n, pool=pool)
    numba, numpy, torched = (hashed_subsets(x, t, solver=solver) for solver in ("numba", "numpy", "torch"))
    assert (numba.keep == numpy.keep).all()
    assert (numba.errors == numpy.errors).all()
    if pool == "uniform":
        assert (numba.keep == torched.keep).all()
    else:  # of equal sums another may be taken: the same sum in float32, where zeros stand for several choices
        assert numba.errors == pytest.approx(torched.errors, abs=1e-6)


@pytest.mark.parametrize("solver", HASHED)
def test_rows_do_not_know_of_each_other_nor_of_the_blocks_they_came_in(solver: str, monkeypatch) -> None:
    x, t = instances(14, 3000)
    together = hashed_subsets(x, t, solver=solver).keep
    alone = np.concatenate(
        [hashed_subsets(x[i : i + 700], t[i : i + 700], solver=solver).keep for i in range(0, 3000, 700)]
    )
    assert (together == alone).all()
    monkeypatch.setattr(threads.torch, "get_num_threads", lambda: 1)
    assert (hashed_subsets(x, t, solver=solver).keep == together).all()


@pytest.mark.parametrize("solver", HASHED)
@pytest.mark.parametrize(
    "row",
    [[1e-44, 1e-44, 3e-44, 1e-44], [1e-44, 0.3, -0.2, 1e-44], [1e30, 1e30, -1e30, 1.0], [0.0] * 6, [1e-30, -1e-30]],
    ids=["denormal", "denormal beside ordinary", "huge", "zeros", "tiny"],
)
def test_numbers_of_any_size_find_a_legal_choice(solver: str, row: list[float]) -> None:
    # a width that overflows the scale once sent the hash outside its table
    for target in (0.1, -1e30, 0.0):
        found = hashed_subsets([row], [target], solver=solver)
        recomputed(found, np.array([row]), np.array([target]))
        assert found.errors[0] <= abs(target) * (1 + 1e-6) + 1e-29
        assert (found.keep == hashed_subsets([row], [target], solver="numpy").keep).all()


@pytest.mark.parametrize("solver", HASHED)
def test_an_empty_bucket_answers_with_nothing_kept(solver: str) -> None:
    # the left sums 0 and 1 lie in the first and the last of 4 buckets of [0, 1]; 0.4 and 0.4 + 0.3 look into the others
    found = hashed_subsets([[1.0, -0.3]], [0.4], solver=solver)
    assert found.keep.tolist() == [[False, False]]  # 1 - 0.3 is closer, but the table does not know
    assert best_subsets([[1.0, -0.3]], [0.4]).keep.tolist() == [[True, True]]


# the ladder


@pytest.mark.parametrize("solver", HASHED)
@pytest.mark.parametrize("eta", [1e-1, 1e-2, 1e-3])
def test_all_rows_come_within_eta_with_the_first_few_of_their_numbers(solver: str, eta: float) -> None:
    x, t = instances(28, 2000)
    found = solve(x, t / 2, eta, solver=solver)
    recomputed(found, x, t / 2)
    assert found.missed(eta) == 0
    assert found.keep[np.abs(t / 2) <= eta].sum() == 0  # nothing is kept where nothing will do
    assert found.keep.sum() < 0.8 * hashed_subsets(x, t / 2).keep.sum()
    last = np.where(found.keep.any(1), 28 - found.keep[:, ::-1].argmax(1), 0)
    assert np.mean(last) < np.log2(1 / eta) + 6


@NUMBA
@pytest.mark.parametrize("pool", ["uniform", "products"])
def test_numba_and_numpy_climb_alike(pool: str) -> None:
    x, t = instances(14, 1500, pool=pool)  # three blocks of numba's
    for ladder in ((), (3, 5), LADDER):
        numba, numpy = (solve(x, t, 1e-3, ladder=ladder, solver=solver) for solver in ("numba", "numpy"))
        within = numba.errors <= 1e-3  # beyond, the exact searches may choose differently
        assert within.mean() > 0.5
        assert (numba.keep == numpy.keep)[within].all()
        assert numba.errors == pytest.approx(numpy.errors, abs=1e-14)


def test_a_row_stops_at_the_first_rung_that_will_do() -> None:
    x, t = instances(20, 500)
    eta = 1e-2
    found = solve(x, t, eta)
    for rung in (4, 6, 8, 10):
        done = hashed_subsets(x[:, :rung], t).errors <= eta
        assert not found.keep[done, rung:].any()
        assert done.any()


def test_padding_is_never_kept() -> None:
    x, t = instances(12, 500)
    padded = np.concatenate([x[:, :6], np.zeros((500, 5)), x[:, 6:], np.zeros((500, 9))], axis=1)
    for solver in ("auto", "numpy", "torch"):
        found = solve(padded, t, 1e-4, solver=solver)
        recomputed(found, padded, t)
        assert not found.keep[padded == 0].any()
        assert found.missed(1e-4) > 50  # those have gone through the exact search, too


def test_a_row_that_is_missed_has_the_best_choice_there_is() -> None:
    x, t = instances(10, 400)
    found, best = solve(x, t, 1e-6), best_subsets(x, t)
    missed = best.errors > 1e-6
    assert found.missed(1e-6) == missed.sum() > 300
    assert found.errors[missed] == pytest.approx(best.errors[missed], abs=1e-15)


def test_an_own_ladder_and_none() -> None:
    x, t = instances(12, 300)
    for ladder in ((), (12,), (3, 5, 40, -1, 0), LADDER):
        found = solve(x, t, 1e-2, ladder=ladder)
        recomputed(found, x, t)
        assert found.missed(1e-2) == best_subsets(x, t).missed(1e-2)


# the edges


@pytest.mark.parametrize("solver", HASHED)
@pytest.mark.parametrize(("n", "eta"), [(1, 0.3), (2, 0.2), (3, 0.1), (9, 0.05), (9, 0.003)])
def test_the_fewest_are_the_fewest_there_are_and_of_them_the_closest(solver: str, n: int, eta: float) -> None:
    x, t = instances(n, 60, pool="products")
    found = solve(x, t, eta, keep="fewest", solver=solver, device="cpu")
    recomputed(found, x, t)
    for row, target, keep, error in zip(x, t, found.keep, found.errors, strict=True):
        for size in range(4):
            errors = [abs(sum(some) - target) for some in itertools.combinations(row, size)]
            if min(errors, default=np.inf) <= eta:
                assert keep.sum() == size
                assert error == pytest.approx(min(errors), abs=1e-12)
                break
        else:  # what three numbers do not reach is the ladder's
            assert keep.sum() > 3 or error > eta
    assert found.missed(eta) == solve(x, t, eta, solver=solver, device="cpu").missed(eta)


def test_no_rows_and_one_number() -> None:
    for search in (best_subsets, hashed_subsets, lambda x, t: solve(x, t, 0.1)):
        none = search(np.zeros((0, 5)), np.zeros(0))
        assert none.keep.shape == (0, 5)
        assert none.errors.shape == (0,)
        one = search([[0.5], [0.5]], [0.4, 0.1])
        assert one.keep.tolist() == [[True], [False]]
    assert hashed_subsets(np.zeros((0, 5)), np.zeros(0), solver="torch").keep.shape == (0, 5)


def test_missed_counts_what_is_further_than_eta() -> None:
    found = Subsets(np.zeros((3, 1), bool), np.array([0.1, 0.2, 0.3]))
    assert [found.missed(eta) for eta in (0.05, 0.1, 0.2, 0.3)] == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("search", "most"),
    [(best_subsets, 40), (hashed_subsets, 40), (lambda x, t: solve(x, t, 0.1), 40)],
)
@pytest.mark.parametrize("shapes", [((3,), (3,)), ((2, 3), (3,)), ((2, 0), (2,)), ((2, 41), (2,)), ((2, 3), (2, 1))])
def test_other_shapes_are_refused(search, most, shapes) -> None:
    with pytest.raises(ValueError, match=rf"allowed: \(N, n\) and \(N,\) with n from 1 to {most}"):
        search(np.ones(shapes[0]), np.ones(shapes[1]))


@pytest.mark.parametrize("search", [best_subsets, hashed_subsets, lambda x, t: solve(x, t, 0.1)])
def test_what_is_not_finite_or_too_large_is_refused(search) -> None:
    for x, t in (([[np.nan, 1.0]], [0.0]), ([[1.0, 1.0]], [np.inf])):
        with pytest.raises(ValueError, match="is NaN or infinite; all must be finite"):
            search(x, t)
    with pytest.raises(ValueError, match=r"is 1e\+300 in size; allowed: up to 1e\+30"):
        search([[1e300, 1.0]], [0.0])


@pytest.mark.parametrize("eta", [0.0, -1.0, np.nan, np.inf])
def test_an_eta_that_is_none_is_refused(eta: float) -> None:
    with pytest.raises(ValueError, match=f"eta is {eta}; allowed: a number above 0 and finite"):
        solve([[0.5]], [0.1], eta)


def test_a_solver_that_is_none_is_refused_also_where_nothing_is_to_be_solved() -> None:
    for search in (best_subsets, hashed_subsets, lambda x, t, solver: solve(x, t, 0.1, solver=solver)):
        with pytest.raises(ValueError, match="solver is 'gurobi'; allowed: auto, numba, numpy"):
            search([[0.5]], [0.0], solver="gurobi")
    with pytest.raises(ValueError, match="solver is 'torch'"):
        best_subsets([[0.5]], [0.0], solver="torch")


def test_without_numba_numpy_does_it_and_numba_is_refused(monkeypatch) -> None:
    x, t = instances(16, 200)
    with_it = solve(x, t, 1e-3).keep
    monkeypatch.setattr(kernels, "AVAILABLE", False)
    for name in ("hashed", "climbed", "exact"):
        monkeypatch.setattr(kernels, name, lambda *_: pytest.fail("a kernel ran"))
    assert (solve(x, t, 1e-3).keep == with_it).all()
    assert best_subsets(x, t).errors.max() < 1e-2
    for search in (best_subsets, hashed_subsets, lambda x, t, solver: solve(x, t, 0.1, solver=solver)):
        with pytest.raises(ValueError, match="solver is 'numba', which is not installed; allowed here: auto, numpy"):
            search(x, t, solver="numba")


# on a device


@pytest.mark.parametrize("device", [pytest.param("cuda", marks=CUDA)])
def test_a_device_makes_the_same_choices(device: str) -> None:
    for n in (5, 12, 20, 24):
        x, t = instances(n, 3000, seed=n)
        there = hashed_subsets(x, t, solver="torch", device=device)
        assert (there.keep == hashed_subsets(x, t, solver="numpy").keep).all()
        recomputed(there, x, t)
    x, t = instances(28, 20_000)
    found = solve(x, t / 2, 1e-3, solver="torch", device=device)
    recomputed(found, x, t / 2)
    assert found.missed(1e-3) == 0


def test_an_installation_that_cannot_be_written_to_compiles_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def njit(**options):
        def decorate(function):
            asked.append(options)
            if options.get("cache"):
                raise RuntimeError("cannot cache function: no locator available")
            return function

        return decorate

    monkeypatch.setattr(compiled, "AVAILABLE", True)
    monkeypatch.setattr(compiled, "numba", SimpleNamespace(njit=njit))
    assert compiled.compiled(len) is len
    assert asked == [{"cache": True, "nogil": True}, {"nogil": True}]
    monkeypatch.setattr(compiled, "AVAILABLE", False)
    assert compiled.compiled(len) is len
    assert len(asked) == 2
