import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.networks import masks
from lthedu.training import Replicates

calm = settings(deadline=None, max_examples=40, derandomize=True)


@st.composite
def params_and_mask(draw):
    g = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    shapes = draw(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=3))
    params = {f"{i}.weight": torch.randn(s, generator=g) for i, s in enumerate(shapes)}
    params |= {f"{i}.bias": torch.randn(s[0], generator=g) for i, s in enumerate(shapes)}
    mask = {n: torch.rand(p.shape, generator=g) < 0.5 for n, p in params.items() if p.ndim == 2}
    return params, mask


@calm
@given(params_and_mask())
def test_apply_keeps_kept_weights_bit_for_bit_zeroes_the_rest_and_copies(both):
    params, mask = both
    before = {n: p.clone() for n, p in params.items()}
    out = masks.apply(mask, params)
    assert out.keys() == params.keys()
    for name, p in out.items():
        assert p.data_ptr() != params[name].data_ptr()
        assert torch.equal(params[name], before[name])
        m = mask.get(name, torch.ones_like(p, dtype=torch.bool))
        assert torch.equal(p[m], before[name][m])
        assert not p[~m].any()


def test_apply_makes_zeros_of_nan_and_infinity():
    # a product w * mask would leave NaN
    out = masks.apply({"w": torch.tensor([False, False])}, {"w": torch.tensor([float("nan"), float("-inf")])})
    assert out["w"].tolist() == [0, 0]


@calm
@given(params_and_mask())
def test_counts_and_density_count_kept_weights_over_all_layers(both):
    _, mask = both
    kept = {n: sum(m.flatten().tolist()) for n, m in mask.items()}
    assert masks.counts(mask) == kept
    assert masks.density(mask) == sum(kept.values()) / sum(m.numel() for m in mask.values())


def test_biases_are_never_prunable():
    params = {"c.weight": torch.ones(2, 1, 3, 3), "c.bias": torch.ones(2), "f.weight": torch.ones(2, 2)}
    assert masks.prunable(params) == ["c.weight", "f.weight"]
    assert masks.density(masks.full(params)) == 1


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ({"v": torch.tensor([True])}, "names 'v', which is no parameter; there are: w"),
        ({"w": torch.tensor([1.0, 0.0])}, "'w' has dtype torch.float32"),
        ({"w": torch.tensor([True])}, r"'w' has shape \(1,\), its parameter \(2,\)"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused_by_layer(mask, message):
    with pytest.raises(ValueError, match=message):
        masks.apply(mask, {"w": torch.zeros(2)})


@calm
@given(params_and_mask(), st.integers(1, 4))
def test_unstack_inverts_stack(both, r):
    params, _ = both
    many = [{n: p + i for n, p in params.items()} for i in range(r)]
    stacked = masks.stack(many)
    for i in range(r):
        assert all(torch.equal(t, many[i][n]) for n, t in masks.unstack(stacked, i).items())


def test_stacking_nothing_is_refused():
    with pytest.raises(ValueError, match="nothing to stack"):
        masks.stack([])


def test_the_replicates_full_mask_leaves_stacked_biases_alone():
    # stacked biases have two dimensions, (R, n), and still are biases
    both = Replicates.create(lambda: torch.nn.Linear(3, 2), seeds=[0, 1])
    assert list(both.full_mask()) == ["weight"]


@pytest.mark.parametrize("count", [masks.counts, masks.density, lambda mask: masks.check_fits(mask, mask)])
@pytest.mark.parametrize("kind", [torch.float32, torch.int64, torch.uint8, torch.complex64])
def test_only_a_bool_mask_is_counted(count, kind):
    mask = {"v": torch.tensor([True]), "w": torch.tensor([1, 0]).to(kind)}
    with pytest.raises(ValueError, match=f"the mask of 'w' has dtype {kind}; a mask is torch.bool"):
        count(mask)
