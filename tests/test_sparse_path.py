"""The sparse path against the dense one and against autograd in float64: the same numbers, from kept weights alone."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from engine import OPTIMIZERS, furthest, optimizer_name, random_masks, rigl, solo
from torch import nn

from lthedu.base import compiled
from lthedu.data import Dataset
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.training import (
    Diverged,
    Optimizer,
    RateSchedule,
    Replicates,
    Stopped,
    evaluate,
    sparse_kernels,
    sparse_path,
    train,
    training,
)
from lthedu.training.sparse_kernels import errors, product, slopes

pytestmark = pytest.mark.skipif(not compiled.AVAILABLE, reason="numba is not installed")

every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=optimizer_name)
SGD = Optimizer("sgd", lr=0.1)


def net():
    """13,400 weights: enough for the sparse path to be worth its while."""
    return MLP([20, 200, 45, 5])


@pytest.fixture(scope="module")
def three():
    return Replicates.create(net, seeds=[0, 1, 2], dtype=torch.float64)


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def layer_masks(replicates, seed, densities):
    """Random masks, of each layer with its own density."""
    of = {density: random_masks(replicates, seed=seed, density=density) for density in densities}
    return {n: of[density][n] for n, density in zip(replicates.full_mask(), densities, strict=True)}


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


def is_sparse(now):
    return now._sparse is not None and now._sparse.kept is not None


# The same numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD,
        Optimizer("sgd", lr=0.1, weight_decay=0.01),
        Optimizer("sgd", lr=0.05, momentum=0.9, weight_decay=0.01),
        Optimizer(),
        Optimizer(weight_decay=0.001),
        Optimizer("adamw", weight_decay=0.1),
    ],
    ids=optimizer_name,
)
@pytest.mark.parametrize("densities", [(0.2, 0.2, 0.2), (0.1, 0.8, 1)], ids=["few", "by layer"])
def test_100_float32_steps_are_within_1e_5_of_autograd_in_float64(mnist, optimizer, densities):
    few = mnist.first(3000, 10, 10)

    def make():
        return MLP([784, 40, 16, 10])

    # seeds of which no ReLU comes nearer than 1e-6 to its kink: at the kink rounding decides which way it goes, and one
    # that goes the other way in float32 parts two trainings by 1e-4, whoever computes them
    for seed in (20, 38):
        one = Replicates.create(make, seeds=[seed])
        mask = layer_masks(one, seed, densities)
        given = {"order": [seed], "optimizer": optimizer, "batch_size": 32}
        found = masks.unstack(train(one, few, 100, mask=mask, by="sparse", **given).replicates.params, 0)
        start = Replicates(one.model, {n: p.double() for n, p in one.params.items()})
        data = few.to("cpu", torch.float64)
        exact = solo(start, 0, make, data, 100, order=seed, optimizer=optimizer, batch=32, mask=mask)
        assert furthest(found, exact) <= 1e-5
        assert furthest(found, masks.unstack(start.params, 0)) > 1e-2, "nothing was learnt"


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_adams_first_step_is_right_to_the_last_digits(mnist, name):
    """Biases start at zero, and so show the step itself: a bias correction in float32 is off by 6e-6 of it."""
    few, one = mnist.first(3000, 10, 10), Replicates.create(lambda: MLP([784, 40, 16, 10]), seeds=[20])
    mask, double = random_masks(one, density=0.2), one.with_params({n: p.double() for n, p in one.params.items()})
    rule, data = Optimizer(name), few.to("cpu", torch.float64)
    found = train(one, few, 1, mask=mask, optimizer=rule, by="sparse").replicates.params
    exact = train(double, data, 1, mask=mask, optimizer=rule, by="linear").replicates.params
    for layer in range(3):
        a, b = (p[f"layers.{layer}.bias"].double() for p in (found, exact))
        assert ((a - b).abs() <= 1e-6 * b.abs() + 1e-12).all()


@pytest.mark.parametrize("schedule", [RateSchedule("cosine", warmup=5), RateSchedule("steps")])
def test_the_rate_follows_the_schedule_also_from_the_middle(three, toy, schedule):
    mask = random_masks(three, density=0.3)
    for name in ("sgd", "adam"):
        rule = Optimizer(name, lr=0.01, schedule=schedule)
        a, b = (
            train(three, toy, 30, mask=mask, optimizer=rule, batch_size=16, first_step=7, by=by).replicates.params
            for by in ("sparse", "linear")
        )
        assert furthest(a, b) <= 1e-12


def no_biases():
    return nn.Sequential(nn.Linear(20, 30, bias=False), nn.ReLU(), nn.Linear(30, 7), nn.ReLU(), nn.Linear(7, 5, False))


@pytest.mark.parametrize("make", [no_biases, lambda: nn.Sequential(nn.Linear(20, 5)), net])
def test_networks_of_other_shapes_masked_biases_and_layers_without_a_mask(toy, make):
    two = Replicates.create(make, seeds=[0, 1], dtype=torch.float64)
    g = torch.Generator().manual_seed(0)
    weights, most = random_masks(two, density=0.2), random_masks(two, density=0.8)
    with_biases = {n: torch.rand(p.shape, generator=g) < 0.4 for n, p in two.params.items()}
    empty_rows = {n: m & (torch.arange(m.shape[1]) % 3 > 0)[None, :, None] for n, m in weights.items()}
    first = dict(list(weights.items())[:1])
    nothing = {n: torch.zeros_like(m) for n, m in weights.items()}
    for mask in (weights, most, with_biases, empty_rows, first, nothing, None):
        a, b = (
            train(two, toy, 12, mask=mask, optimizer=Optimizer(lr=0.01), batch_size=16, by=by).replicates.params
            for by in ("sparse", "linear")
        )
        assert furthest(a, b) <= 1e-12
        assert all(not a[n][~m].any() for n, m in (mask or {}).items())


def test_images_that_do_not_lie_side_by_side_in_memory_are_read_right(three, toy):
    turned = Dataset(toy.x_train.T.contiguous().T, *list(vars(toy).values())[1:])
    assert not turned.x_train.is_contiguous()
    mask = random_masks(three, density=0.3)
    a, b = (train(three, d, 5, mask=mask, batch_size=16, by="sparse").replicates.params for d in (turned, toy))
    assert equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", [1, 3, 37, 128])
def test_the_loops_are_the_products_with_the_dense_matrix(dtype, batch):
    g, tolerance = np.random.default_rng(batch), 1e-4 if dtype == np.float32 else 1e-12
    w = g.normal(size=(9, 14)).astype(dtype) * (g.random((9, 14)) < 0.5)
    w[3], w[5:8] = 0, g.normal(size=(3, 14))  # two rows and one that keep everything
    start, (rows, columns) = np.concatenate([[0], (w != 0).sum(1).cumsum()]), w.nonzero()
    x, d = g.normal(size=(14, batch)).astype(dtype), g.normal(size=(9, batch)).astype(dtype)
    z, found = np.full((9, batch), np.nan, dtype), np.full(len(rows), np.nan, dtype)
    product(start, columns.astype(np.uint32), w[rows, columns], x, z)
    slopes(start, columns.astype(np.uint32), d, x, found)
    assert np.allclose(z, w @ x, atol=tolerance)
    assert np.allclose(found, (d @ x.T)[rows, columns], atol=tolerance)
    y = g.integers(9, size=batch)
    logits = torch.tensor(z, requires_grad=True)
    nn.functional.cross_entropy(logits.T, torch.tensor(y)).backward()
    errors(z, y)
    assert np.allclose(z, logits.grad, atol=tolerance)


def test_no_bit_depends_on_the_other_replicates_or_on_the_threads(mnist, threads):
    data, orders = mnist.first(1000, 10, 10), [0, 1, 2, 0, 1]
    five = Replicates.create(lambda: MLP([784, 60, 30, 10]), seeds=range(5))
    mask = random_masks(five, density=0.2)
    mask["layers.0.weight"][2] = False  # one has fewer weights than the others
    mask["layers.1.weight"][1] = True  # and in two others a layer is computed whole
    mask["layers.1.weight"][4] = random_masks(five, density=0.9)["layers.1.weight"][4]
    threads(1)
    one = train(five, data, 20, mask=mask, order=orders, by="sparse").replicates.params
    for many in (2, 3, 8):
        threads(many)
        assert equal(train(five, data, 20, mask=mask, order=orders, by="sparse").replicates.params, one)
    for some in ([3], [4, 0], [2, 2]):
        own = {n: m[some] for n, m in mask.items()}
        few = train(five.take(some), data, 20, mask=own, order=[orders[i] for i in some], by="sparse")
        assert equal(few.replicates.params, {n: p[some] for n, p in one.items()})


# Masks that change, and the way back ------------------------------------------------------------------------------


@every_optimizer
def test_from_dense_to_sparse_and_back_is_the_dense_training_throughout(three, toy, optimizer, threads):
    """The optimizer's memory goes along both ways; what is pruned and comes back has none."""
    threads(4)
    plan = {12: 0.3, 24: 0.1, 36: 0.35, 48: 0.9}
    runs = {}
    for by in ("auto", "linear"):
        was = {}
        for now in training(three, toy, 60, optimizer=optimizer, batch_size=16, by=by):
            was[now.step] = is_sparse(now)
            if now.step in plan:
                now.mask = random_masks(three, seed=now.step, density=plan[now.step])
            assert all(not p[~now.mask[n]].any() for n, p in now.params.items() if n in now.mask)
        assert [was[step] for step in (12, 13, 24, 25, 48, 49, 60)] == [
            by == "auto" and 12 < s < 49 for s in (12, 13, 24, 25, 48, 49, 60)
        ]
        runs[by] = now.params
    assert furthest(runs["auto"], runs["linear"]) <= 1e-10


@every_optimizer
def test_what_is_pruned_from_a_layer_that_keeps_most_stays_zero(three, toy, optimizer):
    ends = []
    for by in ("sparse", "linear"):
        for now in training(three, toy, 12, optimizer=optimizer, batch_size=16, by=by):
            assert all(not p[~now.mask[n]].any() for n, p in now.params.items() if n in now.mask)
            if now.step % 3 == 0:
                now.mask = random_masks(three, seed=now.step, density=0.8)
        ends.append(now.params)
    assert furthest(*ends) <= 1e-10


@every_optimizer
def test_rigl_on_the_sparse_path_is_rigl_on_the_dense_one(three, toy, optimizer):
    ends = []
    for by in ("sparse", "linear"):
        for now in training(
            three, toy, 12, mask=random_masks(three, density=0.2), optimizer=optimizer, batch_size=16, by=by
        ):
            if now.step % 3 == 0:
                now.mask = {n: rigl(now.params[n], now.grads[n], m, 5) for n, m in now.mask.items()}
        ends.append((now.params, now.mask))
    assert equal(ends[0][1], ends[1][1])
    assert furthest(ends[0][0], ends[1][0]) <= 1e-10


def test_masks_that_change_at_every_step_are_left_to_the_dense_step(three, toy):
    sparse = []
    for now in training(three, toy, 30, mask=random_masks(three, density=0.2), batch_size=16):
        sparse.append(is_sparse(now))
        if now.step < 9:
            now.mask = random_masks(three, seed=now.step, density=0.2)
    assert sparse == [step == 1 or step > 8 + sparse_path.SETTLED for step in range(1, 31)]


# What a loop may look at --------------------------------------------------------------------------------------------


def test_looking_at_weights_and_gradients_changes_no_bit(three, toy):
    mask = random_masks(three, density=0.2)
    for now in training(three, toy, 9, mask=mask, batch_size=16, by="sparse"):
        _, params, grads, _ = now
        assert sum(len(dict(t)) for t in (params, grads)) == 12
    assert equal(now.params, train(three, toy, 9, mask=mask, batch_size=16, by="sparse").replicates.params)


def test_gradients_are_those_of_the_last_step_also_after_a_new_mask_and_a_dense_step(three, toy, threads):
    threads(4)
    a, b = (
        training(three, toy, 6, mask=random_masks(three, density=0.2), optimizer=SGD, batch_size=16, by=by)
        for by in ("auto", "linear")
    )
    for one, two in zip(a, b, strict=True):
        assert is_sparse(one) == (one.step <= 3)
        if one.step == 3:
            one.mask = two.mask = random_masks(three, seed=9, density=0.9)
        if one.step != 4:  # not looked at: nothing may be left over for the next time
            assert furthest(one.grads, two.grads) <= 1e-12
    assert repr(one.grads).startswith("{'layers.0.weight': tensor([[[")


def test_evaluation_by_kept_weights_is_the_dense_one_and_depends_on_no_thread(mnist, threads):
    three = Replicates.create(lambda: MLP([784, 60, 30, 10]), seeds=range(3))
    mask = random_masks(three, density=0.2)
    sparse = three.with_params(masks.apply(mask, three.params))
    threads(1)
    loss, accuracy = evaluate(sparse, mnist, "val")
    dense, right = evaluate(sparse, mnist, "val", by="linear")
    assert not torch.equal(loss, dense)  # another order of summing: it was taken
    assert torch.allclose(loss, dense, rtol=1e-6)
    assert torch.allclose(accuracy, right, atol=1e-3)
    threads(2)
    assert all(map(torch.equal, evaluate(sparse, mnist, "val"), (loss, accuracy)))
    one, _ = evaluate(sparse.take([1]), mnist, "val")
    assert torch.equal(one, loss[1:2])
    for networks, data in ((three, mnist), (sparse, mnist.first(100, 100, 100))):  # not where it would not pay
        assert torch.equal(evaluate(networks, data, "val")[0], evaluate(networks, data, "val", by="linear")[0])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_network_that_diverged_is_seen_also_where_nothing_reads_the_neuron(mnist, bad):
    two = Replicates.create(lambda: MLP([784, 60, 30, 10]), seeds=range(2))
    params = masks.apply(random_masks(two, density=0.2), two.params)
    params["layers.0.bias"][1, 5] = bad
    params["layers.1.weight"][1, :, 5] = 0
    loss, accuracy = evaluate(two.with_params(params), mnist, "val")
    assert loss.isnan().tolist() == accuracy.isnan().tolist() == [False, True]


def test_networks_that_compiled_loops_do_not_take_go_the_dense_way(mnist):
    two, data = Replicates.create(lambda: MLP([784, 60, 30, 10]), seeds=range(2)), mnist.to("cpu", torch.bfloat16)
    half = two.with_params(
        {n: p.bfloat16() for n, p in masks.apply(random_masks(two, density=0.2), two.params).items()}
    )
    assert torch.equal(evaluate(half, data, "val")[0], evaluate(half, data, "val", by="linear")[0])


# Which path ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"mask": 0.7}, False),
        ({"mask": None}, False),
        ({"by": "linear"}, False),
        ({"by": "vmap"}, False),
        ({"frozen": True}, False),
        ({"optimizer": type("Mine", (Optimizer,), {})()}, False),
    ],
)
def test_it_is_taken_where_it_pays_and_can_be(three, toy, change, expected, threads):
    threads(4)
    given = {"mask": 0.3} | change
    mask = None if given["mask"] is None else random_masks(three, density=given["mask"])
    if "frozen" in given:
        given["frozen"] = {n: torch.zeros_like(three.params[n]) for n in mask}
    assert is_sparse(next(training(three, toy, 2, batch_size=16, **given | {"mask": mask}))) == expected


def test_a_layer_without_a_mask_counts_whole_and_small_networks_and_wide_minibatches_stay_dense(three, threads):
    threads(4)
    mask, layers = random_masks(three, density=0.1), [(n, None) for n in three.full_mask()]
    assert sparse_path.pays(mask, three.params, layers, 128)
    assert not sparse_path.pays(mask, three.params, layers, 2000)
    assert not sparse_path.pays({"layers.0.weight": mask["layers.0.weight"]}, three.params, layers, 128)
    one = [("layers.0.weight", None)]
    assert not sparse_path.pays(mask, three.params, one, 128)  # 4,000 weights


def test_with_a_network_for_every_thread_it_is_taken_whatever_is_kept_unless_layers_are_wide(three, threads):
    threads(3)
    layers = [(n, None) for n in three.full_mask()]
    assert sparse_path.pays({}, three.params, layers, 128)
    wide = {"w": torch.ones(3, 10, 1025)}
    assert not sparse_path.pays({}, wide, [("w", None)], 128)
    threads(4)
    assert not sparse_path.pays({}, three.params, layers, 128)


def test_without_numba_every_step_is_dense(three, toy, monkeypatch):
    mask = random_masks(three, density=0.1)
    dense = train(three, toy, 5, mask=mask, batch_size=16, by="linear").replicates.params
    monkeypatch.setattr(compiled, "AVAILABLE", False)
    assert equal(train(three, toy, 5, mask=mask, batch_size=16).replicates.params, dense)
    with pytest.raises(ValueError, match="by is 'sparse', but numba is not installed; allowed here: linear, vmap"):
        train(three, toy, 5, mask=mask, batch_size=16, by="sparse")


def test_where_it_cannot_be_taken_it_is_refused_with_the_reason(three, toy):
    mask = random_masks(three)
    held = {n: torch.zeros_like(three.params[n]) for n in mask}
    with pytest.raises(ValueError, match="by is 'sparse', but frozen weights take part like kept ones"):
        train(three, toy, 5, mask=mask, frozen=held, batch_size=16, by="sparse")
    with pytest.raises(ValueError, match="by is 'sparse', but the update rule is a Mine"):
        train(three, toy, 5, optimizer=type("Mine", (Optimizer,), {})(), batch_size=16, by="sparse")
    bent = Replicates.create(lambda: nn.Sequential(nn.Linear(20, 5), nn.Tanh()), seeds=[0], dtype=torch.float64)
    with pytest.raises(ValueError, match="by is 'sparse', which needs an MLP of Linear and ReLU layers"):
        train(bent, toy, 5, batch_size=16, by="sparse")


# What goes wrong on the way -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [1, 2, 3])
@pytest.mark.parametrize("when", [1, 4, 10])
def test_an_interrupted_training_is_as_if_it_had_ended_there(toy, monkeypatch, threads, many, when):
    threads(many)
    monkeypatch.setattr(sparse_path, "AT_ONCE", 4)
    four = Replicates.create(net, seeds=range(4), dtype=torch.float64)
    mask, real, calls = random_masks(four, density=0.2), sparse_kernels.steps, []

    def interrupted(share, *given):
        real(share, *given)
        calls.extend(share)
        if len(calls) >= when and when not in seen:
            seen.add(when)
            raise KeyboardInterrupt

    seen = set()
    monkeypatch.setattr(sparse_kernels, "steps", interrupted)
    with pytest.raises(Stopped) as stopped:
        train(four, toy, 20, mask=mask, batch_size=16, by="sparse")
    done = stopped.value.trained
    assert done.steps % 4 == 0
    until = train(four, toy, done.steps, mask=mask, batch_size=16, by="sparse")
    assert equal(done.replicates.params, until.replicates.params)


def test_a_thread_that_cannot_be_started_stops_the_training_and_hangs_nothing(toy, monkeypatch, threads):
    threads(4)
    five = Replicates.create(net, seeds=range(5), dtype=torch.float64)
    real = ThreadPoolExecutor.submit

    def refused(pool, work, thread):
        if thread == 2:
            raise RuntimeError("can't start new thread")
        return real(pool, work, thread)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refused)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        train(five, toy, 20, mask=random_masks(five, density=0.2), batch_size=16, by="sparse")


@pytest.mark.parametrize("threads", range(1, 6))
@pytest.mark.parametrize("replicates", [5, 6, 7, 11])
@pytest.mark.parametrize("steps", [1, 2, 16])
def test_every_step_is_shared_out_once_and_evenly_and_to_one_thread_at_a_time(threads, replicates, steps):
    shares = sparse_path.shared_out(range(replicates), steps, threads)
    done = [(r, t) for pieces in shares for p in pieces for r in p.replicates for t in range(p.begin, p.end)]
    assert sorted(done) == [(r, t) for r in range(replicates) for t in range(steps)]
    taken = [sum(len(p.replicates) * (p.end - p.begin) for p in pieces) for pieces in shares]
    assert max(taken) - min(taken) <= 1
    for pieces, others in itertools.pairwise(shares):
        for late in (p for p in pieces if p.begin):  # whose first steps are what the next thread begins with
            assert (late.replicates == others[0].replicates).all()
            assert (others[0].begin, others[0].end, late.end) == (0, late.begin, steps)


def test_a_training_that_diverges_says_so_and_keeps_pruned_weights_at_zero(three, toy):
    mask = random_masks(three, density=0.2)
    with pytest.raises(Diverged) as lost:
        train(three, toy, 40, mask=mask, batch_size=20, optimizer=Optimizer("sgd", lr=1e200), by="sparse")
    end = lost.value.replicates.params
    assert any(p.isnan().any() for p in end.values())
    assert all(not end[n][~m].any() for n, m in mask.items())
