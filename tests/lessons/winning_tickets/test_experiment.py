"""What is trained beside the study trains as the study's own networks do, and each rate is a study of its own."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from lthedu.experiments.study import DENSE, RANDOM, WINNING, Settings, Study, final_accuracy
from lthedu.lessons.winning_tickets import experiment
from lthedu.training import Optimizer

TINY = Settings(seeds=(0, 1), levels=2, steps=6, batch_size=32, val_every=None)


@pytest.fixture(scope="module")
def study(mnist) -> Study:
    done = Study(mnist.first(300, 100, 100), settings=TINY)
    done.run()
    return done


@pytest.mark.parametrize("arm", [WINNING, RANDOM])
def test_the_study_s_own_masks_give_the_study_s_own_networks(study: Study, arm: str) -> None:
    again = experiment.retrained(study, 2, study.mask(2, arm))
    assert again == pytest.approx(final_accuracy(study.table, arm, 2), abs=0.011)  # rounding may turn one of 100 images


def test_other_images_and_another_rate_are_used(study: Study) -> None:
    own = experiment.retrained(study, 2, study.mask(2))
    blank = replace(study.data, x_test=torch.zeros_like(study.data.x_test))
    assert experiment.retrained(study, 2, study.mask(2), data=blank) != own
    assert experiment.retrained(study, 2, study.mask(2), optimizer=Optimizer(lr=0.1)) != own


def test_each_rate_is_a_study_of_its_own(study: Study) -> None:
    two = experiment.Rates(study.data, experiment.Settings(TINY, rates=((1.2e-3, 0), (0.05, 3))))
    table = two.run()
    own = table.query("lr == 0.0012 and arm == @WINNING and level == 2").sort_values("replicate")
    assert own["test"].tolist() == final_accuracy(study.table, WINNING, 2)
    assert own["val"].tolist() == final_accuracy(study.table, WINNING, 2, "val")
    other = table.query("lr == 0.05 and arm == @WINNING and level == 2")
    assert other["warmup"].unique().tolist() == [3]
    assert other["test"].tolist() != own["test"].tolist()


def test_an_arm_s_own_rate_is_the_one_with_the_best_validation_accuracy_without_warm_up() -> None:
    rows = [
        (0.1, 0, DENSE, 0, 0.90, 0.5),
        (0.2, 0, DENSE, 0, 0.95, 0.6),
        (0.2, 9, DENSE, 0, 0.99, 0.7),
        (0.1, 0, WINNING, 1, 0.98, 0.8),
        (0.2, 0, WINNING, 1, 0.97, 0.9),
    ]
    table = pd.DataFrame(rows, columns=["lr", "warmup", "arm", "level", "val", "test"]).assign(replicate=0)
    best = experiment.at_own_rate(table).set_index("arm")["test"]
    assert best.to_dict() == {DENSE: 0.6, WINNING: 0.8}
