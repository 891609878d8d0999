"""An experiment, one thought: it names its parts, and computes each or reads it back, here or on a client."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar, runtime_checkable

import pandas as pd
import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.streams import derive
from lthedu.data import Dataset, Recipe, remade
from lthedu.experiments.kept import claimed, kept, moved
from lthedu.experiments.settings import Seeded, Settings
from lthedu.training import Progress, Replicates, Step, Trained, train, training

S = TypeVar("S", bound=Settings)
Part = tuple[Any, ...]  # of what JSON holds: what tells one part from the others
Found = dict[str, Any]  # what a part gives: "rows" (a table), "seconds", and what later questions need
Keep = Callable[[str, Callable[[], Any], Callable[[], Any]], Any]  # (name, about(), make()) -> what make gives or gave


@runtime_checkable
class Future(Protocol):
    """What a client promises to give."""

    def result(self) -> Any: ...
    def cancel(self) -> Any: ...


@runtime_checkable
class Client(Protocol):
    """Where parts can be computed: an executor of concurrent.futures, or a client of Dask."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Future: ...


@dataclass(eq=False)
class Experiment(Generic[S]):
    """An experiment on one dataset: `run` computes its parts and returns one tidy table.

    A part is a share of the seeds, `settings.seeds_per_part` of them, on which the same experiment is made: a subclass
    says in `work` what is done, and names in `carries` what of it later questions need, and how parts are joined.
    One whose parts are something else has its own `parts` and `compute`. A chain keeps each of its links itself.
    """

    COLUMNS: ClassVar[Sequence[str]]
    carries: ClassVar[Mapping[str, Callable[[list[Any]], Any]]] = {}  # attribute: how the parts' are joined
    functions: ClassVar[Mapping[str, Any]] = {}  # argument: the course's own function
    chain: ClassVar[bool] = False
    stream: ClassVar[str] = "order"  # of the minibatch orders

    data: Dataset
    settings: S
    rows: list[pd.DataFrame] = field(default_factory=list, init=False)
    first: int = field(default=0, init=False)  # the number of its first replicate in the whole experiment
    done: dict[Part, Found] = field(default_factory=dict, init=False)  # finished parts
    _alone: dict[Part, Any] = field(default_factory=dict, init=False)

    @property
    def table(self) -> pd.DataFrame:
        """What was measured so far, as a tidy table."""
        return _table(self.rows, self.COLUMNS)

    @property
    def finished(self) -> pd.DataFrame:
        """The table of the finished parts alone."""
        return _table([found["rows"] for part in self.parts() if (found := self.done.get(part))], self.COLUMNS)

    @property
    def seconds(self) -> float:
        """What the finished parts took, on whichever machine they were computed."""
        return float(sum(found["seconds"] for found in self.done.values()))

    # What a subclass says ---------------------------------------------------------------------------------------

    def parts(self) -> list[Part]:
        """The parts, in the order of the table: the number of the first seed, and how many seeds there are."""
        assert isinstance(self.settings, Seeded)
        n = len(self.settings.seeds)
        each = self.settings.seeds_per_part or n
        return [(i, min(each, n - i)) for i in range(0, n, each)]

    def prepare(self, tick: Progress, folder: Path | None) -> None:
        """What all parts need first."""

    def work(self, tick: Progress, keep: Keep) -> None:
        """Measure everything for these seeds. Of a chain, every link is what `keep(name, about, make)` gives."""
        raise NotImplementedError

    def compute(self, part: Part, tick: Progress, keep: Keep) -> Found:
        """What one part gives."""
        one, began = self.alone(part), time.perf_counter()
        one.rows = []
        one.work(tick, keep)
        return one.found(time.perf_counter() - began)

    def about(self) -> dict[str, Any]:
        """What tells the experiment from others, as JSON holds it."""
        named = {name: _name_of(function) for name, function in self.given().items() if not self.chain}
        about = {"experiment": f"{type(self).__module__}.{type(self).__name__}", "settings": asdict(self.settings)}
        return about | {"data": self.data.fingerprint(), "functions": named}

    # What every experiment has ------------------------------------------------------------------------------------

    @typed
    def run(
        self, progress: Progress | None = None, *, folder: Path | str | None = None, client: Client | None = None
    ) -> pd.DataFrame:
        """Compute every part that is not there yet, and return the table. `progress(done, all, text)` is told.

        With `folder`, each part is written there once it is finished, and another run with the same settings reads it
        back, after any kill. With `client`, parts are computed where it says: it needs `submit(function, *args)`, whose
        result has `result()` and `cancel()`. The three ways give equal tables, bit for bit where the client's processes
        have the versions, the processor and the threads of this one (`lthedu.experiments.cluster` compares them).
        An interrupt keeps the finished parts, and the rows measured so far; the next `run` goes on.

        Raises ValueError for a folder with another experiment, and for a folder or a client with a function that only
        this process knows, such as one defined in a notebook; BlockingIOError while another process runs in the folder;
        DamagedFile for a damaged file in it, and OSError when a part cannot be written.
        """
        parts, tick = self.parts(), progress or _silent
        if client is not None or (folder is not None and not self.chain):
            for name, function in self.given().items():
                _name_of(function, name)
        with nullcontext(None) if folder is None else claimed(Path(folder), self.about) as place:
            self.prepare(tick, place)
            places = [place and place / f"part_{i:04d}" for i in range(len(parts))]
            missing = {i: parts[i] for i, p in enumerate(places) if not (parts[i] in self.done or _whole(p))}
            futures = {} if client is None else self._submitted(client, missing)
            try:
                for i, part in enumerate(parts):
                    keep, told = _keeper(places[i], self.data.device), _share(tick, i, len(parts))
                    make = partial(self._made, part, told, keep, futures.get(i))
                    links = self.chain and i not in futures and not _whole(places[i])
                    self.done[part] = make() if links else keep("all", partial(dict, part=list(part)), make)
                    self.take([self.done[p] for p in parts[: i + 1]])
                    if len(parts) > 1:
                        tick(i + 1, len(parts), f"part {i + 1} of {len(parts)}")
            except BaseException as error:
                for future in futures.values():
                    future.cancel()
                if isinstance(error, KeyboardInterrupt) and not self.chain:  # a chain says it link by link
                    raise KeyboardInterrupt(self._kept(parts)) from None
                raise
        return self.table

    def _kept(self, parts: Sequence[Part]) -> str:
        """What an interrupt leaves, in words."""
        if len(parts) > 1:
            return f"{sum(part in self.done for part in parts)} of {len(parts)} parts are finished and kept"
        rows = len(self.table)
        return (
            f"the {rows} rows measured so far are in the experiment's `table`" if rows else "nothing was measured yet"
        )

    def found(self, seconds: float) -> Found:
        """What was found so far, as a part gives it."""
        return {"rows": self.table, "seconds": seconds} | {name: getattr(self, name) for name in self.carries}

    def take(self, parts: Sequence[Found]) -> None:
        """Hold what the parts found as if it had been found here."""
        self.rows = [part["rows"] for part in parts]
        for name, join in self.carries.items():
            setattr(self, name, join([part[name] for part in parts]))

    def alone(self, part: Part) -> Self:
        """The experiment on the seeds of one part: itself, where these are all."""
        first, n = part[:2]
        assert isinstance(self.settings, Seeded)
        if n == len(self.settings.seeds):
            return self
        if part not in self._alone:
            few = replace(self.settings, seeds=self.settings.seeds[first : first + n], seeds_per_part=None)
            one = type(self)(data=self.data, settings=few, **self.given())
            one.first = self.first + first
            if not self.chain:  # a chain goes on after its last link
                return one
            self._alone[part] = one
        return self._alone[part]  # type: ignore[no-any-return]

    def given(self) -> dict[str, Any]:
        """The functions that were given in the place of the course's own, by the name of their argument."""
        return {name: mine for name, own in self.functions.items() if (mine := getattr(self, name)) is not own}

    def create(self, make: Callable[[], nn.Module], seeds: Sequence[int] | None = None) -> Replicates:
        """Networks that fit the data, one for each seed."""
        seeds = self.settings.seeds if seeds is None else seeds  # type: ignore[attr-defined]
        return Replicates.create(make, seeds, device=self.data.device, dtype=self.data.x_train.dtype)

    @property
    def order(self) -> list[int]:
        """The minibatch orders of the seeds, which all arms share."""
        return [derive(seed, self.stream) for seed in self.settings.seeds]  # type: ignore[attr-defined]

    def training(self, start: Replicates, **named: Any) -> Iterator[Step]:
        """The loop `lthedu.training.training`, with the settings' steps and batches and the seeds' orders."""
        data, steps, named = self._usual(named)
        return training(start, data, steps, **named)

    def train(self, start: Replicates, **named: Any) -> Trained:
        """`lthedu.training.train`, likewise."""
        data, steps, named = self._usual(named)
        done: Trained = train(start, data, steps, **named)
        return done

    def _usual(self, named: dict[str, Any]) -> tuple[Dataset, int, dict[str, Any]]:
        """The data, the steps and the other arguments of a training, where `named` does not say otherwise."""
        s: Any = self.settings
        usual = {"batch_size": s.batch_size, "order": self.order} | named
        data, steps = usual.pop("data", self.data), usual.pop("steps", getattr(s, "steps", None))
        return data, steps, usual

    def note(self, about: Mapping[str, Any], **measured: Any) -> None:
        """Note a row a replicate: what it is, its number, and what was measured of it, a sequence each."""
        n = len(next(iter(measured.values())))
        rows = {**about, "replicate": range(self.first, self.first + n), **measured}
        self.rows.append(pd.DataFrame(rows)[list(self.COLUMNS)])

    def _made(self, part: Part, tick: Progress, keep: Keep, future: Future | None) -> Found:
        """What a part gives: known already, computed elsewhere, or computed here. A disk that is full loses none."""
        if part in self.done and self.chain:
            self.alone(part).take([self.done[part]])
        if part not in self.done or self.chain:
            self.done[part] = future.result() if future else self.compute(part, tick, keep)
        return self.done[part]

    def _submitted(self, client: Client, parts: Mapping[int, Part]) -> dict[int, Future]:
        """Every part handed to the client: as what makes the experiment, its settings, the data's recipe, the part."""
        if self.data.recipe is None:
            raise ValueError(
                "the data was put together by hand and has no recipe that a client could follow; "
                "make it by lthedu.data.load or load_folder, or run without a client"
            )
        make = partial(type(self), **self.given()) if self.given() else type(self)
        sealed = (self.data.recipe, self.data.fingerprint())
        return {i: client.submit(part_of, make, self.settings, sealed, part) for i, part in parts.items()}


def part_of(make: Callable[..., Experiment[Any]], settings: Any, recipe: tuple[Recipe, str], part: Part) -> Found:
    """What one part of an experiment gives, in a process that has nothing of it yet; tensors come back on the CPU.

    `make(data=..., settings=...)` makes the experiment, `recipe` says how its data is made, and what its fingerprint
    is. Raises ValueError where the data made here is not the same.
    """
    with _ONE_AT_A_TIME:
        found = make(data=_followed(recipe), settings=settings).compute(part, _silent, _make_only)
    return moved(found, "cpu")  # type: ignore[no-any-return]


_ONE_AT_A_TIME = Lock()  # networks are made under torch's one random state: threads of a worker would share it


@lru_cache(maxsize=1)
def _followed(recipe: tuple[Recipe, str]) -> Dataset:
    """The data that a recipe makes, for all parts that this process is given."""
    data = remade(recipe[0])
    if data.fingerprint() != recipe[1]:
        raise ValueError(f"the data made here by {recipe[0]} is not the same as where the experiment was started")
    return data


def side_by_side(parts: list[Any]) -> Any:
    """Tensors (R, ...) of several parts as one, replicate after replicate; in dicts, lists and tuples as well.

    >>> side_by_side([{"w": torch.zeros(1, 2)}, {"w": torch.ones(1, 2)}])["w"].tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    one = parts[0]
    if len(parts) == 1:
        return one
    if isinstance(one, Tensor):
        return torch.cat(parts)
    if isinstance(one, dict):
        return {key: side_by_side([part[key] for part in parts]) for key in one}
    return type(one)(side_by_side(list(each)) for each in zip(*parts, strict=True))


def one_after_another(parts: list[list[Any]]) -> list[Any]:
    """The lists of several parts as one."""
    return [item for part in parts for item in part]


def within(progress: Progress | None, i: int, n: int, text: str) -> Progress | None:
    """Number `i` of `n` equal shares of a progress bar."""
    return None if progress is None else lambda done, in_all, _: progress(i * in_all + done, n * in_all, text)


def _share(tick: Progress, i: int, n: int) -> Progress:
    return lambda done, in_all, text: tick(i * in_all + done, n * in_all, text)


def _silent(done: int, in_all: int, text: str) -> None:
    """Tell nobody."""


def _make_only(name: str, about: Callable[[], Any], make: Callable[[], Any]) -> Any:
    """Without a folder nothing is hashed, and nothing kept."""
    return make()


def _whole(place: Path | None) -> bool:
    return place is not None and (place / "all").exists()


def _keeper(place: Path | None, device: torch.device) -> Keep:
    if place is None:
        return lambda name, about, make: moved(make(), device)
    return lambda name, about, make: moved(kept(place, name, about(), make), device)


def _name_of(function: Any, argument: str = "") -> str:
    """By which name another process finds the function. Raises ValueError where it cannot."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if module in (None, "__main__") or getattr(sys.modules.get(str(module)), name, None) is not function:
        raise ValueError(
            f"{argument} is of your own making, which only this process knows: run without a folder and a client"
        )
    return f"{module}.{name}"


def _table(rows: list[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=list(columns))
