"""What every committed lesson keeps to; nbval compares their outputs, and this what nbval would let through."""

import ast
import base64
import inspect
import re
import textwrap
from pathlib import Path

import nbformat
import pytest

import lthedu
from lthedu.course.authoring import normalise
from lthedu.course.catalogue import exercises
from lthedu.course.new_lesson import TO_WRITE
from lthedu.course.numbers import renumber
from lthedu.exercises.core import Exercise

PACKAGE = Path(lthedu.__file__).parent
LESSONS = sorted((Path(__file__).parent.parent / "lessons").glob("*.ipynb"))

lessons = pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)


def cells(path: Path, kind: str = "code"):
    return [c for c in nbformat.read(path, 4).cells if c.cell_type == kind]


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def prints(cell) -> bool:
    return bool(cell.outputs)


def of_lesson(path: Path) -> list[Exercise]:
    return [e for e in exercises() if e.lesson == path.stem[3:]]


def test_there_are_lessons() -> None:
    assert LESSONS


def test_every_exercise_belongs_to_a_lesson_that_there_is() -> None:
    assert {e.number.split(".")[0] for e in exercises()} == {str(int(path.stem[:2])) for path in LESSONS}


@lessons
def test_the_file_is_in_canonical_form(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    normalise(notebook)
    assert nbformat.writes(notebook, version=4, indent=1).rstrip("\n") + "\n" == path.read_text(encoding="utf-8")


@lessons
def test_its_folder_has_what_a_lesson_has(path: Path) -> None:
    there = {p.stem for p in (PACKAGE / "lessons" / path.stem[3:]).glob("*.py")}
    lacks = {"exercises", "mistakes", "figures", "explorer"} - there
    assert not lacks, f"lthedu/lessons/{path.stem[3:]} lacks {', '.join(sorted(lacks))}"


@lessons
def test_every_number_in_it_is_the_course_s(path: Path) -> None:
    """`lthedu canonical` writes them; each that is wrong is named."""
    assert renumber(nbformat.read(path, 4), path) == []


@lessons
def test_every_code_cell_was_run_in_order(path: Path) -> None:
    """nbval compares nothing in a cell without a count, and passes it."""
    assert [c.execution_count for c in cells(path)] == list(range(1, len(cells(path)) + 1))


@lessons
def test_no_error_no_stderr_no_widget_state(path: Path) -> None:
    for cell in cells(path):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", cell.source
            assert "widget" not in " ".join(output.get("data", {})), cell.source
    assert "widgets" not in nbformat.read(path, 4).metadata


@lessons
def test_most_printing_cells_are_compared(path: Path) -> None:
    printing = [c for c in cells(path) if prints(c)]
    compared = [c for c in printing if "nbval-ignore-output" not in tags(c) and "nbval-skip" not in tags(c)]
    assert len(compared) >= 0.6 * len(printing)


@lessons
def test_only_known_tags_are_used(path: Path) -> None:
    for cell in nbformat.read(path, 4).cells:
        assert set(tags(cell)) <= {"instructor", "nbval-ignore-output", "raises-exception"}


@lessons
def test_figures_are_png_and_described(path: Path) -> None:
    for cell in cells(path):
        for output in cell.outputs:
            kinds = set(output.get("data", {}))
            assert "image/svg+xml" not in kinds
            if "image/png" in kinds:
                alt = output.metadata.get("image/png", {}).get("alt", "")
                assert alt or "caption(alt)" in cell.source, cell.source


@lessons
def test_the_file_is_small_enough_to_be_shown_on_a_page(path: Path) -> None:
    assert path.stat().st_size <= 1.5e6


@lessons
def test_size_and_shape(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    prose = [c.source for c in notebook.cells if c.cell_type == "markdown" and "instructor" not in tags(c)]
    exercises_here = len(of_lesson(path))
    titles = [line for p in prose for line in p.splitlines() if line.startswith("# ")]
    parts = ("you will be able to", "**Time:**", "Claim card", "Predict", "Honesty box", "Verdict")
    lacks = {
        f"{len(notebook.cells)} cells, not 40 to 75": not 40 <= len(notebook.cells) <= 75,
        f"{exercises_here} exercises, not 3 to 6": not 3 <= exercises_here <= 6,
        f"the titles {titles}, not one": len(titles) != 1,
        "a first cell without the title": not prose[0].startswith("# "),
    }
    lacks |= {f"no {part!r}": not any(part in p for p in prose) for part in parts}
    for lines in (c.source.splitlines() for c in cells(path)):
        lacks[f"a code cell of {len(lines)} lines, not at most 15: {lines[:1]}"] = len(lines) > 15
        long = [line for line in lines if len(line) > 110]  # JupyterLab cuts it
        lacks[f"a line of code of more than 110 characters: {long[:1]}"] = bool(long)
    found = [what for what, wrong in lacks.items() if wrong]
    assert not found, f"{path.name} has {'; '.join(found)}"


def stub_of(path: Path, exercise: Exercise) -> tuple[str, ast.FunctionDef]:
    """The cell that checks an exercise, and the function in it that a learner is to write."""
    (source,) = [c.source for c in cells(path) if f'check("{exercise.number}"' in c.source]
    name = exercise.reference.__name__
    (function,) = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == name]
    return source, function


@lessons
def test_every_exercise_of_the_lesson_is_in_it(path: Path) -> None:
    mine = of_lesson(path)
    assert mine
    for exercise in mine:
        source, function = stub_of(path, exercise)
        number, name = re.escape(exercise.number), function.name
        assert re.search(rf'^{name} = check\("{number}", {name}\)$', source, re.MULTILINE), source
        assert any(f"### Exercise {exercise.number} · {exercise.title}" in c.source for c in cells(path, "markdown"))


@lessons
def test_a_stub_has_the_signature_of_its_reference(path: Path) -> None:
    """Names, order, kinds and default values; annotations are the reference's own."""
    for exercise in of_lesson(path):
        _, function = stub_of(path, exercise)
        stub, reference = _signature(function.args), _signature(_definition(exercise.reference).args)
        assert stub == reference, exercise.number


@lessons
def test_a_stub_says_what_its_reference_says_and_gives_an_example(path: Path) -> None:
    for exercise in of_lesson(path):
        _, function = stub_of(path, exercise)
        summary, blank, *example = (ast.get_docstring(function) or "").splitlines()
        assert summary == (inspect.getdoc(exercise.reference) or "").splitlines()[0], exercise.number
        assert blank == ""
        assert example, exercise.number


@lessons
def test_a_stub_is_empty_or_the_given_code(path: Path) -> None:
    """Else nothing could tell a cell that nobody touched from an answer."""
    for exercise in of_lesson(path):
        _, function = stub_of(path, exercise)
        body = [ast.unparse(statement) for statement in function.body[1:]]
        given = [] if exercise.given is None else _definition(exercise.given).body
        given = given[1:] if given and isinstance(given[0], ast.Expr) and _is_text(given[0].value) else given
        assert body == ([ast.unparse(s) for s in given] or ["..."]), exercise.number


def _definition(function) -> ast.FunctionDef:
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(node, ast.FunctionDef)
    return node


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _signature(arguments: ast.arguments) -> str:
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return ast.unparse(arguments)


@lessons
def test_the_unanswered_lesson_says_so(path: Path) -> None:
    checked = [c for c in cells(path) if re.search(r"= check\(|, check\(", c.source)]
    assert checked
    for cell in checked:
        assert any("NOT ATTEMPTED YET" in o.get("data", {}).get("text/plain", "") for o in cell.outputs), cell.source


@lessons
def test_nothing_is_left_to_be_written(path: Path) -> None:
    left = [f"cell {i} ({c.source[:40]!r})" for i, c in enumerate(nbformat.read(path, 4).cells) if TO_WRITE in c.source]
    assert not left, f"{path.name}: still to be written in {', '.join(left)}"


@lessons
def test_every_file_that_its_prose_names_is_there(path: Path) -> None:
    named = {name for c in cells(path, "markdown") for name in re.findall(r"`(lthedu/[\w/]*(?:\.py)?)`", c.source)}
    assert not {name for name in named if not (PACKAGE.parent / name).exists()}


@lessons
def test_no_path_of_the_author_is_stored(path: Path) -> None:
    assert not re.search(r"/home/|/root/|/Users/|/tmp/|site-packages", path.read_text(encoding="utf-8"))


def test_every_figure_beside_the_lessons_is_one_that_its_lesson_draws() -> None:
    """The README shows them."""
    shown = sorted((LESSONS[0].parent / "figures").glob("*.png"))
    assert shown
    for figure in shown:
        stored = [
            base64.b64decode(o.data["image/png"])
            for c in cells(next(p for p in LESSONS if p.stem[3:] == figure.stem))
            for o in c.outputs
            if "image/png" in o.get("data", {})
        ]
        assert figure.read_bytes() in stored
