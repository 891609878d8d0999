"""The experiment: what each arm keeps, what is read, and what the controls show."""

from dataclasses import replace

import pytest
import torch

from lthedu import data
from lthedu.lessons.supermasks import experiment
from lthedu.lessons.supermasks.experiment import (
    ARMS,
    BERNOULLI,
    LESSON,
    POPUP,
    TRAINED,
    WEAK,
    Settings,
    Supermasks,
    scaled_constants,
    signal,
)
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.supermasks import fingerprint, keep_top
from lthedu.training import Replicates, evaluate

SMALL = Settings(
    seeds=(3, 4), widths=(8, 12), depths=(1, 2), probe=12, steps=30, batch_size=50, images=100, looks=(0, 10)
)


@pytest.fixture(scope="module")
def game(mnist) -> Supermasks:
    game = Supermasks(data.pooled(mnist.first(1000, 100, 400)), SMALL)
    game.run()
    return game


def test_every_arm_has_every_width_and_edge_popup_every_depth(game):
    rows = game.table.groupby(["axis", "arm", "width", "hidden"])["replicate"].apply(list)
    assert all(found == [0, 1] for found in rows)
    assert len(rows) == len(ARMS) * 2 + 2 * 2
    assert set(game.table["arm"]) == {*ARMS, WEAK}


def test_each_arm_has_its_own_rate_along_widths_and_all_have_one_along_depths(game):
    rates = game.table.query("arm != 'random masks'").groupby(["axis", "arm"])["lr"].unique()
    assert {arm: list(lrs) for arm, lrs in rates["width"].items()} == {
        TRAINED: [SMALL.trained.lr],
        POPUP: [SMALL.popup.lr],
        BERNOULLI: [SMALL.bernoulli.lr],
    }
    assert {arm: list(lrs) for arm, lrs in rates["depth"].items()} == {arm: [SMALL.deep.lr] for arm in (POPUP, WEAK)}


def test_kept_weights_are_counted(game):
    for row in game.table.itertuples():
        layers = [196 * row.width, *[row.width**2] * (row.hidden - 1), 10 * row.width]
        if row.arm == TRAINED:
            assert row.kept == sum(layers)
        elif row.arm == BERNOULLI:
            assert abs(row.kept / sum(layers) - 0.5) < 0.1
        else:
            assert row.kept == sum(round(SMALL.density * n) for n in layers)


def test_no_frozen_weight_changed_and_the_fingerprints_are_those_asked_for(game):
    assert len(game.fingerprints) == 2 * 2 + 2 * 2
    assert all(before == after for before, after in game.fingerprints)
    assert (fingerprint(game.method(POPUP, game.networks(12)).weights),) * 2 in game.fingerprints


def test_accuracy_is_that_of_the_masked_frozen_weights(game):
    networks = game.networks(12)
    method = game.method(POPUP, networks)
    scores = game.search(networks, method, SMALL.popup)[SMALL.steps]
    effective = {n: p * keep_top(scores[n], 0.5) if n in scores else p for n, p in method.weights.items()}
    rows = game.table.query("axis == 'width' and arm == @POPUP and width == 12")
    for column, split in (("accuracy", "test"), ("val", "val")):
        assert rows[column].tolist() == evaluate(networks.with_params(effective), game.data, split)[1].tolist()


def test_the_widget_gets_scores_of_the_steps_asked_for(game):
    assert sorted(game.scores) == [0, 10, 30]
    assert not torch.equal(game.scores[0]["layers.0.weight"], game.scores[10]["layers.0.weight"])


def test_a_learners_rescaling_reads_the_bernoulli_networks(game):
    asked = []

    def mine(params, mask):
        asked.append(params)
        return masks.apply(mask, params)

    other = Supermasks(game.data, replace(SMALL, samples=3), rescale=mine)
    other.measure(BERNOULLI, 8)
    assert len(asked) == 3


def test_scaled_constants_pass_on_the_signal_and_weak_ones_halve_it():
    networks = Replicates.create(lambda: MLP([196, 128, 128, 128, 10]), range(16))
    images, g = torch.rand(200, 196, generator=torch.Generator().manual_seed(0)), torch.Generator().manual_seed(1)
    game = Supermasks(data.Dataset(*3 * (images, torch.zeros(200, dtype=torch.int64))), SMALL)
    found = {}
    for arm in (POPUP, WEAK):
        method = game.method(arm, networks)
        random = {n: torch.randn(p.shape, generator=g) for n, p in networks.params.items() if n.endswith("weight")}
        found[arm] = signal(method.effective(random), images)
    assert found[POPUP][2] / found[POPUP][1] == pytest.approx(1, abs=0.15)
    assert found[WEAK][2] / found[WEAK][1] == pytest.approx(0.5, abs=0.1)


def test_scaled_constants_keep_signs_and_biases():
    params = {"w": torch.tensor([[[0.5, -0.1, 0.2, -3.0]]]), "b": torch.ones(1, 1)}
    made = scaled_constants(params, 0.5)
    assert made["w"].tolist() == [[[1, -1, 1, -1]]]
    assert made["b"] is params["b"]


def test_random_labels_are_learned_on_the_few_images_alone(mnist):
    settings = replace(SMALL, widths=(64,), probe=64, steps=300, images=60)
    game = Supermasks(data.pooled(mnist.first(1000, 100, 400)), settings)
    own, random = (game.few_images(labels).query("step == 300") for labels in (False, True))
    assert random["train"].mean() > 0.4
    assert random["test"].mean() < 0.25 < own["test"].mean()
    assert len(game.fingerprints) == 2


def test_what_does_not_fit_is_refused_by_name(game):
    for change, words in [
        ({"probe": 7}, r"probe is 7"),
        ({"steps": 0}, r"steps is 0"),
        ({"seeds": ()}, r"seeds is \(\)"),
        ({"widths": (4, 2)}, r"widths is \(4, 2\)"),
        ({"density": 1.0}, r"density is 1\.0; allowed: a number above 0 and below 1"),
    ]:
        with pytest.raises(ValueError, match=words):
            replace(LESSON, **change)
    with pytest.raises(ValueError, match="arm is 'trained weights'"):
        game.method(TRAINED, game.networks(8))


def test_the_paper_scale_is_asked_for_by_name(monkeypatch):
    monkeypatch.setenv("LTHEDU_SCALE", "paper")
    assert experiment.scaled_settings() == experiment.SIZES.paper
