"""How long one submanifold layer takes beside dense ones, by how much is active, by dimension and by channels."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

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
NEW = ["rule book", "look up", "cropped rule book", "cropped look up"]  # what is made anew for new places
TIMES = ["dense", "torch", "cropped", "rules", "table", *NEW]
GRIDS = {2: (8, 64, 64), 3: (1, 32, 32, 32)}  # equally many places
CHANNELS = ((1, 16), (16, 16))
DIGITS, CANVAS = "digits, 28 x 28", "digits on 112 x 112"
PLATE, ROOM = "a plate in 64 x 64 x 64", "a room of 32 x 32 x 32"
REAL = (DIGITS, CANVAS, PLATE, ROOM)
FIRST, SECOND = "a network's first layer", "a network's second layer"  # on digits, before and after pooling


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
        (ROOM, 3, 0.0, 16, 16),
        (FIRST, 2, 0.0, 1, 8),
        (SECOND, 2, 0.0, 8, 8),
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
def beside(
    dense: Callable[[], object], ours: Callable[[], object], slot: Annotated[float, Above(0)] = 0.1
) -> tuple[float, float]:
    """How many times as fast as `dense` something is, and how far dense moved meanwhile (0.2: by 20 %).

    Both are the shortest calls within `slot` seconds of one thread, in processor seconds; dense before and after.
    """
    with one_thread():
        before, mine, after = (shortest(call, slot, time.process_time) for call in (dense, ours, dense))
    return (before + after) / 2 / mine, max(before, after) / min(before, after) - 1


@typed
@dataclass(eq=False)
class Clock(Experiment[Settings]):
    """A row for each case and seed: how much is active, which share of the multiplications is left, and the times.

    Times are processor seconds of one thread, which other programs disturb less than the clock on the wall.

    `dense` is a convolution of the whole grid, `cropped` one of the smallest box that holds what is active (for a room,
    of its six walls); each by the fastest of the ways in `dense.every`. `torch` is the faster of torch's own two.
    "rules" is the layer by its rule book, "table" by the table of neighbours; "rule book" and "look up" are what making
    these takes, on the whole grid and on the cropped one. A window in which dense moved is refused and timed again, so
    many `refused`; where all were, `moved` says how far dense went.
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
        if scene == ROOM:
            return scenes.room(32)
        images = {DIGITS: 64, FIRST: 64, SECOND: 64, CANVAS: 16, PLATE: 1}[scene]
        chosen = torch.randint(len(self.data.x_test), (images,), generator=rng)
        strokes = unit_pixels(self.data).x_test[chosen].view(-1, 28, 28) > scenes.STROKE
        if scene in (DIGITS, FIRST):
            return strokes
        if scene == SECOND:
            return functional.max_pool2d(strokes[:, None].float(), 2)[:, 0] > 0
        return scenes.on_canvas(strokes, 112, rng) if scene == CANVAS else scenes.plates(strokes, 64)

    def timed(self, case: Case, seed: int) -> dict[str, float]:
        """The row of one case and one seed."""
        s, active, walls = self.settings, self.active(case, seed), case[0] == ROOM
        calls = ready(active, *case[3:], generator(seed, "sparse data, features", *case[3:]), walls)
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
        boxed = 6 * active.shape[1] ** 2 if walls else scenes.cropped(active).numel()
        measured |= {"boxed": int(active.sum()) / boxed, "dense": (before + after) / 2}
        whole = {"cropped": measured["dense"]}  # where the box is the grid, there is nothing to crop
        whole |= {f"cropped {name}": found[name] for name in ("rule book", "look up")}
        return whole | measured | found


Calls = dict[str, list[Callable[[], object]]]  # by name: ways to do the same, of which the fastest counts


@typed
def ready(active: Tensor, inputs: Count, outputs: Count, rng: torch.Generator, walls: bool = False) -> Calls:
    """Everything that is timed, ready to be called, by the names of `TIMES`; `walls`: dense is cropped to these."""
    torch.empty(31 * 2**18)  # once 31 MiB were freed, glibc keeps memory for the next call and does not give it back
    images, *sides = active.shape
    x = torch.randn(images, inputs, *sides, generator=rng) * active[:, None]
    weight = torch.randn(outputs, inputs, *[3] * len(sides), generator=rng)
    features, kernel = from_grid(x, active), kernel_first(weight)
    rules, table = rule_book(active), neighbours(active)
    calls: Calls = {
        "dense": [*dense.every(x, weight)],
        "torch": [*dense.own(x, weight)],
        "rules": [lambda: by_rules(features, kernel, rules)],
        "rule book": [lambda: rule_book(active)],
        "table": [lambda: by_table(features, kernel, table)],
        "look up": [lambda: neighbours(active)],
    }
    small = scenes.cropped(active)
    if walls:
        calls["cropped"] = [dense.six_walls(x, weight)]
    elif small.shape != active.shape:
        smaller = torch.randn(images, inputs, *small.shape[1:], generator=rng)
        calls["cropped"] = [*dense.every(smaller, weight)]
        calls |= {"cropped rule book": [lambda: rule_book(small)], "cropped look up": [lambda: neighbours(small)]}
    return calls


TimeTable = Annotated[pd.DataFrame, Columns(" ".join([*ABOUT, "asked", "share", "pairs", "boxed", "moved", "dense"]))]


@typed
def ratios(table: TimeTable) -> pd.DataFrame:
    """The rows of windows in which dense did not move, with how many times as fast as dense the layer is.

    `kept` is by a rule book (or table) that is there already, `rebuilt` with the time to make it. With `_cropped` they
    are beside the cropped dense layer, and what is made anew is made on the cropped grid. `kept_torch` is beside the
    call of torch alone. Of the two ways to compute the layer the faster counts; `ours` and `made` are its microseconds.

    >>> row = dict.fromkeys([*Clock.COLUMNS], 1) | {"dense": 6.0, "cropped": 3.0, "moved": 0.1}
    >>> ratios(pd.DataFrame([row]))[["kept", "rebuilt", "kept_cropped"]].values.tolist()
    [[6.0, 3.0, 3.0]]
    """
    found = table[table["moved"].astype(float) <= STEADY].copy()
    times = found[TIMES].astype(float)
    kept = times[["rules", "table"]].min(axis=1)
    made = {where: _made(times, where) for where in ("", "cropped ")}
    found = found.assign(ours=kept, made=made[""], kept=times["dense"] / kept, rebuilt=times["dense"] / made[""])
    found["kept_cropped"], found["rebuilt_cropped"] = times["cropped"] / kept, times["cropped"] / made["cropped "]
    return found.assign(kept_torch=times["torch"] / kept).reset_index(drop=True)


def _made(times: pd.DataFrame, where: str) -> pd.Series:
    """The layer by the faster of its two ways, with the time to make what this needs."""
    ways = [times["rules"] + times[f"{where}rule book"], times["table"] + times[f"{where}look up"]]
    return pd.concat(ways, axis=1).min(axis=1)


@typed
def medians(table: TimeTable) -> pd.DataFrame:
    """One row for each case: medians over the seeds of ratios, of what is active and of times; how many seeds."""
    found = ratios(table)
    names = ["share", "pairs", "boxed", "kept", "rebuilt", "kept_cropped", "rebuilt_cropped", "kept_torch"]
    names += ["dense", "ours", "made"]
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

    `kept` with a rule book that is there, `rebuilt` with one that is made anew. Infinity: it is faster at every share
    that was timed, and 0: slower.
    """
    found = []
    fields = middle[middle["scene"].isin(scenes.SHAPES)]
    for about, rows in fields.groupby(ABOUT, sort=False):
        even = {name: measured_break_even(rows["share"].tolist(), rows[name].tolist()) for name in ("kept", "rebuilt")}
        found.append(dict(zip(ABOUT, about, strict=True)) | even)
    return pd.DataFrame(found)
