"""The lottery explorer's callbacks; a browser test drives the same widget by keyboard."""

import pandas as pd
import pytest

from lthedu.lessons.many_small_lotteries.experiment import ARMS
from lthedu.lessons.many_small_lotteries.explorer import explorer


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [
        (arm, level, density, 10, i, 0.95 - 0.02 * place + 0.001 * i, 0.94 + 0.001 * i)
        for level, density, draws in ((1, 0.56, 4), (3, 0.064, 8))
        for place, arm in enumerate(ARMS)
        for i in range(draws)
    ]
    rows += [("dense", 0, 1.0, 100, i, 0.9535, 0.95) for i in range(2)]
    return pd.DataFrame(rows, columns=["arm", "level", "density", "weights", "draw", "val", "test"])


def test_every_slider_draws_another_picture_and_says_so(table: pd.DataFrame, draws_each_anew) -> None:
    shown = explorer(table)
    level, below, n, *_ = shown.children
    assert [text for text, _ in level.options] == ["56 % of the weights", "6 % of the weights"]
    assert (level.value, n.max) == (3, 8)
    draws_each_anew(shown, [(below, 3.0), (n, 2), (level, 1)])


def test_the_sentence_counts_wins_and_bounds_what_was_not_seen(table: pd.DataFrame) -> None:
    _, below, _, _, _, words = explorer(table).children
    # the dense networks' mean is 0.9535; less one point: 0.9435, which the next arm's 0.93 to 0.937 miss
    assert "Goal 94.3\u00a0%, best of 8. winning ticket: 8 of 8 win, so about 1 draw for" in words.value
    assert "random reinitialisation: 0 of 8 win, so at least 7 draws for a 95\u00a0% chance" in words.value
    below.value = 2.0  # 0.9335: 0.934 to 0.937 win
    assert "random reinitialisation: 4 of 8 win, so about 5 draws" in words.value
    assert 'aria-live="polite"' in words.value


def test_more_draws_than_a_level_has_are_not_extrapolated(table: pd.DataFrame) -> None:
    level, _, n, _, _, words = explorer(table).children
    n.value = 8
    level.value = 1
    assert "best of 4." in words.value


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"table is .* and one row or more"):
        explorer(pd.DataFrame())
