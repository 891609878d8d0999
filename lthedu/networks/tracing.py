"""The reader of a network's forward: what it does to an image or a row, step by step, as a chain."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from lthedu.base.arguments import typed
from lthedu.networks import reading
from lthedu.networks.chain import RELU, Chain, Shape, Step, times
from lthedu.networks.reading import Affine, check_computes, in_float64, is_a, missing, obstacle, weight_and_bias

ALLOWED = (
    "allowed: Conv2d of stride 1, padded with zeros by less than half its kernel, and Linear layers, ReLU between each "
    "two, max and average pooling, and a Linear layer last, which reads a flattened image"
)
MAX, AVERAGE = nn.functional.max_pool2d, nn.functional.avg_pool2d
# what is called as a function or a method, by the kind of layer that computes the same
FUNCTIONS: dict[Any, type[nn.Module]] = {
    **dict.fromkeys((nn.functional.relu, torch.relu, torch.relu_, "relu", "relu_"), nn.ReLU),
    **dict.fromkeys((MAX, torch.max_pool2d), nn.MaxPool2d),
    AVERAGE: nn.AvgPool2d,
    **dict.fromkeys((nn.functional.adaptive_avg_pool2d, torch.mean, "mean"), nn.AdaptiveAvgPool2d),
    **dict.fromkeys((torch.flatten, "flatten", "view", "reshape", torch.reshape), nn.Flatten),
}
KINDS = (nn.Linear, nn.Conv2d, nn.ReLU, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Flatten)
POSITIONS = {  # of the functions' arguments, which are named as the modules' attributes
    nn.MaxPool2d: ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"),
    nn.AvgPool2d: ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
}


@typed
def read_chain(
    network: nn.Module,
    image: tuple[int, int, int],
    called: str = "network",
    *,
    at: Callable[[int], NDArray[np.float64]] | None = None,
) -> tuple[Chain, list[Affine]]:
    """The chain that a network computes on images (channels, height, width), and its layers' weights in float64.

    A weight is (outputs, channels, kernel height, kernel width), a bias (outputs,), zero where the layer has none. The
    network is made of Conv2d, Linear, ReLU, pooling and flattening, as modules or as functions, in a forward that
    `torch.fx` can trace; a layer that is used twice comes twice. What was read is held against what the network
    computes, as in `affine_layers`, with `at` and `called` as there. Raises ValueError, naming the layer, for anything
    else: a stride, groups, a branch, a ReLU that is missing, a kernel larger than its image, a weight that is not
    finite, a hook.

    >>> net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 4 * 4, 3))
    >>> chain, layers = read_chain(net, (1, 6, 6))
    >>> chain.shapes, [weight.shape for weight, _ in layers]
    (((1, 6, 6), (2, 4, 4), (2, 4, 4), (3, 1, 1)), [(2, 1, 3, 3), (3, 2, 4, 4)])
    """
    if found_obstacle := missing(network) or obstacle(network):
        raise ValueError(f"{found_obstacle}; {ALLOWED}")
    if min(image) < 1:
        raise ValueError(f"image is {image}; allowed: (channels, height, width), each at least 1")
    double = in_float64(network, ALLOWED)
    try:
        traced = _traced(double)
    except Exception as error:
        raise ValueError(f"the forward of the {called} cannot be traced ({error}); {ALLOWED}") from error
    reader = _Reader(traced, image)
    chain = reader.read()
    weights = [tuple(map(torch.from_numpy, layer)) for layer in reader.layers]

    def computes(x: Tensor) -> Tensor:
        layers = [_affine(step, *layer) for (step, _), layer in zip(chain.affine, weights, strict=True)]
        return torch.as_tensor(chain.through(x, layers))

    check_computes(network, computes, chain.image, called, at, ALLOWED)
    return chain, reader.layers


def layers_as_run(network: nn.Module, inputs: int) -> list[Affine] | None:
    """The Linear layers in the order in which a forward of rows (n, inputs) runs them; None where it cannot be traced.

    Weights are (outputs, inputs), as in `affine_layers`. Raises ValueError, naming the layer, unless Linear and ReLU
    take turns.

    >>> [len(bias) for _, bias in layers_as_run(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)), 4)]
    [3, 2]
    """
    try:
        traced = _traced(in_float64(network))
    except Exception:
        return None
    reader = _Reader(traced, (inputs, 1, 1), rows=True)
    reader.read()
    return [(weight.reshape(len(weight), -1), bias) for weight, bias in reader.layers]


def _traced(double: nn.Module) -> fx.GraphModule:
    return fx.GraphModule(double, _Tracer().trace(double))


class _Tracer(fx.Tracer):
    """It does not look into layers, nor into those of derived classes: these are refused by their names."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, KINDS) or super().is_leaf_module(m, module_qualified_name)


class _Reader(fx.Interpreter):
    """It runs a traced network on two images, or rows, and notes each step before it runs, as running it may fail."""

    def __init__(self, traced: fx.GraphModule, image: Shape, *, rows: bool = False) -> None:
        super().__init__(traced)
        self.extra_traceback = False  # an error is what was said below, and no more
        self.steps: list[Step] = []
        self.layers: list[Affine] = []
        self.image = self.shape = image
        self.in_rows = self.rows = rows  # whether the next step reads a row
        self.allowed = reading.ALLOWED if rows else ALLOWED
        self.last: Any = None
        self.open = ""  # the affine layer that waits for its ReLU
        self.name = ""

    def read(self) -> Chain:
        shape = self.image[:1] if self.rows else self.image
        try:
            with torch.no_grad():
                result = self.run(torch.zeros(2, *shape, dtype=torch.float64))
        except ValueError:
            raise
        except Exception as error:
            raise ValueError(f"the forward cannot be run at {self.name!r} ({error}); {self.allowed}") from error
        if not isinstance(result, Tensor):
            raise ValueError(f"the forward gives a {type(result).__name__}; allowed: a tensor")
        if not self.steps or self.steps[-1].kind != "affine" or not self.in_rows or result is not self.last:
            raise ValueError(f"the last step is no Linear layer; {self.allowed}")
        return Chain(self.image, tuple(self.steps))

    def run_node(self, n: fx.Node) -> Any:
        self.name = str(n.target) if n.op == "call_module" else n.name
        return super().run_node(n)

    def placeholder(self, *arguments: Any) -> Any:
        found = super().placeholder(*arguments)
        self.last = found if isinstance(found, Tensor) else self.last  # another argument keeps its default
        return found

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        module = self.fetch_attr(target)
        kind = next((kind for kind in KINDS if is_a(module, kind)), type(module))
        return self._step(kind, args, vars(module) | {"layer": module}, lambda: module(*args, **kwargs))

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._call(target, args, kwargs, super().call_function)

    def call_method(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._call(target, args, kwargs, super().call_method)

    def _call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], run: Callable[..., Any]) -> Any:
        if not any(isinstance(a, Tensor) for a in (*args, *kwargs.values())) or target in ("size", "dim", getattr):
            return self._number(target, args, run(target, args, kwargs))
        above_zero = target in (torch.clamp, "clamp") and len(args) == 1 and kwargs == {"min": 0}
        kind = nn.ReLU if above_zero else FUNCTIONS.get(target)
        if kind is None:
            raise self._refused(f"is {getattr(target, '__name__', target)}, called as a function")
        names = ("dim",) if target in (torch.mean, "mean") else POSITIONS.get(kind, ())
        options = dict(zip(names, args[1:], strict=False)) | kwargs
        return self._step(kind, args or (kwargs.get("input"),), options, lambda: run(target, args, kwargs))

    def _number(self, target: Any, args: tuple[Any, ...], found: Any) -> Any:
        """What x.size(0) and x.shape tell, but no x.mT, which is another tensor."""
        if target is getattr and isinstance(found, Tensor):
            raise self._refused(f"is .{args[1]} of a tensor")
        return found

    def _refused(self, what: str) -> ValueError:
        return ValueError(f"layer {self.name!r} {what}; {self.allowed}")

    def _step(
        self, kind: type[nn.Module], args: tuple[Any, ...], options: Mapping[str, Any], run: Callable[[], Any]
    ) -> Any:
        if not args or args[0] is not self.last:
            raise self._refused("does not read what the step before it gives: the network branches")
        if kind in (nn.Linear, nn.Conv2d):
            self._read_affine(kind, options["layer"])
        elif kind is nn.ReLU:
            if self.rows and not self.steps:
                raise self._refused("is a ReLU before the first Linear layer")
            if self.steps[-1:] != [RELU]:  # a second one changes nothing
                self._add(RELU)
            self.open = ""
        elif kind in (nn.MaxPool2d, nn.AvgPool2d):
            self._read_pool(kind, options)
        elif kind not in (nn.AdaptiveAvgPool2d, nn.Flatten):
            raise self._refused(f"is {kind.__name__}")
        try:
            result = run()
        except Exception as error:
            raise self._refused(f"does not take what it reads ({error})") from error
        if kind in (nn.AdaptiveAvgPool2d, nn.Flatten):
            self._read_shape(kind, result, options)
        self.last = result
        return result

    def _read_affine(self, kind: type[nn.Module], layer: Any) -> None:
        if self.open:
            raise self._refused(f"follows layer {self.open!r} without a ReLU between them")
        weight, bias = weight_and_bias(layer, self.name)
        if kind is nn.Linear:
            if not self.in_rows:
                raise self._refused(f"is Linear and reads images of shape {self.shape}: flatten them first")
            if weight.shape[1] != math.prod(self.shape):
                raise self._refused(f"reads {weight.shape[1]} numbers after {math.prod(self.shape)}")
            weight, padding = weight.reshape(len(weight), *self.shape), (0, 0)
        else:
            padding = self._padding(layer)
        self._add(Step("affine", len(weight), weight.shape[2:], padding=padding))
        self.layers.append((weight, bias))
        self.open = self.name

    def _padding(self, layer: nn.Conv2d) -> tuple[int, int]:
        for name, allowed in (("stride", (1, 1)), ("dilation", (1, 1)), ("groups", 1)):
            if getattr(layer, name) != allowed:
                raise self._refused(f"is Conv2d with {name} {getattr(layer, name)}")
        same = [(k - 1) / 2 for k in layer.kernel_size]
        sides = same if layer.padding == "same" else (0, 0) if layer.padding == "valid" else _two(layer.padding)
        if layer.padding_mode != "zeros" or any(p % 1 for p in sides):
            raise self._refused(f"is Conv2d with padding {layer.padding} of {layer.padding_mode}")
        if any(2 * p >= k for p, k in zip(sides, layer.kernel_size, strict=True)):
            raise self._refused(f"is Conv2d with padding {layer.padding} around a kernel of {times(layer.kernel_size)}")
        if self.in_rows or layer.in_channels != self.shape[0]:
            reads = "rows" if self.in_rows else f"{self.shape[0]}"
            raise self._refused(f"is Conv2d of {layer.in_channels} channels and reads {reads}")
        return int(sides[0]), int(sides[1])

    def _read_pool(self, kind: type[nn.Module], options: Mapping[str, Any]) -> None:
        for name, usual in (("padding", 0), ("dilation", 1), ("ceil_mode", False), ("return_indices", False)):
            if np.any(options.get(name, usual) != np.array(usual)):
                raise self._refused(f"is pooling with {name} {options[name]}")
        if options.get("divisor_override") is not None:
            raise self._refused(f"is pooling with divisor_override {options['divisor_override']}")
        kernel = _two(options["kernel_size"])
        stride = options.get("stride")
        self._add(Step("max" if kind is nn.MaxPool2d else "average", 0, kernel, _two(stride) if stride else kernel))

    def _read_shape(self, kind: type[nn.Module], result: Any, options: Mapping[str, Any]) -> None:
        """Flattening, or an average over the whole image; which of them it is, what came of it says."""
        shape, image = tuple(result.shape), self.shape
        over_pixels = {d % 4 for d in np.ravel(options.get("dim") or (2, 3))} == {2, 3}
        if kind is nn.Flatten and shape == (2, math.prod(image)):
            self.in_rows = True
        elif (
            kind is not nn.Flatten
            and over_pixels
            and not self.in_rows
            and shape in ((2, image[0]), (2, image[0], 1, 1))
        ):
            self._add(Step("average", 0, image[1:], image[1:]))
            self.in_rows = len(shape) == 2
        else:
            raise self._refused(f"makes {times(shape[1:])} of {times(image)}")

    def _add(self, step: Step) -> None:
        try:
            self.shape = step.after(self.shape)
        except ValueError as error:
            raise self._refused(str(error)) from None
        self.steps.append(step)


def _affine(step: Step, weight: Tensor, bias: Tensor) -> Callable[[Tensor], Tensor]:
    def computes(x: Tensor) -> Tensor:
        if x.ndim == 2:
            return nn.functional.linear(x, weight.flatten(1), bias)
        return nn.functional.conv2d(x, weight, bias, padding=step.padding)

    return computes


def _two(size: Any) -> tuple[int, int]:
    found = (size,) if isinstance(size, int) else tuple(size)
    return found * 2 if len(found) == 1 else found
