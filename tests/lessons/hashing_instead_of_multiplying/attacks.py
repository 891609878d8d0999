"""Attacks on what lesson 15 claims: each returns its numbers. Accuracies are shares; seeds are none of the lesson's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from unittest import mock

import numpy as np

from lthedu.base.streams import numpy_generator
from lthedu.hashing import Network, Nothing, active_softmax, rebuild_times, train
from lthedu.hashing.finders import Finder
from lthedu.lessons.hashing_instead_of_multiplying import experiment, ticket
from lthedu.lessons.hashing_instead_of_multiplying.arms import (
    ARMS,
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
    """Every class is a family of its own, each arm at its best of three rates here: who needs to find anything?"""
    found = {}
    for arm in (CENTRED, RAW, RANDOM):
        tables = [
            _ends(experiment.run((arm,), replace(LESSON, seeds=SEEDS, siblings=1, rate=rate))[0])
            for rate in (0.035, 0.07, 0.1)
        ]
        found[arm] = float(max(tables, key=lambda table: table["val"].mean())["accuracy"].mean())
    return found


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


@dataclass
class Told:
    """A finder that knows the label of each example of training, and may change what another finder found for it."""

    inner: Finder
    choose: Callable[[np.ndarray, int], np.ndarray]  # (found, label) -> rows
    labels: list[int] = field(default_factory=list)  # of the examples to come, the last one first

    @property
    def products(self) -> int:
        return self.inner.products

    def rebuild(self, rows: np.ndarray, queries: np.ndarray) -> None:
        self.inner.rebuild(rows, queries)

    def __call__(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return self.choose(self.inner(query, rows), self.labels.pop())


def told(
    seed: int, inner: Finder, choose: Callable[[np.ndarray, int], np.ndarray], at_least: int
) -> tuple[float, float]:
    """Accuracy and products of a training like that of the arms, at rate .1, by a finder that is told the labels."""
    s, data, finder = LESSON, experiment.problem(LESSON, seed), Told(inner, choose)
    network = Network.create(data.x_train.shape[1], s.hidden, s.classes, numpy_generator(seed, "weights"))
    n, rng, active = len(data.x_train), numpy_generator(seed, "random rows"), 0
    times = rebuild_times(s.first, s.growth, s.epochs * n)
    for epoch in range(s.epochs):
        order = numpy_generator(seed, "order", epoch).permutation(n)
        finder.labels = data.y_train[order][::-1].tolist()
        now = {t - epoch * n for t in times}
        some = train(network, data.x_train, data.y_train, order.tolist(), finder, at_least, 0.1, rng, rebuild_at=now)
        active += some.active
    products = (finder.products + 3 * active) / (s.epochs * n)
    return experiment.accuracies(network, data)["accuracy"], products


def a_set_for_each_class(seeds: Sequence[int] = (50, 51, 52)) -> dict[str, list[tuple[float, float]]]:
    """The 20 classes of the nearest mean inputs, chosen once before training, and random rows: accuracy and products.

    To choose them takes classes^2 products of two inputs, half as long as two vectors of hidden numbers.
    """
    found: dict[str, list[tuple[float, float]]] = {"fixed": [], CENTRED: []}
    for seed in seeds:
        data = experiment.problem(LESSON, seed)
        sums = np.zeros((LESSON.classes, data.x_train.shape[1]))
        np.add.at(sums, data.y_train, data.x_train)
        means = sums / np.maximum(np.bincount(data.y_train, minlength=LESSON.classes), 1)[:, None]
        apart = (means**2).sum(1)[None] - 2 * means @ means.T
        np.fill_diagonal(apart, np.inf)
        sets = np.argsort(apart, axis=1)[:, :20]
        accuracy, products = told(seed, Nothing(), lambda _, label, sets=sets: sets[label], 60)
        once = LESSON.classes**2 / 2 / (LESSON.epochs * len(data.x_train))
        found["fixed"].append((accuracy, products + once))
        table, _ = experiment.run((CENTRED,), replace(LESSON, seeds=(seed,)))
        found[CENTRED].append((float(_ends(table)["accuracy"].mean()), float(table["products"].mean())))
    return found


def without_siblings() -> dict[str, float]:
    """Found rows of the label's family, its own row too, are left out, or they alone are kept: accuracy."""

    def family(rows: np.ndarray, label: int) -> np.ndarray:
        return rows // LESSON.siblings == label // LESSON.siblings

    ways: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
        "all": lambda rows, label: rows,
        "without siblings": lambda rows, label: rows[~family(rows, label)],
        "siblings alone": lambda rows, label: rows[family(rows, label)],
    }
    return {
        name: float(
            np.mean([told(seed, ARMS[CENTRED].finder(LESSON, seed), way, LESSON.at_least)[0] for seed in SEEDS])
        )
        for name, way in ways.items()
    }


def other_planes() -> dict[str, float]:
    """How far sets overlap: of one example by other planes, of one class, before and after the second pass."""
    rows = []
    for seed in SEEDS:
        s = LESSON
        _, early = experiment.train_arm(CENTRED, seed, replace(s, epochs=1))
        _, late = experiment.train_arm(CENTRED, seed, s)
        data, finder = late.data, ARMS[CENTRED].finder(s, seed + 1000)
        again = experiment.find_all(late.network, finder, data.x_test, data.x_train)
        near = [ticket.nearest(one.network.rows, one.network.hidden(data.x_test), 20) for one in (early, late)]
        sets = (late.found[-1], again, late.found[0], *near)
        inside, anew, before, near_before, near_after = (ticket.membership(some, s.classes) for some in sets)
        rows.append(
            {
                "other planes": np.diag(ticket.overlap(inside, anew)).mean(),
                "found, one class": ticket.overlaps(late.found[-1], data.y_test, s.siblings, s.classes)["of one class"],
                "found, a pass later": np.diag(ticket.overlap(before, inside)).mean(),
                "nearest, one class": ticket.overlaps(near[1], data.y_test, s.siblings, s.classes)["of one class"],
                "nearest, a pass later": np.diag(ticket.overlap(near_before, near_after)).mean(),
            }
        )
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def plain_step(self, x, active, rate, errors=active_softmax) -> None:
    """One step of plain gradient descent in the place of Adagrad's."""
    h = np.maximum(self.weights @ x + self.bias, 0)
    some = self.rows[active]
    error = errors(some @ h).astype(np.float32)
    back = (error @ some) * (h > 0)
    self.rows[active] -= np.float32(rate) * error[:, None] * h
    self.weights -= np.float32(rate) * np.outer(back, x)
    self.bias -= np.float32(rate) * back


def plain_gradient_descent() -> dict[str, dict[str, float]]:
    """Adagrad and plain steps (at the best of the rates .02, .05, .1): do rows lean, and does raw hashing find?"""

    def look(rate: float | None) -> dict[str, float]:
        rows, one = experiment.train_arm(RAW, ONE[0], replace(LESSON, rate=rate))
        weights, mean = one.network.rows, one.network.rows.mean(0)
        lean = np.linalg.norm(mean) / np.sqrt(((weights - mean) ** 2).sum(1).mean())
        return {name: float(rows[-1][name]) for name in ("label_found", "accuracy", "val")} | {"lean": float(lean)}

    found = {"Adagrad": look(None)}
    with mock.patch.object(Network, "step", plain_step):
        found["plain"] = max((look(rate) for rate in (0.02, 0.05, 0.1)), key=lambda one: one["val"])
    return found


def raw_with_fewer_bits() -> dict[str, tuple[float, float, float]]:
    """Raw hashing by shorter codes, and random rows of as many products: label found, accuracy, products."""
    found = {}
    for bits, tables in ((9, 16), (7, 16), (6, 24)):
        shape = replace(LESSON, seeds=ONE, bits=bits, tables=tables, bucket=LESSON.classes, rate=0.1)
        table, _ = experiment.run((RAW,), shape)
        found[f"{bits} bits, {tables} tables"] = _three(table)
    table, _ = experiment.run((RANDOM_MORE,), replace(LESSON, seeds=ONE, equal_products=301, rate=0.1))
    return found | {RANDOM_MORE: _three(table)}


def _three(table) -> tuple[float, float, float]:
    end = _ends(table)
    return float(end["label_found"].mean()), float(end["accuracy"].mean()), float(table["products"].mean())


def one_mask_of_weights() -> dict[str, float]:
    """A tenth of the weights of each row, the largest after centring, kept for all examples: accuracy at test.

    Found rows alone, with the code of the query, take as many products.
    """
    rows, one = experiment.train_arm(CENTRED, ONE[0], LESSON)
    weights = one.network.rows - one.network.rows.mean(0)
    kept = round(0.1 * LESSON.hidden)
    smallest = -np.sort(-np.abs(weights), axis=1)[:, kept - 1 : kept]
    masked = np.where(np.abs(weights) >= smallest, weights, 0)
    right = (one.network.hidden(one.data.x_test) @ masked.T).argmax(1) == one.data.y_test
    return {"one mask": float(right.mean()), "found rows alone": float(rows[-1]["found_alone"])}
