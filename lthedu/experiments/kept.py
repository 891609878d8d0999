"""Compute it, or read it: what is found is stored as tensors and JSON, under a digest, whole or not at all."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from lthedu.base import sealed
from lthedu.base.files import exclusive

Make = Callable[[], Any]


def kept(folder: Path, name: str, about: Any, make: Make) -> Any:
    """What `make()` gives, computed once: from then on it is read from `folder`/`name`.

    `make` gives tensors, tables and what JSON holds, in dicts, lists and tuples; all of it comes back on the CPU, bit
    for bit. `about` (anything JSON holds) says what it was made of. It is written atomically and read under a digest
    (see `lthedu.base.sealed`). Raises ValueError, naming the difference, where what is there was made of other things,
    DamagedFile for a damaged file, and OSError when it cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for about in (1, 1, 2):
    ...         kept(Path(root), "a", {"steps": about}, lambda: print("made") or {"w": torch.ones(2)})
    Traceback (most recent call last):
    ValueError: ...a was made with steps = 1, you asked for 2; give another folder
    """
    place = folder / name
    if not place.exists():
        tensors: dict[str, Tensor] = {}
        made = make()
        with_ = {"torch": torch.__version__, "threads": torch.get_num_threads()}
        sealed.write(place, {"about": about, "value": _packed(made, tensors, ""), "made with": with_}, tensors)
        return made
    record, tensors = sealed.read(place)
    if "value" not in record:
        raise ValueError(f"{place} is a level in the form of an older lthedu; give another folder")
    difference = _difference(record["about"], json.loads(json.dumps(about)))
    if difference:
        raise ValueError(f"{place} was made with {difference}; give another folder")
    return _unpacked(record["value"], tensors)


@contextmanager
def claimed(folder: Path, about: Callable[[], Any]) -> Iterator[Path]:
    """Hold `folder` for one experiment: against other processes, and against other experiments, then and later.

    What a killed process left half-written is removed. `about()` says which experiment it is. Raises BlockingIOError
    while another process holds the folder, and ValueError where it holds another experiment, or a study in the form
    that folders had before.
    """
    if (folder / "study").exists():
        raise ValueError(f"{folder} holds a study in the form of an older lthedu; give another folder")
    folder.mkdir(parents=True, exist_ok=True)
    busy = (
        f"another process is running the experiment in {folder} now; wait until it has finished, or give another folder"
    )
    with exclusive(folder / "lock", busy=busy):
        sealed.sweep(folder)
        kept(folder, "experiment", about(), dict)
        yield folder


def moved(value: Any, device: torch.device | str) -> Any:
    """The same value, every tensor in it on `device`.

    >>> moved({"w": [torch.ones(1)], "rows": "as they are"}, "cpu")
    {'w': [tensor([1.])], 'rows': 'as they are'}
    """
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: moved(item, device) for key, item in value.items()}
    return type(value)(moved(item, device) for item in value) if isinstance(value, list | tuple) else value


def _packed(value: Any, tensors: dict[str, Tensor], place: str) -> Any:
    """`value` as JSON holds it; its tensors go into `tensors`, under the place where they stand in it."""
    if isinstance(value, Tensor):
        tensors[place] = value
        return {"tensor": place}
    if isinstance(value, pd.DataFrame):
        columns = {name: value[name].tolist() for name in value.columns}
        return {"table": columns, "types": {name: str(value[name].dtype) for name in value.columns}}
    if isinstance(value, dict):  # as pairs: JSON turns every key into a text
        return {"dict": [[key, _packed(item, tensors, f"{place}/{key}")] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_packed(item, tensors, f"{place}/{i}") for i, item in enumerate(value)]}
    return value


def _unpacked(stored: Any, tensors: dict[str, Tensor]) -> Any:
    match stored:
        case {"tensor": place}:
            return tensors[place]
        case {"table": columns, "types": types}:
            return pd.DataFrame(columns).astype(types)
        case {"dict": pairs}:
            return {key: _unpacked(item, tensors) for key, item in pairs}
        case {"list": items}:
            return [_unpacked(item, tensors) for item in items]
        case {"tuple": items}:
            return tuple(_unpacked(item, tensors) for item in items)
    return stored


def _difference(stored: Any, mine: Any, where: str = "") -> str:
    """In words, the first entry that differs, or nothing."""
    if isinstance(stored, dict) and isinstance(mine, dict):
        every = (_difference(stored.get(k), mine.get(k), f"{where}{', ' if where else ''}{k}") for k in stored | mine)
        return next(filter(None, every), "")
    return "" if stored == mine else f"{where} = {stored}, you asked for {mine}"
