"""Reference results: what is written is read, what is not ours is refused; and the runs that make them, in small."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from lthedu import data
from lthedu.data import DamagedFile
from lthedu.experiments import paper_results
from lthedu.experiments.study import Settings, Study
from lthedu.lessons.counting_and_clocking import experiment as clocking
from lthedu.lessons.hashing_instead_of_multiplying import studies as hashing
from lthedu.lessons.many_small_lotteries import experiment as lottery
from lthedu.lessons.pieces import experiment as counting
from lthedu.lessons.pieces import residual
from lthedu.lessons.pruning_basics import experiment as comparison
from lthedu.lessons.rewinding import experiment as rewinding
from lthedu.lessons.rewinding import figures as rewinding_figures
from lthedu.lessons.search_without_gradients import longer as searches
from lthedu.lessons.sparse_coding import experiment as denoising
from lthedu.lessons.sparse_data import clock as skipping
from lthedu.lessons.sparse_data import experiment as reading
from lthedu.lessons.supermasks import rates as supermasks
from lthedu.lessons.winning_tickets import experiment as tickets
from lthedu.lessons.zeros_and_signs import rates as signs
from lthedu.networks import models
from lthedu.paper import runs

TINY = Settings(seeds=(0, 1), levels=2, steps=4, batch_size=10, val_every=2)


@pytest.fixture
def two(tmp_path):
    table = pd.DataFrame({"arm": ["dense", "ticket"], "level": [0, 1], "test": [0.5, 1 / 3]})
    made = {"device": "a GPU", "torch": "2.13.0", "seconds": 61.2}
    paper_results.write(
        tmp_path / "two.json", paper_results.PaperResult("two rows", True, {"seeds": (0, 1)}, made, table)
    )
    return tmp_path / "two.json"


def test_what_is_written_is_read(two):
    found = paper_results.read(two)
    assert found.table.values.tolist() == [["dense", 0, 0.5], ["ticket", 1, 1 / 3]]
    assert found.provenance() == "two rows (a GPU, torch 2.13.0, 61 s)"
    assert replace(found, complete=False).provenance().endswith("61 s; partial: the time ran out)")


@pytest.mark.parametrize(("old", "new"), [("0.5", "0.6"), ("two rows", "2 rows"), ("true", "false")])
def test_an_edited_reference_is_refused_with_both_checksums(two, old, new):
    two.write_text(two.read_text().replace(old, new))
    with pytest.raises(DamagedFile, match=r"two.json is damaged: its SHA-256 is \w{64}, expected \w{64}"):
        paper_results.read(two)


@pytest.mark.parametrize("content", ["", "[]", "{}", "\x80"])
def test_a_foreign_file_is_refused_by_name(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(DamagedFile, match=r"x\.json is damaged or no reference"):
        paper_results.read(tmp_path / "x.json")


def test_every_stored_reference_is_whole():
    for path in (data.data_path("mnist").parent / "reference").glob("*.json"):
        assert len(paper_results.read(path).table)


def test_a_condensed_study_has_one_row_a_network_and_its_best_validation_loss(mnist):
    study = Study(mnist.first(50, 30, 30), lambda: models.MLP([784, 5, 10]), TINY)
    found = runs.condensed(study.run()).set_index(["arm", "level", "replicate"]).sort_index()
    assert len(found) == 2 + 2 * 3 * 2
    row = study.table.query("arm == 'random mask' and level == 2 and replicate == 1")
    val = row[row["split"] == "val"]
    best = val.loc[val["loss"].idxmin()]
    mine = found.loc[("random mask", 2, 1)]
    assert (mine["best_step"], mine["best_val"]) == (best["step"], best["accuracy"])
    assert mine["test"] == row[row["split"] == "test"]["accuracy"].item()


def test_a_run_that_the_clock_stops_writes_its_whole_parts_and_goes_on(tmp_path, mnist, monkeypatch):
    monkeypatch.setattr(data, "load", lambda name: mnist.first(50, 30, 30))
    monkeypatch.setattr(runs, "PAPER", replace(TINY, seeds_per_part=1))
    whole, real = paper_results.read(runs.run("lenet", tmp_path / "whole")), runs.Clock.__call__
    for at, parts in ((5, 0), (20, 1)):  # a part of three levels is told of after each of its 12 steps, and more
        calls = []

        def stop(self, *now, calls=calls, at=at):
            calls.append(now)
            if len(calls) == at:
                raise KeyboardInterrupt

        monkeypatch.setattr(runs.Clock, "__call__", stop)
        if not parts:
            with pytest.raises(TimeoutError, match=r"run it again: it goes on from .*lenet\.parts"):
                runs.run("lenet", tmp_path)
            assert not (tmp_path / "lenet.json").exists()
            continue
        found = paper_results.read(runs.run("lenet", tmp_path))
        assert not found.complete
        assert found.table["replicate"].unique().tolist() == [0]
    monkeypatch.setattr(runs.Clock, "__call__", real)
    found = paper_results.read(runs.run("lenet", tmp_path))
    assert found.complete
    assert found.settings["seeds_per_part"] == 1
    pd.testing.assert_frame_equal(found.table, whole.table, check_exact=True)
    assert found.made_with["seconds"] >= 0


def test_a_run_is_stored_with_what_it_was_made_with(tmp_path, mnist, monkeypatch):
    monkeypatch.setattr(data, "load", lambda name: mnist.first(60, 30, 30))
    small = lottery.Settings(tickets=3, draws=2, few_draws=2, steps=2, levels=1, batch_size=10, tries=1)
    monkeypatch.setattr(lottery, "PAPER", small)
    found = paper_results.read(runs.run("lotteries", tmp_path / "made"))
    assert found.complete
    assert len(found.table) == 3 + 2 * 5  # the dense networks, and two of every arm
    assert found.made_with["device"] == "CPU"
    assert found.settings["draws"] == 2


def test_the_rewinding_run_is_stored_and_drawn(tmp_path, mnist, monkeypatch):
    small = rewinding.Settings(seeds=(0,), sizes=(196, 5, 10), densities=(0.5,), ks=(0, 1), few_ks=(0,), steps=3)
    monkeypatch.setattr(data, "load", lambda name: mnist.first(80, 30, 30))
    monkeypatch.setattr(rewinding, "PAPER", small)
    found = paper_results.read(runs.run("rewinding", tmp_path))
    assert found.complete
    assert found.table["barrier"].notna().sum() == 6
    _, alt = rewinding_figures.stored_by_density(found)
    assert "Rewinding on 14 x 14 MNIST (CPU" in alt


@pytest.mark.parametrize("name", ["lenet", "conv4", "supermasks", "winning_tickets"])
def test_the_other_runs_do_their_whole_way_in_small(tmp_path, mnist, monkeypatch, name):
    x, y = torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(0)), torch.arange(16) % 10
    small = {"mnist": mnist.first(60, 30, 30), "cifar10": data.Dataset(x, y, x, y, x, y)}
    monkeypatch.setattr(data, "load", small.__getitem__)
    monkeypatch.setattr(runs, "PAPER", TINY)
    monkeypatch.setattr(runs, "CONV4", replace(TINY, seeds=(0,), levels=1, steps=1, batch_size=8, val_every=1))
    one = supermasks.OneRate(seeds=(0, 1), widths=(4,), probe=4, steps=2, batch_size=20)
    rates = dict.fromkeys(supermasks.RATES, (0.1,))
    tiny_rates = supermasks.Settings(one, rates, {"edge-popup": (0.1,)}, depths=(1,), longer=(4,))
    monkeypatch.setattr(supermasks, "PAPER", tiny_rates)
    monkeypatch.setattr(tickets, "PAPER", tickets.Settings(TINY, rates=((1e-3, 0), (2e-3, 2))))
    found = paper_results.read(runs.run(name, tmp_path))
    assert found.complete
    assert {"conv4": "CIFAR-10", "lenet": "MNIST"}.get(name, "learning rates") in found.title
    assert len(found.table) == {"lenet": 14, "conv4": 4, "supermasks": 10, "winning_tickets": 28}[name]


def test_a_clock_stops_what_has_used_up_its_seconds():
    clock = runs.Clock(60.0)
    clock(1, 2, "")
    clock.began -= 61
    with pytest.raises(KeyboardInterrupt):
        clock(2, 2, "")
    assert clock.ran_out


def test_the_pruning_run_holds_the_search_all_pixels_and_the_longer_training(tmp_path, mnist, monkeypatch):
    small = comparison.Settings(
        seeds=(0,), nonzeros=(3_700,), dense_steps=2, steps=2, batch_size=10, lrs=(0.001, 0.002)
    )
    monkeypatch.setattr(data, "load", lambda name: mnist.first(60, 30, 30))
    monkeypatch.setattr(comparison, "SEARCH", small)
    monkeypatch.setattr(comparison.SIZES, "paper", replace(small, steps=3))
    found = paper_results.read(runs.run("pruning_basics", tmp_path))
    assert found.complete
    assert set(found.settings) == {"search", "all pixels", "long"}
    arms = found.table.groupby(["pixels", "steps"])["arm"].nunique()
    assert arms.to_dict() == {(196, 4): 6, (784, 4): 3, (196, 5): 3}
    assert set(found.table["lr"]) == {0.001, 0.002}


def test_the_run_on_pieces_holds_every_rate_both_lengths_and_the_starts(tmp_path, mnist, monkeypatch):
    small = replace(counting.SIZES.tiny, steps=2, early=(), batch_size=10, kinds=counting.KINDS)
    starts = residual.Settings(seeds=(0, 1), depths=(1,), width=4, steps=2, batch_size=10, images=40, rates=(0.1,))
    monkeypatch.setattr(data, "load", lambda name: mnist.first(60, 30, 30))
    monkeypatch.setattr(counting.SIZES, "paper", small)
    monkeypatch.setattr(counting, "LONG", replace(small, steps=3))
    monkeypatch.setattr(residual, "Settings", lambda: starts)
    found = paper_results.read(runs.run("pieces", tmp_path))
    assert found.complete
    pieces, by_depth = (found.table[found.table[name].notna()] for name in ("slice", "layers"))
    assert len(pieces) + len(by_depth) == len(found.table)
    assert pieces.groupby(["lr", "steps"])["arm"].nunique().to_dict() == {
        (lr, steps): arms for lr in counting.RATES for steps, arms in ((0, 1), (4, 4), (6, 4))
    }
    assert by_depth["arm"].nunique() == 4


def test_the_run_on_signs_holds_every_arm_at_every_rate(tmp_path, mnist, monkeypatch):
    small = signs.OneRate(seeds=(0, 1), sizes=(196, 5, 10), retrained=(0.5,), held=(0.5,), steps=2, batch_size=10)
    monkeypatch.setattr(data, "load", lambda name: mnist.first(60, 30, 30))
    monkeypatch.setattr(signs, "PAPER", signs.Settings(small, small, rates=(0.001, 0.002), deep_rates=(0.1,)))
    found = paper_results.read(runs.run("zeros_and_signs", tmp_path))
    assert found.complete
    arms = found.table.groupby(["network", "lr"])["action"].nunique()
    assert arms.to_dict() == {(signs.SHALLOW, 0.001): 17, (signs.SHALLOW, 0.002): 17, (signs.NARROW, 0.1): 12}


def test_the_run_of_searches_holds_every_budget_and_every_setting_that_was_tried(tmp_path, mnist, monkeypatch):
    small = searches.OneBudget(seeds=(0, 1), sizes=(49, 4, 10), images=20, budget=200, batch=5)
    monkeypatch.setattr(data, "load", lambda name: mnist.first(60, 30, 30))
    monkeypatch.setattr(searches, "PAPER", searches.Settings(small, budgets=(200, 300), tried=small))
    found = paper_results.read(runs.run("search_without_gradients", tmp_path))
    assert found.complete
    contests = found.table[found.table["stage"] == "contest"]
    assert contests.groupby("budget")["searcher"].nunique().to_dict() == {200: 7, 300: 7}
    tried = found.table[found.table["stage"] == "tried"].groupby("searcher")["setting"].nunique()
    assert tried.to_dict() == {name: len(values) for name, values in searches.TRIED.items()}


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"name": "lenet5"}, "'lenet5'; there are: lenet, conv4, lotteries, rewinding"),
        ({"name": "lenet", "seconds": 0}, "seconds is 0; it must be above 0"),
        ({"name": "lenet", "seconds": float("nan")}, "seconds is nan"),
    ],
)
def test_a_bad_run_is_refused_before_anything_is_written(tmp_path, named, words):
    with pytest.raises(ValueError, match=words):
        runs.run(folder=tmp_path / "new", **named)
    assert not (tmp_path / "new").exists()


def test_times_of_layers_that_skip_are_stored_with_the_processor_that_made_them(tmp_path, monkeypatch):
    monkeypatch.setattr(skipping, "Settings", lambda: skipping.TINY)
    found = paper_results.read(runs.run("sparse_data", tmp_path))
    assert found.complete
    assert found.settings["cpu"]
    assert list(found.table.columns) == list(skipping.Clock.COLUMNS)
    assert set(found.table["dimension"]) == {2, 3}


def test_networks_that_skip_are_stored_with_the_search_for_their_rates(tmp_path, monkeypatch):
    few = replace(reading.TINY, seeds=(0,), arms=(reading.DENSE, reading.SMALL), rates=(1e-3, 8e-3), steps=2)
    monkeypatch.setattr(reading, "SEARCH", few)
    monkeypatch.setattr(reading, "FINAL", (1, 2))
    found = paper_results.read(runs.run("sparse_reading", tmp_path))
    assert found.complete
    table = found.table.set_index("study")
    assert list(table.index) == ["search"] * 4 + [reading.DENSE] * 2 + [reading.SMALL] * 2
    for arm in few.arms:
        assert table.loc[arm, "lr"].nunique() == 1
        search = table.loc["search"]
        best = search[search["arm"] == arm].set_index("lr")["val"].idxmax()
        assert set(table.loc[arm, "lr"]) == {best}
        assert sorted(table.loc[arm, "replicate"]) == [0, 1]


def test_times_of_sparse_kernels_are_stored_with_the_processor_that_made_them(tmp_path, monkeypatch):
    few = replace(clocking.Settings(), seeds=(0, 1), densities=(0.5, 0.1), deep_at=(0.1,), deep=2, batches=(2,))
    monkeypatch.setattr(clocking, "Settings", lambda: few)
    monkeypatch.setattr(clocking, "SHAPES", ((32, 32),))
    monkeypatch.setattr(clocking, "HELD_OUT", (32, 32))
    found = paper_results.read(runs.run("counting_and_clocking", tmp_path))
    assert found.complete
    assert found.settings["cpu"]
    assert list(found.table.columns) == clocking.COLUMNS
    assert set(found.table["replicate"]) == {0, 1}
    assert set(found.table["layers"]) == {1, 2}


def test_what_takes_noise_out_is_stored_case_by_case(tmp_path, monkeypatch):
    monkeypatch.setattr(denoising, "PAPER", replace(denoising.PAPER, seeds=(0, 1), steps=2))
    monkeypatch.setattr(denoising, "PLAN", (("noisy", 0, (0.0,)), (denoising.arms.FIVE, 1, (1e-3, 2e-3))))
    found = paper_results.read(runs.run("sparse_coding", tmp_path))
    assert found.complete
    assert found.settings["plan"]
    assert list(found.table.columns) == denoising.COLUMNS
    assert len(found.table) == 2 * 3 * (len(denoising.CHOOSE) + len(denoising.TEST))
    assert set(found.table["replicate"]) == {0, 1}


def test_hashed_and_random_rows_are_stored_by_study(tmp_path, monkeypatch) -> None:
    few = replace(hashing.PAPER, seeds=(0,), classes=60, per_class=1, epochs=1, at_least=8, equal_rows=8)
    few = replace(few, equal_products=20, bits=3, tables=2)
    monkeypatch.setattr(hashing, "STUDIES", dict.fromkeys(hashing.STUDIES, few))
    monkeypatch.setattr(hashing, "TUNED_ON", (0,))
    found = paper_results.read(runs.run("hashing", tmp_path))
    assert found.complete
    assert found.settings["cpu"]
    assert set(found.table["study"]) == set(hashing.STUDIES)
    assert hashing.best_rates(found.table).keys() == set(hashing.TRIED)
