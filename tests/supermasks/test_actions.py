"""Actions keep what they say they keep: signs, values, counts; everything else is drawn from the generator alone."""

import pytest
import torch

from lthedu.supermasks import actions

ONES = (actions.reinitialised, actions.reshuffled, actions.constants)


@pytest.fixture
def network():
    rng = torch.Generator().manual_seed(0)
    initial = {"a": torch.randn(20, 30, generator=rng), "bias": torch.randn(20, generator=rng)}
    return initial, {"a": torch.rand(20, 30, generator=rng) < 0.3}


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("action", ONES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("signed", [True, False])
def test_pruned_weights_are_zero_biases_stay_and_draws_repeat(network, action, signed: bool) -> None:
    initial, mask = network
    before = initial["a"].clone()
    found = action(initial, mask, draw(), signed=signed)
    assert not found["a"][~mask["a"]].any()
    assert bool(found["a"][mask["a"]].all())
    assert torch.equal(found["bias"], initial["bias"])
    assert found["bias"].data_ptr() != initial["bias"].data_ptr()
    assert torch.equal(found["a"], action(initial, mask, draw(), signed=signed)["a"])
    assert torch.equal(initial["a"], before)


@pytest.mark.parametrize("action", ONES, ids=lambda f: f.__name__)
def test_signed_actions_keep_every_sign_and_the_others_lose_about_half(network, action) -> None:
    initial, mask = network
    kept = mask["a"]
    for signed, low, high in ((True, 1.0, 1.0), (False, 0.35, 0.65)):
        found = action(initial, mask, draw(), signed=signed)["a"]
        assert low <= float((found.sign() == initial["a"].sign())[kept].double().mean()) <= high


def test_a_reshuffle_keeps_the_kept_values_and_moves_them(network) -> None:
    initial, mask = network
    kept = mask["a"]
    found = actions.reshuffled(initial, mask, draw())["a"]
    assert torch.equal(found[kept].sort().values, initial["a"][kept].sort().values)
    assert float((found == initial["a"])[kept].double().mean()) < 0.05


def test_a_reinitialisation_draws_from_the_whole_layer(network) -> None:
    initial, mask = network
    found = actions.reinitialised(initial, mask, draw())["a"][mask["a"]]
    assert bool(torch.isin(found, initial["a"]).all())
    assert len(found.unique()) == len(found)
    assert not bool(torch.isin(found, initial["a"][mask["a"]]).all())


def test_constants_have_the_layers_standard_deviation(network) -> None:
    initial, mask = network
    found = actions.constants(initial, mask, draw())["a"]
    assert found[mask["a"]].abs().unique().tolist() == pytest.approx([float(initial["a"].std(correction=0))])


def test_frozen_weights_are_the_pruned_initial_ones(network) -> None:
    initial, mask = network
    held = actions.frozen_at_init(initial, mask)
    assert list(held) == ["a"]
    assert torch.equal(held["a"] + initial["a"] * mask["a"], initial["a"])


def test_only_what_moved_to_zero_is_zero_and_the_control_zeroes_as_many(network) -> None:
    initial, mask = network
    final = {n: p + 0.5 * torch.randn(p.shape, generator=draw(1)) for n, p in initial.items()}
    held = actions.zero_if_moved_to_zero(initial, final, mask)["a"]
    shrank = final["a"].abs() < initial["a"].abs()
    pruned = ~mask["a"]
    assert torch.equal(held == 0, shrank | mask["a"])
    assert torch.equal(held[pruned & ~shrank], initial["a"][pruned & ~shrank])
    whole = actions.frozen_at_init(initial, mask)
    random = actions.zero_at_random(whole, mask, {"a": held}, draw())["a"]
    assert int((random == 0).sum()) == int((held == 0).sum())
    assert not random[mask["a"]].any()
    assert not torch.equal(random == 0, held == 0)


@pytest.mark.parametrize("action", ONES, ids=lambda f: f.__name__)
def test_a_mask_that_does_not_fit_is_refused(network, action) -> None:
    with pytest.raises(ValueError, match=r"the mask of 'a' has shape \(2,\)"):
        action(network[0], {"a": torch.ones(2, dtype=torch.bool)}, draw())
