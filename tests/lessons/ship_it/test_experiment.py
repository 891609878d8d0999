"""What the experiments of the lesson on shipping do: files hold what they say, and controls differ in one thing."""

import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lthedu.experiments import paper_results
from lthedu.lessons.ship_it import analysis, files, middle, studies
from lthedu.lessons.ship_it.experiment import (
    BOTH,
    COLUMNS,
    HALF,
    LEVELS,
    PRUNED,
    SIZES,
    SMALL,
    Rounded,
    Shrunk,
    as_stored,
    file_bytes,
    pruned,
)
from lthedu.networks import masks
from lthedu.networks.models import MLP, lenet_300_100
from lthedu.networks.onnx_file import onnx_is_here
from lthedu.sparsity import best_scale
from lthedu.stats import mean_interval
from lthedu.training import Replicates, train

TINY = replace(
    SIZES.tiny, ways=((HALF, 0.2), (HALF, 1.0), (4, 1.0), (4, 0.2), (1, 1.0)), more=2, widths=((6, 0), (6, 1))
)


@pytest.fixture(scope="module")
def few():
    from lthedu import data

    return data.load("mnist", device="cpu").first(300, 60, 60)


@pytest.fixture(scope="module")
def shrunk(few) -> Shrunk:
    made = Shrunk(few, TINY)
    made.run()
    return made


def test_every_way_has_a_row_without_training_and_one_with_it(shrunk) -> None:
    table = shrunk.table
    assert list(table.columns) == COLUMNS
    rows = table.groupby(["arm", "bits", "density", "pixels"])["more"].agg(sorted)
    assert {k: len(v) for k, v in rows.items()} == {
        ("dense", 32, 1.0, 784): 2,
        (PRUNED, HALF, 0.2, 784): 4,
        (LEVELS, HALF, 1.0, 784): 4,
        (LEVELS, 4, 1.0, 784): 4,
        (BOTH, 4, 0.2, 784): 4,
        (LEVELS, 1, 1.0, 784): 4,
        (SMALL, 8, 1.0, 784): 2,
        (SMALL, 8, 1.0, 196): 2,
    }


def test_files_are_packed_by_the_bit(shrunk) -> None:
    mean = shrunk.table.groupby(["arm", "bits", "density"])["packed"].mean()
    biases, rows, weights, places = 4 * 410, 4 * 410, 266_200, 33_275
    assert mean["dense", 32, 1.0] == 4 * weights + biases
    assert mean[LEVELS, HALF, 1.0] == 2 * weights + biases
    assert mean[LEVELS, 4, 1.0] == weights / 2 + rows + biases
    assert mean[LEVELS, 1, 1.0] == places + rows + biases
    assert mean[BOTH, 4, 0.2] == pytest.approx(places + 0.2 * weights / 2 + rows + biases, abs=2)  # whole bytes a layer
    assert mean[PRUNED, HALF, 0.2] == places + 0.4 * weights + biases + 3 * 15  # what stands before each layer
    assert (shrunk.table["bytes"] <= shrunk.table["packed"] + 1000).all()


def test_zip_takes_the_smaller_of_two_files() -> None:
    params = {"w": torch.randn(40, 50, generator=torch.Generator().manual_seed(0)), "b": torch.ones(40)}
    whole = {"w": torch.ones(40, 50, dtype=torch.bool)}
    packed, zipped = file_bytes(params, whole, {}, 32)
    assert packed == 4 * 2040
    assert zipped == len(zlib.compress(params["w"].numpy().tobytes() + params["b"].numpy().tobytes(), 9))


def test_pruned_weights_stay_zero_and_codes_stay_on_the_grid(few) -> None:
    two = Replicates.create(lenet_300_100, [0, 1])
    mask = pruned(two, 0.1)
    start = two.with_params(masks.apply(mask, two.params))
    scales = {n: best_scale(start.params[n], 3) for n in mask}
    done = train(start, few, 3, mask=mask, by=Rounded(two, scales, 3)).replicates
    stored = as_stored(done.params, scales, 3)
    for n, m in mask.items():
        assert not stored[n][~m].any()
        steps = stored[n] / scales[n].clamp_min(1e-12)
        assert torch.allclose(steps, steps.round(), atol=1e-3)
        assert steps.abs().max() <= 3.001


def test_rounded_gradients_are_torchs_at_the_rounded_weights(few) -> None:
    one = Replicates.create(lambda: MLP([784, 7, 10]), [3])
    scales = {n: best_scale(p, 2) for n, p in one.params.items() if p.ndim == 3}
    rounded = as_stored(one.params, scales, 2)
    x, y = few.x_train[None, :20], few.y_train[None, :20]
    out = {n: torch.empty_like(p) for n, p in one.params.items()}
    Rounded(one, scales, 2).gradients(one.model, one.params, {}, x, y, out)
    module = one.with_params(rounded).module(0)
    torch.nn.functional.cross_entropy(module(x[0]), y[0]).backward()
    for name, p in module.named_parameters():
        assert torch.allclose(out[name][0], p.grad, atol=1e-6)


def test_neurons_cut_out_compute_what_the_masked_network_computes() -> None:
    torch.manual_seed(0)
    network = MLP([6, 5, 4, 3])
    for layer in network.layers:
        torch.nn.init.normal_(layer.bias)
    params = {n: p.detach() for n, p in network.named_parameters()}
    neurons = {
        "layers.0.weight": torch.tensor([True, False, True, True, False]),
        "layers.1.weight": torch.tensor([False, True, True, False]),
    }
    small = MLP([6, 3, 2, 3])
    small.load_state_dict(middle.cut(params, neurons))
    masked = masks.apply(middle.weight_mask(neurons, params), params)
    x = torch.randn(9, 6)
    for n, bias in (("layers.0.weight", "layers.0.bias"), ("layers.1.weight", "layers.1.bias")):
        masked[bias] = torch.where(neurons[n], masked[bias], torch.zeros(()))
    assert torch.allclose(small(x), torch.func.functional_call(network, masked, x), atol=1e-6)


def test_every_arm_in_the_middle_costs_no_more_than_the_early_bird_and_nearly_as_much(few) -> None:
    settings = middle.SIZES.paper
    one = middle.Middle(few, settings)
    for density in settings.densities:
        budget = one.budget(density)
        steps = budget // middle.price(one.shape(density))
        for arm, cost in ((middle.SCRATCH, one.cost(middle.SCRATCH, density, steps)),
                          (middle.GRADUAL, one.cost(middle.GRADUAL, density, 0))):  # fmt: skip
            assert 0.9 * budget < cost <= budget, arm


def test_the_middle_runs_and_random_neurons_are_as_many(few) -> None:
    one = middle.Middle(few, middle.SIZES.tiny)
    table = one.run()
    assert set(table["arm"]) == set(middle.ARMS)
    assert (table.groupby("arm").size() == 2).all()
    like = {"a": torch.tensor([True, False, False, True, False])}
    drawn = [one.drawn(seed, like)["a"] for seed in range(20)]
    assert {int(m.sum()) for m in drawn} == {2}
    assert len({tuple(m.tolist()) for m in drawn}) > 5


@pytest.mark.skipif(not onnx_is_here(), reason="onnx and onnxruntime are not installed")
def test_files_are_timed_in_every_round_and_read_alike(few) -> None:
    table = files.Files(few, replace(files.SIZES.tiny, seeds=(0,), batches=(1, 2), rounds=2)).run()
    assert (table.groupby(["arm", "batch"]).size() == 2).all()
    assert (table["ms"] > 0).all()
    mean = table.groupby("arm")[["accuracy", "bytes", "hidden"]].mean()
    assert mean.loc[files.ZEROS_98, "accuracy"] == mean.loc[files.CUT_98, "accuracy"]
    assert mean.loc[files.ZEROS_98, "bytes"] == mean.loc[files.ZEROS_90, "bytes"] == mean.loc[files.DENSE, "bytes"]
    assert mean.loc[files.CUT_98, "hidden"] <= 400
    assert mean.loc[files.DENSE + files.INT8, "bytes"] < 0.3 * mean.loc[files.DENSE, "bytes"]


def test_leads_are_read_on_the_line_between_two_sizes() -> None:
    base = {"bits": 16, "width": 300, "pixels": 784, "lr": 0.1, "more": 0, "val": 0}
    rows = []
    for i, more in enumerate((0.09, 0.1, 0.11)):  # of few bits, in three networks
        rows += [base | {"arm": "pruned", "density": d, "bytes": b, "accuracy": a, "replicate": i}
                 for d, b, a in ((0.1, 100, 0.5), (0.2, 10_000, 0.9))]  # fmt: skip
        few = base | {"arm": "few bits", "density": 1.0, "accuracy": 0.7 + more, "replicate": i}
        rows += [few | {"bits": b, "bytes": k}
                 for b, k in ((2, 1000), (8, 20_000))]  # fmt: skip
    found = analysis.leads(pd.DataFrame(rows), "few bits", "pruned")
    assert found["bits"].tolist() == [2]  # eight bits lie beyond the last pruned size
    assert found["lead"].tolist() == pytest.approx([10])
    assert found[["low", "high"]].iloc[0].tolist() == pytest.approx([*mean_interval([9, 10, 11])[1:]])


def test_times_are_ratios_of_one_round() -> None:
    rows = [
        {"arm": arm, "batch": 1, "round": n, "replicate": 0, "ms": ms}
        for n, pair in enumerate(((4.0, 1.0), (8.0, 4.0)))
        for arm, ms in zip(("dense", "other"), pair, strict=True)
    ]
    found = analysis.times_as_fast(pd.DataFrame(rows))
    assert found[found["arm"] == "other"]["times"].tolist() == [4, 2]
    assert np.allclose(found[found["arm"] == "dense"]["times"], 1)


def test_the_stored_run_is_whole_and_of_these_settings() -> None:
    stored = paper_results.load("ship_it")
    assert stored.complete
    assert set(stored.settings) == {*studies.SHRUNK, "middle", "files"}
    assert stored.table.groupby("study")["replicate"].nunique().eq(5).all()


def test_no_best_rate_of_the_stored_run_is_the_least_or_the_greatest_that_was_tried() -> None:
    table = paper_results.load("ship_it").table
    shrunk = table[table["study"].isin([*studies.SHRUNK]) & (table["more"] > 0)]
    for rows, by in ((shrunk, [*analysis.WHAT]), (table[table["study"] == "middle"], ["arm", "density"])):
        for kind, one in rows.groupby(by):
            val = one.groupby("lr")["val"].mean()
            assert val.index.min() < val.idxmax() < val.index.max(), (kind, val.to_dict())


def test_a_study_on_pooled_pixels_reads_fewer() -> None:
    table = paper_results.load("ship_it").table
    assert set(table[table["study"].str.startswith("pooled")]["pixels"]) == {196}
