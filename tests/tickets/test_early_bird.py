"""Distances between masks are exact and know what chance gives; the early bird stops where its rule says."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.tickets import distances, early_bird


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_distances_are_symmetric_and_zero_for_equal_masks(pairs: list[tuple[bool, bool]]) -> None:
    a, b = (torch.tensor(side) for side in zip(*pairs, strict=True))
    for far in (distances.hamming, distances.relative_distance):
        assert far(a, b) == pytest.approx(far(b, a))
        assert far(a, a) == 0
    assert distances.iou(a, b) == distances.iou(b, a)
    assert distances.iou(a, a) == 1


def test_chance_levels_are_those_of_random_masks() -> None:
    rng = torch.Generator().manual_seed(0)
    a, b = (torch.rand(200_000, generator=rng) < p for p in (0.05, 0.3))
    assert distances.hamming(a, b) == pytest.approx(distances.chance_hamming(0.05, 0.3), abs=0.005)
    assert distances.iou(a, b) == pytest.approx(0.05 * 0.3 / (0.05 + 0.3 - 0.05 * 0.3), abs=0.005)
    assert distances.relative_distance(a, b) == pytest.approx(1, abs=0.02)


def test_what_is_no_mask_is_refused() -> None:
    kept = torch.ones(3, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"a mask is torch.bool"):
        distances.hamming(kept, torch.ones(3))
    with pytest.raises(ValueError, match=r"shapes \(3,\) and \(4,\)"):
        distances.iou(kept, torch.ones(4, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"densities are 1\.5 and 0.2"):
        distances.chance_hamming(1.5, 0.2)


def test_a_network_without_its_pruned_neurons_is_the_smaller_network() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = MLP([6, 5, 4, 3])
    params = {n: p.detach() for n, p in net.named_parameters()}
    neurons = early_bird.neuron_mask(params, 0.5)
    assert sum(int(m.sum()) for m in neurons.values()) == round(0.5 * 9)
    kept = masks.apply(early_bird.weight_mask(neurons, params), params)
    x = torch.randn(10, 6)
    whole = torch.func.functional_call(net, kept, (x,))
    n0, n1 = neurons.values()
    h = torch.relu(x @ params["layers.0.weight"][n0].T + params["layers.0.bias"][n0])
    h = torch.relu(h @ params["layers.1.weight"][n1][:, n0].T + params["layers.1.bias"][n1])
    small = h @ params["layers.2.weight"][:, n1].T + params["layers.2.bias"]
    assert torch.allclose(whole, small, atol=1e-6)


def test_channels_are_scored_by_all_that_they_read() -> None:
    params = {"c": torch.ones(2, 3, 3, 3), "out": torch.ones(4, 2)}
    assert early_bird.neuron_scores(params)["c"].tolist() == pytest.approx([27**0.5] * 2)


def test_a_stop_needs_every_mask_of_its_window() -> None:
    a = torch.zeros(20, dtype=torch.bool)
    b, c = a.clone(), a.clone()
    b[:2], c[:3] = True, True  # 0.1 and 0.15 from a
    assert early_bird.early_bird([a, a, b], threshold=0.1, window=3) == 2
    assert early_bird.early_bird([a, a, c, c, c], threshold=0.1, window=3) == 4
    assert early_bird.early_bird([a, c] * 5, threshold=0.1, window=2) is None
    assert early_bird.early_bird([a], window=2) is None
    with pytest.raises(ValueError, match="window is 1"):
        early_bird.early_bird([a], window=1)
    with pytest.raises(ValueError, match="threshold is 2; allowed: a number from 0 to 1"):
        early_bird.early_bird([a], threshold=2)
