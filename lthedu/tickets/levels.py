"""The folder of a study: its settings and its finished levels, each there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import Timeout

from lthedu import results
from lthedu.locks import exclusive
from lthedu.masks import Mask, Params

PATIENCE = 10  # seconds in which another process can write a study's settings


@dataclass(frozen=True)
class Level:
    """One finished round: replicates of all arms, arm after arm, seeds in order within an arm."""

    arms: tuple[str, ...]
    start: Params  # (arms * seeds, ...)
    mask: Mask
    trained: Params
    rows: list[dict[str, Any]]
    snapshot: Params | None = None  # level 0: the weights at the step to rewind to

    @property
    def inputs(self) -> str:
        """What tells where the level began: the digest of its starts and masks."""
        return inputs(self.start, self.mask)


def inputs(start: Params, mask: Mask) -> str:
    """SHA-256 of the weights and masks that a level begins from."""
    return results.digest({f"start/{k}": t for k, t in start.items()} | {f"mask/{k}": t for k, t in mask.items()})


class Levels:
    """The levels of one study in a folder of their own.

    `about` (anything JSON holds) says what the study is. Raises ValueError when the folder holds another one, and
    DamagedFile when its files are damaged.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     _ = Levels(Path(root) / "run", {"settings": {"steps": 10}})
    ...     _ = Levels(Path(root) / "run", {"settings": {"steps": 20}})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: ...run holds another study; settings: steps = 10, you asked for 20; give another folder
    """

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        self.folder = folder
        place = folder / "study"
        if not place.exists():
            with self.alone(PATIENCE):
                if not place.exists():
                    results.write(place, about, {})
        stored, _ = results.read(place)
        for key in about:
            if stored.get(key) != about[key]:
                raise ValueError(
                    f"{folder} holds another study; {key}: {_difference(stored.get(key), about[key])}; "
                    "give another folder"
                )

    @contextmanager
    def alone(self, patience: float = 0) -> Iterator[None]:
        """Hold the folder against other processes, and remove what one of them, killed, left half-written.

        Raises BlockingIOError when another process holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with exclusive(self.folder / "lock", patience):
                results.sweep(self.folder)
                yield
        except Timeout as error:
            raise BlockingIOError(
                f"another process is running the study in {self.folder} now; wait until it has finished, "
                "or give another folder"
            ) from error

    def write(self, level: int, done: Level, device: torch.device) -> None:
        """Write a finished level, unless it is there."""
        place = self._place(level)
        if place.exists():
            return
        record = {
            "arms": list(done.arms),
            "inputs": done.inputs,
            "rows": done.rows,
            "made with": {
                "torch": torch.__version__,
                "device": str(device),
                "threads": torch.get_num_threads(),
            },
        }
        groups = {"start": done.start, "mask": done.mask, "trained": done.trained, "snapshot": done.snapshot or {}}
        tensors = {f"{group}/{name}": t for group, found in groups.items() for name, t in found.items()}
        results.write(place, record, tensors)

    def read(self, level: int, began: str, device: torch.device) -> Level | None:
        """The stored level, if there is one. Raises ValueError when it did not begin from the inputs `began`."""
        place = self._place(level)
        if not place.exists():
            return None
        record, tensors = results.read(place)
        if record["inputs"] != began:
            raise ValueError(
                f"{place} began from other weights or masks than this run asks for (another pruning loop, or "
                "another machine?); give another folder"
            )
        groups: dict[str, Params] = {"start": {}, "mask": {}, "trained": {}, "snapshot": {}}
        for key, tensor in tensors.items():
            group, _, name = key.partition("/")
            groups[group][name] = tensor.to(device)
        kept = groups["snapshot"] or None
        arms = tuple(record["arms"])
        return Level(arms, groups["start"], groups["mask"], groups["trained"], record["rows"], kept)

    def _place(self, level: int) -> Path:
        return self.folder / f"level_{level:02d}"


def _difference(stored: Any, mine: Any) -> str:
    """In words, the first entry that differs."""
    if isinstance(stored, dict) and isinstance(mine, dict):
        for key in mine:
            if stored.get(key) != mine[key]:
                return f"{key} = {stored.get(key)}, you asked for {mine[key]}"
    return f"{stored}, you asked for {mine}"
