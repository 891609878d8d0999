"""The one reader of networks: what their layers are, in the order in which they run; what it cannot read it refuses."""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from torch.nn.utils import parametrize, prune

from lthedu.base.arguments import typed
from lthedu.base.streams import numpy_generator
from lthedu.networks.models import MLP, ResidualMLP

ALLOWED = "allowed: Linear layers with a ReLU between each two, and none after the last"
PRUNED = "is pruned by torch.nn.utils.prune; call prune.remove(layer, 'weight') first"
Affine = tuple[NDArray[np.float64], NDArray[np.float64]]  # weight (out, in) and bias (out,)


def leaves(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The layers with their names, in the order in which a Sequential runs them; one that is used twice comes twice.

    (`modules()` and `named_children()` give each object once, and so lose what is shared.)

    >>> relu = nn.ReLU()
    >>> [name for name, _ in leaves(nn.Sequential(nn.Linear(2, 2), relu, nn.Sequential(nn.Linear(2, 2), relu)))]
    ['0', '1', '2.0', '2.1']
    """
    children = [(key, child) for key, child in module._modules.items() if child is not None]
    if not children:
        yield name, module
    for key, child in children:
        yield from leaves(child, f"{name}.{key}" if name else key)


def obstacle(module: nn.Module) -> str:
    """Why some layer of the module may compute something else than its type and weights say; "" where none does.

    >>> net = nn.Sequential(nn.Linear(2, 2))
    >>> _ = net[0].register_forward_hook(lambda module, inputs, output: 0 * output)
    >>> obstacle(net)
    "layer '0' has a hook, which may change what it computes; remove it first"
    """
    for name, layer in module.named_modules():
        called = f"layer {name or type(layer).__name__!r}"
        if is_pruned(layer):
            return f"{called} {PRUNED}"
        if parametrize.is_parametrized(layer):
            return f"{called} computes its weights from others; call parametrize.remove_parametrizations first"
        hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
        if any(getattr(layer, kind) for kind in hooks):
            return f"{called} has a hook, which may change what it computes; remove it first"
        if "forward" in vars(layer):
            return f"{called} was given another forward; take it away first"
    return ""


def missing(module: nn.Module) -> str:
    """Why the numbers of some layer cannot be read as they are; "" where all can.

    >>> missing(nn.Linear(2, 2, device="meta"))
    "layer 'Linear' has a weight or bias without values: it is lazy, or on the device meta"
    """
    for name, layer in module.named_modules():
        called = f"layer {name or type(layer).__name__!r}"
        for p in layer._parameters.values():
            if (p is not None and p.is_meta) or isinstance(p, UninitializedParameter):
                return f"{called} has a weight or bias without values: it is lazy, or on the device meta"
            if p is not None and p.layout != torch.strided:
                return f"{called} has a weight or bias that is {p.layout}; call to_dense first"
    return ""


def is_pruned(layer: nn.Module) -> bool:
    """Whether torch's own pruning holds masks in this layer.

    >>> is_pruned(prune.random_unstructured(nn.Linear(2, 2), "weight", 0.5)), is_pruned(nn.Linear(2, 2))
    (True, False)
    """
    return any(isinstance(hook, prune.BasePruningMethod) for hook in layer._forward_pre_hooks.values())


def is_a(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether the module is of this kind, and computes what the kind does.

    >>> is_a(nn.ReLU(inplace=True), nn.ReLU), is_a(nn.LeakyReLU(), nn.ReLU)
    (True, False)
    """
    return isinstance(module, kind) and type(module).forward is kind.forward


def mlp_layers(model: nn.Module) -> list[tuple[str, str | None]] | None:
    """Names of weight and bias of each layer of a plain MLP, whose layers are all it computes; None for anything else.

    A plain MLP is an `MLP`, or a Sequential (nested ones too) of Linear, ReLU, Linear, ..., with Flatten before or
    between. A layer that is used twice has one weight for two places, which is anything else.

    >>> mlp_layers(nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2, bias=False)))
    [('1.weight', '1.bias'), ('3.weight', None)]
    """
    found = [(name, layer) for name, layer in leaves(model) if not _flattens(layer)]
    containers = [m for m in model.modules() if m._modules]
    if type(model) is not MLP and not all(is_a(m, nn.Sequential) for m in containers):
        return None
    linear = found if type(model) is MLP else found[::2]
    if type(model) is not MLP and (len(found) % 2 == 0 or not all(is_a(m, nn.ReLU) for _, m in found[1::2])):
        return None
    if not all(is_a(m, nn.Linear) for _, m in linear) or len({id(m) for _, m in linear}) < len(linear):
        return None
    if obstacle(model):
        return None
    at = [f"{name}." if name else "" for name, _ in linear]  # a Linear by itself has no name
    return [(f"{n}weight", None if m.bias is None else f"{n}bias") for n, (_, m) in zip(at, linear, strict=True)]


def _flattens(layer: Any) -> bool:
    """Whether it makes rows of numbers, and leaves them as they are."""
    return is_a(layer, nn.Flatten) and (layer.start_dim, layer.end_dim) == (1, -1)


@typed
def affine_layers(
    network: nn.Module, called: str = "network", *, at: Callable[[int], NDArray[np.float64]] | None = None
) -> list[Affine]:
    """The layers of a ReLU network in float64, input to output: relu between them, nothing after the last.

    `network` is made of Linear, ReLU and Flatten, nested or with a forward of its own, or a `ResidualMLP`; missing
    biases are zero, and a layer that is used twice comes twice. A forward of its own is traced by `torch.fx`. What was
    read is held against what the network computes, near and far from zero and where it will be looked at: `at(inputs)`
    gives such places (n, inputs), as the corners of a box. Where a forward cannot be traced, as one with an `if` on its
    inputs, its layers are taken as they are listed, and these finitely many places are all that holds them to it: a
    ReLU that is missing where no place feels it is not seen. `called` is its name in an error. Raises ValueError,
    naming the layer, for any other layer, for hooks and weights that are computed from others, for a weight that is not
    finite, and for a network that does not compute Linear, ReLU, Linear, ..., Linear.

    >>> [weight.shape for weight, _ in affine_layers(MLP([784, 300, 10]))]
    [(300, 784), (10, 300)]
    """
    if found_obstacle := missing(network) or obstacle(network):
        raise ValueError(f"{found_obstacle}; {ALLOWED}")
    found: list[Affine] = []
    for name, module in leaves(network):
        if is_a(module, nn.Linear):
            weight, bias = weight_and_bias(module, name or called)
            if found and weight.shape[1] != len(found[-1][1]):
                raise ValueError(f"layer {name!r} reads {weight.shape[1]} numbers after one of {len(found[-1][1])}")
            found.append((weight, bias))
        elif not (is_a(module, nn.ReLU) or _flattens(module)):
            raise ValueError(f"layer {name or called!r} is {type(module).__name__}; {ALLOWED}")
    if not found:
        raise ValueError(f"the {called} has no layer; {ALLOWED}")
    if mlp_layers(network) is None and not is_a(network, ResidualMLP):
        from lthedu.networks.tracing import layers_as_run  # it is built upon this module

        found = layers_as_run(network, found[0][0].shape[1]) or found
    elif isinstance(network, ResidualMLP):
        found = [(w + np.eye(len(w)), b) if adds else (w, b) for (w, b), adds in zip(found, network.adds, strict=True)]

    def computes(x: Tensor) -> Tensor:
        for i, (weight, bias) in enumerate(found):  # by torch as well, which rounds alike
            x = nn.functional.linear(x.relu() if i else x, torch.from_numpy(weight), torch.from_numpy(bias))
        return x

    check_computes(network, computes, found[0][0].shape[1:], called, at)
    return found


def weight_and_bias(layer: Any, called: str) -> Affine:
    """Weight and bias in float64, a missing bias zero. Raises ValueError for no weight, and for one that is not finite.

    >>> weight_and_bias(nn.Linear(2, 3, bias=False), "head")[1]
    array([0., 0., 0.])
    """
    weight = np.ascontiguousarray(layer.weight.detach().cpu().double().numpy())
    bias = np.zeros(len(weight)) if layer.bias is None else layer.bias.detach().cpu().double().numpy()
    if not weight.size:
        raise ValueError(f"layer {called!r} has {len(weight)} outputs and {weight.shape[1]} inputs")
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise ValueError(f"layer {called!r} has a weight or bias that is NaN or infinite")
    return weight, bias


def in_float64(network: nn.Module, allowed: str = ALLOWED) -> nn.Module:
    """A copy of the network in float64, on the CPU, that evaluates. Raises ValueError where none can be made.

    >>> in_float64(nn.Linear(1, 1)).weight.dtype
    torch.float64
    """
    try:
        return copy.deepcopy(network).double().cpu().eval()
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"{type(network).__name__} cannot be copied ({error}); {allowed}") from error


def check_computes(
    network: nn.Module,
    computes: Callable[[Tensor], Tensor],
    inputs: tuple[int, ...],
    called: str,
    at: Callable[[int], NDArray[np.float64]] | None,
    allowed: str = ALLOWED,
) -> None:
    """Raise ValueError unless the module's own forward `computes` the same, for inputs (n, *inputs) in float64."""
    # far out no bias hides a ReLU that is missing or one too many
    many = math.prod(inputs)
    near = numpy_generator("probe of a target").normal(size=(3, 16, many))
    groups = [near[0], 1e3 * near[1], 1e6 * near[2], *([] if at is None else [at(many)])]  # of one size each
    x = torch.from_numpy(np.concatenate(groups)).reshape(-1, *inputs)  # (48 + n, *inputs)
    double = in_float64(network, allowed)
    try:
        with torch.no_grad():
            got = double(x.clone())
    except Exception as error:
        rows = f"rows of {many} numbers" if len(inputs) == 1 else f"images of shape {inputs}"
        raise ValueError(f"the {called} does not take {rows} ({error}); {allowed}") from error
    with torch.no_grad():
        wanted = computes(x)
    same = isinstance(got, Tensor) and got.shape == wanted.shape
    for i in range(0, len(x), 16) if same else ():  # numbers of one size together
        w = wanted[i : i + 16]
        if i >= 48 and not bool(w.isfinite().all()):
            continue  # where the network itself overflows there is nothing to compare
        same &= bool((got[i : i + 16] - w).abs().max() <= 1e-9 * w.abs().max())
    if not same:
        raise ValueError(f"{type(network).__name__} does more, or less, than its layers say; {allowed}")


@typed
def output_layer(network: nn.Module, x: Tensor) -> str:
    """The name of the weight of the layer that gives the network's outputs, for inputs x (n, ...).

    It is the last one with a weight matrix or kernel that runs, wherever it was registered. Raises ValueError where
    none runs, and where its outputs are not as many as the network's, so that another layer may be meant.

    >>> class HeadFirst(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.head, self.body = nn.Linear(3, 2), nn.Linear(4, 3)
    ...     def forward(self, x):
    ...         return self.head(self.body(x).relu())
    >>> output_layer(HeadFirst(), torch.zeros(1, 4))
    'head.weight'
    """
    if layers := mlp_layers(network):
        return layers[-1][0]
    alone = copy.deepcopy(network).eval()
    ran: list[tuple[str, int]] = []
    for name, layer in alone.named_modules():
        weight = layer._parameters.get("weight")
        if weight is not None and weight.ndim > 1:
            found = f"{name}.weight".lstrip("."), len(weight)
            layer.register_forward_hook(lambda *_, found=found: ran.append(found))
    try:
        with torch.no_grad():
            outputs = alone(x.to(next(alone.parameters())))
    except Exception as error:
        name, shape = type(network).__name__, tuple(x.shape)
        raise ValueError(f"{name} does not take inputs of shape {shape} ({error})") from error
    if not ran or ran[-1][1] != outputs.shape[1]:
        last = f"the last layer that runs is {ran[-1][0]!r}, with {ran[-1][1]} outputs" if ran else "no layer runs"
        raise ValueError(f"{last}; the network has {outputs.shape[1]}: name the output layer")
    return ran[-1][0]
