"""One program at a time: a lock that the system lifts when its holder dies."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

NO_LOCKS = (None, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # None: filelock's NotImplementedError


@contextmanager
def exclusive(path: Path, patience: float = 0) -> Iterator[None]:
    """Hold the lock file `path`, whose folder exists; wait for it for at most `patience` seconds.

    On a file system that has no locks, some network drives, there is none to hold: better a write that two programs
    could make at once than none. Raises filelock.Timeout, which is a TimeoutError, while another program holds it, and
    OSError when the lock cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, exclusive(Path(folder, "lock")):
    ...     with exclusive(Path(folder, "lock")):  # doctest: +IGNORE_EXCEPTION_DETAIL
    ...         pass
    Traceback (most recent call last):
    filelock.Timeout: The file lock '...' could not be acquired.
    """
    lock = FileLock(path, timeout=patience)
    try:
        lock.acquire()
    except TimeoutError:
        raise
    except (NotImplementedError, OSError) as error:
        if getattr(error, "errno", None) not in NO_LOCKS:
            raise
    try:
        yield
    finally:
        lock.release()
