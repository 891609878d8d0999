"""Attacks on what lesson 15 claims: each returns its numbers. Accuracies are shares; seeds are none of the lesson's."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lthedu.lessons.hashing_instead_of_multiplying import experiment, ticket
from lthedu.lessons.hashing_instead_of_multiplying.arms import (
    CENTRED,
    DENSE,
    EXACT,
    HALF,
    QUERIES_ONLY,
    RANDOM,
    RANDOM_MORE,
    RAW,
    ROWS_ONLY,
    WEIGHED_MORE,
    WTA,
)
from lthedu.lessons.hashing_instead_of_multiplying.experiment import LESSON, Settings

SEEDS = (50, 51)
ONE = (50,)


def last(arms: Sequence[str], settings: Settings, measured: str = "accuracy") -> dict[str, float]:
    """The mean over seeds after the last epoch, by arm."""
    table, _ = experiment.run(tuple(arms), settings)
    return {str(arm): float(value) for arm, value in _ends(table).groupby("arm", sort=False)[measured].mean().items()}


def _ends(table):
    return table[table["epoch"] == table["epoch"].max()]


def finer_rates() -> dict[str, dict[float, float]]:
    """Centred hashing and random rows of equal products at rates a fifth apart: accuracy by rate."""
    rates = (0.06, 0.072, 0.085, 0.1, 0.12, 0.14)
    found = {
        arm: {rate: last([arm], replace(LESSON, seeds=ONE, rate=rate))[arm] for rate in rates} for arm in (CENTRED,)
    }
    low = (0.042, 0.05, 0.06, 0.072, 0.085, 0.1)
    return found | {
        RANDOM_MORE: {rate: last([RANDOM_MORE], replace(LESSON, seeds=ONE, rate=rate))[RANDOM_MORE] for rate in low}
    }


def three_times_the_passes() -> dict[str, float]:
    """Six passes: does random choice catch up?"""
    return last([CENTRED, RANDOM_MORE, RANDOM, DENSE], replace(LESSON, seeds=ONE, epochs=6))


def an_easy_task() -> dict[str, float]:
    """Every class is a family of its own: who needs to find anything?"""
    return last([CENTRED, RAW, RANDOM], replace(LESSON, seeds=SEEDS, siblings=1))


def half_of_the_centring() -> dict[str, float]:
    """Only the rows, or only the queries, are centred: how often the label is found."""
    return last([ROWS_ONLY, QUERIES_ONLY, CENTRED], replace(LESSON, seeds=SEEDS), "label_found")


def perfect_finding() -> dict[str, float]:
    """The largest rows, alone and with as many random ones: is hashing far from the best choice?"""
    return last([HALF, EXACT, CENTRED], replace(LESSON, seeds=SEEDS))


def winners() -> dict[str, float]:
    """Winner takes all, raw, beside centred signs: accuracy and products."""
    table, _ = experiment.run((WTA, CENTRED), replace(LESSON, seeds=SEEDS))
    both = _ends(table).groupby("arm")[["accuracy", "products"]].mean()
    return {f"{arm}, {name}": float(both.loc[arm, name]) for arm in (WTA, CENTRED) for name in ("accuracy", "products")}


def sampled_softmax() -> dict[float, float]:
    """Random rows of equal products that each stand for many, by rate."""
    return {
        rate: last([WEIGHED_MORE], replace(LESSON, seeds=ONE, rate=rate))[WEIGHED_MORE]
        for rate in (0.07, 0.1, 0.14, 0.2)
    }


def dense_with_as_many_products() -> dict[str, float]:
    """Dense training that stops when it has made as many products as hashing, at two sizes of minibatch."""
    table, _ = experiment.run((CENTRED,), replace(LESSON, seeds=ONE))
    share = float(table["products"].mean()) / (3 * LESSON.classes)
    few = replace(LESSON, seeds=ONE, epochs=1)
    examples = LESSON.epochs * LESSON.per_class * LESSON.classes * share
    per_class = max(1, round(examples / LESSON.classes))
    found = {f"minibatch of {n}": last([DENSE], replace(few, per_class=per_class, batch=n))[DENSE] for n in (8, 64)}
    return found | {CENTRED: float(_ends(table)["accuracy"].mean()), "examples of a class": float(per_class)}


def other_shapes() -> dict[str, tuple[float, float]]:
    """Centred hashing with other numbers of bits and tables: accuracy and products."""
    found = {}
    for bits, tables in ((8, 8), (9, 16), (10, 24), (11, 32)):
        table, _ = experiment.run((CENTRED,), replace(LESSON, seeds=ONE, bits=bits, tables=tables))
        found[f"{bits} bits, {tables} tables"] = (
            float(_ends(table)["accuracy"].mean()),
            float(table["products"].mean()),
        )
    return found


def dense_in_seconds() -> dict[str, float]:
    """Seconds of dense training over those of hashing, side by side."""
    table, _ = experiment.run((CENTRED, DENSE, CENTRED, DENSE), replace(LESSON, seeds=ONE))
    seconds = table.groupby("arm")["seconds"].min()
    return {"dense / centred": float(seconds[DENSE] / seconds[CENTRED])}


def a_set_for_each_class() -> dict[str, float]:
    """A mask for each class in the place of one for all: the label's share in the most usual rows of its own class."""
    _, trained = experiment.run((CENTRED,), replace(LESSON, seeds=ONE))
    one = trained[CENTRED]
    inside, y = ticket.membership(one.found[-1], LESSON.classes), one.data.y_test
    usual = round(inside.sum(1).mean())
    family = y // one.data.siblings
    hits = [y[i] in np.argsort(-inside[family == family[i]].sum(0))[:usual] for i in range(len(y))]
    return {
        "one set for all": float(np.isin(y, ticket.best_fixed_set(one.found[-1], LESSON.classes, usual)).mean()),
        "one set for a family": float(np.mean(hits)),
    }
