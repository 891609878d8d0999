"""A fold of the reader's own makes as many pieces as the text says, and only a bend is counted."""

import numpy as np
import pytest

from lthedu.lessons.what_the_theorem_does_not_say.folding import folded
from lthedu.proof import limits


def zigzag(pieces: int) -> limits.Pieces:
    return limits.Pieces(np.linspace(0, 1, pieces + 1), np.arange(pieces + 1) % 2.0)


def test_folding_the_middle_is_the_sawtooth() -> None:
    assert limits.distance(folded(zigzag(2), 5), limits.pieces(limits.tent_network(5))) == 0


@pytest.mark.parametrize(("pieces", "made"), [(1, 1), (2, 64), (3, 81), (4, 64), (6, 36), (12, 12)])
def test_of_twelve_units_three_a_fold_make_the_most_pieces(pieces: int, made: int) -> None:
    assert len(folded(zigzag(pieces), 12 // pieces)) == made


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([0.0, 0.7, 0.3, 1.0], [0.0, 1.0, 0.0, 1.0], "the knots are .* go up from 0 to 1"),
        ([0.0, 0.5], [0.0, 1.0], "the knots are .* go up from 0 to 1"),
        ([0.0], [0.0], "the knots are .* two or more"),
        ([0.0, 0.5, 1.0], [0.0, 1.5, 0.0], r"the heights are \[0.0, 1.5, 0.0\]; allowed: numbers from 0 to 1"),
    ],
)
def test_what_does_not_map_the_strip_to_itself_is_refused(x, y, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        folded(limits.Pieces(np.array(x), np.array(y)), 2)


def test_the_place_of_a_fold_changes_no_number_but_a_lower_top_does() -> None:
    def tent(at: float, top: float) -> limits.Pieces:
        return limits.Pieces(np.array([0.0, at, 1.0]), np.array([0.0, top, 0.0]))

    assert len(folded(tent(0.3, 1.0), 6)) == 64
    assert len(folded(tent(0.5, 0.8), 6)) < 64


def test_a_knot_without_a_bend_is_no_piece_more() -> None:
    idle = limits.Pieces(np.array([0.0, 0.25, 0.5, 1.0]), np.array([0.0, 0.5, 1.0, 0.0]))
    assert [len(folded(idle, times)) for times in (1, 2)] == [2, 4]
