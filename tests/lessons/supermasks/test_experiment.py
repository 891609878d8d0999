"""The experiment: what each arm keeps, what is read, and what the controls show."""

from dataclasses import replace

import pytest
import torch

from lthedu import data
from lthedu.experiments import convolutional_supermasks
from lthedu.lessons.supermasks import experiment
from lthedu.lessons.supermasks.experiment import (
    ARMS,
    BERNOULLI,
    LESSON,
    POPUP,
    POPUP_NORMAL,
    RANDOM,
    TRAINED,
    Settings,
    Supermasks,
)
from lthedu.networks import masks
from lthedu.supermasks import fingerprint, keep_top
from lthedu.training import evaluate

SMALL = Settings(
    seeds=(3, 4), widths=(8, 12), densities=(0.2, 0.5), probe=12, steps=30, batch_size=50, images=100, looks=(0, 10)
)


@pytest.fixture(scope="module")
def game(mnist) -> Supermasks:
    game = Supermasks(data.pooled(mnist.first(1000, 100, 400)), SMALL)
    game.run()
    return game


def test_every_arm_has_every_width_and_edge_popup_every_density(game):
    rows = game.table.groupby(["arm", "width", "density"])["replicate"].apply(list)
    assert all(found == [0, 1] for found in rows)
    assert len(rows) == len(ARMS) * 2 + 1
    assert set(game.table["arm"]) == set(ARMS)


def test_kept_weights_are_counted(game):
    total = {w: 206 * w for w in SMALL.widths}
    for row in game.table.itertuples():
        if row.arm == TRAINED:
            assert row.kept == total[row.width]
        elif row.arm in (POPUP, POPUP_NORMAL, RANDOM):
            assert row.kept == sum(round(row.density * n) for n in (196 * row.width, 10 * row.width))
        else:
            assert abs(row.kept / total[row.width] - 0.5) < 0.1


def test_no_frozen_weight_changed_and_the_fingerprints_are_those_asked_for(game):
    assert len(game.fingerprints) == 4 * 2 + 1
    assert all(before == after for before, after in game.fingerprints)
    networks = game.networks(12)
    assert (fingerprint(game.weights(POPUP, networks)),) * 2 in game.fingerprints


def test_accuracy_is_that_of_the_masked_frozen_weights(game):
    networks = game.networks(12)
    method = game.method(POPUP, networks, 0.5)
    scores = game.search(POPUP, networks, method)
    effective = {n: p * keep_top(scores[n], 0.5) if n in scores else p for n, p in method.weights.items()}
    found = evaluate(networks.with_params(effective), game.data)[1].tolist()
    rows = game.table.query("arm == @POPUP and width == 12 and density == 0.5")
    assert rows["accuracy"].tolist() == found


def test_the_widget_gets_scores_of_the_steps_asked_for(game):
    assert sorted(game.scores) == [0, 10]
    assert not torch.equal(game.scores[0]["layers.0.weight"], game.scores[10]["layers.0.weight"])


def test_a_learners_rescaling_reads_the_bernoulli_networks(game):
    asked = []

    def mine(params, mask):
        asked.append(params)
        return masks.apply(mask, params)

    other = Supermasks(game.data, replace(SMALL, samples=3), rescale=mine)
    other.measure(BERNOULLI, 8, 0.5)
    assert len(asked) == 3


def test_random_labels_are_learned_on_the_few_images_alone(mnist):
    settings = replace(SMALL, widths=(64,), probe=64, densities=(0.5,), steps=300, images=60)
    found = Supermasks(data.pooled(mnist.first(1000, 100, 400)), settings).random_labels()
    assert found["train"].mean() > 0.4
    assert found["test"].mean() < 0.25


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
        game.method(TRAINED, game.networks(8), 0.5)


def test_the_paper_scale_is_asked_for_by_name(monkeypatch):
    monkeypatch.setenv("LTHEDU_SCALE", "paper")
    assert experiment.scaled_settings() == experiment.PAPER


def test_a_convolutional_run_that_is_stopped_keeps_what_it_finished():
    x, y = torch.randn(16, 3, 32, 32), torch.arange(16) % 10
    calls = []

    def stop(done: int, in_all: int, text: str) -> None:
        calls.append(done)
        if len(calls) > 2:
            raise KeyboardInterrupt

    small = convolutional_supermasks.Settings(seeds=(0,), depths=(2,), passes=1, batch_size=8, samples=2)
    table = convolutional_supermasks.run(data.Dataset(x, y, x, y, x, y), small, stop)
    assert set(table["arm"]) == {convolutional_supermasks.POPUP}
    assert table["network"].tolist() == ["Conv-2"]
