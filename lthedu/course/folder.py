"""The learner's folder: where it is, how one knows it, and how two programs write to it without losing anything."""

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from lthedu.base.files import exclusive

OWN_FOLDER = ".lthedu"  # inside the learner's folder: what the course and JupyterLab keep there
MANIFEST = "lessons.json"  # in OWN_FOLDER: what was handed out; by it a learner's folder is known
NO_RECORD = "LTHEDU_NO_RECORD"  # set for a kernel whose notebook is not the learner's own: nothing is recorded
PATIENCE = 10.0  # seconds to wait for another program that writes


def learner_folder(folder: Path | None = None) -> Path:
    """The folder a learner works in: `folder`, or $LTHEDU_HOME, or ~/lthedu; checked, not made.

    Raises NotADirectoryError or PermissionError when lessons cannot be written there.

    >>> learner_folder(Path("somewhere/else/entirely")).name
    'entirely'
    """
    chosen = _chosen(folder)
    demand_writable(chosen, "lessons", "--folder")
    return chosen


def demand_writable(folder: Path, what: str, option: str) -> None:
    """Refuse a `folder` in which nothing can be written, before any work is done; `option` is what names another.

    It need not be there yet. Raises NotADirectoryError where the nearest part of it that exists is no folder, and
    PermissionError where that is not writable.

    >>> demand_writable(Path("README.md/below"), "lessons", "--folder")
    Traceback (most recent call last):
    NotADirectoryError: lessons cannot go to README.md/below: ...README.md is not a folder; choose another with --folder
    """
    there = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    if not there.is_dir():
        raise NotADirectoryError(f"{what} cannot go to {folder}: {there} is not a folder; choose another with {option}")
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(
            f"{what} cannot go to {folder}: {there} is not writable for you; choose another with {option}"
        )


def _chosen(folder: Path | None = None) -> Path:
    chosen = folder or Path(os.environ.get("LTHEDU_HOME") or "~/lthedu")
    return Path(os.path.abspath(os.path.expanduser(chosen)))


def folder_at_work() -> Path | None:
    """The learner's folder that this program works in; None where there is none.

    It is the nearest folder from the current one upwards to which lessons were handed out, or else the one that
    `lthedu lab` would use, if lessons were handed out there. So a lesson that is run in a checkout leaves nothing in
    the checkout. While a lesson is authored (LTHEDU_AUTHORING=1), and while somebody else's notebook is run
    (LTHEDU_NO_RECORD=1), there is none.
    """
    if os.environ.get("LTHEDU_AUTHORING") or os.environ.get(NO_RECORD):
        return None
    try:
        here = Path.cwd()
        return next((f for f in (here, *here.parents, _chosen()) if (f / OWN_FOLDER / MANIFEST).is_file()), None)
    except (OSError, RuntimeError):  # the current folder is gone, or there is no home
        return None


def folder_meant(folder: Path | None = None) -> Path:
    """The learner's folder that a command is about: `folder`, or the one at work, or that of `lthedu lab`; not checked.

    >>> folder_meant(Path("/somewhere/else/entirely")).name
    'entirely'
    """
    return _chosen(folder or folder_at_work())


def locked(folder: Path, patience: float = PATIENCE) -> AbstractContextManager[None]:
    """Hold the one lock of the learner's folder `folder`; it is given back even when this process is killed.

    On a file system that has no locks there is none to hold, see `exclusive`. Raises BlockingIOError, naming the lock,
    when another program holds it for more than `patience` seconds, and OSError when nothing can be written there.
    """
    path = folder / OWN_FOLDER / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    busy = f"another program has been writing to {folder} for {patience:.0f} s ({path})"
    return exclusive(path, patience, busy)


def refuse_same_names(paths: Iterable[Path]) -> None:
    """Refuse notebooks that share a name, with or without capitals: what is made of one would replace the other's.

    >>> refuse_same_names([Path("alice/01.ipynb"), Path("bob/01.ipynb")])
    Traceback (most recent call last):
    ValueError: alice/01.ipynb and bob/01.ipynb have one name, so that the results of one would replace the other's;
    run them one at a time, each with an --output of its own
    """
    seen: dict[str, Path] = {}
    for path in paths:
        other = seen.setdefault(path.stem.casefold(), path)
        if other is not path:
            raise ValueError(
                f"{other.as_posix()} and {path.as_posix()} have one name, so that the results of one would replace the "
                "other's; run them one at a time, each with an --output of its own"
            )


def unused(path: Path) -> Path:
    """`path`, or where something has that name `path` with a number: a-2.txt, a-3.txt and so on.

    >>> unused(Path("nothing/of/this/name.txt")).name
    'name.txt'
    """
    n, candidate = 1, path
    while os.path.lexists(candidate):
        n += 1
        candidate = path.with_name(f"{path.stem}-{n}{path.suffix}")
    return candidate
