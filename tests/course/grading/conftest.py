"""One small assignment for all tests of grading, and submissions made of its student's notebook."""

import zipfile

import nbformat
import pytest
from course.grading.cheats import NOTEBOOK

from lthedu.course.assigning.assign import assign

PLAN = """
lessons = ["02"]
deadline = 2026-12-14
experiment = "none"

[exercises]
"2.1" = 3
"2.3" = 2
"2.4" = 1

[written.page]
points = 8
question = "Why do signs matter?"
"""


@pytest.fixture(scope="session")
def assignment(tmp_path_factory):
    """The folder that `lthedu assign` made of PLAN."""
    folder = tmp_path_factory.mktemp("assignment")
    (folder / "ps1.toml").write_text(PLAN)
    return assign(folder / "ps1.toml", folder / "ps1", said=lambda line: None, trial=False)


@pytest.fixture
def student(assignment):
    """Makes a student's notebook: the one handed out, with sources in the place of exercises' cells."""

    def make(**answers):
        with zipfile.ZipFile(assignment / "student.zip") as archive:
            notebook = nbformat.reads(archive.read(NOTEBOOK).decode(), as_version=4)
        for number, source in answers.items():
            cell = next(c for c in notebook.cells if f'check("{number}"' in c.source)
            tail = cell.source[cell.source.index(f'check("{number}"') :]
            cell.source = f"{source}\n\nanswer = {tail}"
        return notebook

    return make
