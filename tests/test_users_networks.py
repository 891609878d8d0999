"""Networks as people bring them to the engine: trained rightly, or refused before any work with the way out."""

import copy

import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from lthedu.data import Dataset
from lthedu.experiments.study import Settings, Study
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.training import Diverged, Optimizer, Replicates, evaluate, pick, train, training

CPU = torch.device("cpu")
SGD = Optimizer("sgd", lr=0.1)


@pytest.fixture
def rows(toy) -> Dataset:
    return toy.to(dtype=torch.float32)


class Keeps(nn.Module):
    """Keeps its last activation, as people do to look at it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.last = nn.Linear(20, 5), None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.last = self.layer(x)
        return self.last


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.out = nn.LSTM(5, 4, batch_first=True), nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.cell(x.view(-1, 4, 5))[0][:, -1])


class HeadFirst(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head, self.body = nn.Linear(8, 5), nn.Linear(20, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x).relu())


def shared() -> nn.Sequential:
    block, relu = nn.Linear(6, 6), nn.ReLU()
    return nn.Sequential(nn.Linear(20, 6), relu, block, relu, block, relu, nn.Linear(6, 5))


def hooked() -> nn.Sequential:
    net = nn.Sequential(nn.Linear(20, 6), nn.ReLU(), nn.Linear(6, 5))
    net[0].register_forward_hook(lambda module, inputs, output: 2 * output)
    return net


def nested() -> nn.Sequential:
    relu = nn.ReLU()
    return nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(20, 6), relu), nn.Linear(6, 6), relu, nn.Linear(6, 5))


def normed() -> nn.Sequential:
    return nn.Sequential(nn.Linear(20, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 5))


def of_torch(net: nn.Module) -> nn.Module:
    prune.l1_unstructured(net[0], "weight", amount=0.5)
    return net


@pytest.mark.parametrize("make", [shared, hooked, nested, Keeps, HeadFirst])
def test_it_computes_and_learns_as_torch_does(make, rows) -> None:
    two = Replicates.create(make, seeds=[0, 1])
    method = pick("auto", two.model, CPU)
    for i in range(2):
        alone = two.module(i)
        found = method.logits(copy.deepcopy(two.model), two.params, two.buffers, rows.x_val)[i]
        assert torch.allclose(found.T, alone(rows.x_val), atol=1e-6)
    two = Replicates.create(make, seeds=[0, 1])
    trained = train(two, rows, 8, optimizer=SGD, batch_size=50)
    looped = train(two, rows, 8, optimizer=SGD, batch_size=50, by="loop")
    for name, p in trained.replicates.params.items():
        assert torch.allclose(p, looped.replicates.params[name], atol=1e-5)
    assert trained.replicates.module(0)(rows.x_val).shape == (30, 5)  # and can be taken out and used


def test_a_plain_mlp_takes_the_linear_path_and_what_is_more_than_its_layers_does_not() -> None:
    names = {make.__name__: type(pick("auto", make(), CPU)).__name__ for make in (nested, shared, hooked)}
    assert names == {"nested": "BatchedLinear", "shared": "Vectorised", "hooked": "Vectorised"}


def nothing() -> nn.Module:
    return nn.Identity()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (nothing, "Identity has no parameters; there is nothing to train"),
        (lambda: of_torch(nested()[1]), r"layer '0' is pruned by torch.nn.utils.prune; call prune.remove\(layer"),
    ],
)
def test_what_cannot_be_trained_is_refused_when_it_is_made(make, words) -> None:
    with pytest.raises(ValueError, match=words):
        Replicates.create(make, seeds=[0])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64, torch.complex64])
def test_half_precision_is_refused(dtype) -> None:
    with pytest.raises(ValueError, match=rf"dtype is {dtype}; allowed: torch.float32, torch.float64"):
        Replicates.create(nested, seeds=[0], dtype=dtype)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: MLP([21, 6, 5]), r"MLP cannot be trained on inputs of shape \(20,\) and 5 classes \(.*shape"),
        (lambda: MLP([20, 6, 4]), "the network has 4 outputs for each input; allowed: 5 or more, one a class"),
        (lambda: nn.Sequential(nn.Linear(20, 5), nn.Flatten(0)), "outputs of shape|cannot be trained"),
        (Recurrent, "torch.func cannot vectorise Recurrent over replicates .*; give by='loop'"),
    ],
)
def test_what_does_not_take_the_data_is_refused_before_any_work(make, words, rows) -> None:
    networks = Replicates.create(make, seeds=[0])
    with pytest.raises(ValueError, match=words):
        training(networks, rows, 3, batch_size=50)


def test_a_recurrent_network_trains_in_a_loop(rows) -> None:
    assert train(Replicates.create(Recurrent, [0]), rows, 3, batch_size=50, by="loop").steps == 3


@pytest.mark.parametrize(("labels", "words"), [(torch.int32, "labels are torch.int32; allowed: torch.int64")])
def test_labels_of_another_kind_are_refused(labels, words, rows) -> None:
    splits = {name: t.to(labels) if name[0] == "y" else t for name, t in vars(rows).items()}
    with pytest.raises(ValueError, match=words):
        train(Replicates.create(nested, [0]), Dataset(**splits), 3, batch_size=50)


def test_the_dry_run_draws_nothing_and_moves_nothing(rows) -> None:
    def drops() -> nn.Sequential:
        return nn.Sequential(nn.Linear(20, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 5))

    networks = Replicates.create(drops, seeds=[0])
    before, state = copy.deepcopy(networks.buffers), torch.get_rng_state()
    training(networks, rows, 3, batch_size=50)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], b) for name, b in networks.buffers.items())


def test_autocast_is_refused(rows) -> None:
    networks = Replicates.create(nested, seeds=[0])
    for work in (lambda: train(networks, rows, 3, batch_size=50), lambda: evaluate(networks, rows)):
        with torch.autocast("cpu"), pytest.raises(ValueError, match="autocast is on for cpu"):
            work()


def test_other_weights_come_with_the_buffers_that_belong_to_them(rows) -> None:
    fresh = Replicates.create(normed, seeds=[0])
    trained = train(fresh, rows, 3, batch_size=50).replicates
    with pytest.raises(ValueError, match=r"the network has buffers \(1.running_mean, .*\), which belong"):
        trained.with_params(fresh.params)
    rewound = trained.with_params(fresh.params, fresh.buffers)
    assert int(rewound.buffers["1.num_batches_tracked"]) == 0
    assert int(trained.with_params(trained.params, trained.buffers).buffers["1.num_batches_tracked"]) == 3


def test_a_training_that_diverges_ends_with_what_was_measured(rows) -> None:
    networks = Replicates.create(nested, seeds=[0, 1])
    wild = {name: p.clone() for name, p in networks.params.items()}
    wild["1.0.weight"][1] *= 1e30
    with pytest.raises(Diverged, match=r"after step 4 of 2 replicates number 1 has weights") as lost:
        train(networks.with_params(wild), rows, 4, batch_size=50, optimizer=SGD)
    history: pd.DataFrame = lost.value.history
    assert history.query("replicate == 0")[["loss", "accuracy"]].notna().all(axis=None)
    assert history.query("replicate == 1")[["loss", "accuracy"]].isna().all(axis=None)


def study(rows: Dataset, make, **more) -> Study:
    settings = Settings(seeds=(0,), levels=1, steps=3, batch_size=50, val_every=None, keep=0.2, keep_output=0.9)
    return Study(rows, make, settings, **more)


def test_the_output_layer_is_the_one_that_runs_last(rows) -> None:
    found = study(rows, HeadFirst)
    found.run()
    assert found.output == "head.weight"
    assert masks.counts(masks.unstack(found.mask(1), 0)) == {"head.weight": 36, "body.weight": 32}  # 0.9 and 0.2


def test_the_output_layer_may_be_named_and_must_be_where_it_cannot_be_known(rows) -> None:
    class Sums(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(20, 5), nn.Linear(20, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.a(x) + self.b(x)

    with pytest.raises(ValueError, match=r"the last layer that runs is 'b.weight', with 1 outputs; the network has 5"):
        study(rows, Sums)
    assert study(rows, Sums, output="a.weight").output == "a.weight"
    with pytest.raises(ValueError, match=r"output is 'c.weight'; allowed: a.weight, b.weight"):
        study(rows, Sums, output="c.weight")


def test_a_linear_layer_by_itself_is_a_network(rows) -> None:
    networks = Replicates.create(lambda: nn.Linear(20, 5), seeds=[0])
    assert type(pick("auto", networks.model, CPU)).__name__ == "BatchedLinear"
    assert train(networks, rows, 3, batch_size=50).steps == 3
