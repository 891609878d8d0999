"""The proof's stored runs in small: the network that is imitated, the tickets of trained targets, and the trade-off."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from lthedu import data
from lthedu.data import DamagedFile
from lthedu.experiments import paper_results, small_cnn
from lthedu.networks.models import MLP
from lthedu.paper import proof_targets, runs
from lthedu.paper.proof_targets import Growth, Targets, Tradeoff
from lthedu.proof import construct, limits, normalise_rows, same_predictions
from lthedu.training import Replicates, evaluate


def silent(*_) -> None:
    """Tells nobody."""


def test_the_network_is_written_as_the_pass_with_the_best_validation_left_it(tmp_path, mnist, monkeypatch) -> None:
    few = mnist.first(80, 40, 40)
    monkeypatch.setattr(data, "load", lambda *_: few)
    monkeypatch.setattr(small_cnn, "PAPER", replace(small_cnn.SIZES.tiny, passes=3))
    found = paper_results.read(runs.run("small_cnn", tmp_path))
    val = found.table[found.table["split"] == "val"]
    test = found.table[found.table["split"] == "test"].iloc[0]
    assert len(val) == 3
    assert test["step"] == val.loc[val["accuracy"].astype(float).idxmax(), "step"]
    weights = {name: p[None] for name, p in load_file(tmp_path / "small_cnn.safetensors").items()}
    start = Replicates.create(small_cnn.models.small_cnn, [0])
    loss, accuracy = evaluate(start.with_params(weights), small_cnn.pictures(few))
    assert (round(float(loss[0]), 6), round(float(accuracy[0]), 6)) == (test["loss"], test["accuracy"])


def test_changed_weights_are_refused(tmp_path, monkeypatch) -> None:
    original = data.data_path("mnist").parent / "reference"
    (tmp_path / "reference").mkdir()
    for name in ("small_cnn.json", "small_cnn.safetensors"):
        (tmp_path / "reference" / name).write_bytes((original / name).read_bytes())
    monkeypatch.setattr(small_cnn, "course_path", lambda _: tmp_path)
    assert small_cnn.trained()[0].weight.equal(load_file(original / "small_cnn.safetensors")["0.weight"])
    changed = tmp_path / "reference" / "small_cnn.safetensors"
    changed.write_bytes(changed.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedFile, match=r"small_cnn\.safetensors is damaged"):
        small_cnn.trained()
    changed.unlink()
    with pytest.raises(FileNotFoundError, match=r"small_cnn\.safetensors or its small_cnn\.json is missing"):
        small_cnn.trained()


def test_every_target_box_scale_and_choice_has_a_row_with_its_errors_in_order(tmp_path, mnist, monkeypatch) -> None:
    few = mnist.first(60, 20, 20)
    tiny = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 10))
    monkeypatch.setattr(data, "load", lambda *_, **__: few)
    monkeypatch.setattr(small_cnn, "trained", lambda: tiny.requires_grad_(False))
    monkeypatch.setattr(proof_targets.models, "lenet_300_100", lambda: MLP([784, 3, 10]))
    monkeypatch.setattr(proof_targets, "_alone", lambda measure, *arguments: measure(*arguments))
    found = proof_targets.proof_targets(silent, tmp_path, Targets(eta=1e-2, steps=2, batch_size=20, masked=7))
    assert found.complete
    assert len(found.table) == 2 * 2 * 2 * 2
    for row in found.table.to_dict("records"):
        assert 0 <= row["on test"] <= row["found"] <= row["certificate"]
        assert row["rounding"] < 1e-4
        assert row["summands"] < row["kept"] < row["random"]


def test_the_tradeoff_compares_at_equal_distance_and_no_ticket_beats_counting(tmp_path) -> None:
    small = Tradeoff(dimension=2, eps=(0.1,), numbers=(2, 20), seeds=(0,))
    found = proof_targets.proof_tradeoff(silent, tmp_path, small)
    rows = found.table
    assert (rows["distance"] <= 0.1).all()
    assert (rows["kept"] >= rows["least kept"]).all()
    for row in rows.to_dict("records"):
        assert limits.counting_bound_for_few(2, 0.1, row["least kept"]) <= row["random"]
        assert row["least kept"] == 1 or limits.counting_bound_for_few(2, 0.1, row["least kept"] - 1) > row["random"]
    assert rows[rows["method"] == "free"]["numbers"].tolist() == [20, 20]  # two numbers hit nothing
    assert set(rows["method"]) == {"free", "malach", "orseau"}


def test_growth_has_every_method_at_every_eta_for_each_seed(tmp_path) -> None:
    found = proof_targets.proof_growth(silent, tmp_path, Growth(etas=(0.1, 0.05), draws=10, seeds=(0, 1)))
    assert found.complete
    assert found.table.groupby(["seed", "eta"])["method"].nunique().tolist() == [5] * 4


def test_a_stopped_run_keeps_its_rows_and_goes_on(tmp_path) -> None:
    def stop(done: int, *_) -> None:
        if done == 3:
            raise KeyboardInterrupt

    small = Tradeoff(dimension=2, eps=(0.2,), numbers=(20,), seeds=(0, 1))
    first = proof_targets.proof_tradeoff(stop, tmp_path, small)
    assert not first.complete
    assert len(first.table) == 3
    whole, again = (proof_targets.proof_tradeoff(silent, folder, small) for folder in (tmp_path, tmp_path / "new"))
    assert whole.complete
    assert whole.table.equals(again.table)


@pytest.mark.full
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("keep", ["ladder", "fewest"])
def test_the_masked_network_reads_the_digits_as_the_small_network_does(keep, seed) -> None:
    target, pictures = small_cnn.trained(), small_cnn.pictures(data.load("mnist"))
    theirs = target(pictures.x_test)
    assert (theirs.argmax(1) == pictures.y_test).double().mean() >= 0.985
    assert (data.data_path("mnist").parent / "reference" / "small_cnn.safetensors").stat().st_size <= 200_000
    scaled = {"normalise": normalise_rows, "largest": 1.0, "per_weight": 40}  # at 1/4, eta is four times as large
    ticket = construct(target, eta=1e-3, image=(1, 28, 28), keep=keep, seed=seed, **scaled)
    assert ticket.missed == 0
    ours = torch.from_numpy(ticket.folded(pictures.x_test.double().numpy()))
    assert same_predictions(theirs, ours) >= 0.999
    masked = ticket.logits(pictures.x_test[:200])  # the network itself, which takes a while
    assert (masked - ours[:200]).abs().max() < 1e-3


@pytest.mark.full
@pytest.mark.parametrize("keep", ["ladder", "fewest"])
def test_the_ticket_of_the_small_network_takes_little_memory_and_keeps_its_bound(keep) -> None:
    pictures = small_cnn.pictures(data.load("mnist")).x_test[:100]
    given = small_cnn.trained(), pictures, (0.0, 1.0), "neuron", keep, Targets()
    row = proof_targets._alone(proof_targets._ticket, *given)
    assert row["peak bytes"] is None or row["peak bytes"] < 3e9
    assert row["found"] <= row["certificate"]
