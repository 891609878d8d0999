"""Paper results: what the papers' own settings gave on a large device, stored with the course and drawn behind
the learner's curves."""

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from lthedu.base.arguments import typed
from lthedu.base.course_files import course_path
from lthedu.base.files import DamagedFile, seal, unseal, write_whole


@typed
@dataclass(frozen=True)
class PaperResult:
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
def write(path: Path, result: PaperResult) -> None:
    """Write `result` as one JSON file, atomically: rows as lists, and the SHA-256 of everything else in the file.

    >>> import tempfile
    >>> about = PaperResult("two rows", True, {}, {}, pd.DataFrame({"arm": ["a", "b"], "test": [0.5, 0.25]}))
    >>> with tempfile.TemporaryDirectory() as root:
    ...     write(Path(root) / "two.json", about)
    ...     read(Path(root) / "two.json").table.values.tolist()
    [['a', 0.5], ['b', 0.25]]
    """
    rows: list[list[Any]] = result.table.to_numpy(dtype=object).tolist()
    body: dict[str, Any] = {
        "title": result.title,
        "complete": result.complete,
        "settings": result.settings,
        "made with": result.made_with,
        "columns": list(result.table.columns),
        "rows": rows,
    }
    head = json.dumps({key: value for key, value in seal(body).items() if key != "rows"}, indent=1)
    lines = ",\n".join(json.dumps(row) for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, f'{head[:-2]},\n "rows": [\n{lines}\n]}}\n')


@typed
def read(path: Path) -> PaperResult:
    """The result that `write` put into `path`. Raises DamagedFile, naming the file, for anything else."""
    try:
        body = unseal(json.loads(path.read_text(encoding="utf-8")), path)
        table = pd.DataFrame(body["rows"], columns=body["columns"])
        return PaperResult(body["title"], body["complete"], body["settings"], body["made with"], table)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(f"{path} is damaged or no reference: {error!r}; install the course again") from error


@typed
def load(name: str) -> PaperResult | None:
    """The result `name` that comes with the course, or None where this version of the course has none.

    >>> load("nothing of the kind") is None
    True
    """
    path = course_path("datasets") / "reference" / f"{name}.json"
    return read(path) if path.is_file() else None
