"""The learner's folder: where it is, how one knows it, and how two programs write to it without losing anything."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

OWN_FOLDER = ".lthedu"  # inside the learner's folder: what the course and JupyterLab keep there
MANIFEST = "lessons.json"  # in OWN_FOLDER: what was handed out; by it a learner's folder is known
NO_LOCKS = (None, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # None: filelock's NotImplementedError
PATIENCE = 10.0  # seconds to wait for another program that writes


def learner_folder(folder: Path | None = None) -> Path:
    """The folder a learner works in: `folder`, or $LTHEDU_HOME, or ~/lthedu; checked, not made.

    Raises NotADirectoryError or PermissionError when lessons cannot be written there.

    >>> learner_folder(Path("/somewhere/else/entirely")).name
    'entirely'
    """
    chosen = _chosen(folder)
    there = next(place for place in (chosen, *chosen.parents) if os.path.lexists(place))
    if not there.is_dir():
        raise NotADirectoryError(
            f"lessons cannot go to {chosen}: {there} is not a folder; choose another with --folder"
        )
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(
            f"lessons cannot go to {chosen}: {there} is not writable for you; choose another with --folder"
        )
    return chosen


def _chosen(folder: Path | None = None) -> Path:
    chosen = folder or Path(os.environ.get("LTHEDU_HOME") or "~/lthedu")
    return Path(os.path.abspath(chosen.expanduser()))


def folder_at_work() -> Path | None:
    """The learner's folder that this program works in; None where there is none.

    It is the nearest folder from the current one upwards to which lessons were handed out, or else the one that
    `lthedu lab` would use, if lessons were handed out there. So a lesson that is run in a checkout leaves nothing in
    the checkout. While a lesson is authored (LTHEDU_AUTHORING=1) there is none.
    """
    if os.environ.get("LTHEDU_AUTHORING"):
        return None
    try:
        here = Path.cwd()
        return next((f for f in (here, *here.parents, _chosen()) if (f / OWN_FOLDER / MANIFEST).is_file()), None)
    except (OSError, RuntimeError):  # the current folder is gone, or there is no home
        return None


@contextmanager
def locked(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the one lock of the learner's folder `folder`; it is given back even when this process is killed.

    On a file system that has no locks, some network drives, there is none to hold: better a write that two programs
    could make at once than none. Raises TimeoutError, naming the lock, when another program holds it for more than
    `patience` seconds, and OSError when nothing can be written there.
    """
    path = folder / OWN_FOLDER / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=patience)
    try:
        lock.acquire()
    except Timeout as error:
        raise TimeoutError(f"another program has been writing to {folder} for {patience:.0f} s ({path})") from error
    except (NotImplementedError, OSError) as error:
        if getattr(error, "errno", None) not in NO_LOCKS:
            raise
    try:
        yield
    finally:
        lock.release()


def replace(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Make `content` what is in `path`, in one step: a process killed at any moment leaves the old or the new.

    `mode` is who may read and write it, less what the user's umask takes away.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(unfinished, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


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
