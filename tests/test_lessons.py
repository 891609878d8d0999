"""What every committed lesson keeps to; nbval compares their outputs, and this what nbval would let through."""

import base64
import re
from pathlib import Path

import nbformat
import pytest

from lthedu.course.authoring import normalise
from lthedu.exercises import exercises

LESSONS = sorted((Path(__file__).parent.parent / "lessons").glob("*.ipynb"))

lessons = pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)


def cells(path: Path, kind: str = "code"):
    return [c for c in nbformat.read(path, 4).cells if c.cell_type == kind]


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def prints(cell) -> bool:
    return bool(cell.outputs)


def test_there_are_lessons() -> None:
    assert LESSONS


@lessons
def test_the_file_is_in_canonical_form(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    normalise(notebook)
    assert nbformat.writes(notebook, version=4, indent=1).rstrip("\n") + "\n" == path.read_text(encoding="utf-8")


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
                assert "caption(alt)" in cell.source, cell.source


@lessons
def test_size_and_shape(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    assert 40 <= len(notebook.cells) <= 60
    prose = [c.source for c in notebook.cells if c.cell_type == "markdown" and "instructor" not in tags(c)]
    assert 1500 <= sum(len(p.split()) for p in prose) <= 2500
    assert all(len(c.source.splitlines()) <= 15 for c in cells(path))
    assert all(len(line) <= 110 for c in cells(path) for line in c.source.splitlines())  # else JupyterLab cuts it
    titles = [line for p in prose for line in p.splitlines() if line.startswith("# ")]
    assert len(titles) == 1
    assert prose[0].startswith("# ")
    for wanted in ("you will be able to", "**Time:**", "Claim card", "Predict", "Honesty box", "Verdict"):
        assert any(wanted in p for p in prose), wanted


@lessons
def test_every_exercise_of_the_lesson_is_in_it_with_its_signature(path: Path) -> None:
    number = int(path.stem[:2])
    mine = [e for e in exercises() if e.number.startswith(f"{number}.")]
    assert 3 <= len(mine) <= 6
    for exercise in mine:
        (stub,) = [c.source for c in cells(path) if f'check("{exercise.number}"' in c.source]
        name = exercise.reference.__name__
        code = exercise.reference.__code__
        arguments = ", ".join(code.co_varnames[: code.co_argcount])
        assert f"def {name}({arguments}):" in stub
        summary = (exercise.reference.__doc__ or "").splitlines()[0]
        assert f'"""{summary}\n' in stub
        assert re.search(rf'^\S.*check\("{re.escape(exercise.number)}", {name}\)$', stub, re.MULTILINE)
        assert any(f"### Exercise {exercise.number} · {exercise.title}" in c.source for c in cells(path, "markdown"))


@lessons
def test_the_unanswered_lesson_says_so(path: Path) -> None:
    checked = [c for c in cells(path) if re.search(r"= check\(|, check\(", c.source)]
    assert checked
    for cell in checked:
        assert "NOT ATTEMPTED YET" in cell.outputs[0].data["text/plain"], cell.source


@lessons
def test_no_path_of_the_author_is_stored(path: Path) -> None:
    assert not re.search(r"/home/|/root/|/Users/|/tmp/|site-packages", path.read_text(encoding="utf-8"))


def test_the_readme_shows_a_figure_of_the_lesson() -> None:
    shown = (Path(__file__).parent.parent / "lessons/figures/02_winning_tickets.png").read_bytes()
    stored = [
        base64.b64decode(o.data["image/png"])
        for c in cells(next(p for p in LESSONS if p.stem.startswith("02")))
        for o in c.outputs
        if "image/png" in o.get("data", {})
    ]
    assert shown in stored
