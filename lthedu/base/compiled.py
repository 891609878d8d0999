"""Loops compiled by numba, where it is installed."""

from typing import Any

try:
    import numba
except ImportError:  # pragma: no cover (tests put AVAILABLE to False); torch or numpy: as exact, and slower
    numba = None
AVAILABLE = numba is not None


def compiled(function: Any, **options: Any) -> Any:
    """The function compiled when it is first called, and kept on disk where there is a place for it.

    The place is what NUMBA_CACHE_DIR names, else `__pycache__` beside the module, else (where an installation cannot be
    written to) the user's cache folder: numba's own order. Without numba the function stays as it is, and nothing calls
    it. `options` are numba's own.

    >>> compiled(lambda x: x + 1)(1)
    2
    """
    if not AVAILABLE:
        return function
    try:
        return numba.njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:  # an installation that cannot be written to, and no cache folder either
        return numba.njit(nogil=True, **options)(function)


def vectorised(function: Any) -> Any:
    """As `compiled`, for loops over vectors: sums in the vectors' order (the same at each call), division as numpy's.

    >>> vectorised(lambda x, y: x + y)(1, 2)
    3
    """
    return compiled(function, fastmath={"reassoc", "contract"}, error_model="numpy")
