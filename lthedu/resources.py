"""Where the course's files are, in a checkout and in an installed wheel alike, and at which size lessons run."""

import os
from pathlib import Path

from lthedu.base.arguments import typed

_PACKAGE = Path(__file__).parent


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


def at_paper_scale() -> bool:
    """Whether LTHEDU_SCALE asks for the papers' size ("paper") and not the lesson's ("lesson", the default).

    Raises ValueError for any other word.

    >>> at_paper_scale()
    False
    """
    word = os.environ.get("LTHEDU_SCALE", "lesson")
    if word not in ("lesson", "paper"):
        raise ValueError(f"LTHEDU_SCALE is {word!r}; allowed: lesson, paper")
    return word == "paper"
