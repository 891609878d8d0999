"""The explorer of stored times: its callbacks; a browser test drives the same widget by keyboard."""

import pytest

from lthedu.experiments import paper_results
from lthedu.lessons.counting_and_clocking import experiment
from lthedu.lessons.counting_and_clocking.explorer import explorer


@pytest.fixture(scope="module")
def middle():
    return experiment.medians(paper_results.load("counting_and_clocking").table)


def test_every_control_draws_another_picture_and_says_so(middle, draws_each_anew) -> None:
    shown = explorer(middle, 10)
    percent, batch, kernel, size, *_ = shown.children
    draws_each_anew(shown, [(percent, 20), (batch, 1), (kernel, "scipy CSR"), (size, "1024 x 1024")])


def test_what_it_says_is_what_is_stored(middle) -> None:
    *_, words = explorer(middle, 10).children
    rows = middle.query("rows == columns == 512 and batch == 64 and density == 0.1 and kernel == '12 lines'")
    assert f"The FLOPs promise 10 times, the clock says {rows['times'].iloc[0]:.2g} times" in words.value
    assert "As fast as dense at 28 %" in words.value


def test_another_share_is_refused(middle) -> None:
    with pytest.raises(ValueError, match="percent is 11; allowed: 90, 70"):
        explorer(middle, 11)
