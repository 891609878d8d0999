"""What a student wrote in words, found by the question before it, or by its cell's id where that is gone."""

from typing import Any

from lthedu.course.assigning.student import ANSWER, ASKED, PLACEHOLDER, QUESTION, cell_digest
from lthedu.course.grading.submissions import Handed


def answered(name: str, notebooks: list[Handed], document: dict[str, Any]) -> str:
    """The answer to the question `name`; "" where nothing but what was handed out stands there.

    All that stands between this question and the next, or the notebook's end, belongs to it: people add cells.
    """
    given = {cell["digest"] for cells in document["notebooks"].values() for cell in cells}
    found: list[str] = []
    for handed in notebooks:
        here = False
        for cell, kind, source in handed.cells:
            if source.startswith(QUESTION) or cell.startswith(ASKED):
                here = source.split("\n")[0] == f"{QUESTION}{name}" or cell == f"{ASKED}{name}"
            if (here or cell == f"{ANSWER}{name}") and cell_digest(kind, source) not in given:
                found.append(source.replace(PLACEHOLDER, "").strip())
    return "\n\n".join(filter(None, found))
