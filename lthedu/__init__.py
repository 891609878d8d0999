"""The lottery ticket hypothesis, as a course and as the small library under it."""

from typing import NoReturn

__version__ = "0.1.0"

# what the first cell of an earlier course's notebooks imports from here: it stops there, and is told why
_OLD = {"checks", "gradients", "graphs", "machine", "masks", "models", "optimizers", "plots", "reference", "resources"}
_OLD |= {"results", "streams", "widgets"}


def __getattr__(name: str) -> NoReturn:
    if name in _OLD:
        raise ImportError(
            f"lthedu.{name} is no more: this notebook is older than the course. In a terminal, "
            "`lthedu reset` with the lesson's number puts a fresh copy beside yours."
        )
    raise AttributeError(f"module 'lthedu' has no attribute {name!r}")
