"""Reference results: what the papers' own settings gave on a large device, stored with the course and drawn behind
the learner's curves."""

import hashlib
import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from lthedu.base.arguments import typed
from lthedu.data import DamagedFile
from lthedu.resources import course_path


@typed
@dataclass(frozen=True)
class Reference:
    """A tidy table and where it comes from: what was run, with which settings, on what, and whether all of it was."""

    title: str
    complete: bool  # False: the time ran out; the rows are what was finished
    settings: dict[str, Any]
    made_with: dict[str, Any]  # device, versions, seconds
    table: pd.DataFrame

    def provenance(self) -> str:
        """One sentence for a caption: title, device, torch's version, seconds, and whether it is partial."""
        made, partial = self.made_with, "" if self.complete else "; partial: the time ran out"
        return f"{self.title} ({made['device']}, torch {made['torch']}, {made['seconds']:.0f} s{partial})"


@typed
def made_with(device: torch.device, seconds: float) -> dict[str, Any]:
    """What a run was made with, as JSON holds it.

    >>> sorted(made_with(torch.device("cpu"), 1.0))
    ['device', 'python', 'seconds', 'torch']
    """
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return {
        "device": name,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "seconds": round(seconds, 1),
    }


@typed
def write(path: Path, reference: Reference) -> None:
    """Write `reference` as one JSON file, atomically: rows as lists, and the SHA-256 of everything else in the file.

    >>> import tempfile
    >>> about = Reference("two rows", True, {}, {}, pd.DataFrame({"arm": ["a", "b"], "test": [0.5, 0.25]}))
    >>> with tempfile.TemporaryDirectory() as root:
    ...     write(Path(root) / "two.json", about)
    ...     read(Path(root) / "two.json").table.values.tolist()
    [['a', 0.5], ['b', 0.25]]
    """
    rows: list[list[Any]] = reference.table.to_numpy(dtype=object).tolist()
    body: dict[str, Any] = {
        "title": reference.title,
        "complete": reference.complete,
        "settings": reference.settings,
        "made with": reference.made_with,
        "columns": list(reference.table.columns),
    }
    head = json.dumps(body | {"sha256": _digest(body | {"rows": rows})}, indent=1)
    lines = ",\n".join(json.dumps(row) for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(f'{head[:-2]},\n "rows": [\n{lines}\n]}}\n', encoding="utf-8")
    os.replace(partial, path)


@typed
def read(path: Path) -> Reference:
    """The reference that `write` put into `path`. Raises DamagedFile, naming the file, for anything else."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        claimed = body.pop("sha256")
        table = pd.DataFrame(body["rows"], columns=body["columns"])
        found = Reference(body["title"], body["complete"], body["settings"], body["made with"], table)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(f"{path} is damaged or no reference: {error!r}; install the course again") from error
    if _digest(body) != claimed:
        raise DamagedFile(f"{path} is damaged: its SHA-256 is {_digest(body)}, expected {claimed}")
    return found


@typed
def load(name: str) -> Reference | None:
    """The reference `name` that comes with the course, or None where this version of the course has none.

    >>> load("nothing of the kind") is None
    True
    """
    path = course_path("datasets") / "reference" / f"{name}.json"
    return read(path) if path.is_file() else None


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
