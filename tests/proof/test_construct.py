"""The theorem, built: what the masked network computes, what was kept of it, and that nothing in it moved."""

import hashlib
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lthedu.networks import masks
from lthedu.networks.models import MLP, lenet_300_100
from lthedu.proof import Source, certificate, construct, kernels, largest_difference, same_predictions, widths
from lthedu.proof.gadgets import first_mask
from lthedu.training import Replicates, train

ETAS = {"free": 1e-3, "blocks": 1e-3, "orseau": 3e-3, "malach": 0.15}
EACH = pytest.mark.parametrize("method", ETAS)
BOXES = pytest.mark.parametrize("box", [(0.0, 1.0), (-1.0, 2.0)])


def network(sizes, seed: int = 0, *, bias: bool = True) -> MLP:
    """Weights and biases of any size, as training leaves them: layers differ in scale, and biases from weights."""
    rng = np.random.default_rng(seed)
    net = MLP(sizes)
    for layer in net.layers:
        for p in (layer.weight, layer.bias):
            drawn = rng.normal(size=tuple(p.shape)) * 10.0 ** rng.uniform(-1.5, 0.5)
            p.data = torch.from_numpy(drawn * (bias or p is layer.weight)).float()
    return net.requires_grad_(False)


def inputs(box, n: int, many: int = 40, seed: int = 0) -> torch.Tensor:
    """Random points of the box and corners of it."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(*box, (many, n))
    x[::2] = np.where(rng.random(x[::2].shape) < 0.5, box[0], box[1])
    return torch.from_numpy(x).float()


def digest(tensors) -> str:
    return hashlib.sha256(b"".join(t.numpy().tobytes() for t in tensors.values())).hexdigest()


def close(a, b) -> bool:
    return float(np.abs(a - b).max()) <= 1e-5 * (1 + float(np.abs(b).max()))


# what it computes

nets = st.tuples(
    st.lists(st.integers(1, 5), min_size=2, max_size=4),
    st.integers(0, 10_000),
    st.booleans(),
    st.sampled_from([(0.0, 1.0), (-1.0, 2.0), (0.25, 3.0), (-3.0, -1.0)]),
)


@settings(deadline=None, max_examples=25)
@given(nets, st.sampled_from(list(ETAS)))
def test_the_masked_source_computes_what_its_folded_weights_say_and_those_are_within_eta(net, method) -> None:
    sizes, seed, bias, box = net
    target, eta = network(sizes, seed, bias=bias), ETAS[method]
    ticket = construct(target, eta=eta, method=method, box=box, seed=seed)
    x = inputs(box, sizes[0], seed=seed)
    folded = ticket.folded(x.double().numpy())
    assert close(ticket.logits(x).double().numpy(), folded)
    assert close(ticket.target_logits(x.double().numpy()), target.double()(x.double()).numpy())
    for layer in ticket.layers:
        errors = [np.abs(layer.positive - layer.target)]
        if layer.negative is not None:
            errors.append(np.abs(layer.negative - layer.target[:, :-1]))
        assert layer.largest_error == max(e.max() for e in errors)
        assert layer.missed == sum(int((e > eta).sum()) for e in errors)
        assert np.abs(layer.target).max() <= 0.25 + 1e-12
    assert (ticket.layers[0].negative is not None) == (box[0] < 0)
    assert all(layer.negative is None for layer in ticket.layers[1:])
    assert ticket.missed == sum(layer.missed for layer in ticket.layers)
    if not ticket.missed:
        assert ticket.summary()["largest weight error"] <= eta
    difference = np.linalg.norm(ticket.target_logits(x.double().numpy()) - folded, axis=1).max()
    assert difference <= certificate(ticket) * (1 + 1e-9) + 1e-12


@EACH
@BOXES
def test_the_mask_keeps_one_incoming_number_of_each_neuron_that_is_used_and_no_second_bias(method, box) -> None:
    ticket = construct(network([3, 4, 2]), eta=ETAS[method], method=method, box=box)
    params = ticket.source.params()
    masks.check_fits(ticket.mask, params)
    assert list(ticket.mask) == list(params)
    assert all(m.dtype == torch.bool for m in ticket.mask.values())
    for i in (0, 2):
        first, bias = ticket.mask[f"layers.{i}.weight"], ticket.mask[f"layers.{i}.bias"]
        second = ticket.mask[f"layers.{i + 1}.weight"]
        incoming = first.sum(1) + bias
        assert incoming.equal(second.any(0).long())  # one where some output reads it, none elsewhere
        assert incoming.any()
        assert not ticket.mask[f"layers.{i + 1}.bias"].any()
        kept = params[f"layers.{i}.weight"][first]
        assert (params[f"layers.{i}.bias"][bias] > 0).all()  # a negative one would be dead, whatever the input
        assert (kept < 0).any() == (box[0] < 0 and i == 0)  # they answer to negative inputs, which only the first sees
        assert (kept > 0).any()


@EACH
@BOXES
def test_folded_weights_are_the_kept_products_added_up(method, box) -> None:
    ticket = construct(network([3, 2]), eta=ETAS[method], method=method, box=box)
    kept = {name: p.double().numpy() for name, p in masks.apply(ticket.mask, ticket.source.params()).items()}
    first = np.concatenate([kept["layers.0.weight"], kept["layers.0.bias"][:, None]], axis=1)
    second, layer = kept["layers.1.weight"], ticket.layers[0]
    assert second @ np.maximum(first, 0) == pytest.approx(layer.positive, abs=1e-12)
    if layer.negative is not None:  # b relu(a x) = a b x where both are below zero
        assert second @ np.minimum(first[:, :-1], 0) == pytest.approx(layer.negative, abs=1e-12)


def test_the_counts_are_exact() -> None:
    target = network([4, 3, 2])
    ticket = construct(target, eta=1e-2)
    row = ticket.summary()
    assert row["random"] == sum(m.numel() for m in ticket.mask.values()) == ticket.source.count()
    assert row["random"] == sum(p.numel() for p in ticket.module().parameters())
    assert row["kept"] == ticket.kept == sum(masks.counts(ticket.mask).values())
    assert row["kept"] == sum(int((p != 0).sum()) for p in ticket.module().parameters())  # no random number is 0
    assert ticket.target_size == sum(p.numel() for p in target.parameters()) == 23
    assert row["random per weight"] == row["random"] / 23
    assert row["kept per weight"] == row["kept"] / 23
    assert (row["method"], row["eta"], row["missed"]) == ("free", 1e-2, ticket.missed)
    assert row["smallest pool"] == min(layer.candidates.min() for layer in ticket.layers)


def test_malach_keeps_two_neurons_and_four_weights_for_each_weight_with_two_branches() -> None:
    target = network([3, 1], bias=False)
    target.layers[0].weight.data = torch.tensor([[0.25, -0.2, 0.05]])  # the last one is within eta of nothing
    ticket = construct(target, eta=0.1, method="malach", box=(-1, 1))
    assert ticket.missed == 0
    assert ticket.kept == 4 * 2


@EACH
def test_candidates_and_strong_ones_are_counted_from_the_first_layer(method) -> None:
    ticket = construct(network([3, 4, 2]), eta=ETAS[method], method=method)
    layer, block = ticket.layers[0], ticket.source.sizes[1]
    assert (layer.strong <= layer.candidates).all()
    assert layer.candidates.sum() <= block
    if method == "free":
        capacity = widths.block_size("free", ETAS[method], ticket.target_size)
        assert layer.candidates.max() == capacity
        assert layer.strong.sum() > 0.8 * layer.candidates.sum()
    else:
        assert layer.candidates.sum() == pytest.approx(block / 2, abs=3 * np.sqrt(block))  # half are dead


@EACH
def test_a_target_without_error_is_made_of_nothing(method) -> None:
    """Weights within eta of zero need no number; a network of zeros keeps none."""
    target = network([3, 4, 2])
    for p in target.parameters():
        p.zero_()
    ticket = construct(target, eta=ETAS[method], method=method)
    assert (ticket.kept, ticket.missed) == (0, 0)
    assert certificate(ticket) == 0.0
    assert not ticket.logits(inputs((0, 1), 3)).any()


# it is pruned, and nothing else


@EACH
def test_no_number_of_the_source_moves(method) -> None:
    target = network([3, 4, 2])
    ticket = construct(target, eta=ETAS[method], method=method, seed=5)
    fresh = Source(5, ticket.source.sizes, ticket.source.octaves)
    assert digest(ticket.source.params()) == digest(fresh.params())
    module, params = ticket.module(), fresh.params()
    for name, p in module.named_parameters():
        assert p.equal(torch.where(ticket.mask[name], params[name], torch.zeros(())))
    assert isinstance(module, MLP)
    assert len(module.layers) == 2 * len(target.layers)  # twice as deep


def test_the_target_is_left_as_it_was() -> None:
    target = network([3, 4, 2]).train()
    before = digest(dict(target.named_parameters()))
    state = torch.get_rng_state()
    construct(target, eta=1e-2)
    assert digest(dict(target.named_parameters())) == before
    assert target.training
    assert torch.equal(torch.get_rng_state(), state)


@EACH
def test_one_source_holds_two_targets(method) -> None:
    first, second = (
        construct(network([3, 4, 2], seed), eta=ETAS[method], method=method, seed=9) for seed in (0, 1)
    )  # fmt: skip
    assert first.source == second.source
    assert digest(first.source.params()) == digest(second.source.params())
    assert first.missed == second.missed == 0
    assert any(not first.mask[name].equal(second.mask[name]) for name in first.mask)
    assert construct(network([3, 4, 2]), eta=ETAS[method], method=method, seed=10).source != first.source


def test_the_same_call_gives_the_same_ticket_whatever_the_solver_and_the_pieces(monkeypatch) -> None:
    target = network([6, 5, 3])
    whole = construct(target, eta=1e-3)
    module = sys.modules["lthedu.proof.construct"]  # the package names its function alike
    for chunk in (1, 1000):
        monkeypatch.setattr(module, "CHUNK", chunk)
        assert digest(construct(target, eta=1e-3).mask) == digest(whole.mask)
    assert digest(construct(target, eta=1e-3, solver="numpy").mask) == digest(whole.mask)
    assert digest(construct(target, eta=1e-3, solver="torch").mask) == digest(whole.mask)
    monkeypatch.setattr(kernels, "AVAILABLE", False)
    assert digest(construct(target, eta=1e-3).mask) == digest(whole.mask)
    assert digest(construct(target, eta=1e-3, seed=1).mask) != digest(whole.mask)


def test_per_weight_sets_the_width_and_too_few_miss() -> None:
    target = network([4, 3, 2])
    few, many = (construct(target, eta=1e-3, per_weight=n) for n in (3, 24))
    assert few.source.sizes == widths.source_sizes([4, 3, 2], "free", 3)
    assert few.missed > 5
    assert few.summary()["smallest pool"] == 3
    assert many.missed == 0
    bad = [np.abs(layer.positive - layer.target) > 1e-3 for layer in few.layers]
    assert few.missed == sum(int(b.sum()) for b in bad)
    assert certificate(few) >= largest_difference(few)  # it holds for what was missed, too


def test_more_numbers_than_the_solver_takes_are_left_out() -> None:
    ticket = construct(network([2, 2]), eta=1e-2, method="blocks", per_weight=120)
    assert ticket.layers[0].candidates.max() > 40
    assert ticket.missed == 0
    x = inputs((0, 1), 2)
    assert close(ticket.logits(x).numpy(), ticket.folded(x.double().numpy()))


@pytest.mark.parametrize("method", ["free", "blocks"])
def test_the_fewest_numbers_make_the_same_target_of_the_same_source_with_less(method) -> None:
    target = network([5, 8, 3])
    ladder, few = (construct(target, eta=1e-3, method=method, keep=keep) for keep in ("ladder", "fewest"))
    assert few.missed == ladder.missed == 0
    assert few.source == ladder.source
    assert few.summands < 0.7 * ladder.summands
    hidden = sum(int(few.mask[f"layers.{i}.{kind}"].sum()) for i in (0, 2) for kind in ("weight", "bias"))
    assert few.summands + hidden == few.kept
    x = torch.rand(50, 5)
    assert np.allclose(few.logits(x), few.target_logits(x.double().numpy()), atol=certificate(few))


def test_where_normalising_forgets_the_biases_they_cannot_be_reached() -> None:
    def by_weights_alone(layers, largest):
        scale, found = 1.0, []
        for layer in layers:
            size = np.abs(layer[:, :-1]).max() / largest
            found.append(np.concatenate([layer[:, :-1] / size, layer[:, -1:] / (scale * size)], axis=1))
            scale *= size
        return found, scale

    target = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    for p in target.parameters():
        nn.init.uniform_(p, 0.3, 0.5)
    nn.init.constant_(target[0].bias, 30.0)
    wrong = construct(target, eta=1e-2, normalise=by_weights_alone)
    assert wrong.missed >= 4
    assert construct(target, eta=1e-2).missed == 0


def test_a_first_mask_of_ones_own_is_used() -> None:
    def all_of_them(second, owner, columns):
        right = first_mask(second, owner, columns)
        return right | right.any(1, keepdims=True)

    target = network([3, 2])
    ticket = construct(target, eta=1e-2, first_mask=all_of_them)
    assert ticket.kept > construct(target, eta=1e-2).kept
    x = inputs((0, 1), 3)
    assert not close(ticket.logits(x).numpy(), ticket.folded(x.double().numpy()))


@pytest.mark.parametrize("method", ["free", "blocks", "orseau", "malach"])
def test_a_whole_number_of_candidates_may_be_a_float(method) -> None:
    a, b = (construct(network([3, 2]), eta=0.1, method=method, per_weight=n) for n in (30, 30.0))
    assert a.source == b.source
    assert all(a.mask[name].equal(b.mask[name]) for name in a.mask)


@pytest.mark.parametrize("shape", [(0, 3), (4, 2), (3,), (2, 3, 1)])
def test_inputs_of_another_shape_are_refused(shape) -> None:
    ticket = construct(network([3, 2]), eta=1e-2)
    for compute in (ticket.logits, ticket.fixed_order_logits):
        with pytest.raises(ValueError, match=r"the inputs have shape \(.*\); allowed: \(n, 3\) with n of 1 or more"):
            compute(torch.zeros(shape))


def test_inputs_are_read_where_and_as_the_module_reads_them() -> None:
    ticket = construct(network([3, 2]), eta=1e-2)
    x = inputs((0, 1), 3)
    assert ticket.logits(x.double()).equal(ticket.logits(x))
    assert close(ticket.logits(x, ticket.module().double()).numpy(), ticket.folded(x.double().numpy()))


def test_inputs_outside_the_box_are_refused() -> None:
    ticket = construct(network([3, 2]), eta=1e-2, box=(0, 1))
    with pytest.raises(ValueError, match=r"the inputs reach from -0.5 to 0; allowed: 0 to 1"):
        ticket.logits(torch.tensor([[0.0, -0.5, 0.0]]))
    x = inputs((0, 1), 3, many=1203)  # more than go through at once
    assert ticket.logits(x).equal(ticket.logits(x, ticket.module()))
    assert close(ticket.logits(x)[1100:].numpy(), ticket.logits(x[1100:]).numpy())


# what is refused, with nothing drawn

GOOD = {"eta": 1e-2}


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"eta": 0.0}, "eta is 0.0; allowed: a number above 0 and below 1"),
        ({"eta": 1.0}, "eta is 1.0; allowed: a number above 0 and below 1"),
        ({"eta": float("nan")}, "eta is nan; allowed"),
        ({"method": "lottery"}, "method is 'lottery'; allowed: free, blocks, malach, orseau"),
        ({"keep": "all"}, "keep is 'all'; allowed: ladder, fewest"),
        (
            {"keep": "fewest", "method": "malach"},
            "keep is 'fewest', but 'malach' tries no subsets",
        ),
        ({"per_weight": 0}, "per_weight is 0; allowed: whole numbers from 1 to 40 for 'free'"),
        ({"per_weight": 41}, "per_weight is 41; allowed"),
        ({"per_weight": 2.5}, "per_weight is 2.5; allowed"),
        (
            {"per_weight": 129, "method": "blocks"},
            "per_weight is 129; allowed: whole numbers from 1 to 128 for 'blocks'",
        ),
        ({"box": (1.0, 0.0)}, r"box is \(1.0, 0.0\); allowed: two finite numbers, the lower one first"),
        ({"box": (0.0, float("inf"))}, r"box is \(0.0, inf\); allowed"),
        ({"seed": -1}, "seed is -1; allowed: 0 to"),
        ({"seed": 2**63}, "seed is 9223372036854775808; allowed"),
        ({"seed": 1.5}, "seed is 1.5; allowed: a whole number"),
        ({"delta": 0.0}, "delta is 0.0; allowed: a number above 0 and below 1"),
        ({"delta": 2.0, "per_weight": 8}, "delta is 2.0; allowed"),
        ({"largest": 0.0}, "largest is 0.0; allowed: a number above 0 to 1"),
        ({"largest": 2.0}, "largest is 2.0; allowed"),
        ({"solver": "gurobi"}, "solver is 'gurobi'; allowed: auto, numba, numpy, torch"),
        ({"memory": 1000}, "the source would be 4-.*; allowed: 1,000 bytes, and method 'free' fits with no eta"),
        ({"memory": 2**20, "eta": 1e-3, "method": "malach"}, "allowed: 1.0 MiB. 'malach' fits from eta = 0.[0-9]+ on"),
        ({"memory": 1000, "per_weight": 30}, "choose fewer than 30 per weight"),
    ],
)
def test_bad_settings_get_one_error_and_nothing_is_drawn(settings_, message, monkeypatch) -> None:
    monkeypatch.setattr(Source, "param", lambda *_: pytest.fail("something was drawn"))
    with pytest.raises(ValueError, match=message):
        construct(network([4, 3, 2]), **GOOD | settings_)


def test_a_bad_target_gets_one_error_and_nothing_is_drawn(monkeypatch) -> None:
    monkeypatch.setattr(Source, "param", lambda *_: pytest.fail("something was drawn"))
    for bad, message in (
        (nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)), "layer '1' is Tanh; allowed"),
        (nn.Sequential(nn.Conv2d(1, 1, 1)), "layer '0' is Conv2d; allowed"),
        (nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)), "follows layer .0. without a ReLU"),
    ):
        with pytest.raises(ValueError, match=message):
            construct(bad, eta=1e-2)


def test_without_numba_asking_for_it_is_an_error(monkeypatch) -> None:
    monkeypatch.setattr(kernels, "AVAILABLE", False)
    with pytest.raises(ValueError, match="solver is 'numba', which is not installed"):
        construct(network([3, 2]), eta=1e-2, solver="numba")


def test_same_predictions_counts_equal_places_of_the_largest() -> None:
    a = torch.tensor([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0], [5.0, 4.0]])
    assert same_predictions(a, a) == 1.0
    assert same_predictions(a, a.flip(1)) == 0.0
    assert same_predictions(a, a + torch.tensor([[1.5, 0.0]])) == 0.5
    assert same_predictions(a, 7 * a) == 1.0


# at full size


@pytest.mark.full
def test_a_trained_lenet_is_hit_everywhere_and_answers_alike_on_all_test_digits(mnist) -> None:
    low, high = float(mnist.x_train.min()), float(mnist.x_train.max())
    inside = {f.name: getattr(mnist, f.name) for f in fields(mnist)}
    inside |= {name: (x.flatten(1) - low) / (high - low) for name, x in inside.items() if name[0] == "x"}
    images = type(mnist)(**inside)
    target = train(Replicates.create(lenet_300_100, seeds=[0]), images, 800).replicates.module(0).requires_grad_(False)
    ticket = construct(target, eta=1e-3, per_weight=32)
    row = ticket.summary()
    assert row["missed"] == 0
    assert row["largest weight error"] <= 1e-3
    assert row["smallest pool"] == 32
    assert 110 < row["random per weight"] < 130
    assert 4 < row["kept per weight"] < 7
    logits, theirs = ticket.logits(images.x_test), target(images.x_test)
    assert (theirs.argmax(1) == images.y_test).double().mean() > 0.9
    assert same_predictions(logits, theirs) > 0.99
    apart = float((logits - theirs).norm(dim=1).max())
    assert apart <= certificate(ticket)
    rows = images.x_test[:500].double().numpy()
    assert np.abs(logits[:500].numpy() - ticket.folded(rows)).max() < 1e-4 * float(theirs.abs().max())


@pytest.mark.full
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="the system does not tell a process's peak")
def test_a_construction_takes_no_more_memory_than_it_says() -> None:
    code = """
import sys
from lthedu.networks.models import MLP
from lthedu.proof import construct, widths
def peak():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])
construct(MLP([4, 3, 2]), eta=1e-2)
before = peak()
box = eval(sys.argv[2])
ticket = construct(MLP(eval(sys.argv[1])), eta=1e-3, box=box)
ticket.module()
print((peak() - before) / widths.bytes_needed(ticket.source.chain))
"""
    for sizes, box in (([784, 300, 100, 10], (0, 1)), ([784, 300, 100, 10], (-1, 3))):
        ran = [sys.executable, "-c", code, str(sizes), str(box)]
        ratio = float(subprocess.run(ran, capture_output=True, text=True, check=True).stdout)
        assert 0.4 < ratio < 1.15
