"""ONNX Runtime computes from the file what torch computes."""

import sys

import pytest
import torch

from lthedu.networks.models import MLP
from lthedu.networks.onnx_file import onnx_is_here, to_onnx

needs_onnx = pytest.mark.skipif(not onnx_is_here(), reason="onnx and onnxruntime are not installed")


def layers(sizes: list[int]) -> tuple[MLP, list[torch.Tensor], list[torch.Tensor]]:
    torch.manual_seed(0)
    network = MLP(sizes)
    for layer in network.layers:
        torch.nn.init.normal_(layer.bias)
    return network, [one.weight for one in network.layers], [one.bias for one in network.layers]


@needs_onnx
@pytest.mark.parametrize("sizes", [[5, 3], [6, 5, 4], [784, 30, 10, 10]])
@pytest.mark.parametrize("batch", [1, 7])
def test_a_round_trip_through_onnx_runtime_gives_the_same_outputs(sizes, batch) -> None:
    import onnx
    import onnxruntime

    network, weights, biases = layers(sizes)
    file = to_onnx(weights, biases)
    onnx.checker.check_model(onnx.load_from_string(file), full_check=True)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    x = torch.randn(batch, sizes[0])
    (found,) = session.run(["y"], {"x": x.numpy()})
    assert torch.allclose(torch.from_numpy(found), network(x), atol=1e-5)


@needs_onnx
def test_zeros_take_as_many_bytes_as_other_numbers() -> None:
    _, weights, biases = layers([784, 30, 10])
    zeros = [torch.zeros_like(w) for w in weights]
    assert len(to_onnx(zeros, biases)) == len(to_onnx(weights, biases))


def test_without_onnx_the_error_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "lthedu\[export\]"'):
        to_onnx([torch.ones(2, 3)], [torch.ones(2)])


def test_a_network_without_layers_is_refused() -> None:
    with pytest.raises(ValueError, match="0 weights and 1 biases"):
        to_onnx([], [torch.ones(2)])
