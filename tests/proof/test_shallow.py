"""One layer more than the target: what the copies compute, what is kept of them, and a bound on what they differ by."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.proof import Source, certificate, construct_shallow, largest_difference, load_ticket, save_ticket

BOXES = [(0.0, 1.0), (-1.0, 2.0), (0.25, 3.0)]


def network(sizes, seed: int = 0) -> MLP:
    """Weights and biases whose sizes differ from layer to layer."""
    rng = np.random.default_rng(seed)
    net = MLP(sizes)
    for p in net.parameters():
        p.data = torch.from_numpy(rng.normal(size=tuple(p.shape)) * 10.0 ** rng.uniform(-1, 0.5)).float()
    return net.requires_grad_(False)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=5),
    st.integers(0, 10_000),
    st.sampled_from(BOXES),
    st.sampled_from(["ladder", "fewest"]),
    st.booleans(),
)
def test_the_masked_source_computes_the_target_but_for_what_the_certificate_allows(sizes, seed, box, keep, short):
    target = network(sizes, seed)
    per_weight = 4 if short else None  # many are missed: the bound holds all the same
    ticket = construct_shallow(target, eta=1e-2, box=box, seed=seed, keep=keep, per_weight=per_weight)
    x = np.random.default_rng(seed).uniform(*box, (30, sizes[0]))
    wanted = target.double()(torch.from_numpy(x)).numpy()
    size = 1 + np.abs(wanted).max()
    masked = ticket.scale * ticket.module().double()(torch.from_numpy(x)).numpy()
    assert np.abs(ticket.target_logits(x) - wanted).max() <= 1e-9 * size  # the copies of the target are exact
    assert np.abs(ticket.folded(x) - masked).max() <= 1e-9 * size
    assert largest_difference(ticket, x, steps=10) <= certificate(ticket) * (1 + 1e-9) + 1e-9 * size
    if not ticket.missed:
        assert ticket.summary()["largest weight error"] <= 1e-2


def test_there_is_one_layer_more_and_a_constant_beside_the_copies() -> None:
    ticket = construct_shallow(network([4, 3, 2, 5]), eta=1e-2, per_weight=10)
    assert len(ticket.source.sizes) == 3 + 2
    assert ticket.source.sizes[2:] == (10 * 4, 10 * 3, 5)
    assert ticket.target_size == sum(p.numel() for p in network([4, 3, 2, 5]).parameters())
    assert ticket.summary()["random"] == sum(p.numel() for p in ticket.module().parameters())


def test_what_no_copy_reads_is_not_kept_and_no_bias_but_the_first_is() -> None:
    ticket = construct_shallow(network([4, 3, 3, 2]), eta=1e-2)
    weights = [ticket.mask[f"layers.{i}.weight"] for i in range(4)]
    for below, above in itertools.pairwise(weights):
        assert not below[~above.any(0)].any()
    assert [bool(ticket.mask[f"layers.{i}.bias"].any()) for i in range(4)] == [True, False, False, False]
    assert ticket.summands == sum(int(w.sum()) for w in weights[1:])
    unread = int((~weights[2].any(0)).sum())
    assert unread > 0  # the search takes the first numbers first, and leaves the last copies to nobody


def test_a_ticket_of_copies_is_written_and_read_like_any(tmp_path) -> None:
    ticket = construct_shallow(network([4, 3, 2]), eta=1e-2)
    save_ticket(ticket, tmp_path / "copies.ticket")
    x, again = torch.rand(7, 4), load_ticket(tmp_path / "copies.ticket")
    assert again.fixed_order_logits(x).equal(ticket.fixed_order_logits(x))
    assert masks.counts(again.mask) == masks.counts(ticket.mask)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"per_weight": 41}, "per_weight is 41; allowed: whole numbers from 1 to 40"),
        ({"seed": -1}, "seed is -1; allowed"),
        ({"memory": 1000}, r"would be 4-\d+-\d+-2: [\d,]+ weights, .*; allowed: 1,000 bytes, so .* an eta above 0.01"),
        ({"memory": 1000, "per_weight": 9}, "allowed: 1,000 bytes, so choose fewer than 9 per weight"),
        ({"target": nn.Sequential(nn.Conv2d(1, 2, 3))}, "layer '0' is Conv2d; .* `construct` takes convolutions"),
        ({"target": nn.Sequential(nn.Linear(2, 2), nn.Tanh())}, "layer '1' is Tanh; allowed"),
    ],
)
def test_what_it_cannot_do_is_refused_with_nothing_drawn(given_, message, monkeypatch) -> None:
    monkeypatch.setattr(Source, "param", lambda *_: pytest.fail("something was drawn"))
    with pytest.raises(ValueError, match=message):
        construct_shallow(**{"target": network([4, 3, 2]), "eta": 1e-2} | given_)
