"""The engine against a plain loop (tests/engine.py), and the promises of its docstrings."""

import copy

import pytest
import torch
from engine import (
    OPTIMIZERS,
    PATHS,
    SPARSE,
    batchnorm,
    conv,
    dropout,
    furthest,
    mlp,
    optimizer_name,
    random_masks,
    rigl,
    solo,
)
from torch import nn

from lthedu.data import Dataset
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.training import Diverged, Optimizer, RateSchedule, Replicates, Stopped, evaluate, measure, train, training
from lthedu.training.cuda_graph import Captured
from lthedu.training.minibatches import minibatches

every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=optimizer_name)
every_path = pytest.mark.parametrize("path", [*PATHS, SPARSE])
SGD = Optimizer("sgd", lr=0.1)


@pytest.fixture(scope="module")
def three():
    return Replicates.create(mlp, seeds=[0, 1, 2], dtype=torch.float64)


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


# Equal to training each replicate alone ------------------------------------------------------------------------


@every_optimizer
@every_path
def test_50_float64_steps_equal_solo_training_to_1e_10(three, toy, path, optimizer):
    mask, order = random_masks(three), [5, 9, 5]
    done = train(three, toy, 50, mask=mask, order=order, optimizer=optimizer, batch_size=16, by=path)
    for i in range(3):
        alone = solo(three, i, mlp, toy, 50, order=order[i], optimizer=optimizer, batch=16, mask=mask)
        assert furthest(masks.unstack(done.replicates.params, i), alone) <= 1e-10


@pytest.mark.parametrize("kind", ["cosine", "steps"])
def test_a_schedule_sets_the_rate_of_every_step_and_of_a_start_in_the_middle(three, toy, kind):
    schedule = RateSchedule(kind, warmup=5)
    whole = Optimizer("sgd", lr=0.1, schedule=schedule)
    params = three.params
    for step in range(7, 12):  # one at a time, each with the rate that the schedule names
        rate = Optimizer("sgd", lr=0.1 * schedule.at(step, 12))
        one = train(three.with_params(params), toy, step + 1, optimizer=rate, batch_size=16, first_step=step)
        params = one.replicates.params
    done = train(three, toy, 12, optimizer=whole, batch_size=16, first_step=7)
    assert furthest(done.replicates.params, params) <= 1e-12


@every_path
def test_50_float32_sgd_steps_equal_solo_training_to_1e_5(toy, path):
    three, data = Replicates.create(mlp, seeds=[0, 1, 2]), toy.to("cpu", torch.float32)
    mask = random_masks(three)
    done = train(three, data, 50, mask=mask, optimizer=SGD, batch_size=16, by=path)
    for i in range(3):
        alone = solo(three, i, mlp, data, 50, order=i, optimizer=SGD, batch=16, mask=mask)
        assert furthest(masks.unstack(done.replicates.params, i), alone) <= 1e-5


def test_float32_adam_is_as_accurate_as_solo_training(mnist):
    # rounding may part two Adam runs; what stays is how good they are
    data = mnist.first(4000, 1000, 2000)

    def make():
        return MLP([784, 50, 10])

    three = Replicates.create(make, seeds=[0, 1, 2])
    mask = random_masks(three)
    done = train(three, data, 60, mask=mask)
    for i in range(3):
        net = make()
        net.load_state_dict(solo(three, i, make, data, 60, order=i, optimizer=Optimizer(), batch=128, mask=mask))
        alone = float((net(data.x_test).argmax(1) == data.y_test).double().mean())
        together = done.history.query("split == 'test' and replicate == @i")["accuracy"].item()
        assert alone > 0.7
        assert abs(together - alone) < 0.01


@every_path
def test_three_together_equal_three_times_one(three, toy, path):
    mask = random_masks(three)
    together = train(three, toy, 20, mask=mask, batch_size=16, by=path).replicates.params
    for i in range(3):
        one = {n: m[i : i + 1] for n, m in mask.items()}
        alone = train(three.take([i]), toy, 20, mask=one, order=[i], batch_size=16, by=path).replicates.params
        assert furthest(masks.unstack(together, i), masks.unstack(alone, 0)) <= 1e-10


# Pruned weights ------------------------------------------------------------------------------------------------


@every_optimizer
@every_path
def test_no_pruned_weight_is_non_zero_after_any_step_and_kept_weights_move(three, toy, path, optimizer):
    # the first steps one by one: momentum and weight decay revive a weight from the second step on
    mask = random_masks(three)
    now = masks.apply(mask, three.params)
    for steps in range(1, 7):
        before = now
        now = train(three, toy, steps, mask=mask, optimizer=optimizer, batch_size=16, by=path).replicates.params
        for name, m in mask.items():
            assert not now[name][~m].any(), f"{name} after step {steps}"
            moved = (now[name] != before[name])[m].double().mean()
            assert moved > 0.7, f"{name} in step {steps}"  # a dead ReLU may hold a few


def test_biases_are_trained_under_a_mask(three, toy):
    done = train(three, toy, 3, mask=random_masks(three), batch_size=16).replicates.params
    assert all(done[f"layers.{i}.bias"].any(1).all() for i in range(3))


@every_optimizer
def test_an_interrupt_between_update_and_mask_leaves_no_pruned_weight_alive(three, toy, optimizer):
    mask, calls = random_masks(three), []

    class Interrupted(Optimizer):
        def build(self, flat):
            real = optimizer.build(flat)
            step = real.step

            def update():
                step()
                calls.append(1)
                if len(calls) == 3:
                    raise KeyboardInterrupt

            real.step = update
            return real

    with pytest.raises(Stopped) as stopped:
        train(three, toy, 9, mask=mask, optimizer=Interrupted(), batch_size=16)
    done = stopped.value.trained
    assert not any(done.replicates.params[n][~m].any() for n, m in mask.items())


@every_path
def test_weights_that_are_pruned_before_the_first_step_play_no_part(three, toy, path):
    mask = random_masks(three)
    wild = {n: torch.where(mask[n], p, 1e6) if n in mask else p for n, p in three.params.items()}
    a, b = (train(three.with_params(p), toy, 5, mask=mask, batch_size=16, by=path) for p in (three.params, wild))
    assert equal(a.replicates.params, b.replicates.params)


def test_a_mask_that_keeps_everything_changes_nothing(three, toy):
    a = train(three, toy, 5, mask=three.full_mask(), batch_size=16)
    assert equal(a.replicates.params, train(three, toy, 5, batch_size=16).replicates.params)


@every_optimizer
def test_frozen_weights_keep_their_bits_and_the_others_learn_as_if_they_were_constants(three, toy, optimizer):
    mask = random_masks(three)
    held = {n: torch.randn_like(three.params[n]) for n in mask}
    done = train(three, toy, 20, mask=mask, frozen=held, optimizer=optimizer, batch_size=16)
    params = done.replicates.params
    assert all(torch.equal(params[n][~m], held[n][~m]) for n, m in mask.items())
    net = MLP([20, 16, 8, 5]).double()  # one of them alone, with autograd
    net.load_state_dict({n: p[1] for n, p in masks.hold(mask, three.params, held).items()})
    build = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[optimizer.name]
    more = {"momentum": optimizer.momentum} if optimizer.name == "sgd" else {}
    update = build(net.parameters(), lr=optimizer.lr, weight_decay=optimizer.weight_decay, **more)
    for x, y in minibatches(toy, [0, 1, 2], 16, 0, 20):
        update.zero_grad()
        nn.functional.cross_entropy(net(x[1]), y[1]).backward()
        update.step()
        with torch.no_grad():
            for n, p in net.named_parameters():
                if n in mask:
                    p[~mask[n][1]] = held[n][1][~mask[n][1]]
    assert furthest({n: p[1] for n, p in params.items()}, net.state_dict()) <= 1e-10


def test_frozen_at_zero_is_the_same_as_pruned(three, toy):
    mask = random_masks(three)
    zeros = {n: torch.zeros_like(three.params[n]) for n in mask}
    a, b = (train(three, toy, 10, mask=mask, frozen=f, batch_size=16).replicates.params for f in (None, zeros))
    assert equal(a, b)


def test_frozen_values_that_do_not_fit_are_refused_by_name(three, toy):
    mask = random_masks(three)
    for frozen, words in [
        ({"layers.9.weight": torch.zeros(1)}, "frozen names 'layers.9.weight'"),
        ({"layers.0.weight": torch.zeros(1)}, "the frozen values of 'layers.0.weight'"),
        ({n: torch.zeros_like(p).float() for n, p in three.params.items() if n in mask}, "the frozen values of"),
    ]:
        with pytest.raises(ValueError, match=words):
            train(three, toy, 5, mask=mask, frozen=frozen, batch_size=16)


# Another mask on the way ---------------------------------------------------------------------------------------


def test_the_same_mask_again_changes_nothing(three, toy):
    mask = random_masks(three)
    for now in training(three, toy, 6, mask=mask, batch_size=16):
        now.mask = masks.clone(now.mask)
    assert equal(now.params, train(three, toy, 6, mask=mask, batch_size=16).replicates.params)


@every_optimizer
def test_a_new_mask_holds_at_once_and_what_grows_starts_as_if_it_were_new(three, toy, optimizer):
    """Grown weights at zero, with no memory: next to them, weights that never were pruned go on as they were."""
    grown = {n: m.roll(1, -1) for n, m in random_masks(three).items()}
    for now in training(three, toy, 6, mask=random_masks(three), optimizer=optimizer, batch_size=16):
        if now.step == 4:
            before, old = masks.clone(now.params), now.mask
            now.mask = grown
            for n, m in grown.items():
                assert not now.params[n][~(m & old[n])].any()
                assert torch.equal(now.params[n][m & old[n]], before[n][m & old[n]])
            flat = masks.clone(now.params)
            remembered = [t for t in now.optimizer.state[now._flat].values() if t is not None and t.ndim]
            assert all(
                not part.view(p.shape)[grown[n] & ~old[n]].any()
                for memory in remembered
                for (n, p), part in zip(flat.items(), memory.split([p.numel() for p in flat.values()]), strict=True)
                if n in grown
            )
        if now.step == 5:
            assert all(now.params[n][grown[n] & ~old[n]].any() for n in grown)
            assert all(not now.params[n][~m].any() for n, m in grown.items())


def test_a_frozen_weight_that_grows_learns_from_its_frozen_value(three, toy):
    mask, full = random_masks(three), three.full_mask()
    held = {n: torch.randn_like(three.params[n]) for n in mask}
    for now in training(three, toy, 3, mask=mask, frozen=held, optimizer=SGD, batch_size=16):
        if now.step == 1:
            now.mask = full
            assert all(torch.equal(now.params[n][~m], held[n][~m]) for n, m in mask.items())
    assert all((now.params[n] != held[n])[~m].double().mean() > 0.7 for n, m in mask.items())


def test_rigl_is_a_loop_over_training(three, toy):
    """Evci et al. (2020), arXiv:1911.11134: its masks beside masks by hand, weight for weight."""
    first, found = random_masks(three), []
    for now in training(three, toy, 9, mask=first, optimizer=SGD, batch_size=16):
        step, params, grads, mask = now
        if step % 3 == 0:
            found.append((masks.clone(params), masks.clone(grads), mask))
            now.mask = {n: rigl(params[n], grads[n], m, 5) for n, m in mask.items()}
            found[-1] += (now.mask,)
    assert len(found) == 3
    for params, grads, old, new in found:
        for name, m in old.items():
            for r in range(3):
                weights, slopes, kept = (t[r].flatten().tolist() for t in (params[name], grads[name], m))
                kept = [i for i, keep in enumerate(kept) if keep]
                gone = [i for i in range(len(weights)) if i not in kept]
                stay = sorted(kept, key=lambda i: abs(weights[i]))[5:]
                grow = sorted(gone, key=lambda i: -abs(slopes[i]))[:5]
                assert sorted(stay + grow) == new[name][r].flatten().nonzero().flatten().tolist()
    assert masks.counts(now.mask) == masks.counts(first)
    assert all(not p[~now.mask[n]].any() for n, p in now.params.items() if n in now.mask)


@pytest.mark.parametrize("names", [["nowhere"], ["layers.0.weight"]])
def test_a_new_mask_of_other_layers_is_refused(three, toy, names):
    now = next(training(three, toy, 3, batch_size=16))
    with pytest.raises(ValueError, match=r"the new mask names \[.*\]; allowed: each of \['layers.0.weight', 'layers.1"):
        now.mask = dict.fromkeys(names, torch.ones(1, dtype=torch.bool))


# Convolutions, buffers, dropout --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["auto", "vmap", "loop"])
@pytest.mark.parametrize("make", [conv, batchnorm], ids=["conv", "batchnorm"])
def test_convolutions_and_batchnorm_equal_solo_training_buffers_included(make, path, toy):
    two = Replicates.create(make, seeds=[0, 1], dtype=torch.float64)
    mask = random_masks(two)
    done = train(two, toy, 30, mask=mask, optimizer=SGD, batch_size=16, by=path).replicates
    for i in range(2):
        alone = solo(two, i, make, toy, 30, order=i, optimizer=SGD, batch=16, mask=mask)
        assert furthest(masks.unstack(done.params | done.buffers, i), alone) <= 1e-10
    if make is batchnorm:
        assert done.buffers["1.num_batches_tracked"].tolist() == [30, 30]
        assert not torch.equal(done.buffers["1.running_mean"][0], done.buffers["1.running_mean"][1])


def test_evaluation_with_batchnorm_uses_and_keeps_the_running_statistics(toy):
    two = train(Replicates.create(batchnorm, seeds=[0, 1], dtype=torch.float64), toy, 5, batch_size=16).replicates
    before = {n: b.clone() for n, b in two.buffers.items()}
    a, b = (evaluate(two, toy, by=path) for path in ("loop", "vmap"))
    assert equal(two.buffers, before)
    assert torch.allclose(a[0], b[0], atol=1e-12)
    net = batchnorm().double().eval()
    net.load_state_dict(masks.unstack(two.params | two.buffers, 1))
    assert a[0][1] == pytest.approx(nn.functional.cross_entropy(net(toy.x_test), toy.y_test).item())


@pytest.mark.parametrize("path", ["vmap", "loop"])
def test_dropout_differs_between_replicates_repeats_and_leaves_the_global_state(toy, path):
    one = Replicates.create(dropout, seeds=[0], dtype=torch.float64)
    twins = one.take([0, 0])  # equal weights and equal minibatches: only the noise can part them
    torch.manual_seed(1)
    state = torch.get_rng_state()
    a = train(twins, toy, 5, order=[7, 7], batch_size=16, by=path).replicates.params
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(100)
    b = train(twins, toy, 5, order=[7, 7], batch_size=16, by=path).replicates.params
    assert equal(a, b)
    assert not torch.equal(a["0.weight"][0], a["0.weight"][1])
    evaluated = evaluate(twins, toy, by=path)
    assert evaluated[0][0] == evaluated[0][1]  # no dropout in evaluation


# Inputs, minibatches, snapshot, continuation -------------------------------------------------------------------


@every_path
@pytest.mark.parametrize("masked", [True, False])
def test_the_replicates_and_the_data_that_go_in_are_not_changed(toy, path, masked):
    made = Replicates.create(mlp, seeds=[0, 1], dtype=torch.float64)
    mask = random_masks(made) if masked else None
    before, data = copy.deepcopy((made.params, made.model.state_dict(), mask)), copy.deepcopy(vars(toy))
    done = train(made, toy, 4, mask=mask, batch_size=16, by=path)
    assert equal(made.params, before[0])
    assert equal(made.model.state_dict(), before[1])
    assert mask is None or equal(mask, before[2])
    assert equal(vars(toy), data)
    done.replicates.params["layers.0.weight"].zero_()
    assert made.params["layers.0.weight"].any()


def test_buffers_that_go_in_are_not_changed(toy):
    made = Replicates.create(batchnorm, seeds=[0], dtype=torch.float64)
    before = copy.deepcopy((made.buffers, made.model.state_dict()))
    train(made, toy, 4, batch_size=16)
    assert equal(made.buffers, before[0])
    assert equal(made.model.state_dict(), before[1])


def drawn(order, batch, first, last, n=10):
    """The examples (by number) of each minibatch: (steps, R, batch)."""
    numbers = torch.arange(float(n))[:, None]
    data = Dataset(*([numbers, torch.arange(n)] * 3))
    batches = list(minibatches(data, order, batch, first, last))
    assert all(torch.equal(x[:, :, 0].long(), y) for x, y in batches)
    return torch.stack([y for _, y in batches])


def test_equal_orders_see_equal_minibatches_and_different_ones_do_not():
    found = drawn([4, 8, 4], 3, 0, 6)
    assert torch.equal(found[:, 0], found[:, 2])
    assert not torch.equal(found[:, 0], found[:, 1])


def test_an_order_depends_on_its_integer_and_the_pass_alone():
    together, torch_state = drawn([4, 8, 6], 3, 0, 9), torch.get_rng_state()
    assert torch.equal(drawn([8], 3, 0, 9)[:, 0], together[:, 1])
    assert torch.equal(torch.get_rng_state(), torch_state)
    for first in range(1, 9):  # in the middle of a pass, too
        assert torch.equal(drawn([4, 8, 6], 3, first, 9), together[first:])


def test_each_pass_sees_every_example_at_most_once_and_passes_differ():
    found = drawn([0], 3, 0, 6)[:, 0]
    for one_pass in (found[:3], found[3:]):
        assert len(set(one_pass.flatten().tolist())) == 9  # of 10: the remainder is left out
    assert not torch.equal(found[:3], found[3:])
    assert sorted(drawn([0], 5, 0, 2).flatten().tolist()) == list(range(10))


def test_replicates_with_equal_weights_and_order_stay_equal(three, toy):
    done = train(three.take([1, 1, 1]), toy, 10, order=[3, 3, 4], batch_size=16).replicates.params
    one, two, other = (masks.unstack(done, i) for i in range(3))
    assert furthest(one, two) <= 1e-12
    assert furthest(one, other) > 1e-6


@every_path
def test_what_the_loop_shows_is_training_to_that_step_bit_for_bit(three, toy, path):
    mask = random_masks(three)
    for now in training(three, toy, 7, mask=mask, batch_size=16, by=path):
        until = train(three, toy, now.step, mask=mask, batch_size=16, by=path)
        assert equal(now.params, until.replicates.params)
        assert equal(now.replicates.params, now.params)
    assert now.step == 7


@every_path
def test_the_loop_shows_the_gradients_that_the_step_took_pruned_weights_included(three, toy, path):
    mask = random_masks(three)
    before = masks.apply(mask, three.params)
    batches = minibatches(toy, [0, 1, 2], 16, 0, 3)
    for (_, params, grads, used), (x, y) in zip(
        training(three, toy, 3, mask=mask, optimizer=SGD, batch_size=16, by=path), batches, strict=True
    ):
        net = mlp().double()
        net.load_state_dict(masks.unstack(before, 1))
        nn.functional.cross_entropy(net(x[1]), y[1]).backward()
        assert furthest(masks.unstack(grads, 1), {n: p.grad for n, p in net.named_parameters()}) <= 1e-12
        assert any(grads[n][~m].any() for n, m in mask.items())
        assert used is mask
        before = masks.clone(params)


def test_the_loop_leaves_gradients_and_randomness_of_the_one_who_runs_it(toy):
    two = Replicates.create(dropout, seeds=[0, 1], dtype=torch.float64)
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    drawn = []
    for now in training(two, toy, 4, batch_size=16):
        drawn.append(torch.rand(1))
        assert torch.is_grad_enabled()
        last = now.params
    assert torch.equal(torch.cat(drawn), expected)
    assert equal(last, train(two, toy, 4, batch_size=16).replicates.params)


@every_path
@pytest.mark.parametrize("k", [1, 6, 8])
def test_first_step_goes_on_with_the_sameminibatches(three, toy, path, k):
    # without momentum a continued run is the whole run; 6 minibatches are a pass
    whole = train(three, toy, 9, optimizer=SGD, batch_size=16, by=path)
    half = train(three, toy, k, optimizer=SGD, batch_size=16, by=path).replicates
    rest = train(half, toy, 9, first_step=k, optimizer=SGD, batch_size=16, by=path)
    assert equal(rest.replicates.params, whole.replicates.params)
    assert rest.steps == 9


# Evaluation, progress, interrupts ------------------------------------------------------------------------------


def steps_of(history, split):
    return history.query("split == @split and replicate == 0")["step"].tolist()


@pytest.mark.parametrize("arguments", [{}, {"first_step": 3}])
def test_history_has_a_row_for_each_replicate_and_split_at_the_last_step(three, toy, arguments):
    history = train(three, toy, 7, batch_size=16, **arguments).history
    assert list(history.columns) == ["replicate", "step", "split", "loss", "accuracy"]
    assert (steps_of(history, "val"), steps_of(history, "test")) == ([7], [7])
    assert len(history) == 3 * 2
    assert not history.duplicated(["replicate", "step", "split"]).any()


def test_a_row_is_the_evaluation_of_the_weights_at_that_step(three, toy):
    ends = train(three, toy, 4, batch_size=16)
    for split in ("val", "test"):
        loss, accuracy = evaluate(ends.replicates, toy, split)
        rows = ends.history.query("split == @split")
        assert rows["loss"].tolist() == loss.tolist()
        assert rows["accuracy"].tolist() == accuracy.tolist()


@pytest.mark.parametrize("make", [mlp, batchnorm, dropout])
def test_evaluating_does_not_change_what_is_trained(toy, make):
    two = Replicates.create(make, seeds=[0, 1], dtype=torch.float64)
    for now in training(two, toy, 6, batch_size=16):
        measure(now.replicates, toy, now.step)
    plain = train(two, toy, 6, batch_size=16).replicates
    assert equal(now.params | now.replicates.buffers, plain.params | plain.buffers)


@every_path
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_evaluate_is_mean_cross_entropy_and_accuracy(three, toy, path, split):
    x, y = getattr(toy, f"x_{split}"), getattr(toy, f"y_{split}")
    loss, accuracy = evaluate(three, toy, split, by=path)
    for i in range(3):
        net = mlp().double()
        net.load_state_dict(masks.unstack(three.params, i))
        assert float(loss[i]) == pytest.approx(nn.functional.cross_entropy(net(x), y).item(), rel=1e-12)
        assert float(accuracy[i]) == (net(x).argmax(1) == y).sum() / len(y)


def test_evaluate_in_chunks_counts_every_example_once(mnist):
    two = Replicates.create(lambda: MLP([784, 10]), seeds=range(2))
    data = mnist.first(10, 10, 7001)  # chunks of 3,333 leave a remainder
    loss, accuracy = evaluate(two, data)
    net = MLP([784, 10])
    net.load_state_dict(masks.unstack(two.params, 1))
    assert float(accuracy[1]) == float((net(data.x_test).argmax(1) == data.y_test).double().mean())
    assert float(loss[1]) == pytest.approx(nn.functional.cross_entropy(net(data.x_test), data.y_test).item(), 1e-5)


def test_evaluate_refuses_an_unknown_split(three, toy):
    with pytest.raises(ValueError, match="split is 'dev'; allowed: train, val, test"):
        evaluate(three, toy, "dev")


def test_progress_is_called_after_each_step(three, toy):
    seen = []
    train(three, toy, 5, first_step=2, batch_size=16, progress=lambda *now: seen.append(now))
    assert seen == [(k, 5, "training") for k in (3, 4, 5)]


def test_an_interrupt_keeps_the_weights_so_far(three, toy):
    def stop(done, steps, text):
        if done == 5:
            raise KeyboardInterrupt

    mask = random_masks(three)
    with pytest.raises(Stopped, match="the training stopped at step 5 of 9") as stopped:
        train(three, toy, 9, mask=mask, batch_size=16, progress=stop)
    done = stopped.value.trained
    until = train(three, toy, 5, mask=mask, batch_size=16)
    assert done.steps == 5
    assert done.history.empty
    assert equal(done.replicates.params, until.replicates.params)


def test_an_interrupt_in_the_first_step_leaves_the_start(three, toy):
    class Interrupted(Optimizer):
        def build(self, flat):
            def update():
                flat.add_(1)
                raise KeyboardInterrupt

            real = Optimizer.build(self, flat)
            real.step = update
            return real

    mask = random_masks(three)
    with pytest.raises(Stopped) as stopped:
        train(three, toy, 9, mask=mask, optimizer=Interrupted(), batch_size=16, first_step=2)
    done = stopped.value.trained
    assert (done.steps, len(done.history)) == (2, 0)
    assert equal(done.replicates.params, masks.apply(mask, three.params))
    assert equal(done.mask, mask)


def test_other_errors_of_the_callback_are_not_swallowed(three, toy):
    with pytest.raises(ZeroDivisionError):
        train(three, toy, 2, batch_size=16, progress=lambda *now: 1 / 0)


# What is refused -----------------------------------------------------------------------------------------------

WRONG = [
    ({"steps": 0}, "steps is 0"),
    ({"steps": -3}, "steps is -3"),
    ({"first_step": -1}, "first_step -1"),
    ({"first_step": 5}, "first_step 5"),
    ({"batch_size": 0}, "batch_size is 0; allowed: 1 to the 100"),
    ({"batch_size": 101}, "batch_size is 101"),
    ({"order": [1, 2]}, "order names 2 .* for 3 replicates"),
    ({"by": "quick"}, "'quick'"),
    ({"mask": {"layers.9.weight": torch.ones(3, 2, 2).bool()}}, "'layers.9.weight'"),
    ({"mask": {"layers.0.weight": torch.ones(16, 20).bool()}}, r"\(16, 20\).*\(3, 16, 20\)"),
    ({"mask": {"layers.0.weight": torch.ones(3, 16, 20)}}, "torch.float32"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[m for _, m in WRONG])
def test_a_wrong_argument_is_refused_by_value_before_any_work(three, toy, change, message, monkeypatch):
    monkeypatch.setattr("lthedu.training.engine.examples", lambda *a: pytest.fail("work was begun"))
    with pytest.raises(ValueError, match=message):
        training(three, toy, **{"steps": 5, "batch_size": 16} | change)  # at the call, and not at the first step
    with pytest.raises(ValueError, match=message):
        train(three, toy, **{"steps": 5, "batch_size": 16} | change)


def test_data_of_another_type_than_the_weights_is_refused(three, toy):
    with pytest.raises(ValueError, match=r"weights are torch.float64.*data torch.float32"):
        train(three, toy.to("cpu", torch.float32), 5, batch_size=16)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "lion"}, "'lion'; allowed: sgd, adam, adamw"),
        ({"lr": 0}, "lr is 0"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"name": "sgd", "momentum": 1.0}, "momentum is 1.0"),
        ({"name": "adam", "momentum": 0.9}, "momentum is 0.9; .* 0 for adam"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1"),
        ({"weight_decay": float("nan")}, "weight_decay is nan"),
    ],
)
def test_an_impossible_optimizer_is_refused_by_value(settings, message):
    with pytest.raises(ValueError, match=message):
        Optimizer(**settings)


# Replicates ----------------------------------------------------------------------------------------------------


def test_a_replicate_depends_on_its_seed_alone_and_the_global_state_stays():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    many = Replicates.create(mlp, seeds=[3, 1, 2])
    assert torch.equal(torch.get_rng_state(), state)
    one = Replicates.create(mlp, seeds=[2])
    assert equal(masks.unstack(many.params, 2), masks.unstack(one.params, 0))
    assert not torch.equal(many.params["layers.0.weight"][0], many.params["layers.0.weight"][1])


def test_no_seeds_are_refused():
    with pytest.raises(ValueError, match="seeds is empty"):
        Replicates.create(mlp, seeds=[])


def test_take_reorders_and_repeats_parameters_and_buffers():
    two = Replicates.create(batchnorm, seeds=[0, 1])
    two.buffers["1.running_mean"][1] = 5.0
    taken = two.take([1, 0, 1])
    assert len(taken) == 3
    for i, k in enumerate([1, 0, 1]):
        assert equal(masks.unstack(taken.params | taken.buffers, i), masks.unstack(two.params | two.buffers, k))


# CUDA ----------------------------------------------------------------------------------------------------------


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=optimizer_name)
@pytest.mark.parametrize("path", ["linear", "vmap"])
def test_50_float64_steps_on_cuda_equal_the_cpu_to_1e_9_and_masks_hold(three, toy, path, optimizer):
    mask = random_masks(three)
    there = Replicates.create(mlp, seeds=[0, 1, 2], device="cuda", dtype=torch.float64)
    assert all(torch.equal(p.cpu(), three.params[n]) for n, p in there.params.items())
    held = {n: m.cuda() for n, m in mask.items()}
    a = train(three, toy, 50, mask=mask, optimizer=optimizer, batch_size=16, by=path)
    b = train(there, toy.to("cuda"), 50, mask=held, optimizer=optimizer, batch_size=16, by=path)
    found = {n: p.cpu() for n, p in b.replicates.params.items()}
    assert furthest(a.replicates.params, found) <= 1e-9
    assert not any(found[n][~m].any() for n, m in mask.items())
    assert a.history["accuracy"].tolist() == pytest.approx(b.history["accuracy"].tolist())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
@pytest.mark.parametrize("make", [mlp, conv, batchnorm], ids=["linear", "vmap", "loop"])
def test_a_schedule_on_cuda_is_the_schedule_on_the_cpu(toy, make):
    rule = Optimizer("sgd", lr=0.1, momentum=0.9, schedule=RateSchedule("cosine", warmup=7))
    here, there = (Replicates.create(make, seeds=[0, 1], device=d, dtype=torch.float64) for d in ("cpu", "cuda"))
    a = train(here, toy, 40, optimizer=rule, batch_size=16, first_step=3)
    b = train(there, toy.to("cuda"), 40, optimizer=rule, batch_size=16, first_step=3)
    assert (
        furthest(a.replicates.params, {n: p.cpu() for n, p in b.replicates.params.items()}) <= 1e-6
    )  # the rate is float32 there
    assert all(torch.allclose(a.replicates.buffers[n], t.cpu(), atol=1e-6) for n, t in b.replicates.buffers.items())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
@pytest.mark.parametrize("waits", [False, True], ids=["captured", "cannot be captured"])
def test_a_captured_step_does_what_the_step_does(waits):
    total = torch.zeros(3, device="cuda")

    def step(x, y):
        total.add_(x * y)
        if waits:
            total.sum().item()

    call, x = Captured(step), torch.ones(3, device="cuda")
    for i in range(9):
        call(x * i, x)
    assert total.tolist() == [36.0] * 3
    assert (call.graph is None) == waits


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
def test_making_and_training_replicates_leaves_cudas_random_state():
    torch.cuda.manual_seed(3)
    state = torch.cuda.get_rng_state()
    Replicates.create(dropout, seeds=[0, 1], device="cuda")
    assert torch.equal(torch.cuda.get_rng_state(), state)


def test_pruned_weights_of_a_network_that_diverged_are_still_zero(toy):
    make = lambda: torch.nn.Sequential(torch.nn.Linear(20, 8), torch.nn.ReLU(), torch.nn.Linear(8, 5))  # noqa: E731
    networks = Replicates.create(make, seeds=[0], dtype=torch.float64)
    mask = {
        n: torch.rand(m.shape, generator=torch.Generator().manual_seed(1)) < 0.5
        for n, m in networks.full_mask().items()
    }
    with pytest.raises(Diverged) as lost:
        train(networks, toy, 40, mask=mask, batch_size=20, optimizer=Optimizer("sgd", lr=1e200))
    end = lost.value.replicates.params
    assert any(p.isnan().any() for p in end.values()), "it did not diverge: nothing was tested"
    assert all(not end[n][~m].any() for n, m in mask.items())


def test_a_parameter_that_must_not_be_trained_is_refused_by_name(toy):
    def frozen():
        model = torch.nn.Sequential(torch.nn.Linear(20, 5))
        model[0].bias.requires_grad_(False)
        return model

    networks = Replicates.create(frozen, seeds=[0], dtype=torch.float64)
    with pytest.raises(ValueError, match=r"'0.bias' has requires_grad=False"):
        train(networks, toy, 2, batch_size=20)
