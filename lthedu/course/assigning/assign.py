"""`lthedu assign`: out of one small file all that an assignment needs, the same bytes every time."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

import lthedu
from lthedu.base.files import write_whole
from lthedu.course.assigning.plan import Plan, as_json, read_plan
from lthedu.course.assigning.seal import sealed_course
from lthedu.course.assigning.student import handed_out, readme, student_notebook
from lthedu.course.assigning.wheel import wheel, zipped
from lthedu.course.assignment import FILE, FORMAT, read
from lthedu.course.copies import named_files
from lthedu.course.grading import reading
from lthedu.course.solutions import answered
from lthedu.exercises.core import Exercise

KEY = "key.json"  # for `lthedu grade`: not for students


def assign(path: Path, out: Path, said: Callable[[str], None] = print) -> Path:
    """Build the assignment that the file `path` describes in the folder `out`, and return that folder.

    Raises ValueError, before anything is written, for a file that is no such description and for a folder that holds
    something else.
    """
    plan = read_plan(path)
    _refuse_foreign(out, plan)
    files = built(plan)
    for name, content in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(out / name, content)
    sealed = ", ".join(f"{e.number} {e.name}" for e in plan.exercises)
    said(f"Assignment {plan.name} is in {out}: student.zip is for the students, the rest for you.")
    said(f"Sealed in the answering process: {sealed}.")
    return out


def built(plan: Plan) -> dict[str, bytes]:
    """Every file of the assignment, by its path in the assignment's folder."""
    name, content = wheel(sealed_course(plan.exercises, plan.name), plan.name)
    notebooks = {path.name: student_notebook(plan, path) for path in plan.lessons}
    texts = {n: (nbformat.writes(notebook) + "\n").encode() for n, notebook in notebooks.items()}
    document = as_json(_document(plan, notebooks)).encode()
    pictures = {n: content for path in plan.lessons for n, content in named_files(path).items()}
    student = {**texts, **pictures, FILE: document, "README.txt": readme(plan).encode()}
    files = {"student.zip": zipped(student), FILE: document, f"sealed/{name}": content}
    files |= {f"instructor/{n}": _solved(n, text) for n, text in texts.items()}
    files["instructor/rubric.md"] = _rubric(plan).encode()
    key = {"wheel": name, "sha256": hashlib.sha256(content).hexdigest()} | _key(plan, notebooks)
    files[f"instructor/{KEY}"] = as_json(key).encode()
    return files


def _document(plan: Plan, notebooks: dict[str, Any]) -> dict[str, Any]:
    """`assignment.json`: what students may know."""
    return {
        "format": FORMAT,
        "assignment": plan.name,
        "lthedu": lthedu.__version__,
        "deadline": plan.deadline,
        "variants": plan.variants,
        "salt": hashlib.sha256(f"{plan.name}:{plan.deadline}".encode()).hexdigest()[:16],
        "exercises": {e.name: {"number": e.number, "points": plan.points[e.name]} for e in plan.exercises},
        "written": {w.name: w.points for w in plan.written},
        "notebooks": {name: handed_out(notebook, plan) for name, notebook in notebooks.items()},
    }


def _key(plan: Plan, notebooks: dict[str, Any]) -> dict[str, Any]:
    """What the grader needs and students do not: stubs, the references' trees, and what the lesson's own cells show."""
    names = {e.number: e.name for e in plan.exercises}
    stubs: dict[str, str] = {}
    trees: dict[str, list[str]] = {}
    signs: list[str] = []
    modules: list[str] = []
    for notebook in notebooks.values():
        code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        for exercise in plan.exercises:
            for source in code:
                if f'check("{exercise.number}"' in source:
                    stubs[exercise.number] = reading.stub(source, exercise.name)
        solved = [c.source for c in answered(nbformat.from_dict(notebook)).cells if c.cell_type == "code"]
        found = reading.read(solved, names, {})
        signs += [sign.rpartition(" (cell")[0] for sign in found.signs]
        for number, answer in found.answers.items():
            trees.setdefault(number, []).extend([answer.tree] if answer.tree else [])
            modules += [m for _, _, text in answer.slice for m in reading.imported(text)]
    return {"stubs": stubs, "trees": trees, "signs": sorted(set(signs)), "warm": sorted(set(modules))}


def _solved(name: str, text: bytes) -> bytes:
    """The student's notebook with the references in the place of the stubs."""
    notebook = answered(nbformat.reads(text.decode(), as_version=4))
    for n, cell in enumerate(notebook.cells):
        cell.id = cell.id if n else "instructor-version"
    return (nbformat.writes(notebook) + "\n").encode()


def _rubric(plan: Plan) -> str:
    """What is to be marked, by whom, and what a right answer is."""
    lines = [f"# Rubric of {plan.name}, due {plan.deadline}", "", "| exercise | points | marked by |", "|---|---|---|"]
    lines += [f"| {e.number} {e.title} | {plan.points[e.name]:g} | `lthedu grade` |" for e in plan.exercises]
    lines += [f"| {w.name} | {w.points:g} | you |" for w in plan.written]
    total = sum(plan.points.values()) + sum(w.points for w in plan.written)
    lines += [f"| all | {total:g} | |", ""]
    for e in plan.exercises:
        lines += _about(e)
    for w in plan.written:
        lines += [f"## {w.name}", "", w.question, ""]
    return "\n".join(lines)


def _about(exercise: Exercise) -> list[str]:
    lines = [f"## {exercise.number} {exercise.title}", ""]
    lines += [f"Contract {n}: {v.contract}" for n, v in enumerate(exercise.variants, 1)]
    lines += ["Mistakes that the check names:", ""]
    return [*lines, *(f"- {words}" for words in dict.fromkeys(m.words for m in exercise.mistakes)), ""]


def _refuse_foreign(out: Path, plan: Plan) -> None:
    """Refuse a folder that holds anything but an earlier build of the same assignment."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        same = read(out / FILE)["assignment"] == plan.name
    except (OSError, ValueError):
        same = False
    if not same:
        raise ValueError(f"{out} holds something else than the assignment {plan.name}; choose another folder with --out")
