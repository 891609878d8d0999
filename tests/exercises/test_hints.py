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

from lthedu.base.course_files import course_path
from lthedu.course.catalogue import exercises, waiting
from lthedu.exercises.core import Attempt, Exercise, Raised, Wrong

each = pytest.mark.parametrize("exercise", exercises() + waiting(), ids=lambda e: e.number)


@cache
def notebook(lesson: str) -> nbformat.NotebookNode:
    """The lesson's, or an empty one where it is still to come."""
    found = Path(course_path("lessons")).glob(f"*_{lesson}.ipynb")
    return next((nbformat.read(path, as_version=4) for path in found), nbformat.v4.new_notebook())


@cache
def names(lesson: str) -> dict[str, Any]:
    """What the lesson's own import statements bring."""
    space: dict[str, Any] = {}
    for cell in notebook(lesson).cells:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
            exec(compile(tree, lesson, "exec"), space)
    return space


def pasted(exercise: Exercise) -> list[str]:
    """Bodies made of the last hint: as it is, with its last line returned, and with each name returned that it sets."""
    hint = exercise.hints[2]
    try:
        lines = ast.parse(textwrap.dedent(f"def f():\n{textwrap.indent(hint, '    ')}")).body[0].body  # type: ignore[attr-defined]
    except SyntaxError:
        return []
    stored = {n.id for n in ast.walk(ast.Module(lines, [])) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    ends = [f"return {name}" for name in sorted(stored)]
    if isinstance(lines[-1], ast.Expr):
        ends.append(f"return {ast.unparse(lines[-1])}")
    return [hint, *(f"{hint}\n{end}" for end in ends)]


@each
def test_the_last_hint_pasted_as_it_is_does_not_pass(exercise: Exercise) -> None:
    """Nor where only `return` is missing."""
    reference = inspect.unwrap(exercise.reference)
    for body in pasted(exercise):
        space = {**vars(inspect.getmodule(reference)), **names(exercise.lesson)}
        start = f"def {exercise.name}({', '.join(inspect.signature(reference).parameters)}):\n"
        exec(start + textwrap.indent(body, "    "), space)
        answer = space[exercise.name]
        answer.__defaults__ = reference.__defaults__
        with pytest.raises((Wrong, Raised)):
            exercise.check(Attempt(answer))


MODULES = re.compile(r"(?<![\w.])(bisect|copy|functools|itertools|math|np|numpy|random|statistics|torch)\.(?=[a-z_]+)")


@each
def test_hint_statement_and_stub_name_no_module_that_the_lesson_lacks(exercise: Exercise) -> None:
    about = re.compile(rf'Exercise {exercise.number}\b|check\("{exercise.number}"')
    cells = [cell.source for cell in notebook(exercise.lesson).cells if about.search(cell.source)]
    for text in ("\n".join(exercise.hints), *cells):
        used = {name for name in MODULES.findall(text) if f"import {name}" not in text}
        assert used <= set(names(exercise.lesson)), text


def test_hint_and_solution_stand_as_comments_under_each_check() -> None:
    for exercise in exercises():
        (cell,) = [c for c in notebook(exercise.lesson).cells if f'= check("{exercise.number}"' in c.source]
        number = exercise.number
        assert cell.source.endswith(f'")\n# hint("{number}")\n# solution("{number}")'.replace('")\n', ")\n", 1))
