"""The stop button inside a training ends an experiment there: no half-trained network becomes a row of its table."""

from dataclasses import replace

import pytest

from lthedu import data
from lthedu.experiments import base
from lthedu.lessons.pieces import experiment as counting
from lthedu.lessons.pruning_basics import experiment as compare
from lthedu.lessons.pruning_basics.experiment import Comparison
from lthedu.lessons.rewinding import experiment as rewinding
from lthedu.lessons.supermasks import experiment as widths
from lthedu.lessons.zeros_and_signs import experiment as deconstruction
from lthedu.training import Stopped

SIZES = (196, 6, 10)


def comparing(digits: data.Dataset) -> None:
    settings = compare.Settings(seeds=(0, 1), nonzeros=(3_700,), dense_steps=6, steps=6, updates=3, batch_size=20)
    Comparison(digits, settings).train_dense()


def counting_pieces(digits: data.Dataset) -> None:
    counting.Counting(digits, replace(counting.SIZES.tiny, early=(), steps=6, batch_size=20)).run()


def deconstructing(digits: data.Dataset) -> None:
    settings = deconstruction.Settings(
        seeds=(0, 1), sizes=SIZES, densities=(0.5,), retrained=(0.3,), steps=6, batch_size=20
    )
    deconstruction.Deconstruction(digits, settings).run()


def finding_supermasks(digits: data.Dataset) -> None:
    settings = widths.Settings(seeds=(0, 1), widths=(4,), depths=(1,), probe=4, steps=6, images=60, batch_size=20)
    widths.Supermasks(digits, settings).run()


def rewound(digits: data.Dataset) -> None:
    settings = rewinding.Settings(
        seeds=(0, 1), sizes=SIZES, densities=(0.5,), ks=(0,), few_ks=(0,), steps=6, batch_size=20
    )
    rewinding.Rewinding(digits, settings).run()


@pytest.mark.parametrize("experiment", [comparing, counting_pieces, deconstructing, finding_supermasks, rewound])
def test_a_stop_in_the_midst_of_training_stops_the_experiment(experiment, mnist, monkeypatch):
    real, loop, ends = base.train, base.training, []

    def press(done: int, in_all: int, text: str) -> None:
        if done == 3:
            raise KeyboardInterrupt

    def interrupted(*args, **named):
        try:
            return real(*args, **named | {"progress": press})
        except Stopped as stopped:
            ends.append(stopped.trained.steps)
            raise

    def pressed(*args, **named):
        for i, now in enumerate(loop(*args, **named), 1):
            yield now
            if i == 3:
                ends.append(3)
                raise KeyboardInterrupt

    monkeypatch.setattr(base, "train", interrupted)
    monkeypatch.setattr(base, "training", pressed)
    few = mnist.first(200, 40, 40)
    with pytest.raises(KeyboardInterrupt):
        experiment(few if experiment is comparing else data.pooled(few))
    assert ends == [3]
