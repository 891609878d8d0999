"""What a graphics processor asks of the loop, without one: nothing waits for a number, and memory is what is said."""

import importlib
import weakref

import pytest
import torch
from engine import OPTIMIZERS, conv, mlp, optimizer_name
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from lthedu.data import Dataset
from lthedu.networks.models import MLP
from lthedu.supermasks import Bernoulli, EdgePopup
from lthedu.training import Optimizer, RateSchedule, Replicates, Step, engine, pick, training


@pytest.fixture
def device(monkeypatch):
    """Data on torch's device "meta", whose tensors hold nothing: who asks one for a number gets an exception.

    Left out is what is done once, before the loop: labels are looked at, and masks for weights that are pruned. The
    step is not captured as a graph, which only a real device does.
    """
    monkeypatch.setattr(engine, "check_runs", lambda *_: None)
    monkeypatch.setattr(engine, "refuse_autocast", lambda *_: None)
    monkeypatch.setattr(Step, "_kept", lambda step, _: torch.ones_like(step._flat))
    for rule in ("adam", "sgd"):  # torch lets fused rules run on devices that compute, and has none of sgd for others
        module = importlib.import_module(f"torch.optim.{rule}")
        monkeypatch.setattr(module, "_device_dtype_check_for_fused", lambda *_: None)
    monkeypatch.setattr(torch, "_fused_sgd_", lambda *_, **__: None)
    x, y = torch.zeros(64, 20, device="meta"), torch.zeros(64, dtype=torch.int64, device="meta")
    return Dataset(x, y, x, y, x, y)


def three_steps(networks, data, **more):
    """More than three would be planned, so that none of them is the last, after which weights are looked at."""
    loop = training(networks, data, 50, order=[0] * len(networks), batch_size=16, **more)
    return [next(loop) for _ in range(3)][-1]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=optimizer_name)
@pytest.mark.parametrize("schedule", [RateSchedule(), RateSchedule("cosine")], ids=lambda s: s.kind)
def test_no_step_waits_for_a_number_from_the_device(device, optimizer, schedule):
    rule = Optimizer(optimizer.name, 0.1, optimizer.momentum, optimizer.weight_decay, schedule)
    networks = Replicates.create(mlp, seeds=[0, 1], device="meta")
    now = three_steps(networks, device, optimizer=rule, mask=networks.full_mask())
    assert now.params["layers.0.weight"].is_meta


@pytest.mark.parametrize(("by", "make"), [("vmap", mlp), ("loop", mlp), ("vmap", conv), ("loop", conv)])
def test_nor_do_the_other_ways_to_the_gradient(device, by, make):
    three_steps(Replicates.create(make, seeds=[0, 1], device="meta"), device, by=by)


@pytest.mark.parametrize("method", [EdgePopup, Bernoulli])
def test_nor_do_supermasks(device, method):
    networks = Replicates.create(mlp, seeds=[0, 1], device="meta")
    inner, weights = pick("linear", networks.model, torch.device("meta")), dict(networks.params)
    scores = {n: torch.rand_like(p) for n, p in weights.items() if n.endswith("weight")}
    three_steps(networks.with_params(scores), device, by=method(weights, inner))


def test_who_waits_is_caught(device):
    class Waits(type(pick("linear", mlp(), torch.device("meta")))):
        def gradients(self, model, params, buffers, x, y, out):
            if x.sum() > 0:
                super().gradients(model, params, buffers, x, y, out)

    networks = Replicates.create(mlp, seeds=[0], device="meta")
    with pytest.raises(RuntimeError, match="meta"):
        three_steps(networks, device, by=Waits(pick("linear", mlp(), torch.device("meta")).layers))


def storages(tree):
    return [t.untyped_storage() for t in pytree.tree_leaves(tree) if isinstance(t, torch.Tensor)]


class Live(TorchDispatchMode):
    """The most bytes that stood at once in tensors made meanwhile."""

    def __init__(self):
        super().__init__()
        self.seen, self.now, self.most = set(), 0, 0

    def __torch_dispatch__(self, call, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        given = {s.data_ptr() for s in storages((args, kwargs))}  # what is written in place or looked at is not made
        made = call(*args, **kwargs)
        for storage in storages(made):
            if storage.data_ptr() not in given:
                self._count(storage)
        return made

    def _count(self, storage):
        key, size = storage.data_ptr(), storage.nbytes()
        if size and key not in self.seen:
            self.seen.add(key)
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._gone, key, size)

    def _gone(self, key, size):
        self.seen.discard(key)
        self.now -= size


@pytest.mark.parametrize("rule", [Optimizer(), Optimizer("sgd", lr=0.1, momentum=0.9)], ids=["adam", "sgd"])
@pytest.mark.parametrize("r", [1, 3])
def test_memory_is_what_the_page_on_speed_says(rule, r):
    """For each weight and bias itself, its gradient, 1 or 0, and the optimizer's averages: 4 bytes each."""
    sizes, batch = [784, 300, 100, 10], 128
    networks = Replicates.create(lambda: MLP(sizes), seeds=range(r))
    mask = {n: torch.rand(m.shape) < 0.5 for n, m in networks.full_mask().items()}
    n = r * (266_200 + 410)
    begin = Live()
    with begin:
        now = Step(networks, mask, {}, rule, 0)
    averages = 2 if rule.name == "adam" else 1
    assert begin.now == pytest.approx(4 * (3 + averages) * n, rel=1e-3)
    x, y = torch.rand(r, batch, 784), torch.zeros(r, batch, dtype=torch.int64)
    model, method, step = networks.model, pick("linear", networks.model, x.device), Live()
    with step, torch.no_grad():
        method.gradients(model, now._params, {}, x, y, now._grads)
        now.optimizer.step()
    # what each layer gives, and of the way back the widest layer twice and the one behind it
    assert step.most == pytest.approx(4 * r * batch * (410 + 2 * 300 + 100), rel=0.05)
