"""The explorer of small files: its callbacks; a browser test drives the same widget by keyboard."""

import pytest

from lthedu.lessons.ship_it.explorer import _measured, explorer
from lthedu.networks.models import lenet_300_100
from lthedu.training import Replicates, evaluate, train


@pytest.fixture(scope="module")
def dense(mnist) -> Replicates:
    return train(Replicates.create(lenet_300_100, [0, 1]), mnist, 20).replicates


def test_every_control_draws_another_picture_and_says_so(dense, mnist, draws_each_anew) -> None:
    shown = explorer(dense, mnist)
    percent, bits, *_ = shown.children
    draws_each_anew(shown, [(percent, 50), (bits, 3), (percent, 2)])


def test_it_says_what_the_first_network_reads_from_its_file(dense, mnist) -> None:
    x, y = mnist.x_test[:500], mnist.y_test[:500]
    kilobytes, right = _measured(dense.take([0]), x, y, 100, 16)
    few = type(mnist)(x, y, x, y, x, y)
    assert right == pytest.approx(100 * float(evaluate(dense.take([0]), few)[1]), abs=0.3)
    assert 400 < kilobytes < 535
    smaller, _ = _measured(dense.take([0]), x, y, 10, 4)
    assert smaller < kilobytes / 8
