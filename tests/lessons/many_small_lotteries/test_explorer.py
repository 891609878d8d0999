"""The lottery explorer's callbacks; a browser test drives the same widget by keyboard."""

import pandas as pd
import pytest

from lthedu.lessons.many_small_lotteries.experiment import ARMS, DESIGNS
from lthedu.lessons.many_small_lotteries.explorer import explorer


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [
        (arm, i, 0.95 - 0.02 * place + 0.001 * i, 0.94 + 0.001 * i)
        for place, arm in enumerate(ARMS)
        for i in range(8 if arm in DESIGNS else 4)
    ]
    rows += [("dense", i, 0.9535, 0.95) for i in range(2)]
    return pd.DataFrame(rows, columns=["arm", "draw", "val", "test"])


def test_every_slider_draws_another_picture_and_says_so(table: pd.DataFrame, draws_each_anew) -> None:
    shown = explorer(table)
    below, n, *_ = shown.children
    assert n.max == 8
    draws_each_anew(shown, [(below, 3.0), (n, 2)])


def test_the_sentence_counts_wins_and_bounds_what_was_not_seen(table: pd.DataFrame) -> None:
    below, *_, words = explorer(table).children
    # the dense networks' mean is 0.9535; less one point: 0.9435, which the next arm's 0.93 to 0.937 miss
    assert "Goal 94.3\u00a0%, best of 8. winning ticket: 4 of 4 win, so about 1 draw for" in words.value
    assert "random reinitialisation: 0 of 4 win, so at least 4 draws for a 95\u00a0% chance" in words.value
    below.value = 2.0  # 0.9335: 0.930 to 0.933 do not win, either
    below.value = 2.25  # 0.931: 0.932 and 0.933 win
    assert "random reinitialisation: 2 of 4 win, so about 5 draws" in words.value
    assert 'aria-live="polite"' in words.value


def test_more_draws_than_an_arm_has_are_not_extrapolated(table: pd.DataFrame) -> None:
    _, n, *_, words = explorer(table).children
    n.value = 8
    assert "best of 8." in words.value
    assert "winning ticket: 4 of 4 win" in words.value


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"table is .* and one row or more"):
        explorer(pd.DataFrame())
