"""The experiment: every mask has its counts, every arm its start, and what is held is held."""

from dataclasses import replace

import pytest
import torch

from lthedu import data
from lthedu.lessons.zeros_and_signs import experiment
from lthedu.lessons.zeros_and_signs.experiment import CONTROL, KEPT, LESSON, PRUNED, RANDOM, Deconstruction, Settings
from lthedu.networks import masks
from lthedu.training import evaluate

SMALL = Settings(seeds=(3, 4), sizes=(196, 12, 10), densities=(0.5, 0.2), retrained=(0.3,), steps=20, batch_size=50)


@pytest.fixture(scope="module")
def game(mnist) -> Deconstruction:
    game = Deconstruction(data.pooled(mnist.first(1000, 100, 400)), SMALL)
    game.run()
    return game


def test_the_table_has_every_arm_of_every_density_once_a_seed(game):
    rows = game.table.groupby(["stage", "criterion", "action", "density"])["replicate"].apply(list)
    assert all(found == [0, 1] for found in rows)
    assert len(rows) == 1 + len(KEPT) + len(PRUNED) + 2 * 2 * (len(game.criteria) + 2)


@pytest.mark.parametrize("criterion", [*experiment.every_criterion(), RANDOM, CONTROL])
def test_every_mask_keeps_its_share_of_every_layer(game, criterion):
    for name, m in game.mask(criterion, 0.2).items():
        share = 0.4 if name == "layers.1.weight" else 0.2  # the output layer keeps twice as much
        assert (m.flatten(1).sum(1) == round(share * m[0].numel())).all()


def test_the_other_networks_mask_is_the_next_ones(game):
    own, other = game.mask("large_final", 0.2), game.mask(CONTROL, 0.2)
    assert all(torch.equal(other[n], m.flip(0)) for n, m in own.items())


def test_accuracies_are_those_of_the_masked_networks(game):
    mask = game.mask("movement", 0.5)
    masked = game.networks.with_params(masks.apply(mask, game.networks.params))
    rows = game.table.query("criterion == 'movement' and action == 'initial values' and density == 0.5")
    assert rows["accuracy"].tolist() == evaluate(masked, game.data)[1].tolist()


def test_rewound_and_zero_are_the_same_training(game):
    rewound, zero = (game.table.query("action == @way")["accuracy"].tolist() for way in ("rewound", "zero"))
    assert rewound == zero


def test_held_values_are_zero_where_they_should_be(game):
    mask = game.mask("large_final", 0.3)
    at_init, moved, drawn = (game.held(way, mask, 0.3) for way in PRUNED[1:])
    assert game.held("zero", mask, 0.3) is None
    for n, m in mask.items():
        for held in (at_init, moved, drawn):
            assert (held[n][m] == 0).all()
            there = held[n] != 0
            assert torch.equal(held[n][there], game.networks.params[n][there])
        assert ((moved[n] != 0).flatten(1).sum(1) == (drawn[n] != 0).flatten(1).sum(1)).all()
        assert not torch.equal(moved[n] != 0, drawn[n] != 0)


def test_a_learners_functions_are_used(game):
    asked = []

    def mine(initial, mask, generator, signed=False):
        asked.append(signed)
        return masks.apply(mask, initial)

    own = Deconstruction(game.data, SMALL, criteria={"large_final": lambda i, f: {n: i[n] for n in masks.prunable(f)}})
    own.actions = {"reshuffled": mine}
    own.train_dense()
    own.retrain("kept", "reshuffled, sign kept", 0.3)
    assert asked == [True, True]
    first, initial = own.mask("large_final", 0.3)["layers.0.weight"], own.networks.params["layers.0.weight"]
    for m, w in zip(first, initial, strict=True):  # this criterion keeps the largest initial values, signs and all
        assert w[m].min() >= w[~m].max()


def test_what_does_not_fit_is_refused_by_name(game):
    for change, words in [
        ({"seeds_per_part": 7}, r"seeds_per_part is 7, which leaves one of 8 seeds alone"),
        ({"seeds": (1,)}, r"seeds is \(1,\)"),
        ({"steps": 0.5}, r"steps is 0\.5"),
        ({"batch_size": 0}, r"batch_size is 0; allowed: a whole number from 1 up"),
        ({"retrained": ()}, r"retrained is \(\)"),
        ({"densities": (1.0,)}, r"densities\[0\] is 1\.0"),
    ]:
        with pytest.raises(ValueError, match=words):
            replace(LESSON, **change)
    with pytest.raises(ValueError, match="'zero' is no way for kept weights"):
        game.retrain("kept", "zero", 0.3)
    with pytest.raises(ValueError, match="call train_dense first"):
        _ = Deconstruction(game.data, SMALL).final
