"""MNIST-1D: the published numbers, and how hard they are for three networks (README of greydanus/mnist1d:
logistic regression 32 %, MLP 68 %, CNN 94 %; ours train on 3,600 examples, not 4,000, and for fewer steps)."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from lthedu import data
from lthedu.data import mnist1d
from lthedu.networks.models import MLP
from lthedu.training import Optimizer, Replicates, evaluate, train

# mean test accuracy of five seeds (the CNN: three), in percent; one seed deviates by about 1
LINEAR, DENSE, CONVOLUTIONAL = (30.8, 34.4), (62.0, 66.0), (89.5, 95.0)


@pytest.fixture
def anew():
    """`generate` makes the signals again in this test, and again after it."""
    mnist1d.generate.cache_clear()
    yield
    mnist1d.generate.cache_clear()


def accuracy(make, steps, lr, seeds=5):
    """Mean test accuracy of `seeds` networks, in percent."""
    signals = data.load("mnist1d", device="cpu")
    made = Replicates.create(make, range(seeds))
    trained = train(made, signals, steps, optimizer=Optimizer("adam", lr=lr), batch_size=100)
    return 100 * evaluate(trained.replicates, signals)[1].mean().item()


def of_linear_and_dense():
    return accuracy(lambda: MLP([40, 10]), 1_000, 1e-2), accuracy(lambda: MLP([40, 300, 100, 10]), 1_000, 3e-3)


def convolutional():
    """The CNN of the paper: three layers of 25 channels with stride 2, and a linear one."""
    one, two, three = (nn.Conv1d(i, 25, k, stride=2, padding=1) for i, k in ((1, 5), (25, 3), (25, 3)))
    as_signal = nn.Unflatten(1, (1, 40))
    return nn.Sequential(as_signal, one, nn.ReLU(), two, nn.ReLU(), three, nn.ReLU(), nn.Flatten(), nn.Linear(125, 10))


def test_the_splits_are_the_5000_signals_each_once():
    made = data.load("mnist1d", device="cpu")
    for split, n in (("train", 3_600), ("val", 400), ("test", 1_000)):
        x, y = getattr(made, f"x_{split}"), getattr(made, f"y_{split}")
        assert (x.shape, x.dtype, y.shape, y.dtype) == ((n, 40), torch.float32, (n,), torch.int64)
        assert set(y.tolist()) == set(range(10))
    x, y = mnist1d.generate()
    assert torch.equal(made.x_test, x[4_000:])
    assert torch.equal(made.y_test, y[4_000:])
    both = torch.cat([made.x_train, made.x_val]), torch.cat([made.y_train, made.y_val])
    ours, theirs = both[0][:, 0].argsort(), x[:4_000, 0].argsort()
    assert torch.equal(both[0][ours], x[:4_000][theirs])
    assert torch.equal(both[1][ours], y[:4_000][theirs])


def test_it_has_the_known_properties():
    x, y = mnist1d.generate()
    assert torch.bincount(y).tolist() == [500] * 10
    assert abs(x.double().mean()) < 1e-6
    assert abs(x.double().std(correction=0) - 1) < 1e-6


def test_the_numbers_are_those_of_the_published_generator():
    """Made with version 0.0.2.post1 of its authors' package, numpy 2.4 and scipy 1.17."""
    x, y = mnist1d.generate()
    assert y[:10].tolist() == [2, 6, 4, 5, 6, 6, 6, 0, 3, 1]
    published = [
        [-0.332006, 0.683078, 0.254108, 0.098056, -1.093486],
        [0.800943, 0.819545, 0.380043, -1.754368, -0.789663],
        [-0.693995, -0.757549, -0.258728, 0.009636, -0.601292],
        [-0.078771, 0.221027, -0.926375, -0.095207, -0.064859],
        [-0.519329, -0.139493, -0.689318, -0.327938, -0.540012],
    ]
    assert np.abs(x[[0, 1234, 3999, 4000, 4999], ::8].numpy() - published).max() < 1e-5


def test_only_zeros_of_the_padding_become_noise():
    """Seen with independent noise, shear and shift left out: the digit, its zeros too, lies smooth in the noise."""

    class Draws:  # u = 1/2: no scaling, no shear, 48 zeros; shift 0; noises of 1 and of 0
        noises = iter([np.ones(72), np.zeros(72)])

        def rand(self):
            return 0.5

        def choice(self, n):
            assert n == 48
            return 0

        def randn(self, n):
            assert n == 72
            return next(self.noises)

    template = mnist1d.templates()[4]
    assert (template[6:] == 0).all()  # half of the 4 is flat
    made = mnist1d.example(template, Draws())  # 12 of 60 points are the digit: 14.4 of 72, 8 of 40
    assert np.abs(made[5:8]).max() < 1e-7
    assert made[9:] == pytest.approx(0.25)


def test_templates_start_and_end_at_zero_and_are_whitened():
    made = mnist1d.templates()
    assert made.shape == (10, 12)
    assert (made[:, [0, -1]] == 0).all()
    assert made.std(1) == pytest.approx(1 / 6)


def test_the_seed_alone_decides_the_split():
    first, other = data.load("mnist1d", device="cpu"), data.load("mnist1d", seed=1, device="cpu")
    torch.manual_seed(99)
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    mnist1d.generate.cache_clear()
    again = data.load("mnist1d", device="cpu")
    assert (np.random.get_state()[1] == before).all()  # numpy's global state is neither read nor moved
    assert all(torch.equal(a, b) for a, b in zip(vars(first).values(), vars(again).values(), strict=True))
    assert not torch.equal(other.y_val, first.y_val)
    assert torch.equal(other.x_test, first.x_test)


def test_what_a_caller_does_to_its_data_stays_there():
    for tensor in vars(data.load("mnist1d", device="cpu")).values():
        tensor.zero_()
    assert all(tensor.any() for tensor in vars(data.load("mnist1d", device="cpu")).values())


def test_importing_the_data_imports_no_scipy_and_no_pillow():
    code = f"import sys; sys.path[:0] = {sys.path!r}; import lthedu.data; print({{'scipy', 'PIL'}} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_a_linear_model_and_an_MLP_reach_the_known_accuracies():
    linear, dense = of_linear_and_dense()
    assert LINEAR[0] < linear < LINEAR[1]
    assert DENSE[0] < dense < DENSE[1]


@pytest.mark.full
def test_a_CNN_reaches_the_known_accuracy():
    assert CONVOLUTIONAL[0] < accuracy(convolutional, 3_000, 1e-2, seeds=3) < CONVOLUTIONAL[1]


@pytest.mark.full
@pytest.mark.parametrize(
    "left_out",
    [
        {"CORRELATED": 0.0},
        {"WIDTH": 1e-3},
        {"SHEAR": 0.0},
        {"SCALE": 0.0},
        {"SHIFTS": 1},
        {"SHIFTS": 72},
        {"PADDING": (36, 36)},
        {"PADDING": (60, 60)},
    ],
    ids=str,
)
def test_without_a_step_of_the_recipe_the_accuracies_are_others(left_out, anew, monkeypatch):
    # the independent noise is too small to be told by these: the published numbers above tell it
    for name, value in left_out.items():
        monkeypatch.setattr(mnist1d, name, value)
    linear, dense = of_linear_and_dense()
    assert not (LINEAR[0] < linear < LINEAR[1] and DENSE[0] < dense < DENSE[1]), (linear, dense)
