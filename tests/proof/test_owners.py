"""Owners follow from the first random layer alone, and tickets of one random network share them."""

import numpy as np
import pytest
import torch

from lthedu.networks.models import MLP
from lthedu.proof import Source, construct, gadgets
from lthedu.proof import owners as module
from lthedu.proof.owners import owners


def test_they_are_those_of_the_first_layer_with_its_bias_last() -> None:
    source = Source(5, (3, 30, 2))
    layer = np.column_stack([source.param("layers.0.weight"), source.param("layers.0.bias")])
    owner, strength = owners(source, 0, "free", 6, signed=False)
    assert owner.tolist() == gadgets.free_owners(layer, 6).tolist()
    assert all(strength[j] == (layer[j, k] if k >= 0 else 0) for j, k in enumerate(owner))
    both, _ = owners(source, 0, "blocks", 4, signed=True)
    signed = np.column_stack([layer[:, :3], -layer[:, :3], layer[:, 3]])
    assert both.tolist() == gadgets.block_owners(signed, 4).tolist()


def test_another_target_shares_the_owners_and_gets_the_mask_that_it_would_get_alone(monkeypatch) -> None:
    torch.manual_seed(0)
    first, second = MLP([6, 5, 3]), MLP([6, 5, 3])
    drawn, draw = [], Source.param
    monkeypatch.setattr(Source, "param", lambda self, name: drawn.append(name) or draw(self, name))
    module._remembered.cache_clear()
    alone = construct(second, eta=1e-2, seed=4).mask
    module._remembered.cache_clear()
    construct(first, eta=1e-2, seed=4)
    drawn.clear()
    shared = construct(second, eta=1e-2, seed=4).mask
    assert drawn == ["layers.1.weight", "layers.3.weight"]
    assert all(torch.equal(alone[name], shared[name]) for name in alone)


def test_what_is_shared_cannot_be_changed() -> None:
    owner, strength = owners(Source(0, (2, 6, 1)), 0, "free", 2, signed=False)
    for array in (owner, strength):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_wide_layers_are_not_remembered(monkeypatch) -> None:
    monkeypatch.setattr(module, "KEPT", 5)
    module._remembered.cache_clear()
    owners(Source(0, (2, 6, 1)), 0, "free", 2, signed=False)
    assert module._remembered.cache_info().currsize == 0
