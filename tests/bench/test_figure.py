"""The whole figure in two processes: the same networks in both, and a report of what each took and found."""

import json
import sys

import pytest
import torch

from lthedu import data
from lthedu.bench import figure as bench
from lthedu.bench import idiomatic, own
from lthedu.experiments.study import DENSE, REINIT, WINNING, Settings
from lthedu.training import Optimizer


def printed(module, monkeypatch, capsys) -> dict:
    """What the process prints of seeds 3 and 4, on little data, with three levels of two steps."""
    monkeypatch.setenv("LTHEDU_SCALE", "tiny")
    monkeypatch.setattr(sys, "argv", ["-m", "3", "4"])
    monkeypatch.setattr(module, "LEVELS", 2)
    monkeypatch.setattr(module, "STEPS", 2)
    module.main()
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def both(monkeypatch, capsys) -> dict[str, dict]:
    mnist = data.load("mnist", device="cpu").first(300, 1, 200)
    parts = {"train": (mnist.x_train, mnist.y_train), "t10k": (mnist.x_test, mnist.y_test)}
    monkeypatch.setattr(idiomatic, "mnist", lambda part, first: torch.utils.data.TensorDataset(*parts[part]))
    return {bench.OURS: printed(own, monkeypatch, capsys), bench.PLAIN: printed(idiomatic, monkeypatch, capsys)}


def test_both_train_the_same_networks_at_the_same_densities(both):
    arms = [(0, DENSE), (1, REINIT), (1, WINNING), (2, REINIT), (2, WINNING)]
    kept = {0: 1.0, 1: (188_160 + 24_000 + 900) / 266_200, 2: (150_528 + 19_200 + 810) / 266_200}
    for found in both.values():
        names = sorted((r["seed"], r["level"], r["arm"]) for r in found["rows"])
        assert names == [(seed, *arm) for seed in (3, 4) for arm in arms]
        assert all(r["kept"] == pytest.approx(kept[r["level"]], abs=1e-12) for r in found["rows"])
        assert all(0 <= r["accuracy"] <= 1 and r["seconds"] > 0 for r in found["rows"])
        assert found["cpu"] > 0
        assert sum(found["seconds"].values()) > 0


def test_both_train_as_long_and_alike():
    ours = (own.LEVELS, own.STEPS, Settings().batch_size, Settings().optimizer)
    assert ours == (idiomatic.LEVELS, idiomatic.STEPS, idiomatic.BATCH, Optimizer("adam", lr=idiomatic.RATE))


def test_the_idiomatic_ticket_starts_each_level_from_its_initial_weights_and_the_control_from_others():
    torch.manual_seed(0)
    net = idiomatic.lenet()
    initial = [(layer.weight.detach().clone(), layer.bias.detach().clone()) for layer in idiomatic.linear(net)]
    smallest = initial[0][0].abs().flatten().argsort()[: 235_200 // 5]
    with torch.no_grad():  # as if it had been trained
        for layer in idiomatic.linear(net):
            layer.weight.mul_(-2)
            layer.bias.add_(1)
    idiomatic.prune_and_rewind(net, initial)
    first, other = idiomatic.linear(net)[0], idiomatic.linear(idiomatic.reinitialised(net))[0]
    mask = first.weight_mask
    assert not mask.flatten()[smallest].any()
    assert torch.equal(first.weight_orig, initial[0][0])
    assert torch.equal(first.bias, initial[0][1])
    assert torch.equal(other.weight_mask, mask)
    assert not torch.equal(other.weight_orig, first.weight_orig)


def fake(name: str, number: int, threads: int) -> dict:
    """Ours takes 2, then 4 seconds, the other 20 in each round; ours is a point better in each of two networks."""
    assert threads == 1
    at = 0.91 if name == bench.OURS else 0.9
    rows = [
        {"seed": seed, "arm": arm, "level": level, "kept": 0.8**level, "accuracy": at + seed / 100, "seconds": 0.5}
        for seed in (2 * number, 2 * number + 1)
        for level in (0, 5)
        for arm in ((WINNING, REINIT) if level else (DENSE,))
    ]
    wall = 2.0 * (number + 1) if name == bench.OURS else 20.0
    return {"rows": rows, "seconds": {"load": 0.5, "train": 1.0}, "cpu": wall / 2, "wall": wall}


def test_the_report_has_ratios_by_round_and_holds_accuracies_against_each_other(monkeypatch, tmp_path):
    monkeypatch.setattr(bench, "_process", fake)
    report = bench.figure_report(rounds=2, threads=1)
    lines = str(report).splitlines()
    assert "ratio of the wall clock, round by round: 10.00, 5.00" in lines
    row = next(line for line in lines if line.startswith("lthedu         wall"))
    assert row.split()[2:] == ["3.0", "2.0", "4.0"]
    of = next(line for line in lines if line.startswith(f"{WINNING}  "))
    assert of.split()[2:] == ["92.50", "91.50", "1.00", "0.91", "0.32"]  # seeds 0 to 3: sd 1.29, twice over 4
    level = next(line for line in lines if line.startswith(f"5      {REINIT}"))
    assert level.split()[3:] == ["32.77", "92.50", "91.50", "0.50", "0.50"]
    report.write(tmp_path)
    assert (tmp_path / "figure.png").stat().st_size > 0


def test_a_process_is_given_its_seeds_and_threads_and_timed_from_outside(monkeypatch):
    code = "import os, sys, json; print(json.dumps({'got': sys.argv[1:], 'threads': os.environ['OMP_NUM_THREADS']}))"
    run = bench.subprocess.run
    monkeypatch.setattr(bench.subprocess, "run", lambda c, **named: run([c[0], "-c", code, *c[3:]], **named))
    found = bench._process(bench.PLAIN, 2, threads=3)
    assert (found["got"], found["threads"]) == (["4", "5"], "3")
    assert found["wall"] > 0
