"""Where the course is published, and the line with which a lesson can be opened in Colab and in Kaggle from there."""

from pathlib import Path

PUBLISHED = ""  # on GitHub: "owner/name/blob/main"; while it is empty, lessons have no such line
BEGINS = "Without an installation: "


def elsewhere(path: Path, published: str | None = None) -> str:
    """The line for the lesson at `path`; "" while the course is published nowhere.

    >>> elsewhere(Path("01_pruning_basics.ipynb"))
    ''
    >>> elsewhere(Path("01_pruning_basics.ipynb"), "ada/lthedu/blob/main")
    'Without an installation: open this lesson in [Colab](https://colab.research.google.com/github/ada/lthedu/...
    """
    place = PUBLISHED if published is None else published
    if not place:
        return ""
    owner, name, _, branch = place.split("/")
    where = f"{place}/lessons/{path.name}"
    colab = f"[Colab](https://colab.research.google.com/github/{where})"
    kaggle = f"[Kaggle](https://www.kaggle.com/kernels/welcome?src=https://github.com/{where})"
    first = f"%pip install git+https://github.com/{owner}/{name}@{branch}"
    return (
        f"{BEGINS}open this lesson in {colab} or {kaggle}, and run `{first}` in a new first cell. The "
        "answers then stay on their machines, and the figures of our own run are shown."
    )
