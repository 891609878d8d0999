import collections
import functools
import itertools
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from lthedu.networks import masks
from lthedu.pruning import keep_largest, magnitude, random_mask, random_scores, select, select_globally
from lthedu.pruning.selection import ORDERED

calm = settings(deadline=None, max_examples=80, derandomize=True)
density = st.sampled_from([0.0, 1 / 3, 0.29, 0.5, 2 / 3, 0.999, 1.0]) | st.floats(0, 1)
shape = st.tuples(st.integers(1, 5), st.integers(1, 5))


def scores_of(shapes, seed, ties):
    """Random scores; with `ties` they take few values, so that thresholds fall among equals."""
    g = torch.Generator().manual_seed(seed)
    drawn = [torch.randint(3, s, generator=g) if ties else torch.randn(s, generator=g) for s in shapes]
    return {f"layer{i}": t.float() for i, t in enumerate(drawn)}


scores = st.builds(scores_of, st.lists(shape, min_size=1, max_size=3), st.integers(0, 2**32), st.booleans())


@calm
@given(scores, density)
def test_every_layer_keeps_exactly_round_density_n_ties_included(s, share):
    mask = select(s, share)
    assert masks.counts(mask) == {name: round(share * t.numel()) for name, t in s.items()}
    assert {n: (m.shape, m.dtype) for n, m in mask.items()} == {n: (t.shape, torch.bool) for n, t in s.items()}


@calm
@given(scores, density)
def test_global_scope_keeps_exactly_round_density_n_of_all_layers_together(s, share):
    n = sum(t.numel() for t in s.values())
    assert sum(masks.counts(select(s, share, scope="global")).values()) == round(share * n)


@pytest.mark.parametrize("scope", ["layer", "global"])
@pytest.mark.parametrize("n", [1, 2, 10])
@pytest.mark.parametrize("tied", [False, True])
def test_exact_counts_for_one_weight_two_weights_and_all(scope, n, tied):
    s = {"w": torch.ones(1, n) if tied else torch.arange(1.0, n + 1)[None]}
    for k in range(n + 1):
        assert masks.counts(select(s, k / n, scope=scope)) == {"w": k}


@calm
@given(scores, density, st.sampled_from(["layer", "global"]))
def test_no_pruned_score_is_above_a_kept_one_where_they_compete(s, share, scope):
    mask = select(s, share, scope=scope)
    pools = [list(s)] if scope == "global" else [[name] for name in s]
    for pool in pools:
        kept = torch.cat([s[n][mask[n]] for n in pool])
        pruned = torch.cat([s[n][~mask[n]] for n in pool])
        assert not len(kept) or not len(pruned) or kept.min() >= pruned.max()


def test_of_equal_scores_the_first_is_kept():
    assert select({"w": torch.zeros(1, 5000)}, 0.3)["w"].tolist() == [[True] * 1500 + [False] * 3500]
    layers = {"a": torch.ones(1, 3), "b": torch.ones(1, 3)}
    assert masks.counts(select(layers, 0.5, scope="global")) == {"a": 3, "b": 0}


@calm
@given(scores, density, st.integers(0, 2**32), st.sampled_from(["layer", "global"]))
def test_within_keeps_a_share_of_the_weights_left_and_nothing_outside(s, share, seed, scope):
    g = torch.Generator().manual_seed(seed)
    within = {n: torch.rand(t.shape, generator=g) < 0.6 for n, t in s.items()}
    mask = select(s, share, scope=scope, within=within)
    assert not any((mask[n] & ~within[n]).any() for n in s)
    left, kept = masks.counts(within), masks.counts(mask)
    if scope == "layer":
        assert kept == {n: round(share * left[n]) for n in s}
    else:
        assert sum(kept.values()) == round(share * sum(left.values()))


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_a_layer_with_its_own_density_is_outside_the_competition(scope):
    s = {"hidden": torch.arange(10.0)[None], "output": 100 + torch.arange(10.0)[None], "mid": torch.ones(1, 10)}
    kept = masks.counts(select(s, 0.3, scope=scope, own_density={"output": 0.8}))
    assert kept["output"] == 8
    assert kept["hidden"] + kept["mid"] == 6


def test_select_neither_changes_the_scores_nor_draws_random_numbers():
    s = {"w": torch.randn(4, 4)}
    before, state = s["w"].clone(), torch.get_rng_state()
    a, b = select(s, 0.5), select(s, 0.5)
    assert torch.equal(a["w"], b["w"])
    assert torch.equal(s["w"], before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"density": 1.5}, "density is 1.5"),
        ({"density": -0.1}, "density is -0.1"),
        ({"density": float("nan")}, "density is nan"),
        ({"own_density": {"w": 2.0}}, "density is 2.0 for w"),
        ({"own_density": {"v": 0.5}}, "own_density names 'v'.*there are: w"),
        ({"scope": "everywhere"}, "scope is 'everywhere'; allowed: layer, global"),
        ({"scores": {"w": torch.tensor([[1.0, float("nan")]])}}, "'w' hold 1 NaN"),
        ({"within": {"w": torch.tensor([[True]])}}, r"'w' has shape \(1, 1\)"),
        ({"within": {}}, "within has no mask for 'w'"),
    ],
)
def test_what_cannot_be_selected_from_is_refused_by_value(change, message):
    arguments = {"scores": {"w": torch.tensor([[1.0, 2.0]])}, "density": 0.5} | change
    with pytest.raises(ValueError, match=message):
        select(**arguments)


def test_magnitude_is_the_absolute_value_of_prunable_weights_only():
    params = {"w": torch.tensor([[-3.0, 2.0]], requires_grad=True), "b": torch.tensor([9.0])}
    assert {n: t.tolist() for n, t in magnitude(params).items()} == {"w": [[3, 2]]}
    assert not magnitude(params)["w"].requires_grad


def test_random_scores_come_from_the_given_generator_alone():
    params, state = {"w": torch.ones(3, 3), "b": torch.ones(3)}, torch.get_rng_state()
    a, b = (random_scores(params, torch.Generator().manual_seed(1)) for _ in range(2))
    assert list(a) == ["w"]
    assert torch.equal(a["w"], b["w"])
    assert torch.equal(torch.get_rng_state(), state)


@calm
@given(scores, density, st.integers(0, 2**32))
def test_a_random_mask_keeps_each_layers_count_and_leaves_everything_else_alone(s, share, seed):
    mask = select(s, share)
    before, state = {n: m.clone() for n, m in mask.items()}, torch.get_rng_state()
    a, b = (random_mask(mask, torch.Generator().manual_seed(seed)) for _ in range(2))
    assert masks.counts(a) == masks.counts(mask)
    assert all(torch.equal(a[n], b[n]) and a[n].shape == mask[n].shape for n in mask)
    assert all(torch.equal(mask[n], before[n]) for n in mask)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_random_mask_is_uniform_over_all_choices():
    g, mask = torch.Generator().manual_seed(0), {"w": torch.tensor([[True, True, True], [False, False, False]])}
    drawn = (random_mask(mask, g)["w"].flatten().nonzero().flatten().tolist() for _ in range(4000))
    seen = collections.Counter(map(tuple, drawn))
    choices = list(itertools.combinations(range(6), 3))
    assert set(seen) == set(choices)
    assert chisquare([seen[c] for c in choices]).pvalue > 0.001


def test_the_layers_of_a_random_mask_are_drawn_independently():
    half = torch.arange(100) < 50
    drawn = random_mask({"a": half, "b": half.clone()}, torch.Generator().manual_seed(0))
    assert not torch.equal(drawn["a"], drawn["b"])


@pytest.mark.parametrize("density", [-0.3, 1.7, float("nan")])
def test_keep_largest_and_select_globally_refuse_a_density_that_is_no_fraction(density):
    for choose in (
        lambda: keep_largest(torch.ones(4), density),
        lambda: select_globally({"w": torch.ones(4)}, density),
    ):
        with pytest.raises(ValueError, match="it is the fraction kept, from 0 to 1"):
            choose()


def test_a_score_that_is_nan_is_refused_and_so_is_no_score_at_all():
    with pytest.raises(ValueError, match="the scores hold 1 NaN"):
        keep_largest(torch.tensor([1.0, torch.nan]), 0.5)
    with pytest.raises(ValueError, match="scores is empty"):
        select_globally({}, 0.5)


UNORDERED = {
    **{str(kind): lambda s, kind=kind: s.to(kind) for kind in (torch.bool, torch.complex64, torch.uint16)},
    **{str(kind): lambda s, kind=kind: s.to(kind) for kind in (torch.float8_e4m3fn, torch.float8_e5m2)},
    "torch.sparse_coo": lambda s: s.to_sparse(),
    "torch._mkldnn": lambda s: s.to_mkldnn(),
    "without data (meta)": lambda s: s.to("meta"),
}


@pytest.mark.parametrize("kind", UNORDERED)
def test_scores_without_an_order_or_places_are_refused_by_name(kind):
    plain = torch.tensor([[3.0, 1.0]])
    odd = UNORDERED[kind](plain)
    with pytest.raises(ValueError, match=rf"^the scores are {re.escape(kind)}; allowed: "):
        keep_largest(odd, 0.5)
    for choose in (select, select_globally, functools.partial(select, scope="global")):
        with pytest.raises(ValueError, match=rf"^the scores of 'odd' are {re.escape(kind)}; allowed: "):
            choose({"plain": plain, "odd": odd}, 0.5)


@pytest.mark.parametrize("kind", ORDERED)
def test_scores_of_every_other_kind_are_selected_from(kind):
    assert keep_largest(torch.tensor([3, 1, 2, 2]).to(kind), 0.5).tolist() == [True, False, True, False]


def test_a_density_may_come_as_a_tensor():
    scores, half = torch.tensor([3.0, 1.0, 2.0, 2.0]), torch.tensor(0.5)
    expected = [True, False, True, False]
    assert keep_largest(scores, half).tolist() == expected
    assert select({"w": scores}, half)["w"].tolist() == expected
    assert select({"w": scores}, 1.0, own_density={"w": half})["w"].tolist() == expected
