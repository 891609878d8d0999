"""SNIP, GraSP and SynFlow are their formulas, and keep what they promise."""

import copy
import itertools

import pytest
import torch
from torch.nn.functional import cross_entropy

from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.pruning.saliency import grasp, in_rounds, snip, synflow


@pytest.fixture
def few() -> tuple[MLP, torch.Tensor, torch.Tensor]:
    torch.manual_seed(5)
    return MLP([4, 6, 5, 3]).double(), torch.randn(9, 4).double(), torch.randint(0, 3, (9,))


def without(network: MLP, name: str, place: tuple[int, int], factor: float) -> MLP:
    changed = copy.deepcopy(network)
    dict(changed.named_parameters())[name].data[place] *= factor
    return changed


def gradient_length(network: MLP, x: torch.Tensor, y: torch.Tensor) -> float:
    weights = [p for p in network.parameters() if p.ndim > 1]
    return float(sum((g**2).sum() for g in torch.autograd.grad(cross_entropy(network(x), y), weights)) / 2)


def test_snip_is_what_the_loss_feels_of_a_factor_on_the_weight(few) -> None:
    network, x, y = few
    for name, scores in snip(network, x, y).items():
        for place in ((0, 0), (1, 3), (2, 2)):
            up, down = (float(cross_entropy(without(network, name, place, 1 + e)(x), y)) for e in (1e-5, -1e-5))
            assert float(scores[place]) == pytest.approx(abs(up - down) / 2e-5, rel=1e-4, abs=1e-8)


def test_grasp_is_what_the_gradient_s_length_feels_of_it(few) -> None:
    network, x, y = few
    for name, scores in grasp(network, x, y).items():
        for place in ((0, 0), (1, 3), (2, 2)):
            up, down = (gradient_length(without(network, name, place, 1 + e), x, y) for e in (1e-5, -1e-5))
            assert float(scores[place]) == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-8)


def test_synflow_conserves_its_sum_over_layers_and_at_every_hidden_neuron(few) -> None:
    network, _, _ = few
    scores = list(synflow(network, [4]).values())
    assert torch.allclose(torch.stack([s.sum() for s in scores]), scores[0].sum())
    for into, out in itertools.pairwise(scores):
        assert torch.allclose(into.sum(1), out.sum(0))


def test_rounds_keep_layers_alive_that_one_round_empties() -> None:
    torch.manual_seed(0)
    deep = MLP([784, *[60] * 5, 10])
    score = lambda network: synflow(network, [784])  # noqa: E731
    one, many = (masks.counts(in_rounds(deep, score, 0.03, rounds)) for rounds in (1, 30))
    assert min(one.values()) == 0
    assert min(many.values()) > 0
    assert (
        sum(one.values()) == sum(many.values()) == round(0.03 * sum(p.numel() for p in deep.parameters() if p.ndim > 1))
    )


def test_rounds_score_what_is_left_and_leave_the_network_as_it_is(few) -> None:
    network, _, _ = few
    before, seen = copy.deepcopy(network.state_dict()), []

    def score(pruned):
        found = {n: p.detach().abs() for n, p in pruned.named_parameters() if p.ndim > 1}
        seen.append(sum(int((s > 0).sum()) for s in found.values()))
        return found

    mask = in_rounds(network, score, 0.25, 2)
    n = sum(m.numel() for m in mask.values())
    assert seen == [n, round(n * 0.5)]
    assert all(torch.equal(p, before[name]) for name, p in network.state_dict().items())
