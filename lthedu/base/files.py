"""Files that are there whole or not at all, say themselves when they are damaged, and have one writer at a time."""

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

NO_LOCKS = (None, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # None: filelock's NotImplementedError


class DamagedFile(OSError):
    """A file of the course whose content is not the expected one."""


def write_whole(path: Path, content: bytes | str, mode: int | None = None) -> None:
    """Make `content` what is in `path`, in one step: a process killed at any moment leaves the old or the new.

    It is written and flushed beside `path` under a name of its own and then renamed; where that fails, nothing of it
    is left. Text is UTF-8. `mode` is who may read and write the file, less what the user's umask takes away; without
    it a file keeps the mode it has. Raises OSError, naming `path`, when it cannot be written, and ValueError, naming
    `path`, for a text with half a character, which UTF-8 does not have.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder, "a.txt"), "whole")
    ...     [path.read_text() for path in Path(folder).iterdir()]
    ['whole']
    """
    try:
        whole = content.encode() if isinstance(content, str) else content
    except UnicodeEncodeError as error:
        raise ValueError(f"{path} was not written: {error}") from error
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with naming(path):
            with open(unfinished, "xb", opener=lambda name, flags: os.open(name, flags, mode or 0o666)) as file:
                file.write(whole)
                file.flush()
                os.fsync(file.fileno())
            if mode is None and path.exists():
                shutil.copymode(path, unfinished)
            os.replace(unfinished, path)  # once it is closed: Windows renames no open file
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Let an OSError that is raised inside name `path`: of a disk that is full the system says no more than that.

    >>> with naming("results/a.html"):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
    OSError: [Errno 28] No space left on device: 'results/a.html'
    """
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def seal(body: dict[str, Any], name: str = "sha256") -> dict[str, Any]:
    """`body`, which JSON can hold, and last in it the SHA-256 of the rest, called `name`.

    The order of keys does not count. Raises TypeError for what JSON cannot hold.

    >>> seal({"rows": [1, 2]})
    {'rows': [1, 2], 'sha256': '...'}
    """
    return body | {name: _sha256(body)}


def unseal(sealed: Any, path: Path, name: str = "sha256", advice: str = "") -> dict[str, Any]:
    """What `seal` was given. `path` is the file that `sealed` was read from, `advice` what to do when it is damaged.

    Raises ValueError when it is not sealed, and DamagedFile, naming `path`, when anything in it was changed.

    >>> unseal(seal({"rows": [1, 2]}), Path("two.json"))
    {'rows': [1, 2]}
    >>> unseal(seal({"rows": [1, 2]}) | {"rows": [1, 3]}, Path("two.json"))
    Traceback (most recent call last):
    lthedu.base.files.DamagedFile: two.json is damaged: its SHA-256 is ..., expected ...
    """
    if not isinstance(sealed, dict) or name not in sealed:
        raise ValueError(f"it has no {name!r}")
    body = {key: value for key, value in sealed.items() if key != name}
    refuse_changed(path, _sha256(body), sealed[name], f"its {name.replace('sha256', 'SHA-256')}", advice)
    return body


def refuse_changed(path: Path, found: str, expected: str, what: str = "its SHA-256", advice: str = "") -> None:
    """Raise DamagedFile, naming `path`, both checksums and the `advice`, unless `found` is the `expected` one.

    >>> refuse_changed(Path("a.bin"), "12", "ab", advice="fetch it again")
    Traceback (most recent call last):
    lthedu.base.files.DamagedFile: a.bin is damaged: its SHA-256 is 12, expected ab; fetch it again
    """
    if found != expected:
        raise DamagedFile(f"{path} is damaged: {what} is {found}, expected {expected}{'; ' if advice else ''}{advice}")


def _sha256(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@contextmanager
def exclusive(path: Path, patience: float = 0, busy: str = "another program is at work there") -> Iterator[None]:
    """Hold the lock file `path`, whose folder exists; the system lifts it when its holder dies.

    Waits for it for at most `patience` seconds. On a file system that has no locks, some network drives, there is none
    to hold: better a write that two programs could make at once than none. Raises BlockingIOError with the words
    `busy` while another program holds it, and OSError when the lock cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, exclusive(Path(folder, "lock")):
    ...     with exclusive(Path(folder, "lock"), busy="somebody writes there now"):
    ...         pass
    Traceback (most recent call last):
    BlockingIOError: somebody writes there now
    """
    lock = FileLock(path, timeout=patience)
    try:
        lock.acquire()
    except TimeoutError as error:
        raise BlockingIOError(busy) from error
    except (NotImplementedError, OSError) as error:
        if getattr(error, "errno", None) not in NO_LOCKS:
            raise
    try:
        yield
    finally:
        lock.release()
