"""The scenes, the clock on a pretended machine, the networks that skip, and what the stored table is made into."""

import itertools
from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch.nn import functional

from lthedu import data
from lthedu.lessons.sparse_data import clock, dense, experiment, scenes
from lthedu.lessons.sparse_data.experiment import ARMS, CROPPED, DENSE, GROWS, SKIPS, SMALL, STROKES
from lthedu.sparsity import from_grid, rule_book, submanifold_conv

RNG = torch.Generator().manual_seed(0)


@pytest.mark.parametrize("shape", scenes.SHAPES)
@pytest.mark.parametrize("grid", [(3, 9, 10), (1, 9, 11, 9)])
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_field_has_exactly_the_share_that_was_asked_for(shape, grid, share) -> None:
    active = scenes.field(shape, grid, share, RNG)
    assert active.shape == grid
    assert int(active.sum()) == round(share * active.numel())


def test_thin_places_and_blobs_touch_more_than_scattered_ones() -> None:
    from lthedu.lessons.sparse_data.explorer import work

    found = {shape: work(scenes.field(shape, (4, 64, 64), 0.1, RNG)) for shape in scenes.SHAPES}
    assert found["scattered"] < found["thin"] < found["blobs"] < 0.1


def test_a_digit_is_cut_out_whole_and_comes_to_the_middle() -> None:
    images = torch.zeros(3, 1, 28, 28)
    images[0, 0, 20:27, 2:5], images[1, 0, 4:24, 4:24] = 1.0, 1.0
    cut = scenes.centred(images)
    assert cut.shape == (3, 1, 20, 20)
    assert torch.equal(cut.sum((1, 2, 3)), images.sum((1, 2, 3)))
    rows, columns = cut[0, 0].nonzero().unbind(1)
    assert (int(rows.min()), int(columns.min())) == (12, 2)  # as far to the middle as the image reaches


def test_a_plate_is_hollow_and_its_surface_closed() -> None:
    stroke = torch.zeros(1, 6, 6, dtype=torch.bool)
    stroke[:, 1:5, 1:5] = True
    shell = scenes.plates(stroke, 12, thickness=4)
    assert int(shell.sum()) == 4**3 - 2**3
    assert scenes.box(shell) == (4, 4, 4)
    assert int(scenes.on_canvas(stroke, 20, RNG).sum()) == 16


def test_the_box_holds_the_widest_of_all_images() -> None:
    active = torch.zeros(3, 5, 6, dtype=torch.bool)
    active[0, 1:3, 4], active[1, 0, [0, 5]] = True, True
    assert scenes.box(active) == (2, 6)
    assert scenes.box(torch.zeros(1, 4, 4, dtype=torch.bool)) == (1, 1)


@pytest.mark.parametrize("grid", [(4, 9, 10), (3, 6, 5, 7)])
def test_cropping_moves_every_image_into_the_box_and_loses_nothing(grid) -> None:
    active = torch.rand(grid, generator=RNG) < 0.02
    active[0] = False
    small = scenes.cropped(active)
    assert tuple(small.shape[1:]) == scenes.box(active)
    for before, after in zip(active, small, strict=True):
        one, other = before.nonzero(), after.nonzero()
        assert len(one) == len(other)
        assert torch.equal(one - one[:1], other - other[:1])


@pytest.mark.parametrize("shape", [(2, 3, 5, 6), (2, 3, 4, 5, 6), (1, 1, 1, 3, 3)])
def test_every_dense_way_gives_torchs_convolution(shape) -> None:
    x = torch.randn(shape, generator=RNG)
    weight = torch.randn(4, shape[1], *[3] * (len(shape) - 2), generator=RNG)
    right = (functional.conv2d if len(shape) == 4 else functional.conv3d)(x, weight, padding=1)
    ways = [*dense.every(x, weight), *dense.by_hand(x, weight)]
    assert len(dense.every(x, weight)) == (4 if len(shape) == 5 and torch.backends.mkldnn.is_available() else 2)
    assert all(torch.allclose(way(), right, atol=1e-4) for way in ways)


def test_without_the_fast_kernel_torchs_own_ways_are_left(monkeypatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    x, weight = torch.randn(1, 2, 3, 4, 5), torch.randn(2, 2, 3, 3, 3)
    assert len(dense.every(x, weight)) == 2


def test_six_images_compute_what_the_whole_room_does_at_its_walls() -> None:
    active = scenes.room(6)
    assert int(active.sum()) == 6**3 - 4**3
    x = torch.randn(1, 3, 6, 6, 6, generator=RNG) * active[:, None]
    weight = torch.randn(2, 3, 3, 3, 3, generator=RNG)
    right = functional.conv3d(x, weight, padding=1)
    walls = [right.select(axis, at) for axis in (2, 3, 4) for at in (0, 5)]
    six = dense.six_walls(x, weight)()
    assert all(torch.allclose(ours, wall, atol=1e-4) for ours, wall in zip(six, walls, strict=True))


@pytest.fixture(scope="module")
def mnist() -> data.Dataset:
    return data.load("mnist", device="cpu").first(200, 60, 1000)


def ticking(step: float = 0.001):
    ticks = itertools.count()
    return lambda: next(ticks) * step


def test_every_case_is_timed_once_for_each_seed(mnist) -> None:
    few = replace(clock.TINY, seeds=(0, 1), seeds_per_part=None, real=((clock.DIGITS, 2, 0.0, 1, 2),))
    table = clock.Clock(mnist, few, timer=ticking()).run()
    assert list(table.columns) == list(clock.Clock.COLUMNS)
    assert table.groupby(["scene", "dimension"]).size().tolist() == [2, 2, 2]
    assert (table[clock.TIMES] == 1000).all().all()
    assert (table["moved"] == 0).all()
    fields = table[table["scene"] == "thin"]
    assert fields["share"].tolist() == pytest.approx([0.1] * 4, abs=1e-4)
    assert (fields["boxed"] == fields["share"]).all()  # they reach every edge
    assert (table[table["scene"] == clock.DIGITS]["boxed"] > 1.5 * table["share"].min()).all()


def test_a_window_in_which_dense_moves_is_made_anew_and_marked_in_the_end(mnist) -> None:
    ticks, now = itertools.count(), [0.0]

    def slower_and_slower() -> float:
        now[0] += 0.001 * 1.05 ** next(ticks)
        return now[0]

    few = replace(clock.TINY, tries=2, slot=1e-6)
    table = clock.Clock(mnist, few, timer=slower_and_slower).run()
    assert (table["refused"] == 1).all()
    assert (table["moved"] > 0.2).all()
    assert clock.ratios(table).empty


def test_ratios_count_the_faster_way_and_the_time_of_what_it_needs() -> None:
    row = dict.fromkeys(clock.Clock.COLUMNS, 0.0) | {"dense": 12.0, "torch": 24.0, "cropped": 6.0}
    row |= {"rules": 2.0, "rule book": 1.0, "table": 1.0, "look up": 4.0}
    row |= {"cropped rule book": 0.5, "cropped look up": 0.5}
    (found,) = clock.ratios(pd.DataFrame([row])).to_dict("records")
    assert (found["kept"], found["rebuilt"], found["kept_torch"]) == (12.0, 4.0, 24.0)
    assert (found["kept_cropped"], found["rebuilt_cropped"]) == (6.0, 4.0)
    assert (found["ours"], found["made"]) == (1.0, 3.0)


def test_break_evens_lie_where_the_medians_cross() -> None:
    rows = [("thin", 2, 16, 16, share, 0.2 / share, 0.1 / share) for share in (0.05, 0.1, 0.3, 0.5)]
    columns = ["scene", "dimension", "inputs", "outputs", "share", "kept", "rebuilt"]
    (even,) = clock.break_evens(pd.DataFrame(rows, columns=columns)).to_dict("records")
    assert (even["kept"], even["rebuilt"]) == (pytest.approx(0.2), pytest.approx(0.1))


def test_beside_gives_the_ratio_and_says_how_far_dense_moved(monkeypatch) -> None:
    found = iter([10.0, 2.0, 14.0])
    monkeypatch.setattr(clock, "shortest", lambda *_: next(found))
    assert clock.beside(print, list) == (pytest.approx(6.0), pytest.approx(0.4))


def test_a_masked_network_is_the_one_that_gathers_and_scatters() -> None:
    network = experiment.reader(SKIPS, (3, 4))
    x = torch.rand(6, 1, 28, 28, generator=RNG)
    grid, active = x * (x > scenes.STROKE), x[:, 0] > scenes.STROKE
    for convolution in network.convolutions:
        features = submanifold_conv(from_grid(grid, active), convolution.weight, rule_book(active)) + convolution.bias
        grid = torch.zeros(*active.shape, features.shape[1]).index_put((active,), features.relu()).movedim(-1, 1)
        grid, active = functional.max_pool2d(grid, 2), functional.max_pool2d(active.float(), 2) > 0
    assert torch.allclose(network.output(grid.flatten(1)), network(x), atol=1e-5)


def test_arms_differ_in_what_they_read_and_what_they_multiply() -> None:
    x = torch.rand(20, 1, 28, 28, generator=RNG) * (torch.rand(20, 1, 28, 28, generator=RNG) < 0.3)
    grey, strokes = x.clone(), x * (x > 0.5)
    outs, costs = {}, {}
    for arm in ARMS[:4]:
        torch.manual_seed(0)
        network = experiment.reader(arm, (3, 4))
        outs[arm], costs[arm] = network(grey), network.multiplications(grey)
        assert torch.allclose(network(grey), network(strokes)) == (arm != DENSE)
    assert not torch.allclose(outs[STROKES], outs[SKIPS])
    assert costs[SKIPS] < costs[GROWS] < costs[DENSE] == costs[STROKES]
    assert costs[DENSE] == 9 * (784 * 3 + 196 * 12)


def test_every_arm_is_trained_at_every_rate(mnist) -> None:
    table = experiment.Reading(mnist, experiment.TINY).run()
    assert set(table["arm"]) == set(ARMS)
    assert len(table) == 2 * len(ARMS)
    cost = table.groupby("arm")["cost"].first()
    assert cost[SMALL] == 9 * (400 * 2 + 100 * 12) / 1e6
    assert cost[CROPPED] < cost[DENSE]
    assert cost[SKIPS] < 0.2 * cost[DENSE]


def test_arms_that_there_are_not_are_refused() -> None:
    with pytest.raises(ValueError, match="arms names 'sparse'; allowed: dense; dense, strokes only"):
        experiment.Settings(arms=("sparse",))
