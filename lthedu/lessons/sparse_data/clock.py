"""How long one submanifold layer takes beside dense ones, by how much is active, by dimension and by channels."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import pandas as pd
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Columns, Count
from lthedu.base.streams import generator
from lthedu.base.threads import one_thread
from lthedu.data import unit_pixels
from lthedu.experiments import Densities, Experiment, Keep, Seeded, Seeds
from lthedu.lessons.sparse_data import dense, scenes
from lthedu.sparsity import from_grid, measured_break_even, neighbours, rule_book, shortest
from lthedu.sparsity.clock import STEADY
from lthedu.sparsity.submanifold import by_rules, by_table, kernel_first
from lthedu.training import Progress

Case = tuple[str, int, float, int, int]  # (scene, dimension, share or 0 for what the scene has, inputs, outputs)
ABOUT = ["scene", "dimension", "inputs", "outputs"]
TIMES = ["dense", "torch", "cropped", "rules", "rule book", "table", "look up"]
GRIDS = {2: (8, 64, 64), 3: (1, 32, 32, 32)}  # equally many places
CHANNELS = ((1, 16), (16, 16))
DIGITS, CANVAS, PLATE = "digits, 28 x 28", "digits on 112 x 112", "a plate in 64 x 64 x 64"


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What is timed. Times are in microseconds; of the calls within a `slot` the shortest counts."""

    seeds: Seeds = (10, 11, 12, 13, 14)  # thresholds were set on seed 0
    seeds_per_part: Count | None = 1
    shapes: Annotated[tuple[str, ...], AtLeast(1)] = ("thin",)
    shares: Densities = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
    channels: Annotated[tuple[tuple[Count, Count], ...], AtLeast(1)] = CHANNELS
    real: tuple[Case, ...] = (
        *((DIGITS, 2, 0.0, *channels) for channels in (*CHANNELS, (64, 64))),
        *((CANVAS, 2, 0.0, *channels) for channels in CHANNELS),
        (PLATE, 3, 0.0, 16, 16),
    )
    slot: Annotated[float, Above(0)] = 0.01  # seconds for one way in a window, which takes two calls or more
    tries: Count = 5  # windows that may be refused, for each that is kept


TINY = Settings(seeds=(0,), shapes=("thin",), shares=(0.1,), channels=((1, 2),), real=(), slot=1e-4, tries=1)


@typed
def cases(settings: Settings) -> list[Case]:
    """Everything that is timed once for each seed: the fields at every share, then what looks like real data."""
    s = settings
    kinds = [(shape, c) for c in s.channels for shape in s.shapes]
    every = [(shape, d, share, *c) for shape, c in kinds for d in GRIDS for share in s.shares]
    return [*every, *s.real]


@typed
@dataclass(eq=False)
class Clock(Experiment[Settings]):
    """A row for each case and seed: how much is active, which share of the multiplications is left, and the times.

    Times are processor seconds of one thread, which other programs disturb less than the clock on the wall.

    `dense` is a convolution of the whole grid, `cropped` one of the smallest box that holds what is active; each by the
    fastest of the ways in `dense.every`. `torch` is the faster of torch's own two. "rules" is the layer by its rule
    book, "table" by the table of neighbours; "rule book" and "look up" are what making these takes. A window in which
    dense moved is refused and timed again, so many `refused`; where all were, `moved` says how far dense went.
    """

    COLUMNS = (*ABOUT, "asked", "share", "pairs", "boxed", "replicate", "moved", "refused", *TIMES)

    settings: Settings = Settings()
    timer: Callable[[], float] = time.process_time

    def work(self, tick: Progress, keep: Keep) -> None:
        """Time every case."""
        every = cases(self.settings)
        with one_thread():
            for i, case in enumerate(every):
                tick(i, len(every), f"{case[0]}, {case[1]} dimensions, {case[3]} to {case[4]} channels")
                rows = [self.timed(case, seed) for seed in self.settings.seeds]
                about = dict(zip(["scene", "dimension", "asked", "inputs", "outputs"], case, strict=True))
                self.note(about, **{name: [row[name] for row in rows] for name in rows[0]})

    def active(self, case: Case, seed: int) -> Tensor:
        """The places of one case, of one seed."""
        scene, dimension, share, *_ = case
        rng = generator(seed, "sparse data", scene, dimension, str(share))
        if scene in scenes.SHAPES:
            return scenes.field(scene, GRIDS[dimension], share, rng)
        images = {DIGITS: 64, CANVAS: 16, PLATE: 1}[scene]
        chosen = torch.randint(len(self.data.x_test), (images,), generator=rng)
        strokes = unit_pixels(self.data).x_test[chosen].view(-1, 28, 28) > scenes.STROKE
        if scene == DIGITS:
            return strokes
        return scenes.on_canvas(strokes, 112, rng) if scene == CANVAS else scenes.plates(strokes, 64)

    def timed(self, case: Case, seed: int) -> dict[str, float]:
        """The row of one case and one seed."""
        s, active = self.settings, self.active(case, seed)
        calls = ready(active, *case[3:], generator(seed, "sparse data, features", *case[3:]))
        best = {name: min(ways, key=lambda way: shortest(way, s.slot, self.timer)) for name, ways in calls.items()}
        for refused in range(s.tries):  # noqa: B007 (how often is what is noted)
            before = shortest(best["dense"], s.slot, self.timer)
            found = {name: shortest(way, s.slot, self.timer) for name, way in best.items() if name != "dense"}
            after = shortest(best["dense"], s.slot, self.timer)
            moved = max(before, after) / min(before, after) - 1
            if moved <= STEADY:
                break
        places, table = active.numel(), neighbours(active)
        measured: dict[str, float] = {"share": int(active.sum()) / places, "moved": moved, "refused": refused}
        measured["pairs"] = int((table < len(table)).sum()) / (places * table.shape[1])
        boxed = len(active) * torch.tensor(scenes.box(active)).prod().item()
        measured |= {"boxed": int(active.sum()) / boxed, "dense": (before + after) / 2}
        return {"cropped": measured["dense"]} | measured | found  # nothing to crop where the box is the grid


Calls = dict[str, list[Callable[[], object]]]  # by name: ways to do the same, of which the fastest counts


@typed
def ready(active: Tensor, inputs: Count, outputs: Count, rng: torch.Generator) -> Calls:
    """Everything that is timed, ready to be called, by the names of `TIMES`."""
    torch.empty(
        31 * 2**18
    )  # once 31 MiB were freed, glibc keeps memory for the next call, in the place of returning it
    images, *sides = active.shape
    x = torch.randn(images, inputs, *sides, generator=rng) * active[:, None]
    weight = torch.randn(outputs, inputs, *[3] * len(sides), generator=rng)
    features, kernel = from_grid(x, active), kernel_first(weight)
    rules, table = rule_book(active), neighbours(active)
    box = scenes.box(active)
    smaller = torch.randn(images, inputs, *box, generator=rng)
    return {
        "dense": [*dense.every(x, weight)],
        "torch": [*dense.own(x, weight)],
        **({} if box == tuple(sides) else {"cropped": [*dense.every(smaller, weight)]}),
        "rules": [lambda: by_rules(features, kernel, rules)],
        "rule book": [lambda: rule_book(active)],
        "table": [lambda: by_table(features, kernel, table)],
        "look up": [lambda: neighbours(active)],
    }


TimeTable = Annotated[pd.DataFrame, Columns(" ".join([*ABOUT, "asked", "share", "pairs", "boxed", "moved", "dense"]))]


@typed
def ratios(table: TimeTable) -> pd.DataFrame:
    """The rows of windows in which dense did not move, with how many times as fast as dense the layer is.

    `kept` is by a rule book (or table) that is there already, `rebuilt` with the time to make it. With `_cropped` they
    are beside the cropped dense layer, and `kept_torch` is beside torch's own call. Of the two ways to compute the
    layer the faster counts.

    >>> row = dict.fromkeys([*Clock.COLUMNS], 1) | {"dense": 6.0, "cropped": 3.0, "moved": 0.1}
    >>> ratios(pd.DataFrame([row]))[["kept", "rebuilt", "kept_cropped"]].values.tolist()
    [[6.0, 3.0, 3.0]]
    """
    found = table[table["moved"].astype(float) <= STEADY].copy()
    times = found[TIMES].astype(float)
    kept = times[["rules", "table"]].min(axis=1)
    rebuilt = pd.concat([times["rules"] + times["rule book"], times["table"] + times["look up"]], axis=1).min(axis=1)
    for name, ours in {"kept": kept, "rebuilt": rebuilt}.items():
        found[name], found[f"{name}_cropped"] = times["dense"] / ours, times["cropped"] / ours
    found["kept_torch"] = times["torch"] / kept
    return found.reset_index(drop=True)


@typed
def medians(table: TimeTable) -> pd.DataFrame:
    """One row for each case: the medians over the seeds of the ratios and of what is active, and how many seeds."""
    found = ratios(table)
    names = ["share", "pairs", "boxed", "kept", "rebuilt", "kept_cropped", "rebuilt_cropped", "kept_torch"]
    grouped = found.groupby([*ABOUT, "asked"], sort=False)
    middle = grouped[names].median()
    for name in ("kept", "rebuilt"):
        middle[f"{name}_low"], middle[f"{name}_high"] = grouped[name].min(), grouped[name].max()
    return middle.assign(replicates=grouped.size()).reset_index()


Middle = Annotated[pd.DataFrame, Columns("scene dimension inputs outputs share kept rebuilt")]


@typed
def break_evens(
    middle: Annotated[pd.DataFrame, Columns("scene dimension inputs outputs share kept rebuilt")],
) -> pd.DataFrame:
    """For each kind of field and each pair of channels the active share at which skipping is as fast as dense.

    `kept` with a rule book that is there, `rebuilt` with one that is made anew. NaN: it is faster, or slower, at every
    share that was timed.
    """
    found = []
    fields = middle[middle["scene"].isin(scenes.SHAPES)]
    for about, rows in fields.groupby(ABOUT, sort=False):
        even = {name: measured_break_even(rows["share"].tolist(), rows[name].tolist()) for name in ("kept", "rebuilt")}
        found.append(dict(zip(ABOUT, about, strict=True)) | even)
    return pd.DataFrame(found)
