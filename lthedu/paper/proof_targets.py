"""What the proof's construction takes for trained targets, for linear maps at equal distance, and for one neuron."""

import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from lthedu import data
from lthedu.base.machine import peak_memory
from lthedu.experiments import claimed, kept, small_cnn
from lthedu.experiments.paper_results import PaperResult, made_with
from lthedu.networks import models
from lthedu.networks.models import MLP
from lthedu.proof import (
    certificate,
    construct,
    largest_difference,
    limits,
    normalise,
    normalise_rows,
    same_predictions,
    save_ticket,
    widths,
)
from lthedu.proof.growth import measured_widths
from lthedu.proof.solvers import Keep
from lthedu.proof.widths import Method
from lthedu.training import Progress, Replicates, train

Row = dict[str, Any]
KEEPS: tuple[Keep, ...] = get_args(Keep)
Scales = Literal["layer", "neuron"]  # what has a scale of its own in the target that is built
NORMALISE = {"layer": normalise, "neuron": normalise_rows}


@dataclass(frozen=True)
class Targets:
    """Trained targets, each built for two boxes, scaled in two ways, by both choices among the subsets within eta."""

    eta: float = 1e-3
    boxes: tuple[tuple[float, float], ...] = ((0.0, 1.0), (-1.0, 1.0))
    steps: int = 1404  # of LeNet-300-100's training, as in lesson 09: three passes
    batch_size: int = 128
    seed: int = 0
    masked: int = 200  # test digits that go through the masked network as well, for rounding


@dataclass(frozen=True)
class Tradeoff:
    """Random linear maps of `dimension`, pruned out of more or fewer random numbers to within the same distance."""

    dimension: int = 6
    eps: tuple[float, ...] = (0.1, 0.01)
    numbers: tuple[int, ...] = tuple(range(16, 41, 4))  # candidates for a weight
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    most: int = 100_000_000  # random weights of a source


@dataclass(frozen=True)
class Growth:
    """One neuron by every method, at each eta in so many draws of each seed."""

    etas: tuple[float, ...] = (0.1, 0.03, 0.01, 0.003, 0.001)
    draws: int = 40
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)


def proof_targets(progress: Progress, parts: Path, settings: Targets | None = None) -> PaperResult:
    """Tickets of LeNet-300-100 and of the small convolutional network: sizes, seconds, memory, errors and bounds.

    `largest logit` is the target's on the test digits, `on test` and `found` the longest difference of two rows of
    logits there and by a search over the box, `agreement` the share of test digits that both answer alike, all of the
    folded weights in float64. `rounding` is how far the masked network's own logits, in float32, are from those, on the
    first `masked` test digits. `peak bytes` is the most memory of a process that does nothing but construct the ticket,
    torch included; `bytes` the size of the ticket's file. `scales` says whether each layer of the target was scaled as
    a whole (`normalise`) or each neuron by itself (`normalise_rows`).
    """
    s = settings or Targets()
    pictures = small_cnn.pictures(data.load("mnist")).x_test
    images = {"LeNet-300-100": pictures.flatten(1), "small CNN": pictures}
    target = cache(lambda name: small_cnn.trained() if name == "small CNN" else _lenet(s))

    def row(name: str, box: tuple[float, float], scales: Scales, keep: Keep) -> list[Row]:
        found = _alone(_ticket, target(name), images[name], box, scales, keep, s)
        return [{"target": name, "low": box[0], "high": box[1], "scales": scales, "keep": keep} | found]

    cases = list(itertools.product(images, s.boxes, NORMALISE, KEEPS))
    return collected("Tickets of trained targets on MNIST", asdict(s), cases, row, parts, progress)


def proof_tradeoff(progress: Progress, parts: Path, settings: Tradeoff | None = None) -> PaperResult:
    """Kept weights against random ones at equal distance: linear maps of norm 1, all within `eps` for ||x|| <= 1.

    Subset sums have `numbers` candidates for a weight; the methods of Malach and Orseau have as many as their own rules
    say. Of ten errors for one weight, eps / sqrt(2), eps / 2, ..., the first is taken that brings the whole map within
    eps; a row is missing where none does, or where the source would have more than `most` weights. `least kept`: of so
    many random weights there are too few masks with fewer kept ones for all such maps (`counting_bound_for_few`).
    """
    s = settings or Tradeoff()
    own: list[tuple[Method, Keep, int | None]] = [("malach", "ladder", None), ("orseau", "ladder", None)]
    ways = own + [("free", keep, n) for keep in KEEPS for n in s.numbers]
    cases = [(eps, *way, seed) for eps in s.eps for way in ways for seed in s.seeds]
    return collected("Kept and random weights of linear maps", asdict(s), cases, partial(_within, s), parts, progress)


def proof_growth(progress: Progress, parts: Path, settings: Growth | None = None) -> PaperResult:
    """Random neurons for each weight of one neuron, by method and eta: see `lthedu.proof.growth.measured_widths`."""
    s = settings or Growth()

    def rows(eta: float, seed: int) -> list[Row]:
        found = measured_widths([eta], draws=s.draws, seed=seed)
        return [
            {"seed": seed, **dict(zip(map(str, found), row, strict=True))}
            for row in found.to_numpy(dtype=object).tolist()
        ]

    cases = list(itertools.product(s.etas, s.seeds))
    return collected("Random neurons for each weight of one neuron", asdict(s), cases, rows, parts, progress)


def _lenet(s: Targets) -> nn.Module:
    """The first target of lesson 09."""
    pixels = data.unit_pixels(data.load("mnist", device="cpu"))
    start = Replicates.create(models.lenet_300_100, [s.seed])
    return train(start, pixels, s.steps, batch_size=s.batch_size).replicates.module(0).requires_grad_(False)


def _alone(measure: Callable[..., Row], *arguments: Any) -> Row:
    """What a process of its own finds, so that its peak of memory is the measurement's."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        return fresh.submit(measure, *arguments).result()


def _ticket(target: nn.Module, x: Tensor, box: tuple[float, float], scales: Scales, keep: Keep, s: Targets) -> Row:
    image = (1, 28, 28) if x.ndim == 4 else None
    construct(MLP([4, 3, 2]), eta=0.1, keep=keep)  # what is compiled is compiled now
    began = time.perf_counter()
    ticket = construct(target, eta=s.eta, box=box, image=image, keep=keep, seed=s.seed, normalise=NORMALISE[scales])
    seconds, memory = time.perf_counter() - began, peak_memory()
    inputs = x.double().numpy()
    theirs, ours = ticket.target_logits(inputs), ticket.folded(inputs)
    apart = np.linalg.norm(theirs - ours, axis=1)
    masked = ticket.logits(x[: s.masked]).double().numpy()
    with tempfile.TemporaryDirectory() as folder:
        size = save_ticket(ticket, Path(folder) / "a.ticket")
    return {
        "weights": ticket.target_size,
        "random": ticket.source.count(),
        "kept": ticket.kept,
        "summands": ticket.summands,
        "missed": ticket.missed,
        "seconds": seconds,
        "peak bytes": memory,
        "largest logit": float(np.abs(theirs).max()),
        "on test": float(apart.max()),
        "found": largest_difference(ticket, inputs[apart.argsort()[-64:]]),  # it climbs from the worst
        "certificate": certificate(ticket),
        "agreement": same_predictions(torch.from_numpy(theirs), torch.from_numpy(ours)),
        "rounding": float(np.abs(masked - ours[: s.masked]).max()),
        "bytes": size,
    }


def _within(s: Tradeoff, eps: float, method: Method, keep: Keep, numbers: int | None, seed: int) -> list[Row]:
    """A row of the trade-off, or none where no ticket of this kind comes within `eps`."""
    classes = 2 * s.dimension + 1
    for halvings in range(1, 11):
        eta = eps * 2 ** (-halvings / 2)
        block = widths.block_size(method, eta, s.dimension * classes, per_weight=numbers)
        if block * classes**2 > s.most:
            return []
        ticket, distance = limits.linear_ticket(
            s.dimension, eta, method=method, per_weight=numbers, seed=seed, keep=keep
        )
        if distance <= eps:
            found = {"eps": eps, "method": method, "keep": keep, "numbers": numbers, "seed": seed, "eta": eta}
            sizes = {"random": ticket.source.count(), "kept": ticket.kept, "summands": ticket.summands}
            least = _least_kept(s.dimension, eps, ticket.source.count())
            return [found | {"distance": distance, "entries": s.dimension**2} | sizes | {"least kept": least}]
    return []


def _least_kept(dimension: int, eps: float, random: int) -> int:
    kept = limits.counting_bound(dimension, eps)
    while kept > 1 and limits.counting_bound_for_few(dimension, eps, kept - 1) <= random:
        kept -= 1
    return kept


def collected(
    title: str,
    settings: dict[str, Any],
    cases: Sequence[tuple[Any, ...]],
    measure: Callable[..., list[Row]],
    parts: Path,
    progress: Progress,
) -> PaperResult:
    """The rows of each case, kept in `parts`, until the last one or until `progress` interrupts.

    Raises TimeoutError where that leaves none.
    """

    def timed(case: tuple[Any, ...]) -> Row:
        began = time.perf_counter()
        rows = measure(*case)
        return {"rows": rows, "seconds": time.perf_counter() - began}

    made: list[Row] = []
    with claimed(parts, lambda: {"title": title, "settings": settings}) as place, suppress(KeyboardInterrupt):
        for i, case in enumerate(cases, 1):
            made.append(kept(place, f"row_{i:04d}", {"case": list(case)}, partial(timed, case)))
            progress(i, len(cases), title)
    found = [row for one in made for row in one["rows"]]
    if not found:
        raise TimeoutError(f"the time was up before a row was finished; run it again: it goes on from {parts}")
    table = pd.DataFrame(found)
    by = made_with(torch.device("cpu"), sum(one["seconds"] for one in made))
    return PaperResult(title, len(made) == len(cases), settings, by, table.astype(object).where(table.notna(), None))
