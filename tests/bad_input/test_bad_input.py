"""Every public function with arguments that are wrong: one clear error each, and nothing has happened.

`CALLS` gives each function one call that is right, and for its parameters values that are wrong. A case takes the right
call, puts one wrong value into it, and asks for an error of the package's own that names the value (or what is wrong
about it) and says what is allowed, with every argument and every folder as it was.
"""

import importlib
import inspect
import io
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

import lthedu
from lthedu import coding, data, hashing, landscape, proof, pruning, sparsity, stats, supermasks, tickets, training
from lthedu.base import course_files, fingerprint, sealed, streams
from lthedu.base.arguments import fits, shown
from lthedu.base.ranges import Columns
from lthedu.course import lesson
from lthedu.experiments import Seeded, paper_results, registration, study, verdicts
from lthedu.lessons.counting_and_clocking import experiment as clocking
from lthedu.lessons.hashing_instead_of_multiplying import clusters
from lthedu.lessons.hashing_instead_of_multiplying import experiment as hashed
from lthedu.lessons.many_small_lotteries import experiment as lottery
from lthedu.lessons.pieces import experiment as counting
from lthedu.lessons.pruning_basics import experiment as compare
from lthedu.lessons.ship_it import experiment as shipping
from lthedu.lessons.sparse_coding import experiment as denoising
from lthedu.lessons.sparse_data import clock as skipping
from lthedu.lessons.sparse_data import experiment as reading_digits
from lthedu.lessons.sparse_data import explorer as active_places
from lthedu.lessons.sparse_data import scenes
from lthedu.lessons.sparse_from_the_start import experiment as sparse
from lthedu.networks import hopfield, masks, models, paths, reading
from lthedu.proof import kernels
from lthedu.training import gradients, optimizers

mpl.use("agg")
PACKAGE = Path(lthedu.__file__).parent
OF_LESSONS = [
    importlib.import_module(f"lthedu.lessons.{lesson}.{part}")
    for lesson in course_files.lesson_numbers()
    for part in ("experiment", "figures", "explorer")
    if (PACKAGE / "lessons" / lesson / f"{part}.py").is_file()
]
MODULES = (
    coding, course_files, data, gradients, hashing, hopfield, landscape, masks, models, optimizers, paper_results,
    paths, proof, pruning, registration, sealed, sparsity, stats, streams, supermasks, tickets, training, study,
    verdicts, *OF_LESSONS,
)  # fmt: skip
NAN, INF = float("nan"), float("inf")


class Foreign:
    """An object that nothing in the package asks for."""

    def __repr__(self) -> str:
        return "<Foreign>"


FOREIGN = Foreign()
PARAMS = {"a.weight": torch.tensor([[3.0, -1.0], [0.5, 2.0]]), "a.bias": torch.ones(2)}
WEIGHTS = {"a.weight": PARAMS["a.weight"]}
MASK = {"a.weight": torch.tensor([[True, False], [True, True]])}
WRONG_SHAPE = {"a.weight": torch.ones(3, 3, dtype=torch.bool)}
NOT_BOOL = {"a.weight": torch.ones(2, 2)}
UNKNOWN = {"z.weight": torch.ones(2, 2, dtype=torch.bool)}
WITH_NAN = {"a.weight": torch.tensor([[NAN, 1.0], [1.0, 1.0]])}


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@cache
def small_data() -> data.Dataset:
    x, y = torch.rand(200, 1, 4, 4, generator=generator()), torch.arange(200) % 10
    return data.Dataset(x, y, x[:10], y[:10], x[:10], y[:10])


@cache
def two_images() -> data.Dataset:
    """As MNIST, with two images."""
    x, y = torch.rand(2, 784, generator=generator()), torch.arange(2)
    return data.Dataset(x, y, x, y, x, y)


def network() -> nn.Module:
    return models.MLP([16, 3, 10])


@cache
def replicates() -> training.Replicates:
    return training.Replicates.create(network, [0, 1])


@cache
def ticket() -> proof.Construction:
    torch.manual_seed(0)
    return proof.construct(models.MLP([3, 2, 2]), eta=0.05)


@cache
def study_table() -> pd.DataFrame:
    settings = study.Settings(seeds=(0, 1), levels=1, steps=4, batch_size=8, val_every=2)
    return study.Study(small_data(), network, settings).run()


def judged() -> verdicts.Judgement:
    return verdicts.Judgement("abc", (1.0, 2.0), 1.5, 1.0, 2.0, verdicts.SUPPORTED)


def table(columns: str, rows: int = 2) -> pd.DataFrame:
    return pd.DataFrame({name: [0.5] * rows for name in columns.split()})


@dataclass
class Call:
    """A function, a call of it that is right, and values that are wrong, by parameter."""

    function: Callable[..., Any]
    right: Callable[[], dict[str, Any]]
    wrong: dict[str, list[Any]]


FRACTION = [NAN, -0.1, 1.5, INF, "half", None]
COUNT = [0, -1, 2.5, NAN, "two", None]
TENSORS = [None, [1.0], {"a.weight": [1.0]}, {0: torch.ones(2, 2)}]
MASKS = [*TENSORS, WRONG_SHAPE, NOT_BOOL, UNKNOWN]
GENERATOR = [None, 0, "seed"]
TABLES = [None, [], "table.csv", pd.DataFrame(), pd.DataFrame({"other": [1]})]
STACKED = {"a.weight": torch.tensor([[[3.0, -1.0], [0.5, 2.0]], [[1.0, -1.0], [0.5, -2.0]]])}
STACKED_MASK = {"a.weight": torch.tensor([[[True, False], [True, True]], [[True, True], [False, True]]])}


STARTS = [None, torch.tensor([1, 2]), torch.tensor([0, 3]), torch.tensor([0.0, 2.0])]
INDICES = [None, torch.tensor([0]), torch.tensor([0, 2]), torch.tensor([-1, 0])]
OTHERS = [None, torch.ones(2), torch.ones(1, 3), torch.ones(2, 3).double()]
SITES = torch.tensor([[[True, True], [False, True]]])
NO_SITES = [None, [[[True]]], SITES[0], SITES.float(), SITES[:0]]
KERNEL = torch.ones(5, 2, 3, 3)
FEATURES = [None, torch.ones(3), torch.ones(3, 1), torch.ones(3, 2, dtype=torch.float64)]
WEIGHT_SHAPES = [None, torch.ones(5, 1, 3, 3), torch.ones(5, 2, 3, 3, 3), torch.ones(5)]
FAR = [(torch.tensor([3]), torch.tensor([0]))] * 9
NO_ROWS = [None, [[1.0]], torch.ones(2, 0), torch.tensor([[NAN, 1.0]])]
NO_FOURS = [None, torch.ones(8), torch.ones(2, 6)]


CODED = {"code": torch.ones(3, 2), "x": torch.ones(3, 2), "atoms": torch.eye(2)}
MISFITS = {
    "code": [None, torch.ones(3), torch.ones(2, 2)],
    "x": [None, torch.ones(2), torch.ones(3, 4), torch.ones(3, 2).double()],
    "atoms": [None, torch.ones(2), torch.ones(2, 3)],
}
ISTA = {
    "x": [None, torch.ones(2), torch.ones(3, 4), torch.ones(3, 2).double()],
    "atoms": [None, torch.ones(2), torch.ones(0, 2)],
    "penalty": [-1.0, NAN, None],
    "steps": [-1, 0.5, None],
}


def stored() -> dict[str, torch.Tensor]:
    """A matrix of two rows in CSR."""
    return dict(zip(("start", "column", "value"), sparsity.to_csr(torch.eye(2)), strict=True))


def inner() -> gradients.Method:
    return gradients.pick("vmap", network(), torch.device("cpu"))


def saved_ticket() -> Path:
    proof.save_ticket(ticket(), "a-ticket")
    return Path("a-ticket")


def written() -> Path:
    sealed.write(Path("a-result"), {"a": 1}, WEIGHTS)
    return Path("a-result")


def a_result() -> paper_results.PaperResult:
    return paper_results.read(next((course_files.course_path("datasets") / "reference").glob("*.json")))


LOOP = {  # what neither `training` nor `train` takes
    "replicates": [None, network()],
    "data": [None, torch.ones(3)],
    "steps": COUNT,
    "batch_size": [0, -1, 201, 2.5, NAN, None],
    "mask": [3, UNKNOWN, WRONG_SHAPE],
    "frozen": [3, {"b": torch.ones(2)}],
    "order": [3, [0], [0.5, 1], ["a", "b"]],
    "optimizer": [None, "adam"],
    "first_step": [-1, 2, 0.5],
    "by": ["quick", 3, None],
}

CALLS = [
    # masks
    Call(masks.prunable, lambda: {"params": PARAMS}, {"params": TENSORS}),
    Call(masks.full, lambda: {"params": PARAMS}, {"params": TENSORS}),
    Call(masks.counts, lambda: {"mask": MASK}, {"mask": TENSORS}),
    Call(masks.density, lambda: {"mask": MASK}, {"mask": [*TENSORS, {}]}),
    Call(masks.apply, lambda: {"mask": MASK, "params": PARAMS}, {"mask": MASKS, "params": TENSORS}),
    Call(
        masks.hold,
        lambda: {"mask": MASK, "params": PARAMS, "frozen": WEIGHTS},
        {"mask": MASKS, "params": TENSORS, "frozen": [*TENSORS, {"a.weight": torch.ones(3)}, {"b": torch.ones(2, 2)}]},
    ),
    Call(masks.clone, lambda: {"tensors": PARAMS}, {"tensors": TENSORS}),
    Call(masks.check_fits, lambda: {"mask": MASK, "params": PARAMS}, {"mask": MASKS, "params": TENSORS}),
    Call(masks.unstack, lambda: {"tensors": PARAMS, "index": 1}, {"tensors": TENSORS, "index": [2, -3, 0.5, None]}),
    Call(
        masks.stack,
        lambda: {"replicates": [PARAMS, PARAMS]},
        {"replicates": [None, [], [None], [PARAMS, WEIGHTS], [PARAMS, {**PARAMS, "a.bias": torch.ones(3)}]]},
    ),
    # pruning
    Call(pruning.magnitude, lambda: {"params": PARAMS}, {"params": TENSORS}),
    Call(
        pruning.random_scores,
        lambda: {"params": PARAMS, "generator": generator()},
        {"params": TENSORS, "generator": GENERATOR},
    ),
    Call(
        pruning.keep_largest,
        lambda: {"scores": torch.rand(4), "density": 0.5},
        {"scores": [None, [1.0], torch.tensor([NAN, 1.0])], "density": FRACTION},
    ),
    Call(
        pruning.select_globally,
        lambda: {"scores": WEIGHTS, "density": 0.5},
        {"scores": [*TENSORS, {}, WITH_NAN], "density": FRACTION},
    ),
    Call(
        pruning.select,
        lambda: {"scores": WEIGHTS, "density": 0.5},
        {
            "scores": [*TENSORS, WITH_NAN],
            "density": FRACTION,
            "scope": ["everywhere", None, 3],
            "within": [0, {}, WRONG_SHAPE, NOT_BOOL, UNKNOWN],
            "own_density": [3, {"b": 0.5}, {"a.weight": 2.0}, {"a.weight": "all"}],
        },
    ),
    Call(
        pruning.random_mask,
        lambda: {"mask": MASK, "generator": generator()},
        {"mask": [*TENSORS, NOT_BOOL], "generator": GENERATOR},
    ),
    Call(
        pruning.cubic,
        lambda: {"step": 5, "begin": 0, "end": 10, "final": 0.5},
        {"step": ["one", None], "begin": [10, 11, None], "end": [0, -1, NAN], "final": FRACTION},
    ),
    Call(
        pruning.through,
        lambda: {"points": [(0, 0.1), (5, 0.5)], "at": 3},
        {"points": [None, [], [(0, 2.0)], [(5, 0.1), (0, 0.5)], [(0, 0.1, 3)]], "at": [None, NAN, "now"]},
    ),
    Call(
        pruning.select_each,
        lambda: {"params": STACKED, "mask": STACKED_MASK, "density": 0.5, "choose": pruning.select_globally},
        {"params": TENSORS, "mask": MASKS, "density": FRACTION, "choose": [None, 3], "spare": [3, "a.weight", ["b"]]},
    ),
    Call(
        pruning.share_out,
        lambda: {"total": 3, "wants": [1.0, 2.0], "room": [2, 2]},
        {
            "total": [-1, 5, 0.5, None],
            "wants": [None, [1.0], [-1.0, 2.0], [NAN, 1.0], ["a", 1.0]],
            "room": [None, [2], [-1, 4], [0.5, 4]],
        },
    ),
    Call(pruning.er_densities, lambda: {"params": PARAMS, "density": 0.5}, {"params": TENSORS, "density": FRACTION}),
    Call(
        pruning.mask_by_input,
        lambda: {"wants": torch.ones(2), "mask": MASK["a.weight"], "generator": generator()},
        {
            "wants": [None, [1.0, 1.0], torch.ones(3)],
            "mask": [None, torch.ones(2, 2), torch.ones(2, dtype=torch.bool)],
            "generator": GENERATOR,
        },
    ),
    Call(pruning.sparse_start, lambda: {"params": PARAMS, "mask": MASK}, {"params": TENSORS, "mask": MASKS}),
    Call(
        pruning.drop_fraction,
        lambda: {"step": 5, "end": 10},
        {"step": [-1, 0.5, None], "end": COUNT, "first": FRACTION},
    ),
    Call(
        pruning.drop,
        lambda: {"weights": torch.ones(3), "mask": torch.ones(3, dtype=torch.bool), "count": 1},
        {
            "weights": [None, [1.0]],
            "mask": [None, torch.ones(3), torch.ones(2, dtype=torch.bool)],
            "count": [-1, 4, None],
        },
    ),
    Call(
        pruning.grow,
        lambda: {"mask": torch.zeros(3, dtype=torch.bool), "scores": torch.ones(3), "count": 1},
        {
            "mask": [None, torch.zeros(3), torch.zeros(2, dtype=torch.bool)],
            "scores": [None, torch.tensor([NAN, 1.0, 1.0])],
            "count": [-1, 4, None],
        },
    ),
    Call(
        pruning.drop_and_grow,
        lambda: {"weights": torch.ones(3), "mask": torch.arange(3) > 0, "scores": torch.ones(3), "count": 1},
        {
            "weights": [None, [1.0], torch.ones(2)],
            "mask": [None, torch.ones(3)],
            "scores": [None, torch.ones(2), torch.tensor([NAN, 1.0, 1.0])],
            "count": [-1, 3, None],
        },
    ),
    Call(
        pruning.resize,
        lambda: {"weights": torch.ones(3), "mask": torch.arange(3) > 0, "scores": torch.ones(3), "count": 2},
        {
            "weights": [None, [1.0], torch.ones(2)],
            "mask": [None, torch.ones(3)],
            "scores": [None, torch.ones(2), torch.tensor([NAN, 1.0, 1.0])],
            "count": [-1, 4, None],
            "swapped": [-1, 3, None],
        },
    ),
    Call(
        pruning.swap_each,
        lambda: {"params": STACKED, "mask": STACKED_MASK, "scores": STACKED, "fraction": 0.5},
        {
            "params": TENSORS,
            "mask": [*MASKS, {}],
            "scores": [*TENSORS, {"z": torch.ones(2)}],
            "fraction": FRACTION,
            "swap": [None, 3],
        },
    ),
    Call(
        pruning.swap_across,
        lambda: {"params": STACKED, "mask": STACKED_MASK, "momentum": STACKED, "fraction": 0.5},
        {
            "params": TENSORS,
            "mask": [*MASKS, {}],
            "momentum": [*TENSORS, {"z": torch.ones(2)}],
            "fraction": FRACTION,
        },
    ),
    Call(pruning.absolute, lambda: {"tensors": PARAMS}, {"tensors": TENSORS}),
    # statistics
    Call(
        stats.paired_test,
        lambda: {"a": [1.0, 2.0, 4.0], "b": [1.0, 3.0, 3.0]},
        {"a": [None, [], [1.0], [1.0, 2.0, NAN], ["a", "b", "c"], [1.0, 2.0]], "b": [None, [1.0], [INF, 1.0, 2.0]]},
    ),
    Call(
        stats.clopper_pearson,
        lambda: {"wins": 3, "draws": 10},
        {"wins": [-1, 11, 0.5, None], "draws": [0, -1, 2, None], "confidence": [0, 1, NAN, 1.5, "most", None]},
    ),
    Call(
        stats.draws_needed,
        lambda: {"p": 0.1},
        {"p": [-0.1, 1.5, NAN, "half", None], "chance": [0, 1, NAN, None]},
    ),
    Call(
        stats.expected_best,
        lambda: {"chosen_by": [0.1, 0.2], "reported": [0.3, 0.4], "draws": 2},
        {
            "chosen_by": [None, [], [0.1], [NAN, 1.0], ["a", "b"]],
            "reported": [None, [0.1], [INF, 0.1]],
            "draws": [0, 3, 0.5, None],
        },
    ),
    Call(
        stats.sign_flip_test,
        lambda: {"a": [1.0, 2.0], "b": [3.0, 5.0]},
        {"a": [None, [], [NAN, 1.0], [1.0]], "b": [[], [INF, 1.0]]},
    ),
    Call(
        stats.mean_interval,
        lambda: {"values": [1.0, 2.0, 4.0]},
        {"values": [None, [], [1.0], [1.0, NAN], [INF, 1.0], ["a", "b"]], "confidence": [0, 1, NAN, 1.5, "most", None]},
    ),
    # registered claims
    Call(
        registration.Registration,
        lambda: {
            "question": "Is it better?",
            "arm": "ticket",
            "control": "random mask",
            "measure": "percent right",
            "settings": Seeded(seeds=(10, 11, 12, 13, 14)),
            "threshold": 1.0,
            "refuted_by": ("longer",),
            "experiment": "mine.py",
            "data": "digits",
        },
        {
            "question": ["", " ", "It is better.", "Is it\nbetter?", None, 3],
            "arm": ["", "random mask", None],
            "control": ["", "ticket", "two\nlines", None],
            "measure": ["", None],
            "experiment": ["", "two\nlines", None],
            "data": [" ", None],
            "settings": [None, (10, 11, 12, 13, 14)],
            "threshold": [NAN, INF, None, "one"],
            "refuted_by": [None, (), ("doubt",), ("longer", "longer"), "longer"],
            "statistic": ["median", None],
            "looked_at": [None, 3, (14,), (0.5,)],
        },
    ),
    Call(fingerprint.digest_of, lambda: {"text": "question: Why?"}, {"text": ["", None, b"card"]}),
    Call(
        verdicts.by_rule,
        lambda: {"differences": [1.0, 2.0], "threshold": 1.0},
        {"differences": [None, [], [1.0], [1.0, NAN], ["a", "b"]], "threshold": [NAN, None, "one"]},
    ),
    Call(
        verdicts.word,
        lambda: {"low": 0.0, "high": 1.0, "threshold": 0.5},
        {"low": [NAN, None], "high": [NAN, "one"], "threshold": [NAN, None]},
    ),
    Call(verdicts.share_of_wins, lambda: {"differences": [1.0]}, {"differences": [None, [], "abc", [NAN, 1.0]]}),
    Call(verdicts.changed, lambda: {"settings": {"a": 1}, "other": {"a": 2}}, {"settings": [None, 3], "other": [None]}),
    Call(
        verdicts.sorted_out,
        lambda: {"judgement": judged(), "promised": ("longer",), "answers": {"scale": "norms are equal by design"}},
        {
            "judgement": [None, "SUPPORTED"],
            "promised": [None, 3],
            "answers": [
                None,
                {"doubt": "it is not one"},
                {"scale": "no"},
                {"scale": 3},
                {"longer": "it takes too long"},
            ],
        },
    ),
    # streams
    Call(streams.derive, lambda: {}, {"name": [(None,), (0.5,), (b"x",)]}),
    Call(streams.generator, lambda: {}, {"name": [(None,), (0.5,)]}),
    Call(streams.numpy_generator, lambda: {}, {"name": [(None,), (0.5,)]}),
    # models, optimizers, training
    Call(models.MLP, lambda: {"sizes": [4, 3, 2]}, {"sizes": [None, [], [4], [4, 0, 2], [4, -1], [4, 2.5], 3]}),
    Call(
        models.ResidualMLP,
        lambda: {"sizes": [4, 4, 4, 2]},
        {"sizes": [None, [], [4], [4, 0, 2], [4, 2.5]], "branch": [NAN, INF, "x", None]},
    ),
    Call(hopfield.hebb, lambda: {"patterns": torch.ones(2, 3)}, {"patterns": [None, torch.ones(3), torch.zeros(2, 3)]}),
    Call(
        hopfield.strongest_pairs,
        lambda: {"scores": torch.ones(3, 3), "pairs": 1},
        {"scores": [None, torch.ones(2, 3), torch.full((3, 3), NAN)], "pairs": [-1, 4, 0.5, None]},
    ),
    Call(
        hopfield.recall,
        lambda: {"weights": torch.ones(3, 3), "state": torch.ones(2, 3)},
        {"weights": [None, torch.ones(2, 2)], "state": [None, torch.ones(3)], "steps": COUNT},
    ),
    *(
        Call(
            function,
            lambda: {"layers": [torch.ones(2, 3) > 0, torch.ones(1, 2) > 0]},
            {"layers": [None, [], [torch.ones(2, 3)], [torch.ones(2, 3) > 0, torch.ones(1, 3) > 0]]},
        )
        for function in (paths.count_paths, paths.on_a_path)
    ),
    Call(reading.affine_layers, lambda: {"network": models.MLP([3, 2])}, {"network": [None, nn.ReLU(), "net"]}),
    Call(models.Conv, lambda: {"depth": 2}, {"depth": [0, 3, 5, 1.5, None], "classes": COUNT}),
    Call(models.ResNet, lambda: {}, {"blocks": COUNT, "width": COUNT, "classes": COUNT}),
    Call(
        training.RateSchedule,
        lambda: {},
        {
            "kind": ["linear", None],
            "warmup": [-1, 0.5, NAN, None],
            "milestones": [None, (1.5,), (-0.1,), (NAN,), ("x",)],
            "factor": [0, -1, NAN, None],
        },
    ),
    Call(
        training.Optimizer,
        lambda: {},
        {
            "name": ["lion", None],
            "lr": [0, -1, NAN, INF, "fast", None],
            "momentum": [-0.1, NAN, None],
            "weight_decay": [-1, NAN, INF, None],
            "schedule": [None, "cosine"],
        },
    ),
    Call(
        training.Replicates.create,
        lambda: {"make": network, "seeds": [0, 1]},
        {
            "make": [None, network()],
            "seeds": [None, [], [0.5], ["a"], 3],
            "device": ["gpu", 3.5],
            "dtype": ["float32", torch.int64],
        },
    ),
    Call(
        training.train,
        lambda: {"replicates": replicates(), "data": small_data(), "steps": 2, "batch_size": 8},
        {**LOOP, "progress": [3]},
    ),
    Call(
        training.training,
        lambda: {"replicates": replicates(), "data": small_data(), "steps": 2, "batch_size": 8},
        LOOP,
    ),
    Call(
        training.measure,
        lambda: {"replicates": replicates(), "data": small_data(), "step": 3},
        {"replicates": [None], "data": [None, {}], "step": [None, 0.5], "splits": [None, 3, ["all"]], "by": ["quick"]},
    ),
    Call(
        training.evaluate,
        lambda: {"replicates": replicates(), "data": small_data()},
        {"replicates": [None], "data": [None, {}], "split": ["all", None, 3], "by": ["quick"]},
    ),
    Call(
        gradients.pick,
        lambda: {"by": "auto", "model": network(), "device": torch.device("cpu")},
        {"by": ["quick", None, 3], "model": [None, 3], "device": ["cpu", None]},
    ),
    # data
    Call(
        data.load,
        lambda: {"name": "mnist1d"},
        {"name": ["mnist2", None, "", 3], "seed": [0.5, None, NAN], "device": ["gpu", 3.5], "folder": [3]},
    ),
    Call(data.check_files, lambda: {"name": "mnist"}, {"name": ["mnist2", None], "folder": [3]}),
    Call(data.data_path, lambda: {"name": "mnist"}, {"name": ["mnist2", None], "folder": [3, FOREIGN]}),
    Call(
        data.fetch, lambda: {"name": "cifar10", "folder": "/dev/null"}, {"name": ["mnist", "x", None], "progress": [3]}
    ),
    Call(
        data.load_folder,
        lambda: {"folder": "images"},
        {
            "folder": [None, 3, "no-such-folder", "empty"],
            "size": COUNT,
            "channels": [0, 2, 4, 1.5, None],
            "seed": [0.5, None],
            "device": ["gpu"],
            "progress": [3],
        },
    ),
    Call(data.class_names, lambda: {"folder": "images"}, {"folder": [None, 3, "no-such-folder", "empty"]}),
    Call(data.pooled, lambda: {"data": two_images()}, {"data": [None, torch.ones(3)]}),
    Call(data.unit_pixels, lambda: {"data": two_images()}, {"data": [None, torch.ones(3)]}),
    Call(
        small_data().first,
        lambda: {"n_train": 5},
        {"n_train": [0, -1, 0.5, None], "n_val": [0, -1, 0.5], "n_test": [0, "all"]},
    ),
    Call(
        data.Dataset,
        lambda: vars(small_data()) | {},
        {"x_train": [None, [1.0]], "y_train": [None, torch.ones(3, dtype=torch.long)], "x_test": [3]},
    ),
    # landscape
    Call(
        landscape.random_network,
        lambda: {"layers": 1, "neurons": 3},
        {"layers": COUNT, "neurons": COUNT, "seed": [0.5, None, "a"]},
    ),
    Call(
        landscape.polygon_area,
        lambda: {"corners": np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])},
        {"corners": [None, "square", np.zeros((3, 3)), np.zeros(3), np.array([[NAN, 0.0], [1.0, 0.0], [0.0, 1.0]])]},
    ),
    Call(
        landscape.plane_through,
        lambda: {"a": np.zeros(3), "b": np.array([1.0, 0.0, 0.0]), "c": np.array([0.0, 1.0, 0.0])},
        {"a": [None, np.zeros(2)], "b": [np.zeros(3), np.full(3, NAN)], "c": [np.array([2.0, 0.0, 0.0]), "c"]},
    ),
    Call(
        landscape.split,
        lambda: {"corners": np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), "values": np.array([1.0, -1.0, -1.0])},
        {"corners": [None, np.zeros((3, 3))], "values": [None, np.zeros(2), np.array([NAN, 1.0, 1.0])]},
    ),
    Call(
        landscape.regions,
        lambda: {"network": landscape.random_network(1, 3)},
        {
            "network": [None, 3, nn.ReLU()],
            "corners": [None, np.zeros((4, 3)), np.zeros((1, 2))],
            "plane": [3],
            "split": [None, 3],
        },
    ),
    Call(landscape.most_pieces, lambda: {"neurons": 3}, {"neurons": COUNT, "dimension": COUNT}),
    Call(
        landscape.hvp,
        lambda: {"loss": lambda w: (w**3).sum(), "weights": torch.ones(3), "vector": torch.ones(3)},
        {"loss": [None, 3], "weights": [None, [1.0]], "vector": [None, [1.0]]},
    ),
    Call(
        landscape.lanczos,
        lambda: {"product": lambda v: 2 * v, "start": torch.ones(3), "steps": 2},
        {"product": [None], "start": [None, [1.0]], "steps": [*COUNT, 4]},
    ),
    Call(
        landscape.top_eigenpairs,
        lambda: {"product": lambda v: v * torch.tensor([3.0, 1.0]), "start": torch.ones(2), "k": 1, "steps": 2},
        {"product": [None], "start": [None], "k": COUNT, "steps": COUNT},
    ),
    Call(
        landscape.largest,
        lambda: {"tridiagonal": torch.eye(2), "basis": torch.eye(2), "k": 1},
        {"tridiagonal": [None], "basis": [None], "k": COUNT},
    ),
    Call(
        landscape.part_inside,
        lambda: {"vector": torch.ones(3), "basis": torch.eye(3)[:, :1]},
        {"vector": [None, [1.0], torch.ones(2)], "basis": [None, torch.ones(2, 1)]},
    ),
    Call(
        landscape.probe_diagonal,
        lambda: {"product": lambda v: v, "size": 2, "probes": 1, "generator": generator()},
        {"product": [None], "size": COUNT, "probes": COUNT, "generator": GENERATOR},
    ),
    Call(
        landscape.sampled_diagonal,
        lambda: {"network": network(), "x": torch.ones(2, 16), "generator": generator()},
        {"network": [None, "MLP"], "x": [None, [1.0]], "generator": GENERATOR},
    ),
    Call(
        landscape.flat_loss,
        lambda: {"network": network(), "x": torch.ones(2, 16), "y": torch.tensor([0, 1])},
        {"network": [None], "x": [None], "y": [None, [0, 1]]},
    ),
    Call(
        landscape.unflatten,
        lambda: {"vector": torch.ones(6), "like": PARAMS},
        {"vector": [None, [1.0], torch.ones(5)], "like": TENSORS},
    ),
    Call(
        pruning.damped_inverse,
        lambda: {"hessian": torch.eye(2), "damping": 0.1},
        {"hessian": [None, torch.ones(2, 3)], "damping": [0, -1.0, NAN, None]},
    ),
    Call(
        pruning.obs_update,
        lambda: {"weights": torch.ones(2), "inverse": torch.eye(2), "gone": [0]},
        {"weights": [None, torch.ones(3)], "inverse": [None, torch.ones(2, 3)], "gone": [None, 3, ["a"]]},
    ),
    Call(
        pruning.obs_path,
        lambda: {
            **{"weights": torch.ones(2), "inverse": torch.eye(2), "counts": [1]},
            "removable": torch.ones(2, dtype=torch.bool),
        },
        {"weights": [None], "inverse": [None], "removable": [None, [True]], "counts": [None, [0], [3]]},
    ),
    Call(
        pruning.in_rounds,
        lambda: {"network": network(), "score": lambda n: pruning.synflow(n, [16]), "density": 0.5, "rounds": 2},
        {"network": [None], "score": [None], "density": ["half", None, NAN], "rounds": COUNT},
    ),
    Call(
        pruning.grasp,
        lambda: {"network": network(), "x": torch.ones(2, 16), "y": torch.tensor([0, 1])},
        {"network": [None], "x": [None], "y": [None], "temperature": [0, -1.0, NAN, None]},
    ),
    Call(
        landscape.activation_pattern,
        lambda: {"hidden": [(np.ones((2, 3)), np.ones(2))], "x": np.ones(3)},
        {"hidden": [None, [3]], "x": [None, np.ones((3, 1))]},
    ),
    Call(
        landscape.local_formula,
        lambda: {"layers": [(np.ones((2, 3)), np.ones(2))], "x": np.ones(3)},
        {"layers": [None, [3]], "x": [None, np.ones((3, 1))]},
    ),
    Call(
        landscape.formulas, lambda: {"found": landscape.regions(landscape.random_network(1, 3))}, {"found": [None, [3]]}
    ),
    Call(
        counting.Settings,
        lambda: {},
        {
            "sizes": [None, (196, 10)],
            "densities": [None, (), (1.0,)],
            "output": [0, 1.5, NAN],
            "steps": COUNT,
            "early": [None, (0,)],
            "lr": [0, NAN],
            "slices": COUNT,
            "kinds": [None, (), ("through noise",)],
        },
    ),
    # hashing
    Call(
        hashing.random_planes,
        lambda: {"dimension": 3, "bits": 2, "tables": 2, "rng": np.random.default_rng(0)},
        {"dimension": COUNT, "bits": [*COUNT, 63], "tables": COUNT, "rng": [None, 3]},
    ),
    Call(
        hashing.simhash,
        lambda: {"vectors": np.ones((2, 3)), "planes": np.ones((4, 3))},
        {"vectors": [None, np.ones(3), np.ones((2, 4))], "planes": [None, np.ones(3), np.ones((4, 2))]},
    ),
    Call(
        hashing.simhash_all,
        lambda: {"vectors": np.ones((2, 3)), "planes": np.ones((2, 4, 3))},
        {"vectors": [None, np.ones(3), np.ones((2, 4))], "planes": [None, np.ones((4, 3)), np.ones((2, 4, 2))]},
    ),
    Call(hashing.same_bit, lambda: {"angle": 1.0}, {"angle": [None, -0.1, 3.2, NAN]}),
    Call(
        hashing.chance_found,
        lambda: {"same": 0.5, "bits": 2, "tables": 2},
        {"same": FRACTION, "bits": COUNT, "tables": COUNT},
    ),
    Call(
        hashing.random_orders,
        lambda: {"dimension": 8, "symbols": 2, "tables": 2, "width": 4, "rng": np.random.default_rng(0)},
        {"dimension": COUNT, "symbols": [*COUNT, 40], "tables": COUNT, "width": [*COUNT, 1, 9], "rng": [None, 3]},
    ),
    Call(
        hashing.wta,
        lambda: {"vectors": np.ones((2, 3)), "orders": np.zeros((1, 2, 2), dtype=int)},
        {"vectors": [None, np.ones(3)], "orders": [None, np.zeros(3, dtype=int)]},
    ),
    Call(
        hashing.same_symbol,
        lambda: {"first": [1, 2, 3], "second": [3, 2, 1], "width": 2},
        {"first": [None, [1], [1, 2]], "second": [None, [1]], "width": COUNT},
    ),
    Call(hashing.build_tables, lambda: {"codes": np.ones((2, 3), dtype=int)}, {"codes": [None, np.ones(3, dtype=int)]}),
    Call(
        hashing.look_up,
        lambda: {"tables": [{1: np.array([0])}], "codes": [1]},
        {"tables": [None, [3]], "codes": [None, [1, 2], ["a"]]},
    ),
    Call(hashing.active_softmax, lambda: {"logits": np.zeros(2)}, {"logits": [None, np.zeros((2, 2)), np.zeros(0)]}),
    Call(hashing.corrected, lambda: {"classes": 5, "negatives": 2}, {"classes": COUNT, "negatives": COUNT}),
    Call(
        hashing.active_rows,
        lambda: {
            "found": np.array([1]),
            "label": 0,
            "at_least": 2,
            "classes": 4,
            "rng": np.random.default_rng(0),
        },
        {"found": [None], "label": [None, 0.5], "at_least": [*COUNT, 5], "classes": COUNT, "rng": [None, 3]},
    ),
    Call(
        hashing.rebuild_times,
        lambda: {"first": 5, "growth": 1.5, "examples": 20},
        {"first": COUNT, "growth": [None, 0.0, 0.5, NAN], "examples": COUNT},
    ),
    Call(
        clusters.draw_clusters,
        lambda: {"classes": 6, "siblings": 3, "examples": 4, "seed": 0},
        {"classes": COUNT, "siblings": [*COUNT, 4], "examples": COUNT, "seed": [None, 0.5], "noise": [0.0, NAN]},
    ),
    Call(
        hashed.Settings,
        lambda: {},
        {"seeds": [(), None], "classes": COUNT, "bits": [*COUNT, 63], "growth": [1.0, NAN], "rate": [0.0, NAN]},
    ),
    # sparsity
    Call(
        compare.Settings,
        lambda: {},
        {
            "seeds": [None, (), (0.5,), (0, 0), 3],
            "nonzeros": [None, (), (10,), (2_000.5,)],
            "dense_steps": COUNT,
            "steps": COUNT,
            "updates": COUNT,
            "pruned_by": [0, -0.5, 1.5, NAN, None],
            "batch_size": COUNT,
            "optimizer": [None, "adam"],
            "lrs": [None, (0.0,), (NAN,), (INF,)],
        },
    ),
    Call(
        compare.Comparison,
        lambda: {"data": small_data()},
        {"data": [None], "settings": [None, 3], "choose": [3], "schedule": [3], "width": [3]},
    ),
    Call(
        sparsity.kept_flops,
        lambda: {"mask": MASK, "places": {"a.weight": 2}},
        {"mask": MASKS[:3], "places": [None, {}, {"a.weight": -1}]},
    ),
    Call(
        sparsity.flops,
        lambda: {"model": network(), "mask": None, "example": None},
        {"model": [None, nn.LSTM(2, 3)], "mask": [3, UNKNOWN, NOT_BOOL], "example": [[1.0], torch.ones(3)]},
    ),
    Call(sparsity.to_csr, lambda: {"matrix": torch.eye(2)}, {"matrix": [None, [[1.0]], torch.ones(3)]}),
    Call(
        sparsity.from_csr,
        lambda: stored() | {"columns": 2},
        {
            "start": STARTS,
            "column": INDICES,
            "value": [None, torch.ones(2, 2), torch.ones(3)],
            "columns": [-1, 1, 2.5, None],
        },
    ),
    *(
        Call(function, lambda: stored() | {"x": torch.ones(2, 3)}, {"start": STARTS, "column": INDICES, "x": OTHERS})
        for function in (sparsity.spmm, sparsity.sparse_product)
    ),
    Call(
        sparsity.spmm_gradients,
        lambda: stored() | {"x": torch.ones(2, 3), "above": torch.ones(2, 3)},
        {"start": STARTS, "column": INDICES, "x": OTHERS, "above": [None, torch.ones(2, 2), torch.ones(2, 3).double()]},
    ),
    Call(
        sparsity.two_four_mask, lambda: {"scores": torch.ones(2, 8)}, {"scores": [*NO_FOURS, torch.full((1, 4), NAN)]}
    ),
    Call(sparsity.is_two_four, lambda: {"matrix": torch.ones(2, 8)}, {"matrix": NO_FOURS}),
    Call(sparsity.pack_two_four, lambda: {"matrix": torch.zeros(2, 8)}, {"matrix": [*NO_FOURS, torch.ones(2, 8)]}),
    Call(
        sparsity.unpack_two_four,
        lambda: dict(zip(("values", "places"), sparsity.pack_two_four(torch.zeros(2, 8)), strict=True)),
        {"values": [None, torch.ones(2, 3)], "places": [None, torch.zeros(2, 2, dtype=torch.uint8), torch.zeros(2, 1)]},
    ),
    Call(
        sparsity.speed_up,
        lambda: {"dense": print, "sparse": print, "windows": 2},
        {"dense": [None, 3], "sparse": ["sparse"], "windows": COUNT, "timer": [None, 0.5]},
    ),
    Call(sparsity.is_steady, lambda: {"times": [1.0, 2.0]}, {"times": [None, [], [0.0], [NAN], 3]}),
    Call(
        sparsity.fit_law,
        lambda: {"density": [0.1, 0.5], "ratio": [1.0, 2.0]},
        {
            "density": [None, [0.1], [0.1, 0.1], [0.1, -0.5], [0.1, NAN]],
            "ratio": [None, [1.0], [1.0, 0.0], [1.0, 2.0, 3.0]],
        },
    ),
    Call(sparsity.break_even, lambda: {"c": 0.1, "e": 0.5}, {"c": [None, NAN, "a"], "e": [None, 0.0, -1.0, NAN]}),
    Call(
        sparsity.measured_break_even,
        lambda: {"density": [0.1, 0.4], "times": [2.0, 0.5]},
        {"density": [None, 3, [], [0.1], [0.0, 0.1], [NAN]], "times": [None, [], [0.0, 1.0], [NAN, 1.0], [1.0] * 3]},
    ),
    Call(
        sparsity.shortest,
        lambda: {"call": list, "slot": 0.001},
        {"call": [None, 3], "slot": [None, 0.0, -1.0, NAN], "timer": [None, 0.5]},
    ),
    *(
        Call(function, lambda: {"active": SITES}, {"active": NO_SITES})
        for function in (sparsity.grown, sparsity.neighbours, sparsity.rule_book)
    ),
    Call(
        sparsity.from_grid,
        lambda: {"x": torch.ones(1, 3, 2, 2), "active": SITES},
        {"x": [None, [[1.0]], torch.ones(1, 3, 2, 3), torch.ones(2, 2)], "active": NO_SITES},
    ),
    Call(
        sparsity.to_grid,
        lambda: {"features": torch.ones(3, 2), "active": SITES},
        {"features": [None, torch.ones(3), torch.ones(4, 2)], "active": NO_SITES},
    ),
    Call(
        sparsity.submanifold_conv,
        lambda: {"features": torch.ones(3, 2), "weight": KERNEL, "rules": sparsity.rule_book(SITES)},
        {"features": FEATURES, "weight": WEIGHT_SHAPES, "rules": [None, 3, [], sparsity.rule_book(SITES)[:4], FAR]},
    ),
    Call(
        sparsity.one_product,
        lambda: {"features": torch.ones(3, 2), "weight": KERNEL, "table": sparsity.neighbours(SITES)},
        {
            "features": FEATURES,
            "weight": WEIGHT_SHAPES,
            "table": [None, torch.ones(3, 9), torch.full((3, 9), 4), torch.zeros(3, dtype=torch.long)],
        },
    ),
    Call(
        sparsity.block_mask,
        lambda: {"scores": torch.ones(4, 8), "density": 0.5, "block": 4},
        {"scores": [None, torch.ones(4), torch.ones(4, 6)], "density": FRACTION, "block": COUNT},
    ),
    Call(
        sparsity.read_record,
        lambda: {"record": {"checked_on": "2026-11-30", "about": "nothing", "libraries": []}},
        {"record": [None, {}, {"checked_on": "today", "about": "", "libraries": []}]},
    ),
    Call(sparsity.to_bits, lambda: {"matrix": torch.eye(2)}, {"matrix": [None, [[1.0]], torch.eye(2).double()]}),
    Call(
        sparsity.from_bits,
        lambda: {"bits": b"\x90", "values": torch.ones(2), "shape": (2, 2)},
        {
            "bits": [None, b"", b"\x90\x00", b"\xf0"],
            "values": [None, torch.ones(3), torch.ones(2, 2)],
            "shape": [None, (2,), (-1, 2), (3, 3)],
        },
    ),
    Call(sparsity.pack, lambda: {"matrix": torch.eye(2)}, {"matrix": [None, [1.0], torch.eye(2).int()]}),
    Call(
        sparsity.unpack, lambda: {"packed": sparsity.pack(torch.eye(2))}, {"packed": [None, b"", b"LTHP", b"PK12345"]}
    ),
    Call(
        sparsity.pack_codes,
        lambda: {"codes": torch.tensor([1, -7]), "bits": 4},
        {"codes": [None, torch.tensor([8]), torch.tensor([0.5])], "bits": [0, 9, 2.5, None]},
    ),
    Call(
        sparsity.format_bytes,
        lambda: {"matrix": torch.eye(2)},
        {"matrix": [None, torch.ones(3), torch.eye(2).double()]},
    ),
    Call(
        sparsity.gap_bytes,
        lambda: {"matrix": torch.eye(2), "bits": 3},
        {"matrix": [None, torch.ones(3), torch.eye(2).double()], "bits": [0, 33, 2.5, None]},
    ),
    Call(sparsity.zipped, lambda: {"matrix": torch.eye(2)}, {"matrix": [None, [[1.0]]]}),
    Call(sparsity.entropy, lambda: {"p": 0.5}, {"p": FRACTION}),
    *[
        Call(function, lambda: {"weights": torch.eye(2), "bits": 4}, {"weights": NO_ROWS, "bits": [0, 9, 2.5, None]})
        for function in (sparsity.to_levels, sparsity.best_scale)
    ],
    Call(
        sparsity.row_scale,
        lambda: {"weights": torch.eye(2), "bits": 4},
        {"weights": NO_ROWS, "bits": [0, 9, None], "clip": [0, 1.5, NAN, None]},
    ),
    Call(
        sparsity.at_scale,
        lambda: {"weights": torch.eye(2), "scale": torch.ones(2, 1), "bits": 4},
        {"weights": [None, [[1.0]]], "scale": [None, torch.ones(2), torch.ones(3, 1)], "bits": [0, 9, None]},
    ),
    Call(
        sparsity.of_levels,
        lambda: {"codes": torch.ones(2, 2), "scale": torch.ones(2, 1)},
        {"codes": [None, [[1.0]]], "scale": [None, 2.0]},
    ),
    Call(
        sparsity.codebook,
        lambda: {"values": torch.ones(4), "size": 2},
        {"values": [None, torch.ones(1), torch.eye(2), torch.tensor([NAN, 1.0])], "size": COUNT, "rounds": COUNT},
    ),
    Call(
        pruning.remove_constant,
        lambda: {
            "weight": torch.eye(2),
            "bias": torch.ones(2),
            "next_weight": torch.eye(2),
            "next_bias": torch.ones(2),
        },
        {
            "weight": [None, torch.ones(2), torch.ones(3, 2)],
            "bias": [None, torch.ones(3)],
            "next_weight": [None, torch.ones(2, 3)],
            "next_bias": [None, torch.ones(3)],
        },
    ),
    Call(
        pruning.remove_unread,
        lambda: {"weight": torch.eye(2), "bias": torch.ones(2), "next_weight": torch.eye(2)},
        {
            "weight": [None, torch.ones(2), torch.ones(3, 2)],
            "bias": [None, torch.ones(3)],
            "next_weight": [None, torch.ones(2, 3), torch.ones(2)],
        },
    ),
    Call(
        pruning.remove_dead,
        lambda: {"weights": [torch.eye(2), torch.eye(2)], "biases": [torch.ones(2), torch.ones(2)]},
        {"weights": [None, [], [torch.eye(2), torch.ones(2, 3)]], "biases": [None, [torch.ones(2)]]},
    ),
    Call(
        shipping.Settings,
        lambda: {},
        {
            "ways": [None, ((0, 0.5),), ((4, 1.5),), ((9, 1.0),), ((1, 0.2),)],
            "steps": COUNT,
            "lr": [0.0, NAN],
            "more": [-1, 0.5],
            "rates": [(), (0.0,)],
            "scope": ["row", None],
            "widths": [None, ((0, 1),)],
        },
    ),
    Call(
        clocking.Settings,
        lambda: {},
        {
            "seeds": [(), (0, 0)],
            "batches": [(), (0,)],
            "densities": [(), (0.0,)],
            "slot": [0.0, NAN],
            "tries": COUNT,
            "deep": COUNT,
        },
    ),
    *(
        Call(function, lambda: {"x": torch.ones(3, 2), "atoms": torch.eye(2), "penalty": 0.5, "steps": 2}, ISTA)
        for function in (coding.ista, coding.fista)
    ),
    Call(
        coding.ista_step,
        lambda: CODED | {"penalty": 0.5, "steep": 1.0},
        {**MISFITS, "penalty": [-1.0, NAN, None], "steep": [0, -1.0, NAN, None]},
    ),
    Call(coding.lasso_loss, lambda: CODED | {"penalty": 0.5}, {**MISFITS, "penalty": [-1.0, NAN, None]}),
    Call(
        coding.refit,
        lambda: {"code": torch.ones(2), "x": torch.ones(2), "atoms": torch.eye(2)},
        {"code": [None, torch.ones(3)], "x": [None, torch.ones(3), torch.ones(1, 2)], "atoms": [None, torch.ones(2)]},
    ),
    Call(
        coding.omp,
        lambda: {"x": torch.ones(2), "atoms": torch.eye(2), "count": 1},
        {"x": [None, torch.ones(3), torch.ones(1, 2)], "atoms": [None, torch.ones(2)], "count": [-1, 1.5, None]},
    ),
    Call(
        coding.omp_within,
        lambda: {"x": torch.ones(3, 2), "atoms": torch.eye(2), "tolerance": 0.5, "most": 2},
        {"x": [None, torch.ones(2)], "atoms": [None, torch.ones(2)], "tolerance": [-1.0, NAN], "most": [-1, 1.5]},
    ),
    Call(coding.update_atom, lambda: CODED | {"j": 0}, {**MISFITS, "j": [-1, 2, 0.5, None]}),
    Call(
        coding.ksvd,
        lambda: {"x": torch.ones(3, 2), "atoms": torch.eye(2), "tolerance": 0.5, "most": 2, "rounds": 1},
        {"x": [None, torch.ones(2)], "tolerance": [-1.0, NAN], "most": COUNT, "rounds": [-1, 0.5, None]},
    ),
    Call(coding.usage, lambda: {"code": torch.ones(3, 2)}, {"code": [None, torch.ones(2), torch.ones(0, 2)]}),
    Call(
        coding.soft_threshold,
        lambda: {"values": torch.ones(2), "threshold": 0.5},
        {"values": [None, [1.0]], "threshold": [-1.0, NAN, None]},
    ),
    Call(
        coding.hard_threshold,
        lambda: {"values": torch.ones(2), "threshold": 0.5},
        {"values": [None, [1.0]], "threshold": [-1.0, NAN, None]},
    ),
    Call(coding.steepness, lambda: {"atoms": torch.eye(2)}, {"atoms": [None, torch.ones(2), torch.full((2, 2), NAN)]}),
    Call(
        coding.patches,
        lambda: {"image": torch.ones(4, 5), "size": 2},
        {"image": [None, torch.ones(4), torch.ones(1, 4)], "size": [*COUNT, 5]},
    ),
    Call(
        coding.averaged,
        lambda: {"patches": torch.ones(12, 4), "shape": (4, 5)},
        {"patches": [None, torch.ones(12, 5), torch.ones(11, 4)], "shape": [(4, 4), (0, 5), (4,), None]},
    ),
    Call(
        coding.psnr,
        lambda: {"found": torch.ones(2, 2), "clean": torch.zeros(2, 2)},
        {"found": [None, torch.ones(2)], "clean": [None, torch.ones(3)], "clip": [None, "yes"]},
    ),
    Call(
        coding.with_noise,
        lambda: {"image": torch.ones(2, 2), "sigma": 1.0, "rng": generator()},
        {"image": [None], "sigma": [0, -1.0, NAN], "rng": GENERATOR},
    ),
    Call(coding.dct_atoms, lambda: {"size": 4, "waves": 4}, {"size": [1, 0, 2.5], "waves": [3, 0, None]}),
    Call(
        coding.lista_layers,
        lambda: {"x": torch.ones(3, 2), "encode": torch.eye(2), "mix": torch.eye(2), "threshold": 0.1, "layers": 1},
        {"x": [None, torch.ones(2)], "encode": [None, torch.ones(2)], "mix": [None, torch.ones(2, 3)], "layers": COUNT},
    ),
    Call(denoising.Settings, lambda: {}, {"seeds": [(), (0, 0)], "sigma": [0, NAN], "steps": COUNT, "side": COUNT}),
    Call(
        denoising.noisy_crop,
        lambda: {"split": "test", "crop": "wall", "seed": 0},
        {"split": [None, "train"], "crop": [None, "lake"], "seed": [0.5, None], "sigma": [0, NAN]},
    ),
    Call(
        sparsity.matching_width,
        lambda: {"total": 1000, "inputs": 20, "outputs": 10},
        {"total": [0, 10, 0.5, None], "inputs": COUNT, "outputs": COUNT},
    ),
    Call(sparsity.nonzeros, lambda: {"params": PARAMS, "mask": MASK}, {"params": TENSORS, "mask": MASKS}),
    Call(sparsity.csr_bytes, lambda: {"params": PARAMS, "mask": MASK}, {"params": TENSORS, "mask": MASKS}),
    Call(
        sparsity.step_cost,
        lambda: {"kept": [4, 3], "whole": [5, 6]},
        {"kept": [None, [-1, 2], [0.5, 1], [6, 1]], "whole": [None, [5], [5, 2], [5.5, 6]]},
    ),
    Call(
        sparsity.weight_steps,
        lambda: {"kept": [(0, 10), (5, 4)], "steps": 8},
        {"kept": [None, [], [(1, 4)], [(0, 3), (9, 1), (5, 2)], [(0, -1)], [(0, 0.5)]], "steps": [-1, 0.5, None]},
    ),
    Call(
        sparsity.months_between,
        lambda: {"earlier": "2020-03", "later": "2021-01-31"},
        {"earlier": [None, "", "March", "2020-13"], "later": [None, 2021, "2021-1"]},
    ),
    Call(
        sparsity.lasted,
        lambda: {"signs": ["2023-03-22"], "since": "2020-03-07", "checked_on": "2026-11-30"},
        {"signs": [None, 3, [], ["2027-01"], ["soon"]], "since": [None, "then"], "checked_on": [None, "today"]},
    ),
    Call(
        reading_digits.Settings,
        lambda: {},
        {"arms": [None, (), ("sparse",)], "rates": [None, (), (0.0,), (NAN,)], "steps": COUNT, "channels": [(), (0,)]},
    ),
    Call(
        skipping.Settings,
        lambda: {},
        {"shares": [None, (), (0.0,), (1.5,)], "slot": [0.0, NAN, None], "tries": COUNT, "channels": [(), ((0, 1),)]},
    ),
    Call(
        skipping.beside,
        lambda: {"dense": list, "ours": list, "slot": 1e-4},
        {"dense": [None, 3], "ours": [None], "slot": [0.0, -1.0, NAN]},
    ),
    Call(scenes.room, lambda: {"side": 3}, {"side": COUNT}),
    Call(
        scenes.field,
        lambda: {"shape": "thin", "grid": (1, 9, 9), "share": 0.5, "rng": generator()},
        {
            "shape": [None, "thick"],
            "grid": [None, (9, 9), (0, 9, 9), (1, 4, 9)],
            "share": [0.0, 1.5, NAN],
            "rng": [None, 3],
        },
    ),
    Call(
        active_places.explorer,
        lambda: {"images": torch.rand(2, 4, 4)},
        {"images": [None, torch.rand(4, 4), torch.rand(0, 4, 4)]},
    ),
    Call(active_places.work, lambda: {"active": SITES}, {"active": NO_SITES}),
    Call(
        sparse.Settings,
        lambda: {},
        {
            "arms": [None, (), ("Rigl",)],
            "densities": [None, (), (1.0,)],
            "rates": [None, (), (0.0,), (NAN,)],
            "steps": COUNT,
            "every": COUNT,
            "until": [0, 1.5, NAN],
            "first": FRACTION,
            "memory": [0, 1, NAN],
            "watch": [-1, 0.5, None],
        },
    ),
    Call(sparsity.dense_bytes, lambda: {"params": PARAMS}, {"params": TENSORS}),
    # supermasks
    Call(
        supermasks.keep_top,
        lambda: {"scores": torch.rand(2, 6), "density": 0.5},
        {"scores": [None, [1.0]], "density": FRACTION, "dtype": ["bool", None]},
    ),
    Call(
        supermasks.popup_mask,
        lambda: {"scores": torch.rand(2, 6), "density": 0.5},
        {"scores": [None, [1.0]], "density": FRACTION},
    ),
    Call(
        supermasks.bernoulli_mask,
        lambda: {"scores": torch.zeros(6), "generator": generator()},
        {"scores": [None, 3], "generator": GENERATOR},
    ),
    Call(
        supermasks.reinitialised,
        lambda: {"initial": STACKED, "mask": STACKED_MASK, "generator": generator()},
        {"initial": TENSORS, "mask": [*TENSORS, UNKNOWN, WRONG_SHAPE], "generator": GENERATOR, "signed": [None, "yes"]},
    ),
    Call(
        supermasks.reshuffled,
        lambda: {"initial": STACKED, "mask": STACKED_MASK, "generator": generator()},
        {"initial": TENSORS, "mask": [*TENSORS, UNKNOWN, WRONG_SHAPE], "generator": GENERATOR, "signed": [None]},
    ),
    Call(
        supermasks.constants,
        lambda: {"initial": STACKED, "mask": STACKED_MASK, "generator": generator()},
        {"initial": TENSORS, "mask": [*TENSORS, UNKNOWN, WRONG_SHAPE], "generator": GENERATOR, "signed": [None]},
    ),
    Call(
        supermasks.frozen_at_init,
        lambda: {"initial": STACKED, "mask": STACKED_MASK},
        {"initial": TENSORS, "mask": [*TENSORS, UNKNOWN, WRONG_SHAPE]},
    ),
    Call(
        supermasks.zero_if_moved_to_zero,
        lambda: {"initial": STACKED, "final": STACKED, "mask": STACKED_MASK},
        {"initial": TENSORS, "final": [*TENSORS, {"z": torch.ones(2)}], "mask": [*TENSORS, UNKNOWN, WRONG_SHAPE]},
    ),
    Call(
        supermasks.zero_at_random,
        lambda: {"held": STACKED, "mask": STACKED_MASK, "like": STACKED, "generator": generator()},
        {"held": TENSORS, "mask": [*TENSORS, UNKNOWN, WRONG_SHAPE], "like": TENSORS, "generator": GENERATOR},
    ),
    Call(
        supermasks.same_sign,
        lambda: {"criterion": supermasks.CRITERIA["large_final"]},
        {"criterion": [None, "large_final"]},
    ),
    Call(
        supermasks.different_sign,
        lambda: {"criterion": supermasks.CRITERIA["large_final"]},
        {"criterion": [None, "large_final"]},
    ),
    Call(
        supermasks.four_scores,
        lambda: {"i": torch.ones(3), "f": torch.ones(3)},
        {"i": [None, 1.0], "f": [None, torch.ones(2)]},
    ),
    Call(proof.checksum, lambda: {"params": WEIGHTS}, {"params": TENSORS}),
    Call(supermasks.fingerprint, lambda: {"params": PARAMS}, {"params": TENSORS}),
    Call(supermasks.signed_constants, lambda: {"params": STACKED}, {"params": TENSORS}),
    Call(
        supermasks.kaiming_normal,
        lambda: {"params": STACKED, "seeds": [0, 1]},
        {"params": TENSORS, "seeds": [None, [0], [0.5, 1], [0, "a"]]},
    ),
    Call(
        supermasks.initial_scores,
        lambda: {"params": STACKED, "seeds": [0, 1]},
        {"params": TENSORS, "seeds": [None, [0], [0.5, 1]]},
    ),
    Call(
        supermasks.rescaled_by_count,
        lambda: {"params": STACKED, "mask": STACKED_MASK},
        {"params": TENSORS, "mask": [*TENSORS, UNKNOWN, WRONG_SHAPE]},
    ),
    Call(
        supermasks.EdgePopup,
        lambda: {"weights": STACKED, "inner": inner(), "density": 0.5},
        {
            "weights": TENSORS,
            "inner": [None, "vmap"],
            "density": FRACTION,
            "own_density": [3, {"a.weight": 2.0}, {"b": 0.5}],
        },
    ),
    Call(
        supermasks.Bernoulli,
        lambda: {"weights": STACKED, "inner": inner()},
        {"weights": TENSORS, "inner": [None, "vmap"], "rescale": [None, 3], "draws": [0, -1, 0.5, None]},
    ),
    # tickets
    Call(
        study.Settings,
        lambda: {},
        {
            "seeds": [None, (), (0.5,), (0, 0), ("a",), 3],
            "levels": [-1, 0.5, None],
            "keep": [0, -0.5, 1.5, NAN, None],
            "keep_output": [0, 2, NAN, "all"],
            "keep_kernels": [-1, 2, NAN],
            "scope": ["everywhere", None],
            "steps": COUNT,
            "batch_size": COUNT,
            "optimizer": [None, "adam"],
            "rewind_step": [-1, 0.5, 10**9],
            "val_every": [0, -1, 0.5],
            "controls": [None, ("other",), 3],
        },
    ),
    Call(
        study.Study,
        lambda: {"data": small_data()},
        {
            "data": [None, 3],
            "make": [None, 3],
            "settings": [None, compare.LESSON],
            "find_tickets": [None, 3],
            "random_mask": [None, 3],
        },
    ),
    Call(
        tickets.find_tickets,
        lambda: {"initial": PARAMS, "full": MASK, "train": lambda *_: PARAMS, "prune": lambda *_: MASK, "levels": 1},
        {"initial": TENSORS, "full": TENSORS, "train": [None, 3], "prune": [None, 3], "levels": [-1, 0.5, None]},
    ),
    Call(study.final, lambda: {"table": study_table()}, {"table": TABLES, "split": ["all", None]}),
    Call(
        study.final_accuracy,
        lambda: {"table": study_table(), "arm": study.DENSE, "level": 0},
        {"table": TABLES, "arm": ["other", None], "level": [0.5, None], "split": ["all", None]},
    ),
    Call(study.summary, lambda: {"table": study_table()}, {"table": TABLES}),
    # the proof
    Call(
        proof.Source,
        lambda: {"seed": 0, "sizes": (2, 3)},
        {
            "seed": [-1, 0.5, None, 2**63, "0"],
            "sizes": [None, (), (3,), (0, 2), (2, 0.5), ("a", 2)],
            "octaves": [-1, 101, 0.5, None],
        },
    ),
    Call(
        proof.construct,
        lambda: {"target": models.MLP([3, 2, 2]), "eta": 0.05},
        {
            "target": [None, nn.ReLU(), 3],
            "eta": [0, 1, -1, NAN, INF, "small", None, 5e-324],
            "method": ["luck", None],
            "per_weight": [0, 2.5, NAN, "many"],
            "box": [None, (1.0, 0.0), (NAN, 1.0), (0.0,), 3, (0.0, 1e300), (0.0, 1e-300)],
            "image": [3, (1, 2), (0, 1, 1), (1, 1, 3), (1, 0.5, 3), "1 x 3"],
            "seed": [-1, 0.5, None],
            "delta": [0, 1, NAN, None, 5e-324],
            "largest": [0, 2, NAN, None, 0.5],
            "memory": [10, NAN, "all"],
            "solver": ["gurobi", None],
            "normalise": [None, 3],
            "first_mask": [None, 3],
        },
    ),
    Call(
        proof.construct_shallow,
        lambda: {"target": models.MLP([3, 2, 2]), "eta": 0.05},
        {
            "target": [None, nn.ReLU(), 3],
            "eta": [0, 1, NAN, "small", None, 5e-324],
            "per_weight": [0, 2.5, 41, NAN, "many"],
            "box": [None, (1.0, 0.0), (NAN, 1.0), 3],
            "seed": [-1, 0.5, None],
            "delta": [0, 1, NAN, None],
            "memory": [10, NAN, "all"],
            "keep": ["all", None],
            "solver": ["gurobi", None],
            "normalise": [None, 3],
        },
    ),
    Call(proof.certificate, lambda: {"ticket": ticket()}, {"ticket": [None, 3], "bound": [3]}),
    Call(
        proof.largest_difference,
        lambda: {"ticket": ticket()},
        {
            "ticket": [None],
            "x": [3, torch.ones(4, 2), torch.full((2, 3), NAN)],
            "starts": COUNT,
            "steps": [-1, 0.5, None],
            "seed": [0.5, None],
        },
    ),
    Call(
        proof.compare_logits,
        lambda: {"target": torch.ones(3, 2), "ticket": torch.ones(3, 2)},
        {"target": [None, torch.ones(2, 2), "logits"], "ticket": [None, torch.ones(3)]},
    ),
    Call(
        proof.same_predictions,
        lambda: {"a": [[1.0, 2.0]], "b": [[0.0, 1.0]]},
        {"a": [None, 3, [], [[1.0, 2.0], [1.0, 2.0]], [[None]]], "b": [None, [[1.0], [2.0]], [1.0]]},
    ),
    Call(
        proof.fewest_bytes,
        lambda: {"weights": 10, "eta": 0.1},
        {"weights": [-1, 0, 0.5, NAN, None], "eta": [0, 1, NAN, -1, None, 5e-324], "largest": [0, NAN, None]},
    ),
    Call(
        proof.save_ticket,
        lambda: {"ticket": ticket(), "path": "ticket.safetensors"},
        {"ticket": [None, 3], "path": [None, 3, "no-such-folder/t.safetensors"]},
    ),
    Call(proof.load_ticket, lambda: {"path": saved_ticket()}, {"path": [None, 3, "no-such-file", "a-file", "empty"]}),
    Call(
        proof.all_sums, lambda: {"numbers": [0.5, 0.25]}, {"numbers": [None, 3, ["a"], [NAN], [0.1] * 60, [1e308] * 2]}
    ),
    Call(
        proof.closest_subset,
        lambda: {"numbers": [0.5, 0.25], "target": 0.4},
        {"numbers": [None, ["a"], [NAN], [0.1] * 60], "target": [NAN, INF, "x", None]},
    ),
    Call(
        proof.meet_in_the_middle,
        lambda: {"numbers": [0.5, 0.25], "target": 0.4},
        {"numbers": [None, ["a"], [NAN], [0.1] * 99, [1e308] * 2], "target": [NAN, INF, "x", None]},
    ),
    Call(
        proof.greedy_subset,
        lambda: {"numbers": [0.5, 0.25], "target": 0.4},
        {"numbers": [None, ["a"], [NAN]], "target": [NAN, "x", None]},
    ),
    Call(
        proof.subset_errors,
        lambda: {"choose": proof.greedy_subset, "sizes": [2, 3], "draws": 2},
        {"choose": [None, 3], "sizes": [None, 3, [], [0], [0.5]], "draws": COUNT, "seed": [0.5, None]},
    ),
    Call(
        proof.best_subsets,
        lambda: {"numbers": [[0.5, 0.25]], "targets": [0.4]},
        {
            "numbers": [None, "x", [["x"]], [[NAN, 1.0]], [0.5], [[0.5] * 70]],
            "targets": [None, [NAN], [0.1, 0.2]],
            "solver": ["gurobi", None],
        },
    ),
    Call(
        proof.hashed_subsets,
        lambda: {"numbers": [[0.5, 0.25]], "targets": [0.4]},
        {"numbers": [None, [[NAN, 1.0]]], "targets": [None, [0.1, 0.2]], "solver": ["gurobi"], "device": ["gpu", 3.5]},
    ),
    Call(
        proof.solve,
        lambda: {"numbers": [[0.5, 0.25]], "targets": [0.4], "eta": 0.1},
        {
            "numbers": [None, [[NAN, 1.0]]],
            "targets": [None, [INF]],
            "eta": [0, -1, NAN, None],
            "ladder": [None, [2.5]],
            "solver": ["gurobi"],
            "device": ["gpu"],
        },
    ),
    Call(
        proof.one_weight,
        lambda: {"incoming": [0.5, -0.5], "outgoing": [0.5, 0.5], "weight": 0.25},
        {
            "incoming": [None, ["a", "b"], [0.5], [NAN, 1.0]],
            "outgoing": [None, [0.5]],
            "weight": [NAN, INF, "x", None],
            "choose": [None, 3],
        },
    ),
    Call(
        proof.normalise,
        lambda: {"layers": [np.ones((2, 3)), np.ones((2, 3))]},
        {
            "layers": [None, [], 3, [[1.0]], [np.full((2, 3), NAN)], [np.ones(3)], [np.full((2, 3), 1e308)]],
            "largest": [0, -1, NAN, None, INF, 10**400],
        },
    ),
    Call(
        proof.normalise_rows,
        lambda: {"layers": [np.ones((2, 3)), np.ones((2, 3))]},
        {
            "layers": [None, [], 3, [[1.0]], [np.full((2, 3), NAN)], [np.ones(3)], [np.full((2, 3), 1e308)]],
            "largest": [0, -1, NAN, None, INF, 10**400],
        },
    ),
    # files
    Call(
        sealed.write,
        lambda: {"folder": Path("result"), "record": {"a": 1}, "tensors": WEIGHTS},
        {"folder": [None, "text", 3], "record": [None, 3, {"a": FOREIGN}], "tensors": [None, {"a": 3}]},
    ),
    Call(
        sealed.read,
        lambda: {"folder": written()},
        {"folder": [None, 3, Path("no-such-folder"), Path("empty"), Path("a-file")]},
    ),
    Call(sealed.sweep, lambda: {"parent": Path(".")}, {"parent": [None, 3]}),
    Call(
        paper_results.read,
        lambda: {"path": next((course_files.course_path("datasets") / "reference").glob("*.json"))},
        {"path": [None, 3, Path("no-such-file"), Path("a-file"), Path("empty")]},
    ),
    Call(
        paper_results.write,
        lambda: {"path": Path("result.json"), "result": a_result()},
        {"path": [None, 3], "result": [None, {}]},
    ),
    Call(
        paper_results.load,
        lambda: {"name": next((course_files.course_path("datasets") / "reference").glob("*.json")).stem},
        {"name": [None, 3]},
    ),
    Call(
        paper_results.made_with,
        lambda: {"device": torch.device("cpu"), "seconds": 1.0},
        {"device": [None, "cpu"], "seconds": [None, "long"]},
    ),
    # what a lesson's cells call
    Call(lesson.check, lambda: {"number": "2.1", "function": None}, {"number": [None, 2.1, "9.99", ""]}),
    Call(lesson.hint, lambda: {"number": "2.1"}, {"number": [2.1, "9.99", ""]}),
    Call(lesson.solution, lambda: {"number": "2.1"}, {"number": [2.1, "9.99", ""]}),
    Call(lesson.progress, lambda: {"lesson": 2}, {"lesson": ["a", 99, 0.5, -1]}),
    Call(
        lesson.show,
        lambda: {"label": "weights", "value": 0.5},
        {"label": [None, 3, ""], "value": [None, "half", [0.5]], "digits": [-1, 0.5, 99, None], "unit": [None, 3]},
    ),
    Call(lesson.caption, lambda: {"alt": "a line"}, {"alt": [None, 3, "", " "]}),
    Call(
        lesson.figure,
        lambda: {"drawn": (Figure(), "a line"), "caption": "Does it rise?"},
        {"drawn": [None, 3, (None, "a line"), (Figure(), "")], "caption": [None, 3, "", " "]},
    ),
    Call(lesson.measured, lambda: {"value": 93.2}, {"value": [None, "half", [0.5]], "digits": [-1, 0.5, 99, None]}),
    Call(
        lesson.claim,
        lambda: {"sentence": "It holds", "holds": True},
        {"sentence": [None, 3, ""], "holds": [None, "yes", 0.5, 1, []], "evidence": [None, 3]},
    ),
    Call(
        lesson.verdict,
        lambda: {"word": "open", "scope": "MNIST"},
        {"word": [None, "maybe", "", 3], "scope": [None, 3, ""]},
    ),
    Call(course_files.course_path, lambda: {"name": "lessons"}, {"name": [None, 3, "other"]}),
]


CASES = [
    pytest.param(call, parameter, value, id=f"{call.function.__qualname__}-{parameter}-{i}")
    for call in CALLS
    for parameter, values in call.wrong.items()
    for i, value in enumerate(values)
]


@cache
def pictures() -> list[bytes]:
    """Ten small images, as files hold them."""
    files = [io.BytesIO() for _ in range(10)]
    for i, file in enumerate(files):
        mpl.image.imsave(file, np.random.default_rng(i).random((8, 8, 3)))
    return [file.getvalue() for file in files]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with an empty folder, a file that is none of ours, and images of two kinds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kernels, "AVAILABLE", False)  # compiling takes longer than all calls together
    Path("empty").mkdir()
    Path("a-file").write_bytes(b"this is no file of the course")
    for name in ("cat", "dog"):
        Path("images", name).mkdir(parents=True)
        for i, picture in enumerate(pictures()):
            Path("images", name, f"{i}.png").write_bytes(picture)
    return tmp_path


def files(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def as_text(value: Any) -> str:
    """All that an argument holds, to be compared before and after."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {as_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, torch.Tensor):
        return f"{value.dtype} {value.tolist()}"
    return repr(value)


def called(call: Call, given: dict[str, Any]) -> Any:
    if set(given) == {"name"} and call.function.__module__ == "lthedu.base.streams":
        return call.function(*given["name"])
    return call.function(**given)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.function.__qualname__)
def test_the_right_call_is_right(call: Call) -> None:
    if call.function is data.fetch:
        pytest.skip("would use the network")
    called(call, call.right())


def told(value: Any) -> list[str]:
    """What a message may show of a wrong value: itself, or what is wrong about it."""
    if isinstance(value, pd.DataFrame):
        return ["columns"]
    if isinstance(value, torch.Tensor | np.ndarray):
        shapes = [str(tuple(value.shape)), str((1, *value.shape)), f" {len(value)} ", "one line"]
        return shapes if np.isfinite(np.asarray(value)).all() else [*shapes, "NaN", "nan", "finite"]
    if isinstance(value, dict):
        return [
            repr(value),
            "empty",
            "nothing",
            "has no mask",
            *map(str, value),
            *(word for v in value.values() for word in told(v)),
        ]
    if isinstance(value, list | tuple):
        shape = str(np.shape(value)) if len({np.shape(v) for v in value}) < 2 else "of one shape"
        return [repr(value), "empty", "nothing", f" {len(value)} ", shape, *(word for v in value for word in told(v))]
    if isinstance(value, float) and not np.isfinite(value):
        return [repr(value), "NaN", "finite"]
    if value == "":
        return ["''", '""']
    return ["None"] if value is None else [repr(value), str(value), type(value).__name__]


@pytest.mark.parametrize(("call", "parameter", "value"), CASES)
def test_a_wrong_value_gets_one_clear_error_and_nothing_happens(
    call: Call, parameter: str, value: Any, here: Path
) -> None:
    given = call.right() | {parameter: value}
    before, seen = files(here), {name: as_text(v) for name, v in given.items()}
    with pytest.raises((ValueError, TypeError, OSError)) as caught:
        called(call, given)
    message = str(caught.value)
    last = caught.traceback[-1].path
    if not (isinstance(caught.value, OSError) and caught.value.filename):  # which says it in the system's own words
        assert Path(str(last)).is_relative_to(PACKAGE), f"raised by {last}: {message}"
        assert any(words in message for words in SAYS), f"does not say what is allowed: {message}"
    assert any(word in message for word in told(value)), f"does not name the value: {message}"
    assert len(message) < 500
    assert {name: as_text(v) for name, v in given.items()} == seen
    assert files(here) == before


SAYS = ["allowed:", "must", "it is", "they are", "need", "there are", "give", "expected", "at least", "reinstall"]
SAYS += ["it takes", "a mask is", "its parameter", "a learning rate is", "lacks"]
SAYS += ["even one hidden unit takes", "different layers", "the initial weights have", "run the study first"]
SAYS += ["written in quotes", "those that have", "is damaged, or", "is damaged or", "is missing, or", "is no ", "not ("]


RECORDS = {
    "NumberButtons",
    "Trained",
    "Level",
    "Judgement",
    "Attacked",
}  # what the package itself fills in, and nobody else


def public() -> list[Any]:
    """Every function and class that the package's modules offer, with parameters."""
    found = {}
    for module in MODULES:
        own = [name for name, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__]
        for name in getattr(module, "__all__", [name for name in own if not name.startswith("_")]):
            value = getattr(module, name)
            plain = inspect.isclass(value) and (issubclass(value, Exception) or getattr(value, "_is_protocol", False))
            plain = plain or name in RECORDS
            if callable(value) and not plain and not typing.get_origin(value) and inspect.signature(value).parameters:
                found[id(value)] = value
    return [*found.values()]


def of_call(function: Any) -> Any:
    return function.__init__ if inspect.isclass(function) else function


@pytest.mark.parametrize("function", public(), ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_every_public_function_holds_its_arguments_to_their_annotations(function: Any) -> None:
    hints = typing.get_type_hints(of_call(function), include_extras=True)
    assert hasattr(of_call(function), "__wrapped__")
    for name, hint in hints.items():
        assert name == "return" or not fits(hint)(FOREIGN) or hint in (Any, object) or isinstance(hint, typing.TypeVar)


TABLE_PARAMETERS = [
    pytest.param(function, name, columns.names.split(), id=f"{function.__name__}-{name}")
    for function in [*public(), lottery.goal, lottery.wins, tickets.stability.barriers]
    for name, hint in typing.get_type_hints(of_call(function), include_extras=True).items()
    for columns in getattr(hint, "__metadata__", ())
    if isinstance(columns, Columns)
]


@pytest.mark.parametrize(("function", "parameter", "columns"), TABLE_PARAMETERS)
def test_a_table_without_a_column_is_refused_by_its_name(function: Any, parameter: str, columns: list[str]) -> None:
    tables = {p.values[1]: table(" ".join(p.values[2])) for p in TABLE_PARAMETERS if p.values[0] is function}
    others = {n: 1 for n, p in inspect.signature(function).parameters.items() if p.default is p.empty} | tables
    for wrong in (*TABLES, *(table(" ".join(columns)).drop(columns=column) for column in columns)):
        with pytest.raises(
            (TypeError, ValueError), match=f"{parameter} is .*; allowed: .*{', '.join(columns)}"
        ) as caught:
            function(**others | {parameter: wrong})
        assert shown(wrong) in str(caught.value)


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 200
