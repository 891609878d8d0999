"""The experiment: every mask has its counts, every arm its start, and what is held is held."""

from dataclasses import replace

import pytest
import torch

from lthedu import data
from lthedu.lessons.zeros_and_signs.experiment import LESSON, Deconstruction, Settings
from lthedu.lessons.zeros_and_signs.ways import CONTROL, KEPT, PLACES, PRUNED, RANDOM, TICKET, every_criterion, signal
from lthedu.networks import masks
from lthedu.training import evaluate

SMALL = Settings(
    seeds=(3, 4), sizes=(196, 12, 10), densities=(0.5, 0.2), retrained=(0.3,), held=(0.3,), steps=20, batch_size=50
)


@pytest.fixture(scope="module")
def game(mnist) -> Deconstruction:
    game = Deconstruction(data.pooled(mnist.first(1000, 100, 400)), SMALL)
    game.run()
    return game


def test_the_table_has_every_arm_of_every_density_once_a_seed(game):
    rows = game.table.groupby(["stage", "criterion", "action", "density"])["replicate"].apply(list)
    assert all(found == [0, 1] for found in rows)
    assert len(rows) == 1 + len(KEPT) + len(PRUNED) + 2 * 2 * (len(game.criteria) + 2)


@pytest.mark.parametrize("criterion", [*every_criterion(), RANDOM, CONTROL])
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
    at_init, moved, mirror, drawn = (game.held(way, mask, 0.3) for way in PRUNED[1:])
    assert game.held("zero", mask, 0.3) is None
    for n, m in mask.items():
        assert torch.equal(moved[n] + mirror[n], at_init[n])
        assert not ((moved[n] != 0) & (mirror[n] != 0)).any()
        for held in (at_init, moved, mirror, drawn):
            assert (held[n][m] == 0).all()
            there = held[n] != 0
            assert torch.equal(held[n][there], game.networks.params[n][there])
        assert ((moved[n] != 0).flatten(1).sum(1) == (drawn[n] != 0).flatten(1).sum(1)).all()
        assert not torch.equal(moved[n] != 0, drawn[n] != 0)


def test_a_start_changes_what_it_says_and_keeps_the_rest(game):
    mask, ticket = game.mask("large_final", 0.3), game.start(TICKET, 0.3)
    for way, (_, signed, restored) in KEPT.items():
        start = game.start(way, 0.3)
        for n, m in mask.items():
            same = start[n].sign() == ticket[n].sign()
            if way == PLACES:
                assert ((start[n] != 0).flatten(1).sum(1) == m.flatten(1).sum(1)).all()
                assert not torch.equal(start[n] != 0, m)
            else:
                assert torch.equal(start[n] != 0, m)
                assert bool(same.all()) == signed
            if restored or way.startswith("reshuffled"):
                assert torch.allclose(start[n].flatten(1).norm(dim=1), ticket[n].flatten(1).norm(dim=1), rtol=1e-5)


def test_masks_are_not_tested_on_the_order_that_found_them(game):
    assert not set(game.order) & set(game.new_order)


def test_a_signal_is_that_of_each_network_alone(game):
    images = game.data.x_train[:50]
    found = signal(game.networks.params, images)
    for i in range(2):
        first, last = game.networks.module(i).layers
        hidden = first(images)
        outputs = (hidden, last(hidden.relu()))
        assert found[i].tolist() == pytest.approx([float(out.detach().square().mean().sqrt()) for out in outputs])


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
        ({"held": (0.0,)}, r"held\[0\] is 0\.0"),
        ({"densities": (1.0,)}, r"densities\[0\] is 1\.0"),
    ]:
        with pytest.raises(ValueError, match=words):
            replace(LESSON, **change)
    with pytest.raises(ValueError, match="'zero' is no way for kept weights"):
        game.retrain("kept", "zero", 0.3)
    with pytest.raises(ValueError, match="call train_dense first"):
        _ = Deconstruction(game.data, SMALL).final
