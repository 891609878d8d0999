"""One classifier of many classes, trained with the rows that each arm chooses for an example, and what that took."""

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count, Range
from lthedu.base.streams import numpy_generator
from lthedu.base.threads import one_thread
from lthedu.experiments import Seeded, Sizes
from lthedu.hashing import Hashed, Network, active_softmax, corrected, rebuild_times, train
from lthedu.hashing.active_softmax import Errors
from lthedu.hashing.finders import Centre, Finder
from lthedu.hashing.simhash import Vectors
from lthedu.hashing.tables import Rows
from lthedu.lessons.hashing_instead_of_multiplying.arms import (
    ARMS,
    CENTRED,
    DENSE,
    HALF,
    RANDOM,
    RANDOM_MORE,
    RAW,
    WEIGHED_MORE,
)
from lthedu.lessons.hashing_instead_of_multiplying.clusters import Clusters, draw_clusters

MEASURED = ["val", "accuracy", "found_alone", "label_found", "rows", "products", "seconds"]
COLUMNS = ["arm", "rate", "replicate", "epoch", *MEASURED]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What is trained; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(bits=0)
    Traceback (most recent call last):
    ValueError: Settings: bits is 0; allowed: a whole number from 1 to 62
    """

    seeds: Annotated[tuple[int, ...], AtLeast(1)] = (0, 1, 2, 3, 4)
    classes: Count = 2000
    siblings: Count = 20
    per_class: Count = 4  # training examples of a class in an epoch, on average
    hidden: Count = 128
    epochs: Count = 2
    bits: Annotated[int, Range(1, 62)] = 9
    tables: Count = 16
    bucket: Count = 48  # rows that a bucket keeps
    symbols: Count = 3  # of winner takes all
    width: Annotated[int, Range(2)] = 8
    at_least: Count = 60  # rows an example works with where hashing finds fewer
    equal_rows: Count = 72  # of random rows: as many rows, and as many products, as hashing takes
    equal_products: Count = 160
    first: Count = 1000  # examples until tables are built for the second time; then gaps grow
    growth: Annotated[float, Above(1)] = 1.5
    rate: Annotated[float, Above(0)] | None = None  # None: the arm's own
    batch: Count = 64  # of the dense network


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), classes=60, epochs=1, at_least=10, equal_rows=10, equal_products=30),
    lesson=LESSON,
    paper=replace(
        LESSON,
        classes=4000,
        per_class=6,
        bits=10,
        tables=24,
        bucket=64,
        symbols=4,
        at_least=100,
        equal_rows=112,
        equal_products=245,
    ),
)
scaled_settings = SIZES.now
RATES: Mapping[str, float] = dict.fromkeys(ARMS, 0.1) | {
    RANDOM_MORE: 0.07,
    RANDOM: 0.035,
    RAW: 0.07,
    WEIGHED_MORE: 0.07,
    HALF: 0.07,
    DENSE: 0.005,
}


@dataclass
class Trained:
    """A trained network, the finder it was trained with, the data, and what was found for each test input by epoch."""

    data: Clusters
    network: Network
    finder: Finder
    found: list[list[Rows]] = field(default_factory=list)


@typed
def run(
    arms: Sequence[str] = (RAW, CENTRED, RANDOM, RANDOM_MORE),
    settings: Settings = LESSON,
    *,
    centre: Centre | None = None,
    errors: Errors = active_softmax,
) -> tuple[pd.DataFrame, dict[str, Trained]]:
    """A row for each arm, seed and epoch; and the networks of the first seed, by arm.

    `centre` replaces the centring of the arm that centres both, `errors` the gradient at the logits. All arms of a seed
    share data, first weights and the order of the examples.
    """
    rows, trained = [], dict[str, Trained]()
    for seed in settings.seeds:
        for arm in arms:
            found, one = train_arm(arm, seed, settings, centre=centre, errors=errors)
            rows += found
            trained.setdefault(arm, one)
    return pd.DataFrame(rows)[COLUMNS], trained


@typed
def problem(settings: Settings, seed: int) -> Clusters:
    """The data of a seed."""
    s = settings
    return draw_clusters(s.classes, s.siblings, s.classes * s.per_class, seed)


@typed
def train_arm(
    arm: str, seed: int, settings: Settings = LESSON, *, centre: Centre | None = None, errors: Errors = active_softmax
) -> tuple[list[dict[str, Any]], Trained]:
    """Train one network by one arm: a row for each epoch, and the network.

    `label_found` is the share of the epoch's labels that were found before they were added, `rows` the mean number of
    active rows, `products` the products of two vectors of hidden numbers for one example: finding, building tables, and
    three for each active row (logit, gradient of the row, gradient of the hidden layer), all per epoch. `seconds` are
    of the processor. `accuracy` looks at all rows, `found_alone` at those found.
    """
    s, data = settings, problem(settings, seed)
    rate, dimension = s.rate or RATES[arm], data.x_train.shape[1]
    network = Network.create(dimension, s.hidden, s.classes, numpy_generator(seed, "weights"))
    about = {"arm": arm, "rate": rate, "replicate": seed}
    one, rows = ARMS[arm if arm != DENSE else RANDOM], list[dict[str, Any]]()
    finder, at_least = one.finder(s, seed), getattr(s, one.rows)
    trained = Trained(data, network, finder)
    if arm == DENSE:
        return [about | row for row in _dense(network, data, rate, s, seed)], trained
    if arm == CENTRED and centre is not None and isinstance(finder, Hashed):
        finder.centre = centre
    errors = corrected(s.classes, at_least - 1) if one.weighed else errors
    rng, n = numpy_generator(seed, "random rows"), len(data.x_train)
    times = rebuild_times(s.first, s.growth, s.epochs * n)
    for epoch in range(s.epochs):
        order = numpy_generator(seed, "order", epoch).permutation(n).tolist()
        before, now = finder.products, {t - epoch * n for t in times}
        with one_thread():
            spent = train(
                network, data.x_train, data.y_train, order, finder, at_least, rate, rng, rebuild_at=now, errors=errors
            )
        products = (finder.products - before + 3 * spent.active) / n
        measured = {"label_found": spent.found / n, "rows": spent.active / n, "products": products}
        rows.append(about | {"epoch": epoch + 1} | measured | {"seconds": spent.seconds} | accuracies(network, data))
        if isinstance(finder, Hashed):
            trained.found.append(find_all(network, finder, data.x_test, data.x_train))
            rows[-1]["found_alone"] = accuracy_alone(network, data, trained.found[-1])
    return rows, trained


@typed
def accuracies(network: Network, data: Clusters) -> dict[str, float]:
    """Validation and test accuracy with all rows."""
    found = {"found_alone": np.nan}
    for name, x, y in (("val", data.x_val, data.y_val), ("accuracy", data.x_test, data.y_test)):
        found[name] = float(((network.hidden(x) @ network.rows.T).argmax(1) == y).mean())
    return found


@typed
def accuracy_alone(network: Network, data: Clusters, found: Sequence[Rows]) -> float:
    """Test accuracy where each example is answered by the best of the rows found for it, and never without any."""
    queries = network.hidden(data.x_test)
    best = [
        rows[(network.rows[rows] @ h).argmax()] if len(rows) else -1 for rows, h in zip(found, queries, strict=True)
    ]
    return float((np.array(best) == data.y_test).mean())


@typed
def find_all(network: Network, finder: Finder, x: Vectors, seen: Vectors) -> list[Rows]:
    """What is found for each input x (n, dimension) by tables of its own, built from the weights as they are.

    They draw from the finder's random numbers. So which rows full buckets keep in the next pass depends on this look.
    """
    fresh = copy.copy(finder)
    fresh.rebuild(network.rows, network.hidden(seen[:200]))
    return [fresh(h, network.rows) for h in network.hidden(x)]


def _dense(network: Network, data: Clusters, rate: float, s: Settings, seed: int) -> list[dict[str, Any]]:
    """All rows for every example: PyTorch's Adam and minibatches, the same first weights, all products counted."""
    model = nn.Sequential(
        nn.Linear(len(network.weights[0]), s.hidden), nn.ReLU(), nn.Linear(s.hidden, s.classes, bias=False)
    )
    parameters = dict(zip(("weights", "bias", "rows"), model.parameters(), strict=True))
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(torch.from_numpy(getattr(network, name)))
            setattr(network, name, parameter.detach().numpy())  # they share memory from here on
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    found, n = [], len(x)
    for epoch in range(s.epochs):
        order = torch.from_numpy(numpy_generator(seed, "order", epoch).permutation(n))
        with one_thread():
            began = time.thread_time()
            for some in torch.split(order, s.batch):
                optimiser.zero_grad()
                loss = nn.functional.cross_entropy(model(x[some]), y[some])
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            seconds = time.thread_time() - began
        spent = {"label_found": 1.0, "rows": float(s.classes), "products": 3.0 * s.classes, "seconds": seconds}
        found.append({"epoch": epoch + 1} | spent | accuracies(network, data))
    return found
