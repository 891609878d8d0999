"""The experiment: every arm has its weights and its training, and what is counted is the network's own."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lthedu import data
from lthedu.landscape import SQUARE, regions, split
from lthedu.lessons.pieces.experiment import (
    DENSE,
    DIGITS,
    KINDS,
    LESSON,
    REACH,
    SHUFFLED,
    SIZES,
    UNTRAINED,
    Counting,
    at_own_rate,
    numbers,
    slices,
)
from lthedu.networks import masks


@pytest.fixture(scope="module")
def counting(mnist) -> Counting:
    found = Counting(data.pooled(mnist.first(300, 60, 60)), replace(SIZES.tiny, batch_size=20, kinds=KINDS))
    found.run()
    return found


def test_the_table_has_every_arm_once_a_network_and_slice(counting: Counting) -> None:
    rows = counting.table.groupby(["arm", "density", "steps", "slice"])["replicate"].apply(list)
    assert all(found == [0, 1] for found in rows)
    arms = counting.table.groupby("arm")[["density", "steps"]].value_counts()
    assert len(rows) == len(KINDS) * (1 + 2 + 3 * 2)
    assert arms[UNTRAINED].index.tolist() == [(1.0, 0)]
    assert sorted(arms[DENSE].index) == [(1.0, 2), (1.0, 12)]


def test_pruned_networks_have_the_same_counts_and_small_ones_about_as_many(counting: Counting) -> None:
    trained = {name: abs(p) for name, p in counting.trained.params.items()}
    for density in (0.5, 0.2):
        largest, chance = counting.mask(density), counting.mask(density, at_random=True)
        for name, m in largest.items():
            assert (m.flatten(1).sum(1) == chance[name].flatten(1).sum(1)).all()
            assert trained[name][m].min() >= 0
            for i in range(2):
                assert trained[name][i][m[i]].min() >= trained[name][i][~m[i]].max()
        kept = sum(masks.counts(masks.unstack(largest, 0)).values())
        assert kept == counting.kept(density)
        small = counting.small(density)
        weights = sum(p[0].numel() for n, p in small.params.items() if n.endswith("weight"))
        width = small.params["layers.0.weight"].shape[1]
        one_more = 196 * (width + 1) + (width + 1) ** 2 + 10 * (width + 1)
        assert abs(weights - kept) <= one_more - weights


def test_what_is_pruned_stays_pruned_while_trained_on(counting: Counting) -> None:
    mask = counting.mask(0.2)
    cut, on = counting.cut(mask), counting.on(counting.cut(mask), mask)
    for name, m in mask.items():
        assert (on.params[name][~m] == 0).all()
        assert (on.params[name][m] != cut.params[name][m]).any()


def test_the_count_is_that_of_the_networks_on_their_slices(counting: Counting) -> None:
    rows = counting.table.query("arm == @UNTRAINED and slice == @DIGITS")
    for i, planes in enumerate(counting.planes(DIGITS)):
        found = regions(counting.start.module(i), REACH * SQUARE, plane=planes[0])
        assert rows["pieces"].iloc[i] == len(found) == numbers(counting.start.module(i), planes[0])[0]


def test_a_cut_of_one_s_own_is_used(counting: Counting) -> None:
    calls = []

    def counted(corners, values):
        calls.append(len(corners))
        return split(corners, values)

    again = Counting(counting.data, counting.settings, split=counted)
    assert again.run().equals(counting.table)
    assert calls


def test_slices_go_through_the_images_or_through_their_pixels_in_another_order(mnist) -> None:
    digits = data.pooled(mnist.first(30, 20, 20))
    images = digits.x_test.flatten(1).double().numpy()
    (plane,), (shuffled,) = slices(digits, DIGITS, 1, seed=3), slices(digits, SHUFFLED, 1, seed=3)
    for corner in ([-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]):
        at, mixed = plane(np.array([corner]))[0], shuffled(np.array([corner]))[0]
        assert np.abs(images - at).max(1).min() < 1e-6
        assert np.allclose(np.sort(at), np.sort(mixed), atol=1e-6)
        assert np.abs(at - mixed).max() > 0.1


def test_each_arm_is_read_at_its_own_rate() -> None:
    rows = [("a", 0.1, lr, 5, r, val) for lr, val in ((0.1, 0.8), (0.2, 0.9)) for r in (0, 1)]
    rows += [("b", 0.1, lr, 5, r, val) for lr, val in ((0.1, 0.8), (0.2, 0.7)) for r in (0, 1)]
    own = at_own_rate(pd.DataFrame(rows, columns=["arm", "density", "lr", "steps", "replicate", "val"]))
    assert own.groupby("arm")["lr"].unique().map(list).to_dict() == {"a": [0.2], "b": [0.1]}


def test_settings_that_make_no_sense_are_refused() -> None:
    for change, words in [
        ({"sizes": (196, 10)}, r"sizes is \(196, 10\)"),
        ({"densities": (1.0,)}, r"densities\[0\] is 1\.0"),
        ({"output": 0}, "output is 0"),
        ({"slices": 0}, "slices is 0"),
        ({"lr": 0.0}, r"lr is 0\.0"),
    ]:
        with pytest.raises(ValueError, match=words):
            replace(LESSON, **change)
