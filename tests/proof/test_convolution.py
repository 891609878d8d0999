"""The theorem for convolutions: what the masked random network computes, at borders too, and what is kept of it."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from lthedu.base.files import DamagedFile, seal
from lthedu.networks import masks
from lthedu.networks.chain import Chain, Step
from lthedu.proof import certificate, construct, largest_difference, load_ticket, save_ticket, ticket_file, widths
from lthedu.proof.convolution import by_output, by_place
from lthedu.proof.source import ConvolutionalSource

BOXES = [(0.0, 1.0), (-1.0, 2.0)]
IMAGE = (2, 7, 6)
POOLS = [
    nn.Sequential(),
    nn.MaxPool2d(2),
    nn.MaxPool2d((3, 2), stride=(1, 2)),
    nn.AvgPool2d(2),
    nn.AvgPool2d((1, 3), stride=1),
]


def drawn(net: nn.Module, seed: int) -> nn.Module:
    """Weights and biases of any size, as training leaves them: layers differ in scale, and biases from weights."""
    rng = np.random.default_rng(seed)
    for p in net.parameters():
        p.data = torch.from_numpy(rng.normal(size=tuple(p.shape)) * 10.0 ** rng.uniform(-1.5, 0.5)).float()
    return net.requires_grad_(False)


def network(convolutions, head: str, image, seed: int) -> nn.Module:
    """Convolutions (outputs, kernel, padding, bias, pool), each padded as much as its kernel allows, then a head."""
    layers: list[nn.Module] = []
    channels, *sides = image
    for outputs, kernel, padding, bias, pool in convolutions:
        kernel = tuple(min(k, n) for k, n in zip(kernel, sides, strict=True))
        allowed = tuple(min(padding, (k - 1) // 2) for k in kernel)
        layers += [nn.Conv2d(channels, outputs, kernel, padding=allowed, bias=bias), nn.ReLU()]
        channels, sides = outputs, [n + 2 * p - k + 1 for n, p, k in zip(sides, allowed, kernel, strict=True)]
        if min(sides) >= 3:
            layers.append(POOLS[pool])
            sides = list(nn.Sequential(*layers)(torch.zeros(1, *image)).shape[2:])
    if head == "global":
        return drawn(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 3)), seed)
    return drawn(nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * sides[0] * sides[1], 3)), seed)


def inputs(box, image=IMAGE, many: int = 12, seed: int = 0) -> torch.Tensor:
    """Random points of the box and corners of it."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(*box, (many, *image))
    x[::2] = np.where(rng.random(x[::2].shape) < 0.5, box[0], box[1])
    return torch.from_numpy(x).float()


def close(a, b) -> bool:
    return float(np.abs(a - b).max()) <= 1e-12 * (1 + float(np.abs(b).max()))


def ticket_of(net, **settings_):
    return construct(net, **{"eta": 1e-2, "image": IMAGE} | settings_)


SMALL = network([(2, (3, 3), 1, True, 1)], "global", IMAGE, 0)

# what it computes

kernels = st.sampled_from([(1, 1), (2, 2), (3, 3), (5, 5), (1, 3), (3, 2)])
convolutions = st.tuples(st.integers(1, 3), kernels, st.integers(0, 2), st.booleans(), st.integers(0, 4))


@settings(deadline=None, max_examples=25)
@given(
    st.lists(convolutions, min_size=1, max_size=2),
    st.sampled_from(["global", "flat"]),
    st.sampled_from([(1, 6, 5), IMAGE]),
    st.sampled_from([(0.0, 1.0), (-1.0, 2.0), (0.25, 3.0), (-3.0, -1.0)]),
    st.sampled_from(["free", "blocks", "orseau", "fewest"]),
    st.integers(0, 10_000),
)
def test_the_masked_source_computes_what_its_folded_weights_say(layers, head, image, box, method, seed) -> None:
    target = network(layers, head, image, seed)
    how = {"keep": "fewest"} if method == "fewest" else {"method": method}
    ticket = construct(target, eta=1e-2, image=image, box=box, seed=seed, **how)
    x = inputs(box, image, seed=seed).double()
    folded, wanted = ticket.folded(x.numpy()), target.double()(x).numpy()
    assert close(ticket.scale * ticket.module().double()(x).numpy(), folded)
    assert close(ticket.target_logits(x.numpy()), wanted)
    sizes = [(la.target, la.positive) for la in ticket.layers]
    sizes += [(la.target[:, :-1], la.negative) for la in ticket.layers if la.negative is not None]
    assert ticket.missed == sum(int((np.abs(made - layer) > 1e-2).sum()) for layer, made in sizes)
    assert ticket.missed or ticket.summary()["largest weight error"] <= 1e-2
    assert [la.negative is not None for la in ticket.layers] == [box[0] < 0] + [False] * (len(ticket.layers) - 1)
    found = largest_difference(ticket, x.numpy(), starts=4, steps=8)
    assert np.linalg.norm(wanted - folded, axis=1).max() <= found * (1 + 1e-9) + 1e-12
    assert found <= certificate(ticket) * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("box", BOXES)
def test_malach_too_makes_convolutions_of_single_products(box) -> None:
    target = network([(1, (1, 2), 0, True, 0)], "global", (1, 2, 2), 1)
    ticket = construct(target, eta=0.2, method="malach", image=(1, 2, 2), box=box)
    assert ticket.missed == 0
    assert largest_difference(ticket, starts=8, steps=10) <= certificate(ticket)


@pytest.mark.parametrize("kernel", [(3, 3), (5, 4), (1, 3)])
@pytest.mark.parametrize("box", BOXES)
def test_pixels_at_the_border_meet_the_zeros_of_the_padding_and_the_whole_bias(kernel, box) -> None:
    """Every pixel of one convolution, corners and edges apart: within eta times what it reads, and the bias's eta."""
    target = drawn(nn.Conv2d(2, 3, kernel, padding=tuple((k - 1) // 2 for k in kernel)), 3)
    last = nn.Linear(3 * 7 * (6 - (kernel[1] + 1) % 2), 1)
    ticket = ticket_of(nn.Sequential(target, nn.ReLU(), nn.Flatten(), last), box=box)
    assert ticket.missed == 0
    first, x = ticket.layers[0], inputs(box).double()
    masked, scale = ticket.module()[:3].double(), np.abs(first.target).max() / target.weight.abs().max().double()
    scale = min(scale, np.abs(first.target).max() / target.bias.abs().max().double())  # of the first layer alone
    got, wanted = masked(x), scale * target.double()(x)
    sums = nn.functional.conv2d(x.abs(), torch.ones(1, *target.weight.shape[1:]).double(), padding=target.padding)
    assert ((got - wanted).abs() <= 1e-2 * (sums + 1) + 1e-12).all()
    zero = masked(torch.zeros(1, *IMAGE).double())  # the bias alone, the same at every pixel, corners included
    assert torch.allclose(zero, zero[:, :, 3:4, 2:3].expand_as(zero), rtol=0, atol=1e-12)


def test_a_row_for_each_place_and_back() -> None:
    weight = np.arange(2 * 3 * 6.0).reshape(2, 18)
    rows = by_place(weight, (3, 2))
    assert rows.shape == (12, 3)
    assert rows[6 + 2 * 2 + 1].tolist() == weight.reshape(2, 3, 3, 2)[1, :, 2, 1].tolist()
    assert np.array_equal(by_output(rows, (3, 2)), weight)


# it is pruned, and nothing else


@pytest.mark.parametrize("method", ["free", "blocks", "orseau"])
@pytest.mark.parametrize("box", BOXES)
def test_one_incoming_number_of_each_channel_is_kept_and_nothing_moves(method, box) -> None:
    state = torch.get_rng_state()
    ticket = ticket_of(SMALL, method=method, box=box)
    params = ConvolutionalSource(0, ticket.source.chain, ticket.source.octaves).params()
    masks.check_fits(ticket.mask, params)
    module = ticket.module()
    assert torch.get_rng_state().equal(state)
    assert [name for name, _ in module.named_parameters()] == list(ticket.mask) == list(params)
    for name, p in module.named_parameters():
        assert p.equal(torch.where(ticket.mask[name], params[name], torch.zeros(())))
    names = list(params)
    for i in (0, 4):
        masks_ = [ticket.mask[name] for name in names[i : i + 4]]
        first, bias, second, last = (m.flatten(2).any(2) if m.ndim > 2 else m for m in masks_)
        assert (first.sum(1) + bias).equal(second.any(0).long())
        assert second.any()
        assert not last.any()
    assert ticket.kept == sum(int((p != 0).sum()) for p in module.parameters())
    assert ticket.summands == sum(int(ticket.mask[names[i]].sum()) for i in (2, 6))


def test_the_counts_are_those_of_the_convolutions() -> None:
    ticket = ticket_of(SMALL, per_weight=20, method="blocks")
    assert ticket.source.chain.widths == (2, 60, 2, 60, 3)  # two channels and the bias, twice
    assert ticket.source.count() == 60 * 3 + 2 * (60 * 9 + 1) + 60 * 3 + 3 * 61
    assert ticket.target_size == sum(p.numel() for p in SMALL.parameters())
    assert ticket.summary()["random"] == sum(p.numel() for p in ticket.module().parameters())
    signed = ticket_of(SMALL, per_weight=20, method="blocks", box=(-1, 1))
    assert signed.source.chain.widths == (2, 100, 2, 60, 3)


def test_one_source_holds_two_targets_and_another_seed_is_another() -> None:
    other = network([(2, (3, 3), 1, True, 1)], "global", IMAGE, 9)
    first, second, third = ticket_of(SMALL, seed=4), ticket_of(other, seed=4), ticket_of(SMALL, seed=5)
    assert first.source == second.source != third.source
    assert any(not first.mask[name].equal(second.mask[name]) for name in first.mask)


def test_a_head_that_reads_a_whole_image_shares_hidden_channels_between_its_pixels() -> None:
    """A Linear layer on 2 x 7 x 6 numbers is a convolution with a kernel of 7 x 6: 3 classes, and not 85."""
    ticket = ticket_of(drawn(nn.Sequential(nn.Flatten(), nn.Linear(84, 3)), 0), method="blocks", per_weight=30)
    assert ticket.source.shapes()["2.weight"] == (3, 90, 7, 6)
    dense = construct(drawn(nn.Linear(84, 3), 0), eta=1e-2, method="blocks", per_weight=30)
    assert ticket.source.count() < dense.source.count() / 10
    x = inputs((0, 1)).double()
    assert close(ticket.target_logits(x.numpy()), dense.target_logits(x.flatten(1).numpy()))


# a ticket is a ticket


def test_images_may_come_as_rows_and_a_few_at_a_time(monkeypatch) -> None:
    ticket = ticket_of(SMALL)
    x = inputs((0, 1), many=130)
    for compute in (ticket.logits, ticket.fixed_order_logits):
        assert compute(x.flatten(1)).equal(compute(x))
        assert np.allclose(compute(x), ticket.folded(x.double().numpy()), atol=1e-5)
    rows = x.double().flatten(1).numpy()
    assert np.array_equal(ticket.folded(rows), ticket.folded(x.double().numpy()))
    whole = ticket.fixed_order_logits(x), ticket.folded(rows)
    monkeypatch.setattr(Chain, "at_once", property(lambda chain: 7))
    assert ticket.fixed_order_logits(x).equal(whole[0])
    assert np.allclose(ticket.folded(rows), whole[1], rtol=0, atol=1e-13)


@pytest.mark.parametrize("image", [IMAGE, None])
def test_inputs_of_any_type_are_computed_in_float64(image) -> None:
    ticket = ticket_of(nn.Sequential(nn.Flatten(), nn.Linear(84, 3)), image=image)
    x = np.random.default_rng(0).integers(0, 2, (3, 84))
    for compute in (ticket.folded, ticket.target_logits):
        wanted = compute(x.astype(float))
        for same in (x, x.astype(np.float32), torch.from_numpy(x), torch.from_numpy(x).float()):
            assert np.array_equal(compute(same), wanted)


@pytest.mark.parametrize("shape", [(0, 2, 7, 6), (3, 83), (2, 7, 6), (3, 2, 6, 7), (84,)])
def test_inputs_of_another_shape_are_refused(shape) -> None:
    ticket = ticket_of(SMALL)
    for compute in (ticket.logits, ticket.fixed_order_logits, lambda x: largest_difference(ticket, x.numpy())):
        with pytest.raises(
            ValueError, match=r"the inputs have shape \(.*\); allowed: \(n, 2, 7, 6\) or \(n, 84\) with"
        ):
            compute(torch.zeros(shape))


def test_it_goes_into_a_file_and_comes_back_in_another_process(tmp_path: Path) -> None:
    target = network([(3, (3, 3), 1, True, 2), (2, (2, 1), 0, True, 4)], "flat", IMAGE, 2)
    ticket = ticket_of(target, box=(-1, 2), seed=3)
    size = save_ticket(ticket, tmp_path / "t")
    again = load_ticket(tmp_path / "t")
    assert (again.source, again.scale, again.box) == (ticket.source, ticket.scale, ticket.box)
    assert all(again.mask[name].equal(ticket.mask[name]) for name in ticket.mask)
    assert size == (tmp_path / "t").stat().st_size
    code = (
        "import hashlib, sys, torch; from lthedu.proof import load_ticket\n"
        "x = torch.rand(200, 2, 7, 6, generator=torch.Generator().manual_seed(1))\n"
        "print(hashlib.sha256(load_ticket(sys.argv[1]).fixed_order_logits(x).numpy().tobytes()).hexdigest())"
    )
    x = torch.rand(200, 2, 7, 6, generator=torch.Generator().manual_seed(1))
    here = hashlib.sha256(ticket.fixed_order_logits(x).numpy().tobytes()).hexdigest()
    env = os.environ | {"OMP_NUM_THREADS": "2"}
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path / "t")], capture_output=True, text=True, env=env)
    assert ran.stdout.split() == [here], ran.stderr
    raw = (tmp_path / "t").read_bytes()
    for i in range(0, len(raw), len(raw) // 40):  # one bit of a byte here and there, header and masks
        damaged = bytearray(raw)
        damaged[i] ^= 1
        (tmp_path / "t").write_bytes(damaged)
        with pytest.raises(DamagedFile):
            load_ticket(tmp_path / "t")


@pytest.mark.parametrize(
    "change",
    [
        lambda chain: chain["steps"][0].update(kind="tanh"),
        lambda chain: chain["steps"][0].update(kernel=[3]),
        lambda chain: chain["steps"][0].update(outputs=1 << 40),
        lambda chain: chain["steps"].pop(),
        lambda chain: chain.update(image=[1, 7, 6]),
        lambda chain: chain.clear(),
    ],
)
def test_a_file_that_says_another_chain_is_refused(tmp_path: Path, change) -> None:
    save_ticket(ticket_of(SMALL), tmp_path / "t")
    with safe_open(tmp_path / "t", "pt") as file:
        header = json.loads(file.metadata()["ticket"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert header["format"] == "lthedu ticket 2"
    change(header["source"]["chain"])
    body = {key: value for key, value in header.items() if key != ticket_file.SEAL}
    save_file(tensors, tmp_path / "t", metadata={"ticket": json.dumps(seal(body, ticket_file.SEAL))})
    with pytest.raises(DamagedFile, match="t is damaged"):
        load_ticket(tmp_path / "t")


# what is refused, with nothing drawn


def test_a_convolution_needs_the_size_of_its_images() -> None:
    for net in (SMALL, nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 2))):
        with pytest.raises(ValueError, match=r"^layer '0' is (MaxPool|Conv)2d; allowed: .* image=\(channels"):
            construct(net, eta=1e-2)
    for image, words in (
        ((2, 7), r"image is \(2, 7\); allowed: a tuple of 3"),
        ((0, 7, 6), r"image is \(0, 7, 6\); allowed: \(channels, height, width\), each at least 1"),
        ((1, 7, 6), "layer '0' is Conv2d of 2 channels and reads 1; allowed"),
        ((2, 1, 1), "layer '2' has a kernel of 2 x 2; allowed: up to the size of its image, 1 x 1"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            construct(SMALL, eta=1e-2, image=image)


def test_a_source_that_does_not_fit_is_refused_with_its_widths() -> None:
    with pytest.raises(ValueError, match=r"the source would be 2-\d+-2-\d+-3: .* 'free' fits"):
        ticket_of(SMALL, memory=20_000)
    need = widths.bytes_needed(ticket_of(SMALL).source.chain)
    assert ticket_of(SMALL, memory=need).missed == 0
    with pytest.raises(ValueError, match="the source would be"):
        ticket_of(SMALL, memory=need - 1)


def test_kernels_of_zeros_and_missing_biases_stay_what_they_are() -> None:
    net = drawn(nn.Sequential(nn.Conv2d(2, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(40, 2)), 0)
    net[0].weight[1], net[0].bias[0] = 0, 0
    ticket, x = ticket_of(net), inputs((0, 1)).double()
    assert np.abs(ticket.layers[0].target).max() == pytest.approx(0.25)
    assert not ticket.layers[0].positive[1, :-1].any()
    assert close(ticket.target_logits(x.numpy()), net.double()(x).numpy())


def test_a_bound_over_matrices_is_refused() -> None:
    with pytest.raises(ValueError, match="bound is a function of matrices, and the ticket has convolutions"):
        certificate(ticket_of(SMALL), lambda *arguments: 0.0)


def test_numbers_whose_scale_leaves_float64_are_named_by_their_layer() -> None:
    huge = drawn(nn.Sequential(nn.Conv2d(2, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(40, 2)).double(), 0)
    huge.double()[0].weight.mul_(1e305)
    with pytest.raises(ValueError, match=r"the largest number of layer .0. is .*, with which values can exceed"):
        ticket_of(huge)


def test_the_certificate_holds_for_whatever_the_scale_is() -> None:
    ticket = ticket_of(SMALL)
    again = replace(ticket, scale=ticket.scale * 1e120)
    assert largest_difference(again, starts=2, steps=2) <= certificate(again)
    assert certificate(again) == pytest.approx(1e120 * certificate(ticket))


def test_images_of_one_pixel_are_rows() -> None:
    net = drawn(nn.Sequential(nn.Conv2d(4, 3, 1), nn.ReLU(), nn.Flatten(), nn.Linear(3, 2)), 1)
    ticket, x = construct(net, eta=1e-2, image=(4, 1, 1)), torch.rand(5, 4, 1, 1)
    assert ticket.source.sizes[::2] == (4, 3, 2)
    assert ticket.logits(x).equal(ticket.logits(x.flatten(1)))
    assert close(ticket.target_logits(x.double().numpy()), net.double()(x.double()).numpy())


@pytest.mark.parametrize("body", [[nn.Linear(3, 2)], [nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)]])
def test_a_relu_before_the_first_layer_of_rows_is_kept(tmp_path: Path, body) -> None:
    net = drawn(nn.Sequential(nn.ReLU(), nn.Flatten(), *body), 2)
    ticket, x = construct(net, eta=1e-3, image=(3, 1, 1), box=(-1, 1)), inputs((-1, 1), (3, 1, 1))
    assert isinstance(ticket.source, ConvolutionalSource)
    assert (ticket.logits(x) - net(x)).norm(dim=1).max() <= certificate(ticket)
    save_ticket(ticket, tmp_path / "t")
    assert load_ticket(tmp_path / "t").logits(x.flatten(1)).equal(ticket.logits(x))


def test_kernels_larger_than_an_image_that_pooling_left_are_read_right() -> None:
    """A 3 x 3 kernel over one padded pixel reads its middle alone: the ticket stays an image there."""
    target = drawn(
        nn.Sequential(nn.Conv2d(2, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Conv2d(2, 2, 3, padding=1),
                      nn.ReLU(), nn.Flatten(), nn.Linear(2, 3)), 5)  # fmt: skip
    ticket, x = ticket_of(target), inputs((0, 1)).double()
    assert ticket.chain.flat == 4
    assert ticket.chain.steps[3] == Step("affine", 2, (3, 3), padding=(1, 1))
    assert close(ticket.target_logits(x.numpy()), target.double()(x).numpy())
    assert close(ticket.scale * ticket.module().double()(x).numpy(), ticket.folded(x.numpy()))
