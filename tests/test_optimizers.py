"""Schedules by hand, and against torch's own."""

import pytest
import torch

from lthedu.training import Optimizer, RateSchedule


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
