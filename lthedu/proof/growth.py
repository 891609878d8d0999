"""How the number of random neurons grows as the error shrinks, measured on one neuron of 16 inputs, by method."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from torch import nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, Columns, Range
from lthedu.base.streams import derive, generator, numpy_generator
from lthedu.proof.construct import construct
from lthedu.proof.widths import LARGEST, Method, orseau_width, room

INPUTS = 16
SHARE = 0.95  # of the draws in which every weight must be hit
COLUMNS = ["method", "eta", "neurons", "kept"]
MALACH, LUCKY, ORSEAU, BLOCKS, FREE = (
    "Malach: one lucky neuron",
    "Malach: best product",
    "Orseau: golden-ratio greedy",
    "Pensia: subset sums, blocks",
    "subset sums, free choice",
)

Eta = Annotated[float, Above(0, below=LARGEST), Range(1e-38)]


@typed
def measured_widths(etas: Sequence[Eta], draws: Annotated[int, Range(10)] = 40, seed: int = 0) -> pd.DataFrame:
    """Random hidden neurons for each weight of one neuron with 16 signed inputs, and weights kept of them.

    One row a method and eta: the fewest neurons with which all weights of a target, each in [-1/4, 1/4] and each with
    two branches, were hit in 95 % of `draws` draws of target and source. The two rules of Malach and others are waiting
    times for a lucky neuron, whose chance is known exactly and drawn from; the others are real networks, built by
    `construct`. Columns: `method`, `eta`, `neurons` (for each weight, both branches), `kept` (weights kept for each
    target weight, the mean). Raises ValueError for an eta outside (0, 1/4), for one so small that no number of neurons
    tried is enough, or for fewer than 10 draws.

    >>> table = measured_widths([0.1], draws=10).set_index("method")
    >>> bool(table.loc[MALACH, "neurons"] > 100 * table.loc[FREE, "neurons"])
    True
    """
    rows = []
    for eta in etas:
        rng = numpy_generator(seed, "waiting", str(eta))
        sizes = rng.uniform(0, LARGEST, (draws, 2 * INPUTS))
        chances = {MALACH: np.full(sizes.shape, eta**2 / 16), LUCKY: product_chance(sizes, eta)}
        for method, p in chances.items():
            waited = np.where(sizes > eta, rng.geometric(p), 0).max(1)  # one pool serves all of both branches
            kept = 4 * (sizes > eta).mean()  # two neurons, an incoming and an outgoing weight each
            rows.append((method, eta, float(np.quantile(waited, SHARE)), kept))
        for name, method in ((ORSEAU, "orseau"), (BLOCKS, "blocks"), (FREE, "free")):
            rows.append((name, eta, *_fewest(method, eta, draws, seed)))  # type: ignore[arg-type]
    return pd.DataFrame(rows, columns=COLUMNS)


@typed
def product_chance(sizes: np.ndarray, eta: float) -> np.ndarray:
    """P(|a b - size| <= eta) for a and b uniform on [-1, 1], with the sign of a given: the chance of one neuron.

    >>> product_chance(np.array([0.2]), 0.05).round(3)
    array([0.041])
    """

    def below(z: np.ndarray) -> np.ndarray:  # P(0 < a b <= z) with a > 0: a quarter of the square, times P(u v <= z)
        z = np.clip(z, 1e-300, 1)
        return np.asarray(z * (1 - np.log(z)) / 4)

    return np.asarray(below(sizes + eta) - below(np.maximum(sizes - eta, 0)))


@typed
def growth(table: Annotated[pd.DataFrame, Columns("method eta neurons")], method: str) -> tuple[float, float]:
    """How `neurons` grows with 1 / eta: the slope of its logarithm, and the neurons added when eta is halved.

    A power law has a constant slope, a logarithmic law a constant addition; both are least-squares fits. Raises
    ValueError for a method with fewer than two etas.

    >>> rows = [("a", eta, 5 / eta**2, 4.0) for eta in (0.1, 0.01)]
    >>> round(growth(pd.DataFrame(rows, columns=COLUMNS), "a")[0], 3)
    2.0
    """
    mine = table[table["method"] == method]
    if mine["eta"].nunique() < 2:
        raise ValueError(f"the table has {len(mine)} rows for {method!r}; it takes two etas or more")
    halvings, neurons = np.log2(1 / mine["eta"].to_numpy(float)), mine["neurons"].to_numpy(float)
    return float(np.polyfit(halvings, np.log2(neurons), 1)[0]), float(np.polyfit(halvings, neurons, 1)[0])


def _fewest(method: Method, eta: float, draws: int, seed: int) -> tuple[float, float]:
    """The fewest neurons for each weight with which enough draws hit all, and weights kept for each: by bisection."""
    rule = orseau_width(eta, 2 * INPUTS)  # more than enough
    low, high = 1, {"free": 32, "blocks": 80}.get(method, rule)
    most, kept = high, float("nan")
    while low < high:
        middle = (low + high) // 2
        hit, share = _share_hit(method, eta, middle, draws, seed)
        if hit >= SHARE:
            high, kept = middle, share
        else:
            low = middle + 1
    if high == most:  # the one number that was not tried
        hit, kept = _share_hit(method, eta, high, draws, seed)
        if hit < SHARE:
            raise ValueError(f"eta is {eta}: {method!r} misses it too often, also with {most} neurons, the most tried")
    classes = 2 * INPUTS + 1
    return 2 * high * (room(classes) if method == "free" else 1), kept


def _share_hit(method: Method, eta: float, block: int, draws: int, seed: int) -> tuple[float, float]:
    """In which share of the draws all weights are hit, 0 for too few of them, and weights kept for each weight."""
    missed, kept = 0, []
    for draw in range(draws):
        neuron = _neuron(generator(seed, "neuron", draw))
        own = derive(seed, "growth", draw)
        ticket = construct(neuron, eta=eta, method=method, per_weight=block, box=(-1, 1), seed=own)
        missed += ticket.missed > 0
        kept.append(ticket.kept / INPUTS)
        if missed > (1 - SHARE) * draws:
            return 0.0, float("nan")
    return 1 - missed / draws, float(np.mean(kept))


def _neuron(rng: torch.Generator) -> nn.Linear:
    """w x with |w| <= 1/4, no bias; its largest weight is 1/4, so that normalising leaves it as it is."""
    with torch.device("meta"):  # draws no weights of its own
        neuron = nn.Linear(INPUTS, 1, bias=False)
    weight = (2 * torch.rand(1, INPUTS, generator=rng) - 1) / 4
    weight[0, int(weight.abs().argmax())] = LARGEST
    neuron.weight = nn.Parameter(weight, requires_grad=False)
    return neuron
