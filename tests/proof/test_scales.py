"""Numbers at the ends of float32 and float64: the right value, or an error that names the layer and the value."""

import itertools
import re

import numpy as np
import pytest
import torch
from torch import nn

from lthedu.proof import (
    Source,
    Ticket,
    certificate,
    construct,
    error_bound,
    fewest_bytes,
    golden,
    largest_difference,
    laws,
    limits,
    load_ticket,
    meet_in_the_middle,
    normalise,
    save_ticket,
    scales,
    widths,
)
from lthedu.proof.target import Box

HELD = "allowed: 2.2e-308 to 1.8e+308, what float64 holds"


def network(sizes, weight=1.0, bias=0.0, *, dtype=torch.float64) -> nn.Sequential:
    """Weights are random between half of `weight`, one for all layers or one each, and the whole of it."""
    rng, layers = np.random.default_rng(0), []
    for i, (n, m) in enumerate(itertools.pairwise(sizes)):
        layer = nn.Linear(n, m, dtype=torch.float64)
        w, b = (value[i] if isinstance(value, list) else value for value in (weight, bias))
        layer.weight.data = torch.from_numpy(w * rng.uniform(0.5, 1, (m, n)))
        layer.bias.data.fill_(b)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1]).to(dtype).requires_grad_(False)


# what is computed

EXTREME = {
    "weights of 1e300": ([3, 2], 1e300, (0, 1), torch.float64),
    "weights of 1e-300": ([3, 2], 1e-300, (0, 1), torch.float64),
    "weights of 1e50": ([3, 2], 1e50, (0, 1), torch.float64),
    "weights of 1e-50": ([3, 2], 1e-50, (0, 1), torch.float64),
    "the largest of float32": ([3, 2], 3e38, (0, 1), torch.float32),
    "denormal in float32": ([3, 2], 1e-42, (0, 1), torch.float32),
    "outputs that vanish, and a scale beyond float32": ([1] * 81, 1.3, (0, 1), torch.float64),
    "outputs that vanish, and a scale within it": ([1] * 71, 0.13, (0, 1), torch.float64),
    "inputs of 1e38": ([3, 30, 2], 10.0, (0, 1e38), torch.float64),
}


@pytest.mark.parametrize(("sizes", "weight", "box", "dtype"), EXTREME.values(), ids=EXTREME)
def test_what_float32_does_not_hold_is_computed_in_float64(sizes, weight, box, dtype) -> None:
    target = network(sizes, weight, dtype=dtype)
    ticket = construct(target, eta=1e-3, box=box)
    x = torch.full((3, sizes[0]), box[1], dtype=torch.float64)
    wanted = target.double()(x).numpy()
    assert ticket.target_logits(x.numpy()) == pytest.approx(wanted, rel=1e-9, abs=0)
    folded = ticket.folded(x.numpy())
    assert folded == pytest.approx(wanted, rel=0.3, abs=0)
    for found in (ticket.logits(x), ticket.logits(x, ticket.module()), ticket.fixed_order_logits(x)):
        assert found.dtype == torch.float64
        assert found.numpy() == pytest.approx(folded, rel=1e-9, abs=0)
    seen = float(np.linalg.norm((wanted - folded) / wanted.max(), axis=1).max()) * wanted.max()
    assert seen * (1 - 1e-9) <= largest_difference(ticket, x.numpy(), steps=2) <= certificate(ticket)


ORDINARY = {
    "float16": ([3, 3, 2], 0.5, 0.1, torch.float16),
    "bfloat16": ([3, 3, 2], 0.5, 0.1, torch.bfloat16),
    "float64": ([3, 3, 2], 0.5, 0.1, torch.float64),
    "tiny weights, biases of 1": ([3, 2], 1e-300, 1.0, torch.float64),
    "tiny weights, huge biases": ([2, 2, 2], 1e-30, 1e30, torch.float64),
    "thirty layers of 1e-20, biases of 1": ([1] * 31, 1e-20, 1.0, torch.float64),
    "tiny, then huge": ([2, 2, 2], [1e-200, 1e200], 0.0, torch.float64),
    "a layer of zeros": ([2, 2, 2], [1.0, 0.0], 1.0, torch.float64),
    "nothing but zeros": ([2, 2, 2], 0.0, 0.0, torch.float64),
}


@pytest.mark.parametrize(("sizes", "weight", "bias", "dtype"), ORDINARY.values(), ids=ORDINARY)
def test_what_float32_holds_stays_in_float32(sizes, weight, bias, dtype) -> None:
    target = network(sizes, weight, bias, dtype=dtype)
    ticket = construct(target, eta=1e-3)
    x = torch.ones(3, sizes[0])
    for found in (ticket.logits(x), ticket.fixed_order_logits(x)):
        assert found.dtype == torch.float32
        assert found.numpy() == pytest.approx(target.double()(x.double()).numpy(), rel=0.05)


def test_a_module_of_another_dtype_is_asked_what_it_holds() -> None:
    ticket, x = construct(network([3, 2], 1e6), eta=1e-3), torch.ones(2, 3)
    half = ticket.module().half()
    assert ticket.logits(x, half).numpy() == pytest.approx(ticket.folded(x.double().numpy()), rel=1e-2)
    assert next(half.parameters()).dtype == torch.float16  # it is left as it was
    with pytest.raises(ValueError, match="module is ReLU and has no parameters"):
        ticket.logits(x, nn.ReLU())


def test_logits_that_float64_does_not_hold_either_are_refused() -> None:
    for weight, box in ((1e300, (0, 1e38)), (1e-300, (0, 1e-30))):
        ticket = construct(network([3, 2], weight), eta=1e-3, box=box)
        x = torch.full((1, 3), box[1])
        for compute, rows in ((ticket.logits, x), (ticket.fixed_order_logits, x), (ticket.folded, x.double().numpy())):
            with pytest.raises(ValueError, match=rf"the logits are .* times outputs of up to .*; {re.escape(HELD)}"):
                compute(rows)


def test_pieces_of_small_numbers_are_counted() -> None:
    for size in (1e-300, 1e-200, 1.0, 1e200):  # squares of the first two are zero
        net = limits.tent_network(3)
        for layer in net[::2]:
            layer.bias.data *= size
        net[0].weight.data *= size
        assert len(limits.pieces(net)) == 8


# what is refused

THIRTY = [1] * 31
REFUSED_TARGETS = {
    "two layers of 1e300": (([3, 2, 2], 1e300), r"number of layer '2' is \S*e\+299, with which values can exceed"),
    "a wide layer of 1e303": (([30, 2], 1e303), r"number of layer '0' is \S*e\+302, with which values can exceed"),
    "thirty layers of 1e20": ((THIRTY, 1e20), r"number of layer '30' is \S*e\+19, with which values can exceed"),
    "up and down again": (([2] * 5, [1e160, 1e160, 1e-160, 1e-160]), r"layer '2' is \S*e\+159, with which"),
    "thirty layers of 1e-20": ((THIRTY, 1e-20), "of layer 16 of 30 is .* times .*, its largest number .*e-21; allowed"),
    "denormal weights": (([3, 2, 2], 1e-310), "of layer 1 of 2 is .*e-310 times 1, its largest number .*; allowed"),
    "the smallest number": (([3, 2], 1e-323), "the scale of layer 1 of 1 is .*e-323 times 1, .*; allowed"),
    "a bias beyond": (([3, 2, 2], 1e-300, [0.0, 1e300]), r"layer 2 of 2 is inf times .*, .* 1e\+300; allowed"),
    "a bias that vanishes": (([2, 2, 2], [1e100, 0.0], [0.0, 1e-300]), r"layer 2 of 2 is 0 times .* 1e-300; allowed"),
}  # fmt: skip


@pytest.mark.parametrize(("values", "message"), REFUSED_TARGETS.values(), ids=REFUSED_TARGETS)
@pytest.mark.filterwarnings("error")
def test_a_target_whose_scale_leaves_float64_is_refused_by_layer(values, message, monkeypatch) -> None:
    monkeypatch.setattr(Source, "param", lambda *_: pytest.fail("something was drawn"))
    with pytest.raises(ValueError, match=message):
        construct(network(*values), eta=1e-2)


BOX = "allowed: two numbers that float32 holds and tells apart"
SMALL = "allowed: a number above 0 and below 1, from 1e-38 up"
REFUSED_SETTINGS = [
    ({"eta": 5e-324}, f"eta is 5e-324; {SMALL}"),
    ({"eta": 1e-300, "method": "malach"}, f"eta is 1e-300; {SMALL}"),
    ({"eta": 1e-300, "method": "orseau"}, f"eta is 1e-300; {SMALL}"),
    ({"delta": 5e-324}, f"delta is 5e-324; {SMALL}"),
    ({"box": (0.0, 1e300)}, rf"box is \(0.0, 1e\+300\); {BOX}"),
    ({"box": (-1e308, 1e308)}, rf"box is \(-1e\+308, 1e\+308\); {BOX}"),
    ({"box": (0.0, 1e-300)}, rf"box is \(0.0, 1e-300\); {BOX}"),
    ({"box": (0, 10**400)}, "box has an end beyond all floats; allowed: two finite numbers"),
    ({"largest": 1e-300}, "largest is 1e-300; allowed: a number above 0 to 1, from 1e-38 up"),
    ({"largest": 0.5}, "largest is 0.5; allowed: up to 0.25 for 'free' without per_weight"),
    ({"largest": 1, "method": "blocks"}, "largest is 1; allowed: up to 0.25 for 'blocks' without per_weight"),
    ({"normalise": lambda layers, largest: None}, "normalise gave NoneType; allowed: the layers, and the scale"),
    ({"normalise": lambda layers, largest: (layers[:1], 1.0)}, r"gave layer 2 the shape None; allowed: \(2, 3\)"),
    ({"normalise": lambda layers, largest: (layers, 0.0)}, "scale is 0.0; allowed"),
    ({"normalise": lambda layers, largest: (layers, np.nan)}, "scale is nan; allowed"),
    ({"normalise": lambda layers, largest: ([1e40 * la for la in layers], 1.0)}, r"layer 1 numbers up to \S*e\+39 in"),
    ({"normalise": lambda layers, largest: ([np.nan * la for la in layers], 1.0)}, "layer 1 numbers up to nan in size"),
]  # fmt: skip


@pytest.mark.parametrize(("settings_", "message"), REFUSED_SETTINGS, ids=[message for _, message in REFUSED_SETTINGS])
@pytest.mark.filterwarnings("error")
def test_settings_beyond_float32_are_refused_before_anything_is_drawn(settings_, message, monkeypatch) -> None:
    monkeypatch.setattr(Source, "param", lambda *_: pytest.fail("something was drawn"))
    with pytest.raises(ValueError, match=message):
        construct(network([3, 2, 2]), **{"eta": 1e-2} | settings_)


def test_larger_weights_are_allowed_where_the_rule_counts_with_them_or_the_width_is_given() -> None:
    for settings_ in ({"method": "orseau"}, {"method": "malach", "eta": 0.2}, {"per_weight": 30}):
        ticket = construct(network([2, 2]), **{"eta": 1e-2, "largest": 1.0} | settings_)
        assert ticket.missed == 0
        assert np.abs(ticket.layers[0].target).max() == 1


def test_what_is_no_module_is_of_a_wrong_type() -> None:
    with pytest.raises(TypeError, match=r"construct: target is .*; allowed: torch\.Module"):
        construct([nn.Linear(2, 2)], eta=0.1)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([np.ones(3)], r"layer 1 is float64 of shape \(3,\); allowed: numbers, \(outputs, inputs \+ 1\)"),
        ([np.ones((2, 1))], r"layer 1 is float64 of shape \(2, 1\); allowed"),
        ([np.ones((0, 2))], r"layer 1 is float64 of shape \(0, 2\); allowed"),
        ([np.array([["a", "b"]])], "layer 1 is <U1 of shape"),
        ([np.ones((2, 3)), np.ones((2, 9))], r"layer 2 is float64 of shape \(2, 9\); allowed: .*, \(outputs, 2 \+ 1\)"),
        ([np.ones((1, 2)), np.array([[1.0, np.inf]])], "layer 2 of 2 has a number that is NaN or infinite"),
        ([], "there are 0 layers; allowed: one or more"),
        ([np.full((1, 2), 1e308)], rf"the scale of layer 1 of 1 is inf times 1, .* 1e\+308; {re.escape(HELD)}"),
    ],
)
def test_layers_that_are_none_are_refused_by_number(layers, message) -> None:
    with pytest.raises(ValueError, match=message):
        normalise(layers)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64])
def test_layers_of_any_dtype_are_made_small_in_float64(dtype) -> None:
    (small,), scale = normalise([np.array([[60_000, 30_000]]).astype(dtype)])  # a quarter of float16's range, times 4
    assert small.dtype == np.float64
    assert (small.tolist(), scale) == ([[0.25, 0.125]], pytest.approx(240_000, rel=1e-3))


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf, 5e-324])
def test_a_ticket_has_a_scale_and_a_box_that_floats_hold(scale, tmp_path) -> None:
    with pytest.raises(ValueError, match=re.escape(f"scale is {scale}; {HELD}")):
        Ticket(Source(0, (2, 3, 1)), {}, scale, Box())
    with pytest.raises(ValueError, match=BOX):
        Ticket(Source(0, (2, 3, 1)), {}, 1.0, Box(0, 1e39))
    ticket = construct(network([3, 2], 1e300), eta=1e-2)
    save_ticket(ticket, tmp_path / "t")
    x = torch.ones(1, 3)
    assert load_ticket(tmp_path / "t").fixed_order_logits(x).equal(ticket.fixed_order_logits(x))


ONE = [np.ones((1, 2))]
NUMBERS = [
    (lambda: error_bound(ONE, ONE, ONE, np.nan), "reach is nan; allowed: a number from 0 up"),
    (lambda: error_bound([1e300 * ONE[0]] * 2, [1e300 * ONE[0]] * 2, ONE * 2, 1), r"the bound of layer 2 is \S*e\+300"),
    (lambda: certificate(construct(network([3, 2], 1e300), eta=0.1), lambda *_: 1e20), r"is \S+ times 1e\+20; allowed"),
    (lambda: widths.subset_width(1e-2, 5, 5e-324), f"delta is 5e-324; {SMALL}"),  # it would search without end
    (lambda: widths.malach_width(1e-200, 5), f"eta is 1e-200; {SMALL}"),
    (lambda: widths.orseau_octaves(0.0), f"eta is 0.0; {SMALL}"),
    (lambda: widths.orseau_cells(0.1, np.nan), "largest is nan; allowed: a number above 0 to 1, from 1e-38 up"),
    (lambda: fewest_bytes(3, 5e-324), "eta is 5e-324 and largest 0.25; allowed: 0 < eta <= largest, a ratio that is"),
    (lambda: meet_in_the_middle([1e308, 1e308, -1e308], 0.0), r"largest number is 1e\+308 in size; allowed: sums that"),
    (lambda: golden.cells_needed(np.inf, 0.1), "ratio is inf; allowed: a number above 1 and finite"),
    (lambda: golden.cells_needed(2, 5e-324), "eta is 5e-324; allowed: a number above 0 to 1, from 1e-300 up"),
    (lambda: golden.draw_cells(2, 1100, 1), "cells is 1100; allowed: 1 to 1021 of ratio 2, whose numbers"),
    (lambda: golden.draw_until_every_cell(2, 1100, 1), "cells is 1100; allowed"),
    (lambda: laws.fewest_numbers(0.0), "eta is 0.0; allowed: a number above 0"),
    (lambda: laws.expected_solutions(2000, 0.1), "n is 2000; allowed: a number above 0 to 1000"),
    (lambda: laws.rare_sign(2000), "n is 2000; allowed: a whole number from 0 to 1000"),
    (lambda: laws.per_bit(np.ones((2, 2)), [0.5, 0.0]), r"eta\[1\] is 0.0; allowed: a number above 0"),
    (lambda: limits.counting_bound(2, 5e-324), "eps is 5e-324; allowed: a number above 0 to 1, from 1e-300 up"),
    (lambda: limits.pieces(limits.tent_network(1), -np.inf, 1.0), "low is -inf and high 1.0; .*, and both finite"),
    (lambda: limits.linear_ticket(0, 0.1), "dimension is 0; allowed: a whole number from 1 up"),
    (lambda: limits.prune_to(limits.tent_network(1), 0.1, most=41), "most is 41; allowed: .* from 1 to 40"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), NUMBERS, ids=[message for _, message in NUMBERS])
def test_numbers_that_leave_float64_are_refused_with_their_value(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_a_bound_far_out_is_no_overflow() -> None:
    assert error_bound(ONE, ONE, ONE, 1e200) == pytest.approx(np.sqrt(2) * 1e200)
    assert golden.draw_cells(2, 1021, 1, lowest=True).min() == scales.SMALLEST


def test_a_layer_with_an_infinity_is_still_called_that() -> None:
    net = network([3, 2, 2], 1e300)
    net[0].weight.data[0, 0] = np.inf
    with pytest.raises(ValueError, match="layer '0' has a weight or bias that is NaN or infinite"):
        construct(net, eta=0.1)
