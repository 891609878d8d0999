"""Residual and plain networks are one architecture; the arms differ in their start alone."""

import pytest
import torch

from lthedu.data import Dataset
from lthedu.lessons.what_the_theorem_does_not_say import experiment
from lthedu.networks.models import ResidualMLP
from lthedu.training import Replicates, train


def test_a_plain_network_started_at_the_identity_trains_to_the_same_weights(toy: Dataset) -> None:
    sizes = [20, 8, 8, 8, 5]
    residual = Replicates.create(lambda: ResidualMLP(sizes), seeds=[0, 1], dtype=torch.float64)
    plain = Replicates.create(lambda: ResidualMLP(sizes).double().plain(), seeds=[0, 1], dtype=torch.float64)
    a, b = (train(nets, toy, steps=30, batch_size=10).replicates for nets in (residual, plain))
    for i, adds in enumerate([False, True, True, False]):
        name = f"layers.{i}.weight"
        shift = torch.eye(8, dtype=torch.float64) if adds else 0
        assert torch.allclose(a.params[name] + shift, b.params[name], atol=1e-9)
        assert not torch.allclose(a.params[name], residual.params[name], atol=1e-4)


def test_the_arms_are_what_their_names_say() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = {arm: make([30, *[100] * 9, 10]) for arm, make in experiment.arms(9).items()}
    middle = {arm: net.layers[4].weight.detach() for arm, net in made.items()}
    assert float(middle[experiment.GLOROT].std()) == pytest.approx(0.1, rel=0.05)
    assert float(middle[experiment.HE].std()) == pytest.approx(0.02**0.5, rel=0.05)
    for arm, spread in ((experiment.UNSCALED, 0.1), (experiment.RESIDUAL, 0.1 / 3)):
        assert float((middle[arm] - torch.eye(100)).std()) == pytest.approx(spread, rel=0.05)


def test_there_is_a_row_for_every_network_and_progress_is_told(toy: Dataset) -> None:
    told = []
    settings = experiment.Settings(depths=(1, 3), width=6, steps=2, seeds=(4, 5), images=None)
    small = Dataset(*(t.float() if t.is_floating_point() else t for t in vars(toy).values()))
    big = Dataset(*(torch.cat([t, t]) for t in vars(small).values()))
    table = experiment.accuracy_by_depth(big, settings, lambda done, of, text: told.append((done, of, text)))
    assert list(table.columns) == ["arm", "layers", "replicate", "accuracy"]
    assert len(table) == 2 * 4 * 2
    assert all(rows["replicate"].tolist() == [0, 1] for _, rows in table.groupby(["arm", "layers"]))
    assert table["accuracy"].between(0, 1).all()
    assert [done for done, _, _ in told] == list(range(1, 17))
    assert {of for _, of, _ in told} == {16}
    assert "3 layers" in told[-1][2]


@pytest.mark.parametrize("wrong", [{"depths": ()}, {"depths": (2, 0)}, {"width": 0}, {"steps": 0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"allowed: .*(one or more|from 1 up)"):
        experiment.Settings(**wrong)


def test_the_size_follows_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    assert experiment.scaled_settings() == experiment.LESSON
    monkeypatch.setenv("LTHEDU_SCALE", "paper")
    assert max(experiment.scaled_settings().depths) > 32
