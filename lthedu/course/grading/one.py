"""One submission graded: every exercise on its own, and what a person should look at."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lthedu.course.assignment import asked, identity, tasks
from lthedu.course.grading.box import Box, BoxGone
from lthedu.course.grading.judge import RAISED, RIGHT, WRONG, judge, seed_for
from lthedu.course.grading.line import LineClosed
from lthedu.course.grading.reading import Answer, Read
from lthedu.course.grading.submissions import Handed, Submission, changes
from lthedu.course.grading.written import answered
from lthedu.course.told import NOT_RUN
from lthedu.exercises.core import ANOTHERS, Exercise

MOST_SIGNS = 20  # that are told of a notebook


@dataclass(frozen=True)
class Assigned:
    """An assignment as the grader needs it: what students have, and the key."""

    document: dict[str, Any]
    stubs: dict[str, str]
    others: dict[str, list[str]]  # of exercises that are not assigned: the stub, and where the course's function is
    trees: dict[str, list[str]]
    signs: tuple[str, ...]
    warm: tuple[str, ...]
    wheel: Path

    def wanted(self) -> dict[str, set[str]]:
        """The notebooks, with the ids of their cells."""
        return {name: {cell["id"] for cell in cells} for name, cells in self.document["notebooks"].items()}

    def digest(self) -> str:
        """What tells one assignment from another: a deadline and points may change while it is graded."""
        return hashlib.sha256(
            json.dumps([asked(self.document), self.stubs, self.others, self.trees], sort_keys=True).encode()
        ).hexdigest()


def graded(box: Box, assigned: Assigned, submission: Submission, seed: int) -> dict[str, Any]:
    """What became of a submission, as its result file has it."""
    flags: list[str] = []
    notes, problems = list(submission.notes), list(submission.problems)
    document = assigned.document
    if not submission.notebooks:
        only = f"; handed in: {_list(submission.files)}" if submission.files else ""
        problems.append(f"no notebook{only}")
    reads = {name: _read(box, handed, assigned) for name, handed in submission.notebooks.items()}
    student = next((r.identity for r in reads.values() if r.identity.strip()), "")
    ids = sorted({identity(r.identity) for r in reads.values()} - {""})
    if len(ids) > 1:
        flags.append(f"its notebooks have different ids: {_list(ids)}")
    if document["variants"] and reads and not student.strip():
        flags.append("no id: the contract was chosen as if it were empty")
    exercises = {}
    for exercise in tasks(document, student).values():
        answer = _answer_to(exercise, reads)
        exercises[exercise.name] = _judged(box, exercise, answer, seed, document)
        if exercises[exercise.name].pop("known", False):
            flags.append(f"{exercise.number} passes the public check and fails with other inputs")
        if answer.tree and answer.tree in assigned.trees.get(exercise.number, []):
            flags.append(f"{exercise.number} has the same code as the course's solution")
        if exercises[exercise.name]["sentence"] == ANOTHERS:
            flags.append(f"{exercise.number} answers what another student was asked")
        if answer.state == "answered" and not answer.checked:
            notes.append(f"{exercise.number}: its line with `check` is gone")
    for name, cells in document["notebooks"].items():
        handed = submission.notebooks.get(name)
        if handed is None or handed.problem:
            missing = [f"{name} was not handed in"] * bool(submission.notebooks)
            problems += [handed.problem] if handed else missing
            continue
        gone, other = changes(handed, cells)
        notes += [f"{name}: cells missing: {_list(gone)}"] * bool(gone) + [
            f"{name}: cells changed: {_list(other)}"
        ] * bool(other)
        known = set(assigned.signs)
        signs = [f"{name}: {s}" for s in reads[name].signs if s.rpartition(" (cell")[0] not in known]
        flags += signs[:MOST_SIGNS] + [f"{name}: and {len(signs) - MOST_SIGNS} other signs"] * (len(signs) > MOST_SIGNS)
        notes += [f"{name}: cells that Python cannot read: {_list(reads[name].broken)}"] * bool(reads[name].broken)
    return {
        "name": submission.name,
        "who": submission.who or submission.name,
        "number": submission.number,
        "late": submission.late,
        "student": student,
        "identity": identity(student),
        "exercises": exercises,
        "written": {w: answered(w, list(submission.notebooks.values()), document) for w in document["written"]},
        "registered": _claims(submission),
        "handed_in": sorted(submission.notebooks),
        "problems": problems,
        "flags": flags,
        "notes": notes,
    }


def _claims(submission: Submission) -> dict[str, str]:
    """The registered claims of all notebooks; of one that stands in two, what the notebook shows that has its run."""
    shown = [claim for n in submission.notebooks.values() for claim in n.registered]
    return dict(sorted(shown, key=lambda claim: not claim[1].startswith(NOT_RUN)))


def _list(places: Any) -> str:
    shown = ", ".join(map(str, places[:12]))
    return shown + (f" and {len(places) - 12} more" if len(places) > 12 else "")


def _read(box: Box, handed: Handed, assigned: Assigned) -> Read:
    """The notebook read in the box: its source is not trusted to be harmless to a parser."""
    names = {e["number"]: name for name, e in assigned.document["exercises"].items()}
    nothing = Read({number: Answer("missing") for number in names})
    if not handed.sources:
        return nothing
    try:
        line = box.fork()
    except BoxGone:
        line = box.fork()
    try:
        line.send("read", (list(handed.sources), names, assigned.stubs, assigned.others))
        word, value = line.receive()
        return Read.of(value) if word == "read" else nothing
    except (LineClosed, TimeoutError, ValueError, TypeError, KeyError):
        return nothing
    finally:
        line.close()
        box.end()


def _answer_to(exercise: Exercise, reads: dict[str, Read]) -> Answer:
    """The answer, in whichever notebook it stands."""
    found = [r.answers[exercise.number] for r in reads.values() if exercise.number in r.answers]
    order = ("answered", "broken", "empty", "missing")
    return min(found, key=lambda a: order.index(a.state) if a.state in order else 3, default=Answer("missing"))


def _judged(box: Box, exercise: Exercise, answer: Answer, seed: int, document: dict[str, Any]) -> dict[str, Any]:
    verdict = judge(box, exercise, answer, seed_for(seed, exercise.name))
    points = document["exercises"][exercise.name]["points"]
    result = {
        "number": exercise.number,
        "title": exercise.title,
        "points": points if verdict.word == RIGHT else 0,
        "of": points,
        "contract": exercise.contract,
        **verdict.plain(),
        "cell": answer.cell,
        "tree": answer.tree,
        "source": answer.source,
        "slice": [list(statement) for statement in answer.slice],
    }
    if verdict.word in (WRONG, RAISED):
        result["known"] = judge(box, exercise, answer, 0, public=True).word == RIGHT
    return result
