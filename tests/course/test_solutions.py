"""The instructor's version: with the source of every reference pasted in, nothing changes but what the checks say."""

import ast
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from torch import Tensor

import lthedu.networks.masks as house
from lthedu.base.course_files import course_path
from lthedu.course import solutions
from lthedu.course.authoring import executed, normalise
from lthedu.course.catalogue import exercises
from lthedu.course.solutions import build_solutions, pasted
from lthedu.exercises.core import Attempt
from lthedu.networks.masks import Mask
from lthedu.networks.masks import full as everything

LESSONS = sorted(course_path("lessons").glob("[0-9][0-9]_*.ipynb"))


def compared(notebook: NotebookNode) -> list[tuple[str, list[dict]]]:
    """Sources and outputs of the code cells that are compared: all but those that check, and those nbval ignores.

    Stricter than nbval: every kind of output counts, the bytes of pictures too.
    """
    code = [c for c in notebook.cells if c.cell_type == "code"]
    return [
        (c.source, [{k: v for k, v in o.items() if k != "execution_count"} for o in c.outputs])
        for c in code
        if "nbval-ignore-output" not in c.metadata.get("tags", ()) and "= check(" not in c.source
    ]


def run_unanswered(lesson: Path) -> NotebookNode:
    notebook = nbformat.read(lesson, as_version=4)
    executed(notebook, lesson.parent)
    normalise(notebook)
    return notebook


def undrawn(cells: list[tuple[str, list[dict]]]) -> list[tuple[str, list[dict]]]:
    """As `compared`, with the word "drawn" for each picture: another machine draws it with other bytes."""
    return [(source, [_undrawn(output) for output in outputs]) for source, outputs in cells]


def _undrawn(output: dict) -> dict:
    data = {kind: "drawn" if kind == "image/png" else value for kind, value in output.get("data", {}).items()}
    return {**output, "data": data} if data else output


@pytest.mark.full
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_with_every_reference_pasted_in_every_other_output_is_the_committed_one(lesson: Path, tmp_path: Path) -> None:
    (built,) = build_solutions([lesson], tmp_path)
    with_sources, committed = (undrawn(compared(nbformat.read(path, as_version=4))) for path in (built, lesson))
    assert with_sources == committed
    assert any(output.get("data", {}).get("image/png") for _, outputs in committed for output in outputs)


STUB = '''"""Mean of differences."""'''


def toy(folder: Path, last: str = "print(paired_test([1, 2, 3], [0, 0, 1]))") -> Path:
    cells = [
        new_markdown_cell("# A toy\n\n![seen](figures/seen.png)"),
        new_markdown_cell("Ask the room.", metadata={"tags": ["instructor"]}),
        new_code_cell("from lthedu.course.lesson import check\nimport matplotlib.pyplot as plt"),
        new_code_cell(
            f"# yours\ndef paired_test(a, b):\n    {STUB}\n    ...\n\n"
            'paired_test = check("2.3", paired_test)\nafter = 1'
        ),
        new_code_cell(last),
        new_code_cell("_ = plt.figure(figsize=(2, 1)).gca().plot(paired_test([1, 2, 3], [0, 0, 1]))"),
    ]
    path = folder / "07_toy.ipynb"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "seen.png").write_bytes(b"a picture")
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy(tmp_path_factory.mktemp("toy") / "lessons")


@pytest.fixture(scope="module")
def built(lesson: Path) -> Path:
    said: list[str] = []
    (path,) = build_solutions([lesson], lesson.parent.parent / "out" / "deep", said=said.append)
    assert said == [f"built {path}"]
    return path


@pytest.mark.full  # as the first test, which does it to the lessons; here the bytes of pictures count, too
def test_swapping_in_the_references_changes_nothing_else(lesson: Path, built: Path) -> None:
    found, expected = compared(nbformat.read(built, as_version=4)), compared(run_unanswered(lesson))
    assert found == expected
    assert len(found) == 3
    assert "image/png" in found[-1][1][0]["data"]


def test_the_comparison_sees_what_changes(lesson: Path, built: Path) -> None:
    assert undrawn([("", [{"data": {"image/png": "a"}}])]) != undrawn([("", [{"data": {"text/plain": "a"}}])])
    assert undrawn([("", [{"text": "a"}])]) != undrawn([("", [{"text": "b"}])])
    found = nbformat.read(built, as_version=4)
    outputs = [o for c in found.cells if c.cell_type == "code" for o in c.outputs]
    for output in outputs[1:]:  # the first is what the check said
        kept = dict(output)
        for key in ("text", "data"):
            if key in output:
                output[key] = "else" if key == "text" else {**output[key], "image/png": "else"}
        assert compared(found) != compared(nbformat.read(built, as_version=4))
        output.update(kept)


def test_the_cells_for_instructors_stay_and_the_files_come_along(built: Path) -> None:
    notebook = nbformat.read(built, as_version=4)
    nbformat.validate(notebook)
    assert "Instructor's version" in notebook.cells[0].source
    assert any(c.source == "Ask the room." for c in notebook.cells)
    assert (built.parent / "figures" / "seen.png").read_bytes() == b"a picture"
    (cell,) = [c for c in notebook.cells if "check(" in c.source and "import check" not in c.source]
    assert "Exercise 2.3: RIGHT." in cell.outputs[0].data["text/plain"]
    assert cell.source.startswith("import numpy as np\n")
    assert "# yours\ndef paired_test(a: Sequence[float]" in cell.source
    assert cell.source.endswith('\n\npaired_test = check("2.3", paired_test)\nafter = 1')
    assert STUB not in cell.source


@pytest.mark.full
def test_it_is_built_anew_to_the_same_bytes(lesson: Path, built: Path) -> None:
    first = built.read_bytes()
    build_solutions([lesson], built.parent)
    assert built.read_bytes() == first


def fill(notebook: NotebookNode, verdict: str = "RIGHT") -> None:
    """What a run of the toy would show, of what matters: what the check says."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [new_output("display_data", data={"text/plain": f"Exercise 2.3: {verdict}. So it is."})]


def test_it_is_never_built_over_somebodys_notes(
    lesson: Path, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = shutil.copy(built, tmp_path / built.name)
    monkeypatch.setattr(solutions, "executed", lambda notebook, *_: fill(notebook))
    build_solutions([lesson], tmp_path)  # its own gives way
    notebook = nbformat.read(again, as_version=4)
    notebook.cells[1].source += " A note of mine."
    nbformat.write(notebook, again)
    mine = again.read_bytes()
    for content in (mine, b"no notebook"):
        again.write_bytes(content)
        with pytest.raises(ValueError, match=r"07_toy\.ipynb is there already, and is not as `lthedu build` wrote it"):
            build_solutions([lesson], tmp_path)
        assert again.read_bytes() == content


def test_a_users_file_is_never_replaced_by_one_that_a_lesson_names(
    lesson: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solutions, "executed", lambda *_: pytest.fail("it ran"))
    mine = tmp_path / "out" / "figures" / "seen.png"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"my own picture")
    with pytest.raises(ValueError, match=r"seen\.png would be replaced by another file, which 07_toy\.ipynb names"):
        build_solutions([lesson], tmp_path / "out")
    assert [p for p in (tmp_path / "out").rglob("*") if p.is_file()] == [mine]
    assert mine.read_bytes() == b"my own picture"
    other = toy(tmp_path / "other").rename(tmp_path / "other" / "08_toy.ipynb")
    (tmp_path / "other" / "figures" / "seen.png").write_bytes(b"another picture")
    with pytest.raises(ValueError, match=r"seen\.png would be replaced by another file, which 07_toy\.ipynb names"):
        build_solutions([lesson, other], tmp_path / "new")  # two lessons that name different files
    with pytest.raises(ValueError, match="have one name"):
        build_solutions([lesson, toy(tmp_path / "third")], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_courses_own_folder_is_refused_before_anything_runs(lesson: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solutions, "executed", lambda *_: pytest.fail("it ran"))
    for output in (course_path("lessons"), course_path("lessons") / "figures" / "x"):
        with pytest.raises(ValueError, match="is in the course's own folder of lessons"):
            build_solutions([lesson], output)
    assert not (course_path("lessons") / "figures" / "x").exists()


def test_what_a_check_calls_wrong_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the cells would print is put there; the next test prints it."""
    monkeypatch.setattr(solutions, "executed", lambda notebook, *_: fill(notebook, "WRONG"))
    with pytest.raises(ValueError, match=r"the source of 2\.3's reference does not pass its check: .*WRONG"):
        build_solutions([toy(tmp_path / "lessons")], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.full
def test_a_reference_that_fails_its_own_check_is_no_solution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = pasted

    def sabotaged(cell: str, *rest: object) -> str:
        return broken(cell, *rest).replace("float(d.mean())", "-float(d.mean())")

    monkeypatch.setattr(solutions, "pasted", sabotaged)
    with pytest.raises(ValueError, match=r"the source of 2\.3's reference does not pass its check: .*WRONG"):
        build_solutions([toy(tmp_path / "lessons")], tmp_path / "out")
    assert not (tmp_path / "out").exists()


# what is pasted ----------------------------------------------------------------------------------------------

LIMIT = 3


def helper(values: Sequence[float]) -> float:
    return max(values)


def needs_much(mask: Mask, k: int = LIMIT, then: Callable[[int], int] = abs) -> dict[str, Tensor]:
    """Uses a plain import, names imported under another name, a constant, a helper, and names of its own."""
    os = house.density(mask)  # a local name, not the module
    inner = [helper([v, os]) for v in range(k)]

    def nested() -> object:
        return re.compile("x"), everything(mask), then(len(inner))

    nested()
    return {}


def test_a_pasted_cell_stands_alone() -> None:
    assert os  # imported here, and a local name there
    cell = pasted("x = 1\ndef needs_much(mask):\n    ...\n\ny = 2", "needs_much", needs_much, set())
    imports = cell.partition("\n\n\n")[0].splitlines()
    assert set(imports) == {
        "import lthedu.networks.masks as house",
        "import re",
        f"from {__name__} import LIMIT, helper",
        "from collections.abc import Callable",
        "from lthedu.networks.masks import Mask, full as everything",
        "from torch import Tensor",
    }
    assert len(imports) == 6
    assert cell.partition("\n\n\n")[2].startswith("x = 1\ndef needs_much(mask: Mask")
    assert cell.endswith("return {}\n\ny = 2")


@pytest.mark.parametrize("exercise", exercises(), ids=lambda e: e.number)
def test_every_reference_can_be_pasted_and_runs_by_itself(exercise) -> None:
    name = exercise.reference.__name__
    cell = pasted(f"def {name}():\n    ...", name, exercise.reference, set())
    space: dict = {}
    exec(compile(ast.parse(cell), exercise.number, "exec"), space)
    assert space[name] is not exercise.reference
    exercise.check(Attempt(space[name]))


def test_a_function_of_an_earlier_exercise_is_not_imported_over() -> None:
    cell = pasted("def needs_much(mask):\n    ...", "needs_much", needs_much, {"helper"})
    assert f"from {__name__} import LIMIT\n" in cell


def test_a_cell_that_does_not_fit_its_reference_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="the cell defines needs_much 0 times"):
        pasted("needs_much = 3", "needs_much", needs_much, set())
    with pytest.raises(ValueError, match="defines another, and its reference is named needs_much"):
        pasted("def another(): ...", "another", needs_much, set())
    monkeypatch.delitem(globals(), "LIMIT")
    with pytest.raises(ValueError, match=r"needs_much uses LIMIT, which its module does not define"):
        pasted("def needs_much(mask):\n    ...", "needs_much", needs_much, {"helper"})
