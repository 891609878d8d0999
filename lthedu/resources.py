"""Where the course's files are, in a checkout and in an installed wheel alike."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


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
