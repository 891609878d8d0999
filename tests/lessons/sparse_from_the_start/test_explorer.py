"""The explorer of moving masks: its callbacks; a browser test drives the same widget by keyboard."""

from dataclasses import replace

import pytest

from lthedu.lessons.sparse_from_the_start.experiment import SIZES, Sparse
from lthedu.lessons.sparse_from_the_start.explorer import explorer


@pytest.fixture(scope="module")
def sparse(mnist) -> Sparse:
    found = Sparse(mnist.first(300, 60, 60), replace(SIZES.tiny, steps=12))
    found.run()
    return found


def test_every_control_draws_another_picture_and_says_so(sparse, draws_each_anew) -> None:
    shown = explorer(sparse)
    arm, step, network, neuron, *_ = shown.children
    draws_each_anew(shown, [(step, 2), (network, 1), (neuron, 3), (arm, "SET"), (arm, "static")])


def test_what_it_says_is_what_the_mask_is(sparse) -> None:
    *_, words = explorer(sparse).children
    masks = sparse.seen["RigL", 0.1]
    first, last = masks[0][0], masks[max(masks)][0]
    assert f"RigL after {max(masks)} steps, network 0: {int(last.sum()):,} weights of all neurons" in words.value
    assert (
        f"{100 * int((first & last).sum()) / int(last.sum()):.0f} % of them have been there from the start"
        in words.value
    )


def test_before_the_experiment_and_for_another_arm_it_says_what_to_do(sparse) -> None:
    with pytest.raises(ValueError, match="run the experiment first"):
        explorer(Sparse(sparse.data, sparse.settings))
    with pytest.raises(ValueError, match="arm is 'dense'; allowed: static, SET, RigL"):
        explorer(sparse, "dense")
