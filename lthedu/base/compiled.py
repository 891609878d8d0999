"""Loops compiled by numba, where it is installed."""

from typing import Any

try:
    import numba
except ImportError:  # pragma: no cover (tests put AVAILABLE to False); torch or numpy: as exact, and slower
    numba = None
AVAILABLE = numba is not None


def compiled(function: Any) -> Any:
    """The function compiled when it is first called, and kept on disk where there is a place for it.

    Without numba it stays as it is, and nothing calls it.

    >>> compiled(lambda x: x + 1)(1)
    2
    """
    if not AVAILABLE:
        return function
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # an installation that cannot be written to, and no cache folder either
        return numba.njit(nogil=True)(function)
