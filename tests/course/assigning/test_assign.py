"""What `lthedu assign` writes: the same bytes each time, nothing of the answers where there must be none."""

import ast
import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from lthedu.course.assigning.assign import Build, assign
from lthedu.course.assigning.plan import read_plan
from lthedu.course.assigning.seal import seal_source
from lthedu.course.assigning.trial import demand_gradable, stopped_by_seal
from lthedu.course.assigning.wheel import unpack_bytes
from lthedu.course.assignment import asked
from lthedu.course.catalogue import find

PLAN = """
lessons = ["02"]
deadline = 2026-12-14
variants = true
experiment = "{experiment}"

[exercises]
"2.1" = 3
"2.3" = 2

[written.page]
points = 8
question = "Why?"
"""
NOTEBOOK = "02_winning_tickets.ipynb"


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """The same plan with and without its experiment."""
    folder = tmp_path_factory.mktemp("plans")
    found = {}
    for experiment in ("once", "none"):
        (folder / "ps1.toml").write_text(PLAN.format(experiment=experiment))
        found[experiment] = Build.of(read_plan(folder / "ps1.toml"))
    return found


@pytest.fixture(scope="module")
def sealed(builds, tmp_path_factory):
    """The sealed course, unpacked."""
    folder = tmp_path_factory.mktemp("sealed")
    unpack_bytes(builds["none"].wheel, folder)
    return folder


def test_the_same_plan_gives_the_same_bytes(builds):
    again = Build.of(builds["none"].plan)
    assert again.files() == builds["none"].files()


def test_the_students_zip_holds_no_answer(builds, tmp_path):
    for build in builds.values():
        (tmp_path / "student.zip").write_bytes(build.files()["student.zip"])
        with zipfile.ZipFile(tmp_path / "student.zip") as archive:
            assert {NOTEBOOK, "README.txt", "assignment.json", "GLOSSARY.md"} <= set(archive.namelist())
            text = " ".join(archive.read(name).decode(errors="ignore") for name in archive.namelist())
        for secret in ("key.json", "that is fine-tuning", "found.append(mask)"):
            assert secret not in text
        assert len(build.beside["README.txt"].decode().splitlines()) == 10


def test_without_the_experiment_only_what_answers_need_is_left(builds):
    once, none = (len(builds[e].notebooks[NOTEBOOK].cells) for e in ("once", "none"))
    assert none < once / 3
    text = "\n".join(c.source for c in builds["none"].notebooks[NOTEBOOK].cells)
    assert "Study(" not in text
    assert "import numpy as np" in text


def test_the_sealed_course_lacks_what_is_assigned_and_only_that(sealed):
    script = """
import json
from lthedu.course.catalogue import find, exercises
out = {}
for e in exercises():
    try:
        e.reference()
    except Exception as error:
        out[e.name] = [e.number, str(error), len(e.mistakes), len(e.variants), "sealed" in " ".join(e.hints)]
    else:
        out[e.name] = [e.number, "", len(e.mistakes), len(e.variants), "sealed" in " ".join(e.hints)]
print(json.dumps(out))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=sealed, env={"PYTHONPATH": str(sealed), "PATH": ""}, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()[-1000:]
    found = json.loads(done.stdout)
    for name, (number, error, mistakes, variants, hints) in found.items():
        here = find(name)
        assert number == here.number
        if name in ("find_tickets", "paired_test"):
            assert mistakes == variants == 0
            assert hints
        else:
            assert (mistakes, variants, hints) == (len(here.mistakes), len(here.variants), False)
            assert "sealed" not in error
    text = (sealed / "lthedu" / "tickets" / "imp.py").read_text()
    assert 'raise RuntimeError("sealed for ps1")' in text
    assert "masks.apply" not in text


SOURCE = '''
import math

LIMIT = 3


def _helper(x):
    return x + LIMIT


def _other(x):
    return x


def f(x):
    """Doc."""
    return _helper(x)


def g(x):
    return _other(x)


@mistake("f", "words")
def wrong(x):
    return 0


for w in ("a", "b"):
    mistake("f", w)(lambda x: w)


@exercise(f, "Title", hints=("a", "b", "c"), returns=_helper)
def check_f(attempt):
    compare(attempt, [1])
'''


def test_what_only_sealed_code_used_goes_with_it():
    text = seal_source(SOURCE, {"f"}, "ps1", keep=lambda name: False)
    names = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    assert not {"_helper", "LIMIT", "mistake", "compare"} & names
    assert "def _other" in text
    assert "def g" in text
    assert "hints=('sealed for ps1', 'sealed for ps1', 'sealed for ps1')" in text
    kept = seal_source(SOURCE, {"f"}, "ps1", keep=lambda name: name == "LIMIT")
    assert "LIMIT = 3" in kept


def test_an_exercise_that_cannot_be_asked_of_another_process_is_refused(sealed):
    cells = ["from lthedu.lessons.pruning_basics.exercises import masked_step as own"]
    cells.append(
        'def masked_step(optimizer, weights, mask):\n    return own(optimizer, weights, mask)\n\ncheck("1.4", f)'
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    with pytest.raises(ValueError, match=r"exercise 1\.4 cannot be assigned: .* has no plain form"):
        demand_gradable([find("1.4")], [notebook], sealed)


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "ps1.toml").write_text(PLAN.format(experiment="none"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("all my work")
    with pytest.raises(ValueError, match="holds something else"):
        assign(tmp_path / "ps1.toml", tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["thesis.tex"]


def test_after_handing_out_only_deadline_and_points_may_change(builds, tmp_path):
    none, once = (builds[kind] for kind in ("none", "once"))
    (written,) = none.plan.written
    points = {name: 2 * p for name, p in none.plan.points.items()}
    later = replace(none.plan, deadline="2027-01-01", points=points, written=(replace(written, points=3),))
    old, new = (json.loads(build.beside["assignment.json"]) for build in (none, Build.of(later)))
    assert old != new
    assert asked(old) == asked(new)
    (tmp_path / "ps1.toml").write_text(PLAN.format(experiment="none"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "assignment.json").write_bytes(once.beside["assignment.json"])
    with pytest.raises(ValueError, match=r"holds another ps1.* other would be: notebooks\. .*or --replace"):
        assign(tmp_path / "ps1.toml", tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["assignment.json"]


def test_students_are_told_what_to_do_and_what_counts(builds):
    notebook = builds["once"].notebooks[NOTEBOOK]
    about, begin, end = notebook.cells[1].source, notebook.cells[2].source, notebook.cells[-2].source
    for words in ("- **2.3** A paired test over seeds: 2", "- **page**, a question", "at the end of this notebook: 8"):
        assert words in about
    assert begin.endswith('student="")  # your id')
    assert end == "## In your own words: page\n\nWhy?"
    assert "in your own words: page (8)" in builds["once"].beside["README.txt"].decode()


def test_the_rubric_has_the_answer_to_each_contract(builds):
    rubric = builds["once"].files()["instructor/rubric.md"].decode()
    assert rubric.count("```python\ndef ") == len(find("2.3").variants) == 2


def test_nbgraders_source_has_what_nbgrader_asks_for(builds):
    files = builds["none"].files()
    notebook = nbformat.reads(files[f"nbgrader/source/ps1/{NOTEBOOK}"].decode(), as_version=4)
    marked = {c.metadata.nbgrader.grade_id: c for c in notebook.cells if "nbgrader" in c.metadata}
    assert set(marked) == {"find_tickets", "test-find_tickets", "paired_test", "test-paired_test", "written-page"}
    assert all(c.metadata.nbgrader.schema_version == 3 for c in marked.values())
    assert sum(c.metadata.nbgrader.get("points", 0) for c in marked.values()) == 13
    assert "### BEGIN SOLUTION" in marked["find_tickets"].source
    compile(files["nbgrader/nbgrader_config.py"], "config", "exec")


def test_a_cell_that_misses_the_value_of_a_stopped_one_is_not_told_as_a_second_fault(tmp_path):
    sources = ["lost = open('sealed for ps1')", "ready = 1", "found = 2 * ready", "1 / 0", "shown = lost"]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    told = stopped_by_seal({"a.ipynb": notebook}, {}, tmp_path, "sealed for ps1")
    assert [line.rpartition(": ")[2] for line in told] == [
        "sealed for ps1",
        "division by zero",
        "cell 5",
    ]
