"""Criteria have the invariances that their definitions imply, and keep what the definitions say."""

import pytest
import torch

from lthedu.pruning import magnitude, select
from lthedu.supermasks import CRITERIA, different_sign, same_sign


@pytest.fixture
def weights():
    rng = torch.Generator().manual_seed(0)
    initial = {"a": torch.randn(7, 9, generator=rng), "b": torch.randn(7, generator=rng)}
    return initial, {n: p + torch.randn(p.shape, generator=rng) for n, p in initial.items()}


def negated(params):
    return {n: -p for n, p in params.items()}


@pytest.mark.parametrize("name", CRITERIA)
def test_biases_get_no_score_and_nothing_is_changed(weights, name: str) -> None:
    initial, final = weights
    before = [p.clone() for params in weights for p in params.values()]
    scores = CRITERIA[name](initial, final)
    assert list(scores) == ["a"]
    assert scores["a"].shape == (7, 9)
    assert all(torch.equal(p, q) for p, q in zip(before, [p for ps in weights for p in ps.values()], strict=True))


@pytest.mark.parametrize("name", CRITERIA)
def test_the_sign_of_the_whole_network_does_not_matter(weights, name: str) -> None:
    initial, final = weights
    assert torch.equal(CRITERIA[name](initial, final)["a"], CRITERIA[name](negated(initial), negated(final))["a"])


@pytest.mark.parametrize("name", CRITERIA)
def test_a_common_scale_does_not_change_the_mask(weights, name: str) -> None:
    initial, final = weights
    twice = [{n: 2 * p for n, p in params.items()} for params in weights]
    assert torch.equal(select(CRITERIA[name](initial, final), 0.3)["a"], select(CRITERIA[name](*twice), 0.3)["a"])


def test_large_final_is_magnitude_pruning(weights) -> None:
    initial, final = weights
    assert torch.equal(CRITERIA["large_final"](initial, final)["a"], magnitude(final)["a"])


@pytest.mark.parametrize(("small", "large"), [("small_final", "large_final"), ("small_init", "large_init")])
def test_small_and_large_split_the_weights(weights, small: str, large: str) -> None:
    few, rest = (select(CRITERIA[name](*weights), d)["a"] for name, d in ((small, 0.25), (large, 0.75)))
    assert int((few & rest).sum()) == round(0.25 * 63) + round(0.75 * 63) - 63
    assert bool((few | rest).all())


@pytest.mark.parametrize("moved", [False, True])
def test_which_criteria_read_the_data(weights, moved: bool) -> None:
    """large_init and small_init read the initial weights alone, large_final and small_final the final ones."""
    initial, final = weights
    other = {n: p.roll(1, 0) for n, p in (final if moved else initial).items()}
    changed = (initial, other) if moved else (other, final)
    blind = {"large_init", "small_init"} if moved else {"large_final", "small_final"}
    same = {n for n, f in CRITERIA.items() if torch.equal(f(initial, final)["a"], f(*changed)["a"])}
    assert same == blind


@pytest.mark.parametrize(("name", "toward"), [("large_init_large_final", 1), ("small_init_small_final", -1)])
def test_both_ends_count_at_one_percentile(weights, name: str, toward: int) -> None:
    """What is kept are the weights above one rank in both, by counting."""
    initial, final = weights
    kept = select(CRITERIA[name](initial, final), 0.4)["a"]
    ranks = [(toward * p["a"].abs()).flatten().argsort().argsort() for p in (initial, final)]
    both = torch.minimum(*ranks).view(7, 9)
    assert both[kept].min() >= both[~kept].max()


def test_movement_and_increase_differ_where_a_sign_flips() -> None:
    initial, final = {"a": torch.tensor([[0.5, 0.5]])}, {"a": torch.tensor([[-0.5, 1.5]])}
    assert CRITERIA["movement"](initial, final)["a"].tolist() == [[1.0, 1.0]]
    assert CRITERIA["magnitude_increase"](initial, final)["a"].tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("name", CRITERIA)
def test_sign_variants_keep_their_own_kind_first(weights, name: str) -> None:
    initial, final = weights
    kept_sign = (initial["a"] * final["a"]) > 0
    for variant, kind in ((same_sign, kept_sign), (different_sign, ~kept_sign)):
        share = 0.8 * float(kind.float().mean())
        mask = select(variant(CRITERIA[name])(initial, final), share)["a"]
        assert int(mask.sum()) == round(share * 63)
        assert bool(kind[mask].all())


def test_weights_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'a' has shape \(1, 2\) after training; the initial weights have \(2, 1\)"):
        CRITERIA["movement"]({"a": torch.ones(2, 1)}, {"a": torch.ones(1, 2)})
    with pytest.raises(ValueError, match="the initial weights have only b"):
        CRITERIA["large_final"]({"b": torch.ones(2, 1)}, {"a": torch.ones(1, 2)})
