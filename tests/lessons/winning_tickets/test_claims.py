"""The verdicts that the lesson prints hold for other seeds and for one thread and two: they are not one run's luck."""

from dataclasses import replace

import pytest
import torch

from lthedu.experiments.study import settings
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.training import Replicates, train
from lthedu.training.minibatches import minibatches

NOTEBOOK = "winning_tickets"
CLAIMS = 6
MARGINS = [(30, 1), (40, 2), (5, 2), (10, 1)]


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds_and_threads(claims, monkeypatch, seed: int, threads: int) -> None:
    """The paired study's, and those on the published rule, which a cell applies to seeds of its own."""
    seeds = range(seed, seed + 5)
    monkeypatch.setattr(settings.SIZES, "lesson", replace(settings.LESSON, seeds=tuple(seeds)))
    study = claims.run([source.replace("range(5)", repr(seeds)) for source in claims.compared])["study"]
    assert study.settings.seeds == tuple(seeds)
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def test_the_training_in_plain_pytorch_is_the_engine_s(claims, mnist) -> None:
    few = mnist.first(320, 10, 10).to(dtype=torch.float64)
    networks = Replicates.create(lambda: MLP([784, 12, 10]), [0], dtype=torch.float64)
    half = {
        n: m & (torch.rand(m.shape, generator=torch.Generator().manual_seed(1)) < 0.5)
        for n, m in networks.full_mask().items()
    }
    start = masks.apply(half, networks.params)
    done = train(networks.with_params(start), few, 10, mask=half, order=[7], batch_size=32)
    train_by_hand = claims.run(claims.cells("import torch\n", "from torch.func"))["train_by_hand"]
    batches = [(x[0], y[0]) for x, y in minibatches(few, [7], 32, 0, 10)]
    alone = train_by_hand(networks.module(0), masks.unstack(start, 0), masks.unstack(half, 0), batches)
    for name, weights in masks.unstack(done.replicates.params, 0).items():
        assert torch.allclose(alone[name], weights, atol=1e-10), name
