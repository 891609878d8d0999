"""The notebook that students get: the lesson, their id, nothing in the place of what is assigned, written questions."""

import hashlib
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

import lthedu
from lthedu.course.assigning.plan import Plan, Written
from lthedu.course.assignment import ABOUT
from lthedu.course.copies import learner_copy
from lthedu.course.grading.reading import read
from lthedu.course.solutions import answered

BEGIN, ASKED, ANSWER = "assignment", "question-", "written-"  # ids of cells that are added
QUESTION = "## In your own words: "
PLACEHOLDER = "*Your answer: double-click here and write.*"


def student_notebook(plan: Plan, lesson: Path) -> NotebookNode:
    """The notebook of one lesson as students get it."""
    notebook = nbformat.reads(learner_copy(lesson), as_version=4)
    if plan.experiment == "none":
        notebook.cells = _without_experiment(notebook, plan, lesson)
    begin = f'from lthedu.course.assignment import assignment\n\nassignment("{plan.name}", student="")  # your id'
    about = new_markdown_cell(_about(plan, lesson), id=ABOUT, metadata={})
    notebook.cells[1:1] = [about, new_code_cell(begin, id=BEGIN, metadata={})]
    if lesson == plan.lessons[-1]:
        for question in plan.written:
            notebook.cells += _question(question)
    return notebook


def _about(plan: Plan, lesson: Path) -> str:
    mine = [e for e in plan.exercises if e.lesson == lesson.stem[3:]]
    lines = [f"- **{e.number}** {e.title}: {plan.points[e.name]:g}" for e in mine]
    last = plan.lessons[-1]
    end = "at the end of this notebook" if lesson == last else f"at the end of {last.name}"
    lines += [f"- **{w.name}**, a question to answer in your own words, {end}: {w.points:g}" for w in plan.written]
    due = plan.deadline.replace("T", ", ")
    points = "\n".join(lines) or "- none in this notebook: read it"
    return (
        f"## Assignment {plan.name}, due {due}\n\nPoints:\n\n{points}\n\n"
        "In these exercises nothing takes the place of your function, whatever the lesson says below: cells that need "
        "it fail until it is there. In all others the course's own function still does. `check` here is the *public* "
        "check, whose inputs are the same for everybody and every time; your grade comes from the same check with "
        "other inputs. Write your function where its stub stands, and what it needs (imports, helpers) into cells of "
        f"this notebook. Save it, and hand in {_what(plan)}."
    )


def _what(plan: Plan) -> str:
    names = " and ".join(path.name for path in plan.lessons)
    return f"{names}, and nothing else"


def _question(question: Written) -> list[NotebookNode]:
    asked = new_markdown_cell(f"{QUESTION}{question.name}\n\n{question.question}", id=f"{ASKED}{question.name}")
    return [asked, new_markdown_cell(PLACEHOLDER, id=f"{ANSWER}{question.name}")]


def _without_experiment(notebook: NotebookNode, plan: Plan, lesson: Path) -> list[NotebookNode]:
    """The title, the assigned exercises with the text before each, and the cells that their answers need."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    mine = {e.number: e.name for e in plan.exercises if e.lesson == lesson.stem[3:]}
    solved = answered(nbformat.from_dict(notebook))
    solved.cells = solved.cells[1:]  # without its banner
    found = read([cell.source for cell in solved.cells if cell.cell_type == "code"], mine, {})
    notebook_now = nbformat.reads(learner_copy(lesson), as_version=4)
    code = [cell for cell in notebook_now.cells if cell.cell_type == "code"]
    checks = {id(code[a.cell - 1]) for a in found.answers.values()}
    needed = {id(code[cell - 1]) for a in found.answers.values() for cell, _, _ in a.slice}
    needed |= {id(cell) for cell in code if "from lthedu.course.lesson import" in cell.source} | checks
    kept: list[NotebookNode] = [notebook_now.cells[0]]
    text: list[NotebookNode] = []
    for cell in notebook_now.cells[1:]:
        if cell.cell_type != "code":
            text.append(cell)
            continue
        kept += (text if id(cell) in checks else []) + ([cell] if id(cell) in needed else [])
        text = []
    return kept


def cell_digest(kind: str, source: str) -> str:
    """What tells whether a cell is as it was handed out: how lines end does not count, nor spaces at their ends.

    >>> cell_digest("code", "x = 1 \\r\\n") == cell_digest("code", "x = 1")
    True
    """
    lines = [line.rstrip() for line in source.strip().splitlines()]
    return hashlib.sha256("\n".join([kind, *lines]).encode("utf-8", "replace")).hexdigest()[:16]


def handed_out(notebook: NotebookNode, plan: Plan) -> list[dict[str, Any]]:
    """Of each cell its id, its kind and its digest, as `assignment.json` has it; `yours` where students write."""
    checks = [f'check("{e.number}"' for e in plan.exercises]
    found = []
    for cell in notebook.cells:
        entry = {"id": cell.id, "kind": cell.cell_type, "digest": cell_digest(cell.cell_type, cell.source)}
        yours = cell.id in (BEGIN, ABOUT) or cell.id.startswith(ANSWER) or any(check in cell.source for check in checks)
        found.append(entry | ({"yours": True} if yours else {}))
    return found


def readme(plan: Plan) -> str:
    """Ten lines for a student who has never opened the course."""
    written = ", ".join(f"{w.name} ({w.points:g})" for w in plan.written)
    words = f" Answer at the end of {plan.lessons[-1].name}, in your own words: {written}." if written else ""
    return "\n".join(
        [
            f"Assignment {plan.name}, due {plan.deadline.replace('T', ', ')}",
            "",
            f"1. Install the course, version {lthedu.__version__}, as its README says, and start it once.",
            f"2. Unpack this zip into a folder {plan.name} inside your folder of lessons: lthedu, in your home folder.",
            f"3. Start the course again. In JupyterLab open that folder, and in it {plan.lessons[0].name}.",
            '4. Type your id into the second cell (student="...") and run the cells from the top.',
            f"5. Write your functions where their stubs stand. `check` tells what is wrong.{words}",
            "6. Your grade comes from the same check with other inputs: a function that knows these fails.",
            "7. Before you hand in: Kernel > Restart Kernel and Run All Cells. Then save.",
            f"8. Hand in {_what(plan)}.",
            "",
        ]
    )
