"""Linear mode connectivity: is the straight line between two trained networks as good as its ends?

Two children share the first k steps of a training and part then, each with minibatches of its own. Where the error
rises on the line between them they fell into different valleys: training was unstable to the noise of SGD at step k.
Source: Frankle, Dziugaite, Roy and Carbin (2020), "Linear mode connectivity and the lottery ticket hypothesis".
"""

from collections.abc import Callable, Mapping
from typing import Annotated

import pandas as pd
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns, Fraction, Range
from lthedu.data import Dataset
from lthedu.networks.masks import Params
from lthedu.training import Replicates, Split, evaluate


@typed
def between(a: Mapping[str, Tensor], b: Mapping[str, Tensor], alpha: Fraction) -> Params:
    """The weights (1 - alpha) a + alpha b: a at 0, b at 1, exactly. A weight that is zero in both stays zero.

    Raises ValueError for weights of other names or shapes, and for alpha outside [0, 1].

    >>> between({"w": torch.tensor([0.0, 4.0])}, {"w": torch.tensor([2.0, 0.0])}, 0.25)
    {'w': tensor([0.5000, 3.0000])}
    """
    if {n: p.shape for n, p in a.items()} != {n: p.shape for n, p in b.items()}:
        raise ValueError(f"the ends differ in names or shapes: {sorted(a)} and {sorted(b)}")
    return {name: (1 - alpha) * p + alpha * b[name] for name, p in a.items()}


@typed
def error_barrier(
    a: Params, b: Params, error: Callable[[Params], Tensor | float], points: Annotated[int, Range(2)] = 11
) -> Tensor:
    """How far the error rises on the line between two networks, above the mean of its two ends.

    `a`, `b`: weights by name. `error(weights)` measures one network, or R stacked ones at once: a number or (R,). The
    line is walked at `points` evenly spaced places, both ends included; the barrier is the largest error there less
    the mean of the errors at the ends, so it is at least half their difference and never below zero. Shape () or (R,).

    Raises ValueError for fewer than 2 points. Source: Frankle et al. (2020), section 2.

    >>> hill = lambda weights: 1 - weights["w"] ** 2
    >>> error_barrier({"w": torch.tensor(-1.0)}, {"w": torch.tensor(1.0)}, hill, points=3)
    tensor(1.)
    """
    errors = torch.stack([torch.as_tensor(error(between(a, b, i / (points - 1)))) for i in range(points)])
    return errors.amax(0) - (errors[0] + errors[-1]) / 2


@typed
def walk(
    replicates: Replicates,
    a: Params,
    b: Params,
    data: Dataset,
    *,
    split: Split = "test",
    points: Annotated[int, Range(2)] = 11,
) -> pd.DataFrame:
    """Loss and error (1 - accuracy, a fraction) on the lines between R pairs of networks: a row a point and pair.

    `a`, `b`: weights (R, ...) by name, of the architecture of `replicates`. `split`: "train", "val" or "test".
    Columns: replicate, alpha, loss, error. Raises ValueError for fewer than 2 points and another split.

    >>> from lthedu import data
    >>> from lthedu.networks import models
    >>> mnist = data.load("mnist", device="cpu").first(100, 100, 100)
    >>> two = Replicates.create(models.lenet_300_100, seeds=[0, 1])
    >>> walk(two, two.params, two.take([1, 0]).params, mnist, points=3)[["replicate", "alpha"]].values.tolist()
    [[0.0, 0.0], [1.0, 0.0], [0.0, 0.5], [1.0, 0.5], [0.0, 1.0], [1.0, 1.0]]
    """
    rows = []
    for i in range(points):
        alpha = i / (points - 1)
        loss, accuracy = evaluate(replicates.with_params(between(a, b, alpha)), data, split)
        rows += [
            {"replicate": r, "alpha": alpha, "loss": x, "error": 1 - y}
            for r, (x, y) in enumerate(zip(loss.tolist(), accuracy.tolist(), strict=True))
        ]
    return pd.DataFrame(rows)


@typed
def barriers(
    line: Annotated[pd.DataFrame, Columns("replicate alpha")],
    of: str = "error",
) -> pd.Series:
    """The barrier of each replicate's line, of "error" or "loss", from what `walk` gives.

    Raises ValueError for another name, or one that is no column of `line`.

    >>> line = pd.DataFrame({"replicate": [0, 0, 0], "alpha": [0, 0.5, 1], "error": [0.25, 0.75, 0.25]})
    >>> barriers(line).tolist()
    [0.5]
    """
    measured = [name for name in ("error", "loss") if name in line]
    if of not in measured:
        raise ValueError(f"of is {of!r}; allowed, as columns of this line: {', '.join(measured) or 'error, loss'}")
    by = line.sort_values("alpha").groupby("replicate")[of]
    found: pd.Series = by.max() - (by.first() + by.last()) / 2
    return found
