"""How many floating-point operations a network needs, counted from its mask."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Whole
from lthedu.networks.masks import Mask, check_fits, counts

WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


@typed
def kept_flops(mask: Mask, places: Mapping[str, Whole]) -> int:
    """Operations for one input: 2 for each kept weight (multiply, add) at each place of its layer.

    `places` says at how many places each layer of the mask uses its weights. Raises ValueError, naming the layer, for a
    mask that is not bool, and for a layer without places.

    >>> kept_flops({"fc": torch.tensor([[True, False], [True, True]])}, {"fc": 1})
    6
    """
    if missing := sorted(mask.keys() - places.keys()):
        raise ValueError(f"places lacks {missing[0]!r}; there are: {', '.join(places) or 'nothing'}")
    return sum(2 * kept * places[name] for name, kept in counts(mask).items())


@typed
def flops(model: nn.Module, mask: Mask | None = None, example: Tensor | None = None) -> int:
    """Operations of one forward pass for one input: 2 for each kept weight at each place where it is used.

    A multiplication and an addition make 2. A weight of a linear layer is used once, one of a convolution at every
    place of its output, and one of a layer that is called twice, twice. Biases, activations and normalisation are not
    counted. `mask` names the layers in which only some weights are kept; None keeps all. `example` is one input
    without a batch axis; a network that begins with a linear layer needs none.

    Raises ValueError for a mask that does not fit, for a network with weight matrices outside linear layers and
    convolutions, for weights that the pass never uses, and where an example is needed and missing or does not fit.

    >>> from lthedu.networks.models import lenet_300_100
    >>> flops(lenet_300_100())
    532400
    """
    mask = mask or {}
    params = dict(model.named_parameters())
    check_fits(mask, params)
    layers = [layer for layer in model.modules() if isinstance(layer, WEIGHTED)]
    inside = {id(layer.weight) for layer in layers}
    for name, p in params.items():
        if p.ndim >= 2 and id(p) not in inside:
            raise ValueError(
                f"{name} of {type(model).__name__} is in no linear layer or convolution; they are all that is counted"
            )
    found = _places(model, layers, _input(layers, example))
    places = {name: found.get(id(p), 0) for name, p in params.items() if id(p) in inside}
    for name, n in places.items():
        if not n:
            raise ValueError(f"{name} was not used when the network was called, so its operations cannot be counted")
    return kept_flops({name: mask.get(name, torch.ones_like(params[name]).bool()) for name in places}, places)


def _input(layers: list[Any], example: Tensor | None) -> Tensor:
    if example is not None:
        return example[None]
    if layers and isinstance(layers[0], nn.Linear):
        return layers[0].weight.new_zeros(1, layers[0].in_features)
    raise ValueError("example is None; give one input, such as torch.zeros(1, 28, 28): its size decides the count")


def _places(model: nn.Module, layers: list[Any], x: Tensor) -> dict[int, int]:
    """How often each layer's weights are used, by the weight's identity."""
    found: dict[int, int] = {}

    def note(layer: Any, _: Any, output: Tensor) -> None:
        channels = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
        found[id(layer.weight)] = found.get(id(layer.weight), 0) + output.numel() // channels

    hooks = [layer.register_forward_hook(note) for layer in layers]
    modes = [(module, module.training) for module in model.modules()]
    try:
        with torch.no_grad():
            model.eval()(x)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"the network takes no input of shape {tuple(x.shape[1:])}; give one as `example`") from error
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes:
            module.training = training
    return found
