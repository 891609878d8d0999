"""The last hint leaves a gap, and hints and statements use only names that their lesson has imported."""

import ast
import inspect
import re
import textwrap
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest

from lthedu.base.course_files import course_path, lesson_numbers
from lthedu.course.catalogue import exercises, waiting
from lthedu.exercises.core import Attempt, Exercise, Raised, Wrong

each = pytest.mark.parametrize("exercise", exercises() + waiting(), ids=lambda e: e.number)


@cache
def notebook(lesson: str) -> nbformat.NotebookNode:
    (path,) = Path(course_path("lessons")).glob(f"*_{lesson}.ipynb")
    return nbformat.read(path, as_version=4)


@cache
def names(lesson: str) -> dict[str, Any]:
    """What the lesson's own import statements bring; nothing where its notebook is still to come."""
    space: dict[str, Any] = {}
    for cell in notebook(lesson).cells if lesson in lesson_numbers() else []:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
            exec(compile(tree, lesson, "exec"), space)
    return space


@each
def test_the_last_hint_pasted_as_it_is_does_not_pass(exercise: Exercise) -> None:
    start = f"def {exercise.name}{inspect.signature(exercise.reference)}:\n"
    space = {**vars(inspect.getmodule(exercise.reference)), **names(exercise.lesson)}
    try:
        exec("from __future__ import annotations\n" + start + textwrap.indent(exercise.hints[2], "    "), space)
    except SyntaxError:
        return
    with pytest.raises((Wrong, Raised)):
        exercise.check(Attempt(space[exercise.name]))


MODULES = re.compile(r"(?<![\w.])(bisect|copy|functools|itertools|math|np|numpy|random|statistics|torch)\.(?=[a-z_]+)")


@each
def test_a_hint_names_no_module_that_the_lesson_lacks(exercise: Exercise) -> None:
    text = "\n".join(exercise.hints)
    used = {name for name in MODULES.findall(text) if f"import {name}" not in text}
    assert used <= set(names(exercise.lesson)), exercise.hints


def test_hint_and_solution_stand_as_comments_under_each_check() -> None:
    for exercise in exercises():
        (cell,) = [c for c in notebook(exercise.lesson).cells if f'= check("{exercise.number}"' in c.source]
        number = exercise.number
        assert cell.source.endswith(f'")\n# hint("{number}")\n# solution("{number}")'.replace('")\n', ")\n", 1))
