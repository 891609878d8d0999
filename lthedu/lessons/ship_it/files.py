"""Networks as ONNX files: how many bytes they take, how accurate they are, and how long ONNX Runtime takes for them."""

import logging
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.experiments import Experiment, Keep, Seeded, Sizes
from lthedu.lessons.ship_it.experiment import COSINE, pruned
from lthedu.networks import masks
from lthedu.networks.models import MLP, lenet_300_100
from lthedu.networks.onnx_file import to_onnx
from lthedu.pruning import remove_dead
from lthedu.training import Optimizer, Progress, Replicates

DENSE, ZEROS_90, ZEROS_98 = "dense", "90 % zeros", "98 % zeros"
CUT_98 = "98 % zeros, dead neurons removed"
SMALL, TINY = "small dense, 100-33", "small dense, 30-10"
INT8 = ", int8"
ROUNDED = (DENSE, ZEROS_98, SMALL)  # which also come in int8
COLUMNS = ["arm", "batch", "round", "replicate", "hidden", "bytes", "zipped", "ms", "accuracy"]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What is trained and timed. Raises ValueError, naming value and range.

    >>> Settings(rounds=0)
    Traceback (most recent call last):
    ValueError: Settings: rounds is 0; allowed: a whole number from 1 up
    """

    steps: Count = 1000  # of dense networks; small ones and pruned ones have `more` as well
    more: Count = 500
    lr: float = 2e-3
    small_lr: float = 4e-3
    more_lr: float = 8e-3  # of pruned ones
    batch_size: Count = 128
    batches: tuple[Count, ...] = (1, 32, 256)  # images at once, where it is timed
    rounds: Count = 7  # of all files, one after the other
    slot: float = 0.02  # seconds of calls of one file in a round, of which the fastest counts


SIZES = Sizes(tiny=Settings(seeds=(0, 1), steps=4, more=4, rounds=1, slot=0.001), lesson=Settings(), paper=Settings())


@typed
@dataclass(eq=False)
class Files(Experiment[Settings]):
    """ONNX files of the same networks: a row a file, batch and round. `ms` is the fastest call on one thread, in ms.

    In a round every file is timed once, so that ratios within a round meet the same machine. `hidden` is how many
    hidden neurons a network has. It takes onnx and onnxruntime.
    """

    COLUMNS = COLUMNS
    stream = "ship it"

    settings: Settings = field(default_factory=Settings)

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train, write files, and time them."""
        tick(0, 2, "networks")
        made = self.networks()
        x, y = self.data.x_test.numpy(), self.data.y_test.numpy()
        for i in range(len(self.settings.seeds)):
            tick(1, 2, f"files of network {i}")
            runs, about = {}, {}
            for arm, layers in made.items():
                file = to_onnx(*layers[i])
                for name, one in {arm: file, **({arm + INT8: in_int8(file)} if arm in ROUNDED else {})}.items():
                    runs[name] = session(one)
                    about[name] = {
                        "bytes": len(one),
                        "zipped": len(zlib.compress(one, 9)),
                        "hidden": sum(len(b) for b in layers[i][1][:-1]),
                        "accuracy": float((runs[name](x).argmax(1) == y).mean()),
                    }
            self.time(i, runs, about, x)

    def networks(self) -> dict[str, list[Any]]:
        """Weights and biases of every network of every kind."""
        s = self.settings
        adam = {name: Optimizer(lr=lr, schedule=COSINE) for name, lr in vars(s).items() if name.endswith("lr")}
        dense = self.train(self.create(lenet_300_100), optimizer=adam["lr"]).replicates
        made = {DENSE: layers_of(dense)}
        for name, density in ((ZEROS_90, 0.1), (ZEROS_98, 0.02)):
            mask = pruned(dense, density)
            start = dense.with_params(masks.apply(mask, dense.params))
            found = self.train(start, steps=s.more, mask=mask, optimizer=adam["more_lr"]).replicates
            made[name] = layers_of(found)
        made[CUT_98] = [remove_dead(*layers) for layers in made[ZEROS_98]]
        for name, hidden in ((SMALL, (100, 33)), (TINY, (30, 10))):
            small = self.create(lambda hidden=hidden: MLP([784, *hidden, 10]))  # type: ignore[misc]
            made[name] = layers_of(self.train(small, steps=s.steps + s.more, optimizer=adam["small_lr"]).replicates)
        return made

    def time(self, i: int, runs: dict[str, "Run"], about: dict[str, Any], x: NDArray[np.float32]) -> None:
        """Time every file of network i at every batch, in rounds."""
        for batch in self.settings.batches:
            for n in range(self.settings.rounds):
                for name, run in runs.items():
                    ms = 1000 * shortest(lambda run=run, batch=batch: run(x[:batch]), self.settings.slot)  # type: ignore[misc]
                    row = {"arm": name, "batch": batch, "round": n, "ms": ms, **about[name]}
                    self.rows.append(pd.DataFrame([row | {"replicate": self.first + i}])[list(self.COLUMNS)])


Run = Callable[[NDArray[np.float32]], Any]


def layers_of(networks: Replicates) -> list[Any]:
    """Weights and biases of each network, from the input to the output."""
    every = [masks.unstack(networks.params, i) for i in range(len(networks))]
    return [([p for p in one.values() if p.ndim == 2], [p for p in one.values() if p.ndim == 1]) for one in every]


def in_int8(file: bytes) -> bytes:
    """An ONNX file whose weights are whole numbers of 8 bits, as ONNX Runtime makes it (dynamic quantisation)."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    log = logging.getLogger()
    before = log.level
    log.setLevel(logging.ERROR)  # it advises a step that changes nothing in a file without shapes to infer
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "int8.onnx"
            quantize_dynamic(onnx.load_from_string(file), str(path), weight_type=QuantType.QInt8)
            return path.read_bytes()
    finally:
        log.setLevel(before)


def session(file: bytes) -> Run:
    """What ONNX Runtime makes of a file: a function from images (batch, pixels) to outputs, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    ready = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda x: ready.run(["y"], {"x": x})[0]


def shortest(call: Callable[[], object], slot: float) -> float:
    """Seconds of the fastest of the calls that fit into `slot`, after one that is not timed."""
    call()
    found: list[float] = []
    end = time.perf_counter() + slot
    while not found or time.perf_counter() < end:
        begun = time.perf_counter()
        call()
        found.append(time.perf_counter() - begun)
    return min(found)
