"""A ReLU network as the bytes of an ONNX file, the format that many runtimes read. It takes the extra `export`."""

import importlib.util
from collections.abc import Sequence

from torch import Tensor

from lthedu.base.arguments import typed


def onnx_is_here() -> bool:
    """Whether onnx and onnxruntime are installed (`pip install "lthedu[export]"`).

    >>> onnx_is_here() in (True, False)
    True
    """
    return all(importlib.util.find_spec(name) is not None for name in ("onnx", "onnxruntime"))


@typed
def to_onnx(weights: Sequence[Tensor], biases: Sequence[Tensor]) -> bytes:
    """The bytes of an ONNX file: a Gemm a layer with ReLU between them, from input "x" (batch, in) to "y" (batch, out).

    `weights` (out, in) and `biases` (out,) of the layers. Raises ModuleNotFoundError without onnx, and ValueError where
    there is no layer, or not a bias for each.
    """
    if not weights or len(weights) != len(biases):
        raise ValueError(f"there are {len(weights)} weights and {len(biases)} biases; allowed: one of each for a layer")
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ModuleNotFoundError:
        raise ModuleNotFoundError('onnx is not installed; pip install "lthedu[export]" brings it') from None
    nodes, numbers, now = [], [], "x"
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        last = i == len(weights) - 1
        out = "y" if last else f"z{i}"
        numbers += [numpy_helper.from_array(t.detach().numpy(), f"{n}{i}") for n, t in (("w", w), ("b", b))]
        nodes.append(helper.make_node("Gemm", [now, f"w{i}", f"b{i}"], [out], transB=1))
        if not last:
            nodes.append(helper.make_node("Relu", [out], [f"h{i}"]))
            now = f"h{i}"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", many])
        for name, many in (("x", weights[0].shape[1]), ("y", weights[-1].shape[0]))
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], numbers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())
