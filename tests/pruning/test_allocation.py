"""Exact shares, layer densities and sparse starts: against a root finder, by counting, and by what must not matter."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from lthedu.networks import masks
from lthedu.networks.models import MLP, Conv, lenet_300_100
from lthedu.pruning import er_densities, mask_by_input, random_scores, select, share_out, sparse_start

calm = settings(deadline=None, max_examples=150, derandomize=True)
places = st.lists(st.tuples(st.floats(0, 1e6, allow_subnormal=False), st.integers(0, 40)), min_size=1, max_size=8)


def full_at(total, wants, room):
    """The level at which min(room, level * wants) adds up to `total`, by a root finder."""
    short = lambda level: sum(min(r, level * w) for w, r in zip(wants, room, strict=True)) - total  # noqa: E731
    return brentq(short, 0, (max(room) + 1) / min(w for w in wants if w > 0), xtol=1e-15, rtol=1e-14)


@calm
@given(places, st.floats(0, 1))
def test_shares_add_up_fit_and_are_within_one_of_the_water_level(wants_and_room, share):
    wants, room = (list(t) for t in zip(*wants_and_room, strict=True))
    wants = [w if w > 1e-3 else 0.0 for w in wants]
    most = sum(r for w, r in zip(wants, room, strict=True) if w)
    total = round(share * most)
    found = share_out(total, wants, room)
    assert sum(found) == total
    assert all(0 <= f <= r for f, r in zip(found, room, strict=True))
    assert all(f == 0 for f, w in zip(found, wants, strict=True) if w == 0)
    if 0 < total < most:
        level = full_at(total, wants, room)
        assert all(abs(f - min(r, level * w)) < 1 + 1e-6 for f, w, r in zip(found, wants, room, strict=True))


def test_what_is_left_goes_to_the_largest_fractions_first_come_first_served():
    assert share_out(10, [1, 1, 1], [9, 9, 9]) == [4, 3, 3]
    assert share_out(4, [3, 5, 2], [9, 9, 9]) == [1, 2, 1]  # 1.2, 2, 0.8
    assert share_out(12, [3, 5], [7, 8]) == [5, 7]  # 4.5 and 7.5 are equal fractions, also where floats are rounded
    assert share_out(7, [1e300, 1e300], [9, 9]) == [4, 3]  # whose sum is still a number
    assert share_out(0, [0, 0], [3, 3]) == [0, 0]


def test_shares_that_cannot_be_are_refused():
    for total, wants, room, words in [
        (5, [1, 1], [2, 2], "total is 5; allowed: 0 to 4"),
        (3, [0, 1], [9, 2], "total is 3; allowed: 0 to 2"),
        (3, [1], [2, 2], "wants names 1 places and room 2"),
        (1, [-1, 1], [2, 2], r"wants is \[-1, 1\]; allowed"),
        (1, [math.nan, 1.0], [2, 2], "wants is"),
    ]:
        with pytest.raises(ValueError, match=words):
            share_out(total, wants, room)


@pytest.mark.parametrize("make", [lenet_300_100, lambda: Conv(6), lambda: MLP([3, 2])])
@pytest.mark.parametrize("density", [0.0, 0.01, 0.1, 0.5, 0.9, 1.0])
def test_layer_densities_are_erdos_renyi_s_with_full_layers_and_an_exact_total(make, density):
    """Density proportional to sum over product of the dimensions, found by a root finder in the place of the rounds."""
    params = {n: p for n, p in make().named_parameters() if p.ndim > 1}
    found = er_densities(params, density)
    counts = {n: found[n] * p.numel() for n, p in params.items()}
    n = sum(p.numel() for p in params.values())
    assert round(sum(counts.values())) == round(density * n)
    assert all(abs(c - round(c)) < 1e-6 for c in counts.values())
    if 0 < density < 1:
        level = full_at(
            round(density * n), [sum(p.shape) for p in params.values()], [p.numel() for p in params.values()]
        )
        for name, p in params.items():
            assert abs(counts[name] - min(p.numel(), level * sum(p.shape))) < 1


def test_a_mask_of_these_densities_keeps_exactly_as_many():
    params = {n: p.detach() for n, p in lenet_300_100().named_parameters()}
    densities = er_densities(params, 0.01)
    mask = select(random_scores(params, torch.Generator().manual_seed(0)), 0.5, own_density=densities)
    assert list(masks.counts(mask).values()) == [1810, 668, 184]


def test_a_mask_by_input_has_these_degrees_and_no_other_order():
    generator = torch.Generator().manual_seed(3)
    mask = torch.rand(30, 8, generator=generator) < 0.3
    counts = mask.sum(0)
    drawn = mask_by_input(counts, mask, generator)
    assert torch.equal(drawn.sum(0), counts)
    assert not torch.equal(drawn, mask)
    rows = torch.stack([mask_by_input(counts, mask, generator).sum(1) for _ in range(400)]).double()
    expected = float(counts.sum() / 30)
    assert (rows.mean(0) - expected).abs().max() < 5 * math.sqrt(expected / 400)  # every neuron alike
    whole = mask_by_input(torch.tensor([0.0, 1.0]), torch.tensor([[True, False], [False, True]]), generator)
    assert whole.tolist() == [[False, True], [False, True]]
    with pytest.raises(ValueError, match=r"wants has the shape \(7,\) and mask, torch.bool, \(30, 8\)"):
        mask_by_input(counts[:7], mask, generator)


def test_a_sparse_start_keeps_the_signal_of_every_neuron():
    """The squares of a neuron's weights add up to 2 on average, however many inputs it keeps."""
    torch.manual_seed(0)
    weight = torch.nn.init.xavier_normal_(torch.empty(3000, 500, dtype=torch.float64))[None]
    kept = torch.arange(3000) % 40  # inputs that a neuron keeps, 0 among them
    mask = (torch.arange(500) < kept[:, None])[None]
    start = sparse_start({"w": weight, "b": torch.ones(1, 3000)}, {"w": mask})
    assert not start["w"][~mask].any()
    assert start["b"].equal(torch.ones(1, 3000))
    moments = (start["w"][0] ** 2).sum(1)
    assert not moments[kept == 0].any()
    for k in (1, 5, 39):
        mean = float(moments[kept == k].mean())
        assert abs(mean - 2) < 5 * 2 * math.sqrt(2 / k / 75)  # 75 neurons, each a mean of k squares
    assert weight.shape == (1, 3000, 500)


def test_densities_are_exact_fractions_of_the_layer():
    params = {"a": torch.ones(7, 3), "b": torch.ones(2, 7)}
    for name, share in er_densities(params, 0.4).items():
        assert Fraction(share).limit_denominator(100).denominator in {1, 3, 7, 21, 2, 14}, name
