"""The route through three layers is to the same sawtooth, and what is pruned comes as near as it says."""

import pytest

from lthedu.lessons.what_the_theorem_does_not_say.routes import halfway_sawtooth, prune_one_layer_more
from lthedu.proof import limits


@pytest.mark.parametrize("folds", [2, 3, 5, 8])
def test_folding_half_in_each_layer_is_folding_all(folds: int) -> None:
    halfway = halfway_sawtooth(folds)
    assert [layer.out_features for layer in halfway[::2]] == [2 ** (folds // 2), 2 ** (folds - folds // 2), 1]
    assert limits.distance(limits.pieces(halfway), limits.pieces(limits.tent_network(folds))) < 1e-12


def test_one_layer_more_is_enough_and_the_distance_is_that_of_the_masked_network() -> None:
    target = halfway_sawtooth(2)
    ticket, off = prune_one_layer_more(target, eps=0.1, seed=3)
    made = limits.pieces(ticket.module())
    wanted = limits.pieces(target)
    assert len(ticket.source.sizes) - 1 == 4
    assert off == limits.distance(wanted, limits.Pieces(made.x, ticket.scale * made.y)) <= 0.1


def test_what_cannot_be_reached_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the distance is .*; eps is 1e-10"):
        prune_one_layer_more(halfway_sawtooth(2), eps=1e-10)
    with pytest.raises(ValueError, match="folds is 1"):
        halfway_sawtooth(1)
