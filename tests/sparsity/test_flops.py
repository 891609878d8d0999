"""FLOPs against torch's own counter where nothing is pruned, and against counts by hand where something is."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lthedu.networks import masks, models
from lthedu.pruning import magnitude, select
from lthedu.sparsity import flops, kept_flops


def counted(model: nn.Module, example: torch.Tensor) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(example[None])
    return counter.get_total_flops()


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (models.lenet_300_100(), torch.zeros(784)),
        (models.Conv(2), torch.zeros(3, 32, 32)),
        (nn.Sequential(nn.Conv1d(2, 6, 3, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(48, 3)), torch.zeros(2, 10)),
    ],
)
def test_without_a_mask_it_counts_what_torch_counts(model: nn.Module, example: torch.Tensor) -> None:
    assert flops(model, None, example) == counted(model, example)


@pytest.mark.parametrize("density", [0.0, 0.1, 0.55, 1.0])
def test_each_kept_weight_counts_at_each_of_its_places(density: float) -> None:
    model = models.Conv(2)
    mask = select(magnitude(dict(model.named_parameters())), density)
    places = {name: 1024 if name.startswith("conv") else 1 for name in mask}
    by_hand = sum(2 * places[name] * int(m.sum()) for name, m in mask.items())
    assert flops(model, mask, torch.zeros(3, 32, 32)) == kept_flops(mask, places) == by_hand


def test_a_layer_without_a_mask_is_whole_and_one_that_is_called_twice_counts_twice() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Linear(3, 3)
            self.same = self.one

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.same(torch.relu(self.one(x)))

    assert flops(Twice()) == 2 * 2 * 9
    mask = {"one.weight": torch.eye(3, dtype=torch.bool)}
    assert flops(Twice(), mask) == 2 * 2 * 3


def test_the_network_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout())
    model[2].eval()
    before = [p.clone() for p in model.state_dict().values()]
    assert flops(model) == 24
    assert [m.training for m in model.modules()] == [True, True, True, False]
    assert all(torch.equal(a, b) for a, b in zip(before, model.state_dict().values(), strict=True))
    assert not any(m._forward_hooks for m in model.modules())


def test_what_it_cannot_count_it_refuses_by_name() -> None:
    with pytest.raises(ValueError, match=r"weight_ih_l0 of LSTM is in no linear layer or convolution"):
        flops(nn.LSTM(3, 4))
    with pytest.raises(ValueError, match="example is None; give one input"):
        flops(models.Conv(2))
    with pytest.raises(ValueError, match=r"takes no input of shape \(3,\)"):
        flops(models.lenet_300_100(), None, torch.zeros(3))

    class Unused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x)

    with pytest.raises(ValueError, match=r"idle.weight was not used"):
        flops(Unused())
    with pytest.raises(ValueError, match="places lacks 'b'; there are: a"):
        kept_flops(masks.full({"b": torch.ones(2, 2)}), {"a": 1})
