"""Schedules by hand and against torch's own, and the fused rules against torch.optim."""

import subprocess
import sys

import pytest
import torch
from engine import OPTIMIZERS, optimizer_name

from lthedu.training import Optimizer, RateSchedule
from lthedu.training.optimizers import CpuOptimizer


def rates(optimizer: Optimizer, steps: int) -> list[float]:
    built = optimizer.build(torch.zeros(2))
    found = []
    for step in range(steps):
        optimizer.set_rate(built, step, steps)
        found.append(built.param_groups[0]["lr"])
    return found


def test_cosine_is_torchs():
    flat = torch.zeros(2, requires_grad=True)
    built = torch.optim.SGD([flat], lr=0.4)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(built, T_max=50)
    expected = []
    for _ in range(50):
        expected.append(built.param_groups[0]["lr"])
        built.step()
        theirs.step()
    assert rates(Optimizer("sgd", lr=0.4, schedule=RateSchedule("cosine")), 50) == pytest.approx(expected)


def test_steps_fall_at_their_milestones_and_nowhere_else():
    found = rates(Optimizer("sgd", lr=1.0, schedule=RateSchedule("steps", milestones=(0.3, 0.8), factor=0.5)), 10)
    assert found == [1.0] * 3 + [0.5] * 5 + [0.25] * 2


def test_warmup_rises_to_the_whole_rate():
    found = rates(Optimizer("sgd", lr=2.0, schedule=RateSchedule(warmup=4)), 6)
    assert found == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"kind": "linear"}, "'linear'.*constant, cosine, steps"),
        ({"warmup": -1}, "-1.*from 0 up"),
        ({"milestones": (0.5, 1.5)}, "1.5.*above 0 and below 1"),
        ({"milestones": (0.75, 0.5)}, "rising"),
        ({"factor": 1.0}, "1.0.*below 1"),
        ({"factor": float("nan")}, "nan.*above 0"),
    ],
)
def test_a_bad_schedule_is_refused(named, words):
    with pytest.raises(ValueError, match=words):
        RateSchedule(**named)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=optimizer_name)
def test_an_update_is_torch_optims_to_the_last_bit(optimizer):
    ours, theirs = (torch.arange(1001.0).sin() for _ in range(2))
    momentum = {"momentum": optimizer.momentum} if optimizer.name == "sgd" else {}
    rule = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[optimizer.name]
    given = {"lr": optimizer.lr, "weight_decay": optimizer.weight_decay, "fused": True}
    pair = [CpuOptimizer(ours, optimizer), rule([theirs], **given, **momentum)]
    for step in range(20):
        ours.grad = theirs.grad = torch.randn(1001, generator=torch.Generator().manual_seed(step))
        for update in pair:
            update.step()
    assert torch.equal(ours, theirs)


def test_a_training_imports_no_compiler():
    """It takes a second, in every kernel."""
    code = """
import sys
from lthedu import data
from lthedu.networks.models import MLP
from lthedu.training import Replicates, train
few = data.load("mnist", device="cpu").first(100, 10, 10)
train(Replicates.create(lambda: MLP([784, 3, 10]), seeds=[0]), few, steps=2, batch_size=10)
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
