"""Ask a lesson's kernel about itself: with its environment, and where a crash of the interpreter is an answer, too."""

import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from lthedu.course.executor import CellStopped, NoKernel, run_cells

PATIENCE = 180  # seconds an answer may take: the first import of torch from a slow disk

PACKAGES = "torch numpy scipy pandas matplotlib.pyplot safetensors ipywidgets lthedu.course.lesson lthedu.figures"


def asked(functions: Sequence[str], folder: Path, env: Mapping[str, str], **given: float) -> dict[str, Any]:
    """What these functions of this module return in a kernel that works in `folder` with the environment `env`.

    Each is called with the number that is `given` for its name, or with none.

    In the place of an answer stands the exception that kept it away: NoKernel, CellStopped for a function that killed
    the kernel or was not done in three minutes, RuntimeError for one that raised. The others are answered all the same.

    >>> import os
    >>> asked(["no_such"], Path("."), os.environ)
    {'no_such': RuntimeError("AttributeError: module 'lthedu.course.probe' has no attribute 'no_such'")}
    """
    answers: dict[str, Any] = {}
    waiting = list(functions)
    while waiting:
        sources = [_SOURCE.format(name, given.get(name, "")) for name in waiting]
        cells = [new_code_cell(source, metadata={"tags": ["raises-exception"]}) for source in sources]
        stop: Exception | None = None
        try:
            run_cells(new_notebook(cells=cells), folder, env=env, timeout=PATIENCE)
            done = len(waiting)
        except CellStopped as error:
            done, stop = error.cell - 1, error
        except NoKernel as error:
            return answers | dict.fromkeys(waiting, error)
        answers |= {name: _answer(cell) for name, cell in zip(waiting[:done], cells, strict=False)}
        if stop is not None:
            answers[waiting[done]] = stop
        waiting = waiting[done + 1 :]
    return answers


_SOURCE = "import json\nfrom lthedu.course import probe\nprint('answer:', json.dumps(probe.{}({})))"


def _answer(cell: NotebookNode) -> Any:
    for output in cell.outputs:
        if output.output_type == "error":
            return RuntimeError(f"{output.ename}: {output.evalue}")
    printed = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
    return json.loads(printed.rpartition("answer:")[2])


def imports() -> dict[str, str]:
    """What went wrong with the import of each package that lessons import: "" where nothing did.

    >>> imports()["numpy"]
    ''
    """
    found = {}
    for name in PACKAGES.split():
        try:
            importlib.import_module(name)
            found[name] = ""
        except Exception as error:  # an import may run any code
            found[name] = f"{type(error).__name__}: {error}"
    return found


def torch_facts() -> dict[str, Any]:
    """Threads of torch, and the name and memory (bytes) of its CUDA device, if there is one.

    >>> sorted(torch_facts())
    ['cuda', 'cuda_bytes', 'threads']
    """
    import torch

    there = torch.cuda.is_available()
    return {
        "threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if there else None,
        "cuda_bytes": torch.cuda.get_device_properties(0).total_memory if there else None,
    }


def settings() -> dict[str, str]:
    """What is wrong with the value of each environment variable that lessons read: "" where nothing is.

    >>> settings()["LTHEDU_SCALE"]
    ''
    """
    from lthedu.data import default_device
    from lthedu.experiments.study import scaled_settings

    found = {"LTHEDU_DEVICE": "", "LTHEDU_SCALE": ""}
    for name, read in (("LTHEDU_DEVICE", default_device), ("LTHEDU_SCALE", scaled_settings)):
        try:
            read()
        except ValueError as error:
            found[name] = str(error)
    return found


def dataset(name: str) -> dict[str, str]:
    """Where the dataset `name` is, and how it is: "ok", "missing", "damaged" or "unreadable", with the error's words.

    Its files are checked by their digests; no tensor is made of them.

    >>> dataset("mnist1d")["state"]
    'ok'
    """
    from lthedu import data

    place = str(data.data_path(name)) if name != "mnist1d" else "generated"
    try:
        data.check_files(name)
    except FileNotFoundError as error:
        return {"place": place, "state": "missing", "words": str(error)}
    except data.DamagedFile as error:
        return {"place": place, "state": "damaged", "words": str(error)}
    except Exception as error:
        return {"place": place, "state": "unreadable", "words": f"{type(error).__name__}: {error}"}
    return {"place": place, "state": "ok", "words": ""}


def datasets() -> dict[str, dict[str, str]]:
    """`dataset` of every dataset of `lthedu.data` that has a name."""
    from lthedu import data

    return {name: dataset(name) for name in data.NAMES}


def rate(seconds: float = 5.0) -> float:  # pragma: no cover (asked in the doctor's kernel, which is then killed)
    """Steps per second of one thread, measured for `seconds`: see `lthedu.bench.train.steps_per_second`."""
    from lthedu.bench.train import steps_per_second

    return steps_per_second(seconds)
