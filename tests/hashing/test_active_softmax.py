"""Training with active rows: PyTorch's gradients and its Adagrad as oracles, and other rows as they were."""

import importlib

import numpy as np
import pytest
import torch
from torch import nn

from lthedu.hashing import (
    Hashed,
    Largest,
    Network,
    Nothing,
    active_rows,
    active_softmax,
    centre,
    centre_nothing,
    corrected,
    rebuild_times,
    train,
)
from lthedu.hashing.simhash import random_planes, simhash_all

module = importlib.import_module("lthedu.hashing.active_softmax")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def small(seed: int = 0) -> Network:
    return Network.create(5, 6, 12, rng(seed))


@pytest.mark.parametrize("more", [0.0, float(np.log(11 / 3))])
def test_the_gradient_is_pytorchs(more: float) -> None:
    logits = torch.tensor([0.3, -1.0, 2.0, 0.5], dtype=torch.float64, requires_grad=True)
    shift = torch.tensor([0.0, more, more, more], dtype=torch.float64)
    nn.functional.cross_entropy((logits + shift)[None], torch.tensor([0])).backward()
    errors = corrected(12, 3) if more else active_softmax
    assert errors(logits.detach().numpy()) == pytest.approx(logits.grad.numpy(), abs=1e-6)


def test_sampled_softmax_estimates_the_whole_sum() -> None:
    logits, generator = rng().standard_normal(200), rng(1)
    whole = np.exp(logits).sum()
    sums = []
    for _ in range(4000):
        some = np.concatenate([[0], 1 + generator.choice(199, 20, replace=False)])
        label = corrected(200, 20)(logits[some])[0] + 1  # the label's probability
        sums.append(np.exp(logits[0]) / label)
    assert np.mean(sums) == pytest.approx(whole, rel=0.02)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_step_is_adagrads_on_the_active_rows_alone(monkeypatch, compiled: bool) -> None:
    monkeypatch.setattr(module, "AVAILABLE", compiled and module.AVAILABLE)
    network, x, active = small(), rng(3).standard_normal(5).astype(np.float32), np.array([4, 1, 7, 9])
    names = ("weights", "bias", "rows")
    theirs = {name: torch.tensor(getattr(network, name), requires_grad=True) for name in names}
    optimiser = torch.optim.Adagrad(theirs.values(), lr=0.1, initial_accumulator_value=0.1, eps=0)
    for _ in range(3):
        network.step(x, active, 0.1)
        optimiser.zero_grad()
        h = torch.relu(theirs["weights"] @ torch.from_numpy(x) + theirs["bias"])
        nn.functional.cross_entropy((theirs["rows"][torch.from_numpy(active)] @ h)[None], torch.tensor([0])).backward()
        optimiser.step()
    for name in names:
        assert getattr(network, name) == pytest.approx(theirs[name].detach().numpy(), abs=1e-5)
    before, still = small().rows, [i for i in range(12) if i not in active]
    assert np.array_equal(network.rows[still], before[still])


def test_active_rows_are_the_label_what_was_found_and_random_ones() -> None:
    for seed in range(20):
        rows = active_rows(np.array([3, 8]), 5, 6, 12, rng(seed)).tolist()
        assert rows[:3] == [5, 3, 8]
        assert len(set(rows)) == len(rows) == 6
    assert active_rows(np.array([3, 5, 8]), 5, 1, 12, rng()).tolist() == [5, 3, 8]
    assert sorted(active_rows(np.array([], dtype=int), 5, 12, 12, rng()).tolist()) == list(range(12))


def test_random_rows_are_drawn_evenly() -> None:
    generator, counts = rng(), np.zeros(12)
    for _ in range(6000):
        counts[active_rows(np.array([], dtype=int), 0, 4, 12, generator)[1:]] += 1
    assert counts[0] == 0
    assert counts[1:] == pytest.approx(6000 * 3 / 11, rel=0.1)


def test_hashing_counts_codes_of_queries_and_of_rows() -> None:
    planes = random_planes(6, 3, 4, rng())
    finder = Hashed(lambda v: simhash_all(v, planes), 12, rng(), centre_nothing)
    network = small()
    x, y = rng(1).standard_normal((30, 5)).astype(np.float32), rng(2).integers(0, 12, 30)
    spent = train(network, x, y, range(30), finder, 4, 0.1, rng(), rebuild_at=(0, 10))
    assert finder.products == 12 * 30 + 2 * 12 * 12
    assert (spent.examples, spent.rebuilds) == (30, 2)
    assert spent.active >= 4 * 30


def test_what_is_centred_finds_its_twin_where_the_raw_does_not() -> None:
    generator = rng()
    twins = generator.standard_normal((200, 20)).astype(np.float32)
    planes = random_planes(20, 8, 10, generator)
    hits = {}
    for name, how in {"raw": centre_nothing, "centred": centre}.items():
        finder = Hashed(lambda v: simhash_all(v, planes), 80, generator, how)
        rows, queries = twins - 4, twins + 4
        finder.rebuild(rows, queries)
        hits[name] = np.mean([i in finder(query, rows) for i, query in enumerate(queries)])
    assert hits["raw"] < 0.05
    assert hits["centred"] > 0.95


def test_the_largest_are_those_of_a_sort() -> None:
    rows, query = rng().standard_normal((30, 4)), rng(1).standard_normal(4)
    finder = Largest(5)
    assert set(finder(query, rows).tolist()) == set(np.argsort(rows @ query)[-5:].tolist())
    assert finder.products == 30
    assert len(Nothing()(query, rows)) == 0


def test_a_label_that_is_found_is_counted() -> None:
    x, y = rng(1).standard_normal((10, 5)).astype(np.float32), rng(2).integers(0, 12, 10)
    assert train(small(), x, y, range(10), Largest(12), 12, 0.1, rng()).found == 10
    assert train(small(), x, y, range(10), Nothing(), 12, 0.1, rng()).found == 0


def test_training_learns_and_is_the_same_twice() -> None:
    x, y = rng(1).standard_normal((12, 5)).astype(np.float32), np.arange(12)
    networks = [small(), small()]
    for network in networks:
        train(network, x, y, list(range(12)) * 60, Nothing(), 6, 0.2, rng(5))
    assert ((networks[0].hidden(x) @ networks[0].rows.T).argmax(1) == y).mean() > 0.9
    assert np.array_equal(networks[0].rows, networks[1].rows)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: active_softmax(np.zeros(0)), r"logits have shape \(0,\)"),
        (lambda: active_rows(np.array([1]), 0, 9, 5, rng()), "at_least is 9; allowed: up to 5, the number of classes"),
        (
            lambda: train(small(), np.zeros((1, 5), dtype=np.float32), np.array([0]), [0], Nothing(), 13, 0.1, rng()),
            "at_least is 13; allowed: up to 12",
        ),
        (lambda: rebuild_times(8, 0.5, 1000), "growth is 0.5; allowed: a number from 1 up"),
        (lambda: Largest(6)(np.ones(2), np.ones((5, 2))), "many is 6; allowed: up to 5, the number of rows"),
        (lambda: rebuild_times(0, 2.0, 10), "first is 0; allowed: a whole number from 1 up"),
    ],
)
def test_bad_input_is_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
