"""What a student wrote is found wherever it stands, and what was handed out is no answer."""

import pytest

from lthedu.course.assigning.student import PLACEHOLDER, cell_digest
from lthedu.course.grading.submissions import Handed
from lthedu.course.grading.written import answered

GIVEN = [
    ("question-page", "markdown", "## In your own words: page\n\nWhy?"),
    ("written-page", "markdown", PLACEHOLDER),
    ("question-more", "markdown", "## In your own words: more\n\nAnd?"),
    ("written-more", "markdown", PLACEHOLDER),
]
DOCUMENT = {"notebooks": {"a": [{"id": i, "digest": cell_digest(kind, source)} for i, kind, source in GIVEN]}}


def changed(place, text):
    return [(i, kind, text if i == place else source) for i, kind, source in GIVEN]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (GIVEN, ""),
        (changed("written-page", "So."), "So."),
        (changed("written-page", f"{PLACEHOLDER}\n\nSo."), "So."),
        (changed("question-page", "## In your own words: page\n\nWhy? So."), "## In your own words: page\n\nWhy? So."),
        ([GIVEN[0], ("new", "markdown", "So."), ("newer", "markdown", "And so."), *GIVEN[1:]], "So.\n\nAnd so."),
        ([("written-page", "markdown", "So.")], "So."),
        ([], ""),
    ],
)
def test_an_answer_in_words(cells, found):
    assert answered("page", [Handed(cells=tuple(cells))], DOCUMENT) == found
    assert answered("more", [Handed(cells=tuple(cells))], DOCUMENT) == ""
    if "question-page" in {cell for cell, _, _ in cells}:
        bare = tuple(("", kind, source) for _, kind, source in cells)  # a program dropped the ids
        assert answered("page", [Handed(cells=bare)], DOCUMENT) == found
