"""What a lesson's stored outputs were made with: whether a fresh run could give others without anybody noticing.

`lthedu canonical` writes it into the notebook. The tests compare a lesson again when it no longer fits.
"""

import ast
import functools
import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

import lthedu
from lthedu.base.course_files import course_path

MATTER = ("torch", "numpy", "scipy", "pandas", "matplotlib")  # whose versions a lesson's outputs may depend on
_PACKAGE = Path(lthedu.__file__).parent


def made_with(notebook: NotebookNode, path: Path) -> dict[str, Any]:
    """A digest of the cells of the lesson at `path` and the course's modules that they use, and the versions at hand.

    Imports are followed as they are written, in functions too; the lesson's own folder is always among them, and the
    papers' results where it shows any.
    """
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    own = sorted((_PACKAGE / "lessons" / path.stem[3:]).glob("*.py")) if path.stem[3:] else []
    found = hashlib.sha256("\n\n".join(code).encode())
    for module in modules([*code, *(f"import lthedu.lessons.{path.stem[3:]}.{p.stem}" for p in own)]):
        found.update(module.read_bytes())
    for result in sorted(course_path("datasets").glob("reference/*.json")) if "paper_results" in "".join(code) else ():
        found.update(result.read_bytes())
    return {"digest": found.hexdigest()[:16], "versions": {name: _release(name) for name in MATTER}}


def changes(path: Path) -> str:
    """In words, in what the lesson at `path` differs from its last comparison; nothing where it does not."""
    notebook = nbformat.read(path, as_version=4)
    then, now = notebook.metadata.get("lthedu", {}), made_with(notebook, path)
    if then.get("digest") != now["digest"]:
        return "its cells, or a module that they use"
    of_then: dict[str, str] = then["versions"]
    return ", ".join(
        f"{name} {v}, not {of_then.get(name)}" for name, v in now["versions"].items() if v != of_then.get(name)
    )


def modules(code: list[str]) -> list[Path]:
    """The files of the course's modules that the code imports, and those that these import, in order.

    >>> {"stats.py", "arguments.py"} <= {path.name for path in modules(["from lthedu.stats import paired_test"])}
    True
    """
    known: set[Path] = set()
    waiting = [name for source in code for name in _imports(source)]
    while waiting:
        path = _file(waiting.pop())
        if path is not None and path not in known:
            known.add(path)
            waiting += _imports_of(path)
    return sorted(known)


def _file(name: str) -> Path | None:
    """Where the course's module of that name is; of a function's name behind its module's, the file of neither."""
    place = _PACKAGE.parent.joinpath(*name.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@functools.cache
def _imports_of(path: Path) -> list[str]:
    return _imports(path.read_text(encoding="utf-8"))


def _imports(source: str) -> list[str]:
    """The names of the course's modules that may be imported there, with the packages that they are in."""
    named: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            named += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            named += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    parts = [name.split(".") for name in named]
    return [".".join(p[: i + 1]) for p in parts if p[0] == "lthedu" for i in range(len(p))]


def _release(name: str) -> str:
    return version(name).partition("+")[0]  # a build for another device is the same release
