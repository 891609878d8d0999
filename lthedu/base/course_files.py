"""Where the course's files are, in a checkout and in an installed wheel alike, and at which size lessons run."""

import functools
import os
from pathlib import Path

from lthedu.base.arguments import typed

_PACKAGE = Path(__file__).parents[1]
SCALES = ("tiny", "lesson", "paper")


@typed
def course_path(name: str) -> Path:
    """Folder `name` ("lessons" or "datasets") of the course.

    A wheel carries the folders inside the package, a checkout has them beside it.

    Raises FileNotFoundError when neither place has it.

    >>> (course_path("datasets") / "README.md").is_file()
    True
    """
    for root in (_PACKAGE / "_course", _PACKAGE.parent):
        if (root / name).is_dir():
            return root / name
    raise FileNotFoundError(f"this installation of lthedu has no folder {name!r}; reinstall lthedu")


@functools.cache
def lesson_numbers() -> dict[str, int]:
    """The number of each lesson by its name, as the notebooks' file names say.

    >>> lesson_numbers()["winning_tickets"]
    2
    """
    return {path.stem[3:]: int(path.stem[:2]) for path in sorted(course_path("lessons").glob("[0-9][0-9]_*.ipynb"))}


def scale() -> str:
    """The size that LTHEDU_SCALE asks for: "tiny" (seconds, for tests), "lesson" (the default) or "paper".

    Raises ValueError for any other word.

    >>> scale()
    'lesson'
    """
    word = os.environ.get("LTHEDU_SCALE", "lesson")
    if word not in SCALES:
        raise ValueError(f"LTHEDU_SCALE is {word!r}; allowed: {', '.join(SCALES)}")
    return word
