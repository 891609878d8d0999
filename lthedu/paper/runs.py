"""The papers' own settings, run on a large device: what `lthedu paper` runs, and what its results are stored as."""

import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from lthedu import data
from lthedu.base.machine import cpu_name
from lthedu.data import Dataset
from lthedu.experiments import Client, Experiment
from lthedu.experiments import small_cnn as cnn
from lthedu.experiments.paper_results import PaperResult, made_with, write
from lthedu.experiments.study import PAPER, Study, final
from lthedu.lessons.begin_with_more import experiment as growing
from lthedu.lessons.begin_with_more import studies as growing_studies
from lthedu.lessons.begin_with_more import widths as growing_widths
from lthedu.lessons.counting_and_clocking import experiment as clocking
from lthedu.lessons.curvature import deletions, saliency
from lthedu.lessons.curvature import experiment as gradients
from lthedu.lessons.hashing_instead_of_multiplying import studies as hashing_studies
from lthedu.lessons.many_small_lotteries import experiment as lottery
from lthedu.lessons.pieces import experiment as counting
from lthedu.lessons.pieces import residual
from lthedu.lessons.pruning_basics import experiment as comparison
from lthedu.lessons.rewinding import experiment as rewinding
from lthedu.lessons.search_without_gradients import longer as searches
from lthedu.lessons.ship_it import experiment as shipping
from lthedu.lessons.ship_it import files as shipping_files
from lthedu.lessons.ship_it import middle as shipping_middle
from lthedu.lessons.ship_it import studies as shipping_studies
from lthedu.lessons.sparse_coding import experiment as denoising
from lthedu.lessons.sparse_data import clock as skipping
from lthedu.lessons.sparse_data import experiment as readers
from lthedu.lessons.sparse_from_the_start import clock as sparse_clock
from lthedu.lessons.sparse_from_the_start import experiment as sparse
from lthedu.lessons.sparse_from_the_start import studies as sparse_studies
from lthedu.lessons.supermasks import rates as masks_only
from lthedu.lessons.winning_tickets import experiment as tickets
from lthedu.lessons.zeros_and_signs import rates as signs
from lthedu.networks import models
from lthedu.paper import proof_targets
from lthedu.training import Optimizer


@dataclass
class Clock:
    """Stops a run that has used up its `seconds`: as a progress callback it raises KeyboardInterrupt.

    The parts of an experiment are computed on its `client`, where it has one.
    """

    seconds: float
    client: Client | None = None
    began: float = 0.0
    ran_out: bool = False

    def __post_init__(self) -> None:
        self.began = time.monotonic()

    @property
    def used(self) -> float:
        """Seconds since the clock was made."""
        return time.monotonic() - self.began

    def __call__(self, done: int, in_all: int, text: str) -> None:
        if self.used > self.seconds:
            self.ran_out = True
            raise KeyboardInterrupt


Run = Callable[[Clock, Path | None, Path], PaperResult]  # (clock, folder of images, folder of parts) -> what was found


def lenet(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """LeNet-300-100 on MNIST as Frankle and Carbin (2019) train it: Adam 1.2e-3, batches of 60, 50,000 steps, 20 %
    of a layer pruned per round (10 % of the output layer), 20 rounds, five seeds, with both controls."""
    study = Study(data.load("mnist"), models.lenet_300_100, PAPER)
    return _reference("Winning tickets of LeNet-300-100 on MNIST", study, clock, parts, condensed)


def winning_tickets(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """The lesson's study of winning tickets at one learning rate after the other; minutes on one thread of a CPU."""
    study = tickets.Rates(data.load("mnist"), tickets.PAPER)
    return _reference("Winning tickets of LeNet-300-100 at several learning rates", study, clock, parts)


def zeros_and_signs(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """What kept weights start from and what pruned ones hold, every arm at five learning rates; minutes on a CPU."""
    study = signs.Rates(data.pooled(data.load("mnist")), signs.PAPER)
    return _reference("Signs, scales and zeros on 14 x 14 MNIST at several learning rates", study, clock, parts)


def search_without_gradients(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Seven searchers for masks at up to 40,000 forward passes, and their settings; minutes on one thread of a CPU."""
    study = searches.Longer(data.pooled(data.pooled(data.load("mnist"))), searches.PAPER)
    return _reference("Searches for masks of frozen networks on 7 x 7 MNIST", study, clock, parts)


CONV4 = replace(
    PAPER,
    seeds=(0, 1, 2),
    levels=12,
    steps=25_000,
    keep_kernels=0.9,
    optimizer=Optimizer(lr=3e-4),
    val_every=500,
    controls=PAPER.controls[:1],
)


def conv4(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Conv-4 on CIFAR-10 as Frankle and Carbin (2019) train it: Adam 3e-4, batches of 60, 25,000 steps, 10 % of a
    convolution, 20 % of a linear and 10 % of the output layer pruned per round; three seeds, one control."""
    pictures, source = cifar(images)
    study = Study(pictures, lambda: models.Conv(4), CONV4)
    return _reference(f"Winning tickets of Conv-4 on {source}", study, clock, parts, condensed)


def small_lotteries(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Both small lotteries at 10,000 networks, and the other arms at 1,000."""
    drawn = lottery.Lottery(data.load("mnist"), lottery.PAPER)
    return _reference("10,000 small networks a lottery on 14 x 14 MNIST", drawn, clock, parts)


def rewound(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """The experiment on rewinding with ten times the steps: every way to go on, and the barriers. A CPU does it."""
    game = rewinding.Rewinding(data.pooled(data.load("mnist")), rewinding.PAPER)
    return _reference("Rewinding on 14 x 14 MNIST", game, clock, parts, without_nan)


def pruned(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Large networks, pruned, and small ones on MNIST: every arm at four learning rates, on 14 x 14 and 28 x 28 pixels,
    and at two rates for ten times the steps; five seeds, about eight minutes on one thread of a CPU."""
    whole, title = data.load("mnist"), "Large sparse and small dense networks on MNIST"
    half, search, long = data.pooled(whole), comparison.SEARCH, comparison.SIZES.paper
    made = {"search": (half, search), "all pixels": (whole, search), "long": (half, long)}
    found = {}
    for name, (pictures, settings) in made.items():
        one = comparison.Comparison(pictures, replace(settings, controls=name == "search"))
        found[name] = _reference(title, one, clock, parts / name)
    every = list(found.values())
    seconds = round(sum(one.made_with["seconds"] for one in every), 1)
    return PaperResult(
        title,
        all(one.complete for one in every),
        {name: one.settings for name, one in found.items()},
        every[0].made_with | {"seconds": seconds},
        pd.concat([one.table for one in every], ignore_index=True),
    )


def supermasks(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """The lesson's supermasks at several learning rates, wider, deeper and for longer; minutes on a CPU."""
    game = masks_only.Rates(data.pooled(data.load("mnist")), masks_only.PAPER)
    return _reference("Supermasks on 14 x 14 MNIST at several learning rates", game, clock, parts)


def small_cnn(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """A small convolutional network on MNIST, whose weights go into a file beside the result: minutes on a CPU."""
    made = cnn.SmallCNN(cnn.pictures(data.load("mnist")), cnn.PAPER)
    found = _reference("A small convolutional network on MNIST", made, clock, parts)
    return cnn.stored(found, made.params, parts.with_suffix(".safetensors"))


def targets(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """What tickets of two trained targets take, and how far they are off; minutes on a CPU."""
    return proof_targets.proof_targets(clock, parts)


def tradeoff(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """How few weights are kept of how many random ones, at equal distance; minutes on a CPU."""
    return proof_targets.proof_tradeoff(clock, parts)


def widths(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """How many random neurons a weight takes in each of three proofs, by its error; minutes on a CPU."""
    return proof_targets.proof_growth(clock, parts)


def pieces(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Pieces of pruned and other networks at three learning rates, also with four times the steps; and residual against
    plain starts by depth at four rates. Five seeds; minutes on one thread of a CPU."""
    whole, half, title = data.load("mnist"), data.pooled(data.load("mnist")), "Pieces of networks on 14 x 14 MNIST"
    made: dict[str, Experiment[Any]] = {"residual": residual.ByDepth(whole, residual.Settings())}
    for settings in (counting.SIZES.paper, counting.LONG):
        for lr in counting.RATES:
            made[f"{settings.steps} steps at {lr:g}"] = counting.Counting(half, replace(settings, lr=lr))
    found = {name: _reference(title, one, clock, parts / name) for name, one in made.items()}
    return _together(title, found)


def curvature(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Deletions by curvature in two sizes of networks, masks of untrained networks with their controls, and the share
    of the gradient along large eigenvectors on more images and for longer. Five seeds; minutes on a CPU."""
    whole, half = data.load("mnist"), data.pooled(data.load("mnist"))
    made: dict[str, Experiment[Any]] = {
        "small": deletions.Deletions(data.pooled(half), deletions.SMALL),
        "start": saliency.AtStart(whole, saliency.Settings()),
        "whole": deletions.Deletions(half, deletions.LARGER),
        "overlap": gradients.Overlap(half, gradients.SIZES.paper),
        "restricted": gradients.Restricted(half, gradients.SIZES.paper),
    }
    found = {name: _reference("", one, clock, parts / name) for name, one in made.items()}
    return _together("Curvature and saliency on MNIST", found)


def sparse_from_the_start(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Sparse training with masks that stay or move, other shapes and dense networks, each at several rates, and what a
    step of each takes. Five seeds; some twenty minutes on one thread of a CPU, which is left alone for the last one."""
    mnist, title = data.load("mnist"), "Sparse and dense networks on MNIST"
    made: dict[str, Experiment[Any]] = {
        name: sparse.Sparse(mnist, settings) for name, settings in sparse_studies.STUDIES.items()
    }
    made["clock"] = sparse_clock.Clock(mnist, sparse_clock.Settings(seeds=(0,)))
    return _together(title, {name: _reference(title, one, clock, parts / name) for name, one in made.items()})


def counting_and_clocking(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Times of sparse kernels beside the dense product, by size, batch and density; five seeds, minutes on one thread.

    Run it on a machine that does nothing else: a window in which the dense time moves is refused.
    """
    settings, title = clocking.Settings(), "Times of sparse kernels beside the dense product"
    cases = list(itertools.product(settings.seeds, clocking.shapes(settings)))
    named = asdict(settings) | {"cpu": cpu_name()}

    def rows(seed: int, shape: clocking.Shape) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = clocking.times_at(shape, seed, settings)
        return found

    found = proof_targets.collected(title, named, cases, rows, parts, clock)
    return replace(found, table=found.table.infer_objects().round(4))


def sparse_data(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Times of submanifold layers beside dense ones, whole and cropped, in two and three dimensions; five seeds,
    minutes on one thread. A window in which the dense time moves is refused."""
    timed = skipping.Clock(data.load("mnist"), skipping.Settings())
    found = _reference("Times of submanifold beside dense convolution", timed, clock, parts)
    return replace(found, settings=found.settings | {"cpu": cpu_name()})


def sparse_reading(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Submanifold and dense networks on MNIST: one seed for the rate of each arm, then five others at that rate; some
    four minutes on one thread of a CPU."""
    mnist, title = data.load("mnist"), "Submanifold and dense networks on MNIST"
    found = {"search": _reference(title, readers.Reading(mnist, readers.SEARCH), clock, parts / "search")}
    if found["search"].complete:
        for arm, lr in readers.own_rates(found["search"].table).items():
            chosen = replace(readers.SEARCH, seeds=readers.FINAL, arms=(arm,), rates=(lr,))
            found[arm] = _reference(title, readers.Reading(mnist, chosen), clock, parts / arm)
    return _together(title, found)


def sparse_coding(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Noise taken out of a photograph: every arm at several values of what is tuned for it, and five trained layers;
    five seeds, minutes on one thread of a CPU."""
    settings = denoising.PAPER
    title = "Noise taken out of six crops of a photograph"
    named = asdict(settings) | {"plan": denoising.PLAN}
    return proof_targets.collected(
        title, named, denoising.cases(settings), partial(denoising.measured_at, settings), parts, clock
    )


def ship_it(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Networks in fewer bytes: pruned, in few bits, both, and small ones; with training after it at several rates. Then
    neurons pruned in the middle of training, and ONNX files with their times. Five seeds; half an hour on one thread of
    a CPU, which is left alone for the times. It takes onnx and onnxruntime (`pip install "lthedu[export]"`)."""
    mnist, title = data.load("mnist"), "LeNet-300-100 in fewer bytes"
    made: dict[str, Experiment[Any]] = {
        name: shipping_studies.KINDS.get(name, shipping.Shrunk)(mnist, settings)
        for name, settings in shipping_studies.SHRUNK.items()
    }
    made["middle"] = shipping_middle.Middle(mnist, shipping_studies.MIDDLE)
    made["files"] = shipping_files.Files(mnist, shipping_studies.FILES)
    return _together(title, {name: _reference(title, one, clock, parts / name) for name, one in made.items()})


def hashing(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """A softmax over rows that hashing found, beside random, largest and all rows, each at its own rate; more classes,
    more passes. Five seeds, three with more classes; some ten minutes on one thread of a CPU."""
    named = {name: asdict(settings) for name, settings in hashing_studies.STUDIES.items()} | {"cpu": cpu_name()}
    title = "Hashed, random and all rows of a softmax over many classes"
    found = proof_targets.collected(title, named, hashing_studies.cases(), hashing_studies.rows_of, parts, clock)
    return replace(found, table=found.table.infer_objects().round(4))


def begin_with_more(clock: Clock, images: Path | None, parts: Path) -> PaperResult:
    """Networks that had more weights while they learned, fewer, or others, and tickets of one size out of narrow and
    wide networks, each at several rates and lengths. Five seeds; half an hour on one thread of a CPU."""
    half, title = data.pooled(data.load("mnist")), "Networks on 14 x 14 MNIST that begin with more"
    made: dict[str, Experiment[Any]] = {
        name: growing.Growing(half, settings) for name, settings in growing_studies.SCHEDULES.items()
    }
    made |= {name: growing_widths.Widths(half, settings) for name, settings in growing_studies.WIDTHS.items()}
    return _together(title, {name: _reference(title, one, clock, parts / name) for name, one in made.items()})


def _together(title: str, found: dict[str, PaperResult]) -> PaperResult:
    """Several results as one, whose column `study` says which a row comes from."""
    every = list(found.values())
    table = pd.concat([one.table.assign(study=name) for name, one in found.items()], ignore_index=True)
    seconds = round(sum(one.made_with["seconds"] for one in every), 1)
    settings = {name: one.settings for name, one in found.items()}
    made = every[0].made_with | {"seconds": seconds}
    return PaperResult(title, all(one.complete for one in every), settings, made, without_nan(table))


RUNS: dict[str, Run] = {
    "lenet": lenet,
    "conv4": conv4,
    "lotteries": small_lotteries,
    "rewinding": rewound,
    "supermasks": supermasks,
    "pruning_basics": pruned,  # about eight minutes on one thread of a CPU
    "winning_tickets": winning_tickets,
    "small_cnn": small_cnn,
    "proof_targets": targets,
    "proof_tradeoff": tradeoff,
    "zeros_and_signs": zeros_and_signs,
    "pruning_is_all_you_need": widths,
    "pieces": pieces,
    "curvature": curvature,
    "sparse_from_the_start": sparse_from_the_start,
    "search_without_gradients": search_without_gradients,
    "counting_and_clocking": counting_and_clocking,
    "sparse_data": sparse_data,
    "sparse_reading": sparse_reading,
    "sparse_coding": sparse_coding,
    "ship_it": ship_it,
    "hashing": hashing,
    "begin_with_more": begin_with_more,
}


HERE_ALONE = (
    "proof_targets",
    "proof_tradeoff",
    "pruning_is_all_you_need",
    "counting_and_clocking",
    "sparse_data",
    "sparse_coding",
    "hashing",
)  # what they measure is of one machine, or they have no parts that a client could compute


def run(
    name: str,
    folder: Path,
    *,
    images: Path | None = None,
    seconds: float = float("inf"),
    client: Client | None = None,
) -> Path:
    """Run `name` and write its reference to `folder`/`name`.json; after `seconds`, the parts finished until then.

    Parts are kept in `folder`/`name`.parts, and the next run goes on from there, also after this one was killed.
    `images`: a folder of images (see `lthedu.data.load_folder`) in the place of CIFAR-10, which the reference then
    names. With `client` the parts of an experiment are computed there, and the time is looked at after each of them.
    Raises ValueError, before any work, for another name, for a time that is not above 0, and for a client with a run
    that has no such parts; TimeoutError where no part was finished in time; and as
    `lthedu.experiments.Experiment.run` does for its folder.
    """
    if name not in RUNS:
        raise ValueError(f"no run is called {name!r}; there are: {', '.join(RUNS)}")
    if not seconds > 0:
        raise ValueError(f"seconds is {seconds}; it must be above 0")
    if client is not None and name in HERE_ALONE:
        raise ValueError(f"{name} measures one machine and has no parts for a cluster; run it without one")
    path = folder / f"{name}.json"
    write(path, RUNS[name](Clock(seconds, client), images, folder / f"{name}.parts"))
    return path


def cifar(images: Path | None) -> tuple[Dataset, str]:
    """CIFAR-10, or the images in a folder, with the words that say which."""
    if images is None:
        return data.load("cifar10"), "CIFAR-10"
    return data.load_folder(images), f"images of the folder {images.name!r}, not the official CIFAR-10"


def condensed(table: pd.DataFrame) -> pd.DataFrame:
    """A study's table with one row a network: test accuracy after the last step, and the step of the lowest
    validation loss (Frankle and Carbin's early stopping) with the validation accuracy there.

    >>> row = {"arm": "dense", "replicate": 0, "level": 0, "density": 1.0}
    >>> val = [{"step": s, "split": "val", "loss": l, "accuracy": a} for s, l, a in [(1, 0.9, 0.7), (2, 0.5, 0.8)]]
    >>> rows = [row | r for r in [*val, {"step": 2, "split": "test", "loss": 0.6, "accuracy": 0.75}]]
    >>> condensed(pd.DataFrame(rows))[["test", "best_step", "best_val"]].values.tolist()
    [[0.75, 2.0, 0.8]]
    """
    by = ["arm", "replicate", "level", "density"]
    test = final(table).set_index(by)["accuracy"].rename("test")
    val = table[table["split"] == "val"].reset_index(drop=True)
    best = val.loc[val.groupby(by)["loss"].idxmin()].set_index(by)
    found: pd.DataFrame = pd.concat(
        [test, best["step"].rename("best_step"), best["accuracy"].rename("best_val")], axis=1, join="inner"
    )
    return found.reset_index()


def without_nan(table: pd.DataFrame) -> pd.DataFrame:
    """The table with None for NaN, which JSON does not have."""
    return table.round(6).astype(object).where(table.notna(), None)


def _reference(
    title: str,
    experiment: Experiment[Any],
    clock: Clock,
    parts: Path,
    shaped: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table,
) -> PaperResult:
    """What the finished parts of an experiment give, and what made them."""
    with suppress(KeyboardInterrupt):
        experiment.run(progress=clock, folder=parts, client=clock.client)
    if not experiment.done:
        raise TimeoutError(f"the time was up before a part was finished; run it again: it goes on from {parts}")
    complete = all(part in experiment.done for part in experiment.parts())
    made = made_with(experiment.data.device, experiment.seconds)
    return PaperResult(title, complete, asdict(experiment.settings), made, shaped(experiment.finished).round(6))
