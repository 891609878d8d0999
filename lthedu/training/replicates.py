"""R networks of one architecture: parameters and buffers stacked on a leading axis R."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.streams import derive
from lthedu.data import device_of
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.reading import PRUNED, is_pruned


@typed
@dataclass(frozen=True)
class Replicates:
    """R networks of one architecture: `params` and `buffers` carry a leading axis R.

    `model` gives the architecture; its own numbers are never read.
    """

    model: nn.Module
    params: Params  # name: (R, ...)
    buffers: Params = field(default_factory=dict)  # name: (R, ...), such as BatchNorm's running statistics

    @classmethod
    @typed
    def create(
        cls,
        make: Callable[[], nn.Module],
        seeds: Sequence[int],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> "Replicates":
        """One network for each seed: `make()` is called with torch's random state set from the seed, and the
        state is put back afterwards.

        Raises ValueError for no seed, a dtype other than float32 and float64 (in half precision Adam's averages
        overflow, and small steps vanish), a device that torch does not know, a network without parameters and one that
        torch's own pruning masks; TypeError for a network in the place of `make`.

        >>> from lthedu.networks.models import lenet_300_100
        >>> five = Replicates.create(lenet_300_100, seeds=range(5))
        >>> len(five), tuple(five.params["layers.0.weight"].shape)
        (5, (5, 300, 784))
        """
        if not len(seeds):
            raise ValueError("seeds is empty; give one integer for each replicate")
        if isinstance(make, nn.Module):  # which is callable, too
            raise TypeError(f"make is a {type(make).__name__}; it must be a function that makes a new network")
        if dtype not in (torch.float32, torch.float64):
            raise ValueError(f"dtype is {dtype}; allowed: torch.float32, torch.float64")
        device = device_of(device)
        models = []
        with torch.random.fork_rng(devices=[]):
            for seed in seeds:
                torch.default_generator.manual_seed(derive(seed, "init"))  # torch.manual_seed moves CUDA's, too
                models.append(make())
        _check_trainable(models[0])

        def stacked(tensors: list[dict[str, Tensor]]) -> Params:
            return {k: _as(torch.stack([t[k].detach() for t in tensors]), device, dtype) for k in tensors[0]}

        params = stacked([dict(m.named_parameters()) for m in models])
        buffers = stacked([dict(m.named_buffers()) for m in models])
        return cls(models[0].to(device), params, buffers)  # which moves it: only now

    def __len__(self) -> int:
        return len(next(iter(self.params.values())))

    def full_mask(self) -> Mask:
        """The mask that keeps every prunable weight of every replicate, (R, ...) by name.

        >>> from lthedu.networks.models import MLP
        >>> Replicates.create(lambda: MLP([2, 1]), seeds=[0, 1]).full_mask()
        {'layers.0.weight': tensor([[[True, True]],
        <BLANKLINE>
                [[True, True]]])}
        """
        names = masks.prunable(masks.unstack(self.params, 0))
        return {name: torch.ones_like(self.params[name], dtype=torch.bool) for name in names}

    def with_params(self, params: Params, buffers: Params | None = None) -> "Replicates":
        """The same architecture with other weights, such as rewound ones, and the buffers that belong to them.

        Raises ValueError where the network has buffers, such as BatchNorm's statistics, and none are given: those of
        now may belong to other weights.
        """
        if self.buffers and buffers is None:
            raise ValueError(
                f"the network has buffers ({', '.join(self.buffers)}), which belong to its weights; give with_params "
                "those of the new weights, too (`network.buffers`, to keep these)"
            )
        return replace(self, params=params, buffers=self.buffers if buffers is None else buffers)

    def module(self, index: int) -> nn.Module:
        """Replicate `index` as a module of its own, to use with plain torch.

        >>> from lthedu.networks.models import lenet_300_100
        >>> Replicates.create(lenet_300_100, seeds=[0]).module(0)(torch.zeros(2, 784)).shape
        torch.Size([2, 10])
        """
        alone = copy.deepcopy(self.model).to(next(iter(self.params.values())))
        with torch.no_grad():
            for own, stacked in ((alone.named_parameters(), self.params), (alone.named_buffers(), self.buffers)):
                for name, tensor in own:
                    tensor.copy_(stacked[name][index])
        return alone

    def take(self, index: Sequence[int]) -> "Replicates":
        """The replicates numbered `index`, in that order; repeats are allowed.

        >>> from lthedu.networks.models import MLP
        >>> len(Replicates.create(lambda: MLP([2, 1]), seeds=[7, 8, 9]).take([0, 2, 0, 2]))
        4
        """
        i = torch.as_tensor(list(index))
        return replace(
            self,
            params={k: p[i.to(p.device)] for k, p in self.params.items()},
            buffers={k: b[i.to(b.device)] for k, b in self.buffers.items()},
        )


def _check_trainable(network: nn.Module) -> None:
    if not any(True for _ in network.parameters()):
        raise ValueError(f"{type(network).__name__} has no parameters; there is nothing to train")
    for name, layer in network.named_modules():
        if is_pruned(layer):
            called = f"layer {name or type(layer).__name__!r}"
            raise ValueError(f"{called} {PRUNED}, and give its mask as `mask` where you train")


def _as(tensor: Tensor, device: torch.device | str, dtype: torch.dtype) -> Tensor:
    return tensor.to(device, dtype if tensor.is_floating_point() else None)
