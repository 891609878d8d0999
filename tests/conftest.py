"""What tests of all folders share."""

import pytest

# tests/answers.py imports these: imported once more, to look for doctests, they would register every answer twice
collect_ignore_glob = ["answers.py", "lessons/*/answers.py"]


@pytest.fixture(scope="session")
def mnist():
    """All of MNIST, once for the run, on the CPU."""
    from lthedu import data

    return data.load("mnist", device="cpu")


@pytest.fixture(scope="session")
def toy():
    """100 random points of 20 numbers in 5 classes, in float64: small enough to train a hundred times."""
    import torch

    from lthedu.data import Dataset

    g = torch.Generator().manual_seed(0)
    x = torch.randn(180, 20, generator=g, dtype=torch.float64)
    y = torch.randint(5, (180,), generator=g)
    return Dataset(x[:100], y[:100], x[100:130], y[100:130], x[130:], y[130:])
