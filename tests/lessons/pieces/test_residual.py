"""Residual and plain networks are one architecture; the arms differ in their start alone."""

import pytest
import torch

from lthedu import data
from lthedu.data import Dataset
from lthedu.lessons.pieces import residual
from lthedu.networks.models import ResidualMLP
from lthedu.training import Replicates, train


def test_a_plain_network_started_at_the_identity_trains_to_the_same_weights(toy: Dataset) -> None:
    sizes = [20, 8, 8, 8, 5]
    added = Replicates.create(lambda: ResidualMLP(sizes), seeds=[0, 1], dtype=torch.float64)
    plain = Replicates.create(lambda: ResidualMLP(sizes).double().plain(), seeds=[0, 1], dtype=torch.float64)
    a, b = (train(nets, toy, steps=30, batch_size=10).replicates for nets in (added, plain))
    for i, adds in enumerate([False, True, True, False]):
        name = f"layers.{i}.weight"
        shift = torch.eye(8, dtype=torch.float64) if adds else 0
        assert torch.allclose(a.params[name] + shift, b.params[name], atol=1e-9)
        assert not torch.allclose(a.params[name], added.params[name], atol=1e-4)


def test_the_arms_are_what_their_names_say() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = {arm: make([30, *[100] * 9, 10]) for arm, make in residual.arms(9).items()}
    middle = {arm: net.layers[4].weight.detach() for arm, net in made.items()}
    assert float(middle[residual.GLOROT].std()) == pytest.approx(0.1, rel=0.05)
    assert float(middle[residual.HE].std()) == pytest.approx(0.02**0.5, rel=0.05)
    for arm, spread in ((residual.UNSCALED, 0.1), (residual.RESIDUAL, 0.1 / 3)):
        assert float((middle[arm] - torch.eye(100)).std()) == pytest.approx(spread, rel=0.05)


def test_there_is_a_row_for_every_network(mnist) -> None:
    settings = residual.Settings(
        depths=(1, 3), width=6, steps=2, seeds=(4, 5), images=40, batch_size=20, rates=(0.01, 0.1)
    )
    table = residual.ByDepth(data.pooled(mnist.first(60, 20, 20)), settings).run()
    assert table.groupby(["arm", "layers", "lr"])["replicate"].apply(list).tolist() == 16 * [[0, 1]]
    assert table[["val", "accuracy"]].stack().between(0, 1).all()


@pytest.mark.parametrize("wrong", [{"depths": ()}, {"depths": (2, 0)}, {"width": 0}, {"steps": 0}, {"rates": (0.0,)}])
def test_settings_that_make_no_sense_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"allowed: "):
        residual.Settings(**wrong)
