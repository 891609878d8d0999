"""`lthedu assign`: out of one small file all that an assignment needs, the same bytes every time."""

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

import lthedu
from lthedu.base.files import write_whole
from lthedu.course.answer import source_of
from lthedu.course.assigning.nbgrader import source_folder
from lthedu.course.assigning.plan import Plan, as_json, read_plan
from lthedu.course.assigning.seal import sealed_course
from lthedu.course.assigning.student import handed_out, readme, student_notebook
from lthedu.course.assigning.trial import demand_gradable, stopped_by_seal
from lthedu.course.assigning.wheel import unpack_bytes, wheel, zipped
from lthedu.course.assignment import FILE, FORMAT, asked, read
from lthedu.course.catalogue import exercises
from lthedu.course.copies import named_files
from lthedu.course.grading import reading
from lthedu.course.solutions import answered
from lthedu.exercises.core import Exercise

KEY = "key.json"  # for `lthedu grade`: not for students


def assign(
    path: Path, out: Path, said: Callable[[str], None] = print, *, trial: bool = True, replace: bool = False
) -> Path:
    """Build the assignment that the file `path` describes in the folder `out`, and return that folder.

    `trial` runs the solved notebooks on the sealed course and says which cells it stops: a minute or two.

    The same assignment may be built again with another deadline or other points; one in which what students have would
    change only with `replace`.

    Raises ValueError, before anything is written, for a file that is no such description, an exercise that cannot be
    graded in another process, and a folder that holds something else.
    """
    plan = read_plan(path)
    before = _before(out, plan)
    build = Build.of(plan)
    if before is not None and not replace:
        _refuse_changed(out, before, json.loads(build.beside[FILE]))
    with tempfile.TemporaryDirectory(prefix="lthedu-sealed-") as folder:
        unpack_bytes(build.wheel, Path(folder))
        demand_gradable(plan.exercises, list(build.solved.values()), Path(folder))
        for name, content in build.files().items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            write_whole(out / name, content)
        sealed = ", ".join(f"{e.number} {e.name}" for e in plan.exercises)
        said(f"Assignment {plan.name} is in {out}: student.zip is for the students, the rest for you.")
        said(f"Sealed in the answering process: {sealed}.")
        stopped = stopped_by_seal(build.solved, build.beside, Path(folder), f"sealed for {plan.name}") if trial else []
    if stopped:
        said("On the sealed course these cells no longer run (students have the whole course, where they do):")
    for line in stopped:
        said(f"  {line}")
    return out


@dataclass(frozen=True)
class Build:
    """What is made of a plan: the notebooks, what lies beside them, and the sealed wheel."""

    plan: Plan
    notebooks: dict[str, NotebookNode]
    solved: dict[str, NotebookNode]
    beside: dict[str, bytes]
    wheel_name: str
    wheel: bytes

    @classmethod
    def of(cls, plan: Plan) -> "Build":
        """Build it, in memory."""
        name, content = wheel(sealed_course(plan.exercises, plan.name), plan.name)
        notebooks = {path.name: student_notebook(plan, path) for path in plan.lessons}
        pictures = {n: content for path in plan.lessons for n, content in named_files(path).items()}
        document = as_json(_document(plan, notebooks)).encode()
        beside = {**pictures, FILE: document, "README.txt": readme(plan).encode()}
        solved = {n: _solved(notebook) for n, notebook in notebooks.items()}
        return cls(plan, notebooks, solved, beside, name, content)

    def files(self) -> dict[str, bytes]:
        """Every file of the assignment, by its path in the assignment's folder."""
        texts = {n: _bytes(notebook) for n, notebook in self.notebooks.items()}
        files = {"student.zip": zipped({**texts, **self.beside}), FILE: self.beside[FILE]}
        files[f"sealed/{self.wheel_name}"] = self.wheel
        nbgrader = source_folder(self.plan, self.notebooks, self.beside)
        files |= {f"nbgrader/{n}": content for n, content in nbgrader.items()}
        files |= {f"instructor/{n}": _bytes(notebook) for n, notebook in self.solved.items()}
        files["instructor/rubric.md"] = _rubric(self.plan).encode()
        key = {"wheel": self.wheel_name, "sha256": hashlib.sha256(self.wheel).hexdigest()}
        files[f"instructor/{KEY}"] = as_json(key | _key(self.plan, self.notebooks, self.solved)).encode()
        return files


def _bytes(notebook: NotebookNode) -> bytes:
    return f"{nbformat.writes(notebook)}\n".encode()


def _document(plan: Plan, notebooks: dict[str, NotebookNode]) -> dict[str, Any]:
    """`assignment.json`: what students may know."""
    return {
        "format": FORMAT,
        "assignment": plan.name,
        "lthedu": lthedu.__version__,
        "deadline": plan.deadline,
        "variants": plan.variants,
        "salt": hashlib.sha256(plan.name.encode()).hexdigest()[:16],  # of nothing that may change
        "exercises": {e.name: {"number": e.number, "points": plan.points[e.name]} for e in plan.exercises},
        "written": {w.name: w.points for w in plan.written},
        "notebooks": {name: handed_out(notebook, plan) for name, notebook in notebooks.items()},
    }


def _key(plan: Plan, notebooks: dict[str, NotebookNode], solved: dict[str, NotebookNode]) -> dict[str, Any]:
    """What the grader needs and students do not: stubs, the references' trees, and what the lesson's own cells show."""
    names = {e.number: e.name for e in plan.exercises}
    stubs: dict[str, str] = {}
    others: dict[str, list[str]] = {}
    trees: dict[str, list[str]] = {}
    signs: list[str] = []
    modules: list[str] = []
    for name, notebook in notebooks.items():
        code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        for exercise in exercises():
            for source in code:
                if f'check("{exercise.number}"' in source:
                    stub = reading.stub(source, exercise.name)
                    if exercise.number in names:
                        stubs[exercise.number] = stub
                    else:
                        own = f"from {exercise.reference.__module__} import {exercise.name}"
                        others[exercise.name] = [stub, own]
        found = reading.read([c.source for c in solved[name].cells if c.cell_type == "code"], names, {})
        signs += [sign.rpartition(" (cell")[0] for sign in found.signs]
        for number, answer in found.answers.items():
            trees.setdefault(number, []).extend([answer.tree] if answer.tree else [])
            modules += [m for _, _, text in answer.slice for m in reading.imported(text)]
    return {"stubs": stubs, "others": others, "trees": trees, "signs": sorted(set(signs)), "warm": sorted(set(modules))}


def _solved(notebook: NotebookNode) -> NotebookNode:
    """The student's notebook with the references in the place of the stubs."""
    solved = answered(nbformat.from_dict(notebook))
    solved.cells[0].id = "instructor-version"  # a fixed one
    return solved


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
    for n, v in enumerate(exercise.variants, 1):
        lines += [f"Contract {n}: {v.contract}", "", "```python", source_of(v.reference).strip(), "```", ""]
    lines += ["Mistakes that the check names:", ""]
    return [*lines, *(f"- {words}" for words in dict.fromkeys(m.words for m in exercise.mistakes)), ""]


def _before(out: Path, plan: Plan) -> dict[str, Any] | None:
    """The same assignment as it was built into `out` before. Raises ValueError for a folder of anything else."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    try:
        before = read(out / FILE)
        if before["assignment"] == plan.name:
            return before
    except (OSError, ValueError):
        pass
    raise ValueError(f"{out} holds something else than the assignment {plan.name}; choose another folder with --out")


def _refuse_changed(out: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    old, new = asked(before), asked(now)
    if changed := [key for key in new if new[key] != old.get(key)]:
        raise ValueError(
            f"{out} holds another {now['assignment']}, which students may have; other would be: {', '.join(changed)}. "
            "Allowed: another deadline, other points; or --replace, before anybody has it"
        )
