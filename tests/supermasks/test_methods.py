"""Scores are trained and weights are not: gradients against autograd, every path, and what never moves."""

import pytest
import torch
from engine import PATHS, conv, furthest, mlp
from torch import nn
from torch.func import functional_call

from lthedu.networks import masks
from lthedu.pruning import keep_largest
from lthedu.supermasks import (
    Bernoulli,
    EdgePopup,
    initial_scores,
    kaiming_normal,
    rescaled_by_count,
    signed_constants,
)
from lthedu.training import Optimizer, Replicates, evaluate, pick, train
from lthedu.training.gradients import Looped

SGD = Optimizer("sgd", lr=0.5, momentum=0.9)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def three():
    return Replicates.create(mlp, seeds=[0, 1, 2], dtype=torch.float64)


def popup(networks, path="auto", **more):
    return EdgePopup(networks.params, pick(path, networks.model, CPU), **more)


class TopK(torch.autograd.Function):
    """As a user would write it: one layer's mask, its gradient passed straight through."""

    @staticmethod
    def forward(ctx, scores, density):
        return keep_largest(scores, density).to(scores.dtype)

    @staticmethod
    def backward(ctx, g):
        return g, None


def step_by_autograd(model, weights, scores, x, y, lr, density):
    leaves = {n: s.clone().requires_grad_() for n, s in scores.items()}
    params = {n: p * TopK.apply(leaves[n], density) if n in leaves else p for n, p in weights.items()}
    loss = nn.functional.cross_entropy(functional_call(model, params, (x,)), y)
    grads = torch.autograd.grad(loss, list(leaves.values()))
    return {n: s - lr * g for (n, s), g in zip(scores.items(), grads, strict=True)}


@pytest.mark.parametrize("path", PATHS)
def test_edge_popup_is_what_autograd_does_with_a_straight_through_mask(three, toy, path):
    seeds, batch = [0, 1, 2], 16
    start = initial_scores(three.params, seeds)
    done = train(
        three.with_params(start), toy, 10, optimizer=Optimizer("sgd", lr=0.5), batch_size=batch, by=popup(three, path)
    )
    from lthedu.base.streams import generator

    for i in seeds:
        scores, weights = masks.unstack(start, i), masks.unstack(three.params, i)
        for step in range(10):
            epoch, k = divmod(step, len(toy.x_train) // batch)
            index = torch.randperm(len(toy.x_train), generator=generator(i, "order", epoch))[k * batch :][:batch]
            scores = step_by_autograd(three.model, weights, scores, toy.x_train[index], toy.y_train[index], 0.5, 0.5)
        assert furthest(masks.unstack(done.replicates.params, i), scores) <= 1e-12


def test_convolutions_too(toy):
    two = Replicates.create(conv, seeds=[0, 1], dtype=torch.float64)
    start = initial_scores(two.params, [0, 1])
    a, b = (
        train(two.with_params(start), toy, 5, optimizer=SGD, batch_size=16, by=popup(two, path)).replicates.params
        for path in ("loop", "vmap")
    )
    assert furthest(a, b) <= 1e-12
    assert {n: s.shape for n, s in a.items()} == {n: p.shape for n, p in two.params.items() if p.ndim > 2}


def test_no_weight_moves_and_the_counts_are_exact(three, toy):
    before = masks.clone(three.params)
    method = popup(three, density=0.3, own_density={"layers.2.weight": 0.5})
    start = initial_scores(three.params, [0, 1, 2])
    scores = train(three.with_params(start), toy, 20, optimizer=SGD, batch_size=16, by=method).replicates.params
    mask = method.mask(scores)
    assert all(torch.equal(before[n], p) for n, p in three.params.items())
    for name, m in mask.items():
        share = 0.5 if name == "layers.2.weight" else 0.3
        assert (m.flatten(1).sum(1) == round(share * m[0].numel())).all()
    effective = method.effective(scores)
    assert all(torch.equal(effective[n], torch.where(m, before[n], 0)) for n, m in mask.items())
    assert any(not torch.equal(m, method.mask(start)[n]) for n, m in mask.items())  # and the mask did


def test_a_mask_depends_on_nothing_but_the_scores():
    rng = torch.Generator().manual_seed(0)
    weights, *scores = ({"w": torch.randn(2, 40, 50, generator=rng)} for _ in range(4))
    used = EdgePopup(weights, Looped())
    for s in (*scores, *scores):
        assert torch.equal(used.effective(s)["w"], EdgePopup(weights, Looped()).effective(s)["w"])
        assert torch.equal(used.effective(s)["w"], weights["w"] * used.mask(s)["w"])


def test_what_it_says_is_what_the_subnetwork_says(three, toy):
    method, scores = popup(three), initial_scores(three.params, [0, 1, 2])
    inside = evaluate(three.with_params(scores), toy, by=method)
    outside = evaluate(three.with_params(method.effective(scores)), toy)
    assert all(torch.equal(a, b) for a, b in zip(inside, outside, strict=True))


# Bernoulli ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rescale", [False, True])
def test_bernoulli_gradients_are_those_of_a_straight_through_draw(three, toy, rescale):
    method = Bernoulli(three.params, pick("auto", three.model, CPU), rescale)
    scores = {n: torch.randn_like(s) for n, s in initial_scores(three.params, [0, 1, 2]).items()}
    x, y = toy.x_train[:24].view(3, 8, -1), toy.y_train[:24].view(3, 8)
    out = {n: torch.full_like(s, torch.nan) for n, s in scores.items()}
    torch.manual_seed(5)
    method.gradients(three.model, scores, {}, x, y, out)
    torch.manual_seed(5)
    leaves = {n: s.clone().requires_grad_() for n, s in scores.items()}
    drawn = {}
    for n, s in leaves.items():
        p = s.sigmoid()
        m = (torch.rand_like(p) < p).to(p.dtype)
        factor = m[0].numel() / m.flatten(1).sum(1) if rescale else torch.ones(3)
        drawn[n] = three.params[n] * factor.view(3, 1, 1) * (m + p - p.detach())
    for i in range(3):
        params = {n: drawn[n][i] if n in drawn else p[i] for n, p in three.params.items()}
        loss = nn.functional.cross_entropy(functional_call(three.model, params, (x[i],)), y[i])
        loss.backward(retain_graph=True)
    assert furthest(out, {n: s.grad for n, s in leaves.items()}) <= 1e-12


def test_a_bernoulli_training_repeats_itself_and_learns(three, toy):
    start = {n: torch.zeros_like(s) for n, s in initial_scores(three.params, [0, 1, 2]).items()}
    method = Bernoulli(three.params, pick("auto", three.model, CPU))
    runs = []
    for _ in range(2):
        torch.rand(7)  # whatever ran before
        runs.append(
            train(three.with_params(start), toy, 60, optimizer=Optimizer("sgd", lr=50.0), batch_size=16, by=method)
        )
    assert all(torch.equal(runs[0].replicates.params[n], s) for n, s in runs[1].replicates.params.items())
    before = evaluate(three.with_params(start), toy, "train", by=method)[0]
    assert (evaluate(runs[0].replicates, toy, "train", by=method)[0] < before).all()


def test_samples_follow_the_chances():
    scores = {"w": torch.tensor([-30.0, -1.0, 0.0, 30.0]).expand(1, 4000, 4)}
    method = Bernoulli(scores, pick("vmap", mlp(), torch.device("cpu")))
    drawn = method.sample(scores, torch.Generator().manual_seed(0))["w"].float().mean((0, 1))
    expected = scores["w"][0, 0].sigmoid()
    assert ((drawn - expected).abs() <= 4 * (expected * (1 - expected) / 4000).sqrt() + 1e-9).all()


def test_rescaling_counts_each_replicate_and_survives_an_empty_layer():
    mask = {"w": torch.tensor([[[True, False]], [[True, True]], [[False, False]]])}
    out = rescaled_by_count({"w": torch.ones(3, 1, 2), "b": torch.ones(3, 1)}, mask)
    assert out["w"].tolist() == [[[2, 0]], [[1, 1]], [[0, 0]]]
    assert out["b"].tolist() == [[1], [1], [1]]


# Frozen weights -------------------------------------------------------------------------------------------------


def test_frozen_weights_have_the_spread_and_signs_they_should(three):
    constant = signed_constants(three.params)
    for name, p in three.params.items():
        if p.ndim == 2:  # a bias, (R, n)
            assert torch.equal(constant[name], p)
        else:
            assert (constant[name].sign() == p.sign()).all()
            assert torch.allclose(constant[name].abs().flatten(1)[:, 0], p.flatten(1).std(1, correction=0))
            assert (constant[name].abs().flatten(1).std(1) < 1e-12).all()
    wide = {"w": torch.zeros(2, 400, 50), "b": torch.ones(2, 400)}
    drawn = kaiming_normal(wide, [3, 4])
    assert drawn["w"].std().item() == pytest.approx((2 / 50) ** 0.5, rel=0.05)
    assert drawn["b"].abs().max() == 0
    assert torch.equal(kaiming_normal({n: t[1:] for n, t in wide.items()}, [4])["w"][0], drawn["w"][1])
    assert initial_scores(wide, [0, 1])["w"].abs().max() <= 50**-0.5
    with pytest.raises(ValueError, match="1 seeds for 2 replicates"):
        initial_scores(wide, [0])
