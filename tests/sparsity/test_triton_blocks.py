"""The block-sparse product in Triton, interpreted on a CPU, real on a GPU; skipped where Triton is absent."""

import os
import subprocess
import sys

import pytest
import torch

from lthedu.sparsity import block_mask, block_product, triton_blocks

PROGRAM = """
import torch
from lthedu.sparsity import block_mask, block_product
device = "cuda" if torch.cuda.is_available() else "cpu"
weight, x = torch.randn(64, 48), torch.randn(48, 32)  # eight programs
for density in (0.0, 0.25, 1.0):
    kept = torch.where(block_mask(weight.abs(), density), weight, torch.zeros(()))
    found = block_product(kept.to(device), x.to(device)).cpu()
    assert torch.allclose(found, kept @ x, atol=1e-4), density
print("equal")
"""


@pytest.mark.skipif(not triton_blocks.available(), reason="triton is not installed")
def test_it_is_the_dense_product() -> None:
    interpreted = {} if torch.cuda.is_available() else {"TRITON_INTERPRET": "1"}  # read when triton is imported first
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | interpreted, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "equal\n", done.stderr


@pytest.fixture
def pretended(monkeypatch) -> None:
    monkeypatch.setattr(triton_blocks, "available", lambda: True)


@pytest.mark.usefixtures("pretended")
@pytest.mark.parametrize(
    ("weight", "x", "words"),
    [
        (torch.ones(16, 20), torch.ones(20, 16), r"weight has shape \(16, 20\)"),
        (torch.ones(16, 16), torch.ones(16, 3), r"x has shape \(16, 3\)"),
        (torch.ones(16, 16).double(), torch.ones(16, 16), "weight is of torch.float64"),
        (torch.ones(16, 32), torch.ones(16, 16), "weight has 32 columns and x 16 rows"),
    ],
)
def test_what_it_cannot_multiply_is_refused_before_triton_is_needed(weight, x, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        block_product(weight, x)


def test_without_triton_it_says_what_brings_it(monkeypatch) -> None:
    monkeypatch.setattr(triton_blocks, "available", lambda: False)
    with pytest.raises(ImportError, match="pip install triton"):
        block_product(torch.ones(16, 16), torch.ones(16, 16))
    assert block_mask(torch.ones(16, 16), 1.0).all()
