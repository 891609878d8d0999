"""One answer of one student, for whoever talks to them: the code, the verdicts, what it resembles, who has the same."""

import inspect
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lthedu.course.answer import source_of
from lthedu.course.assigning.wheel import unpack
from lthedu.course.assignment import tasks
from lthedu.course.grading.box import Box
from lthedu.course.grading.grade import RESULTS, RUN, load
from lthedu.course.grading.groups import Limits
from lthedu.course.grading.judge import judge
from lthedu.course.grading.pages import claims
from lthedu.course.grading.reading import Answer
from lthedu.exercises.core import Exercise

SEEDS = 5


def shown(name: str, number: str, grades: Path, assignment: Path) -> Iterator[str]:
    """Line by line what there is to say of a student's answer to exercise `number`, as it was graded into `grades`.

    Raises ValueError for a folder that holds no grades, a student who is not in it, and an exercise that is not
    assigned.
    """
    results = _results(grades)
    if name not in results:
        near = [n for n in results if name.casefold() in n.casefold()]
        if len(near) > 1:
            raise ValueError(f"{name!r} is several: {', '.join(near[:20])}; allowed: what only one has in the name")
        if not near:
            raise ValueError(f"there is no {name!r} in {grades}; there are: {', '.join(list(results)[:20])}")
        name = near[0]
    result = results[name]
    assigned = load(assignment)
    mine = tasks(assigned.document, result["student"])
    exercise = next((e for e in mine.values() if number in (e.number, e.name)), None)
    if exercise is None:
        raise ValueError(f"{number!r} is not assigned; allowed: {', '.join(e.number for e in mine.values())}")
    found = result["exercises"][exercise.name]
    points = f"{found['points']:g} of {found['of']:g}"
    yield f"{name}, exercise {exercise.number} ({exercise.title}): {found['word']}, {points}"
    if found["sentence"]:
        yield f"    {found['sentence']}"
    if found["example"]:
        yield f"    {found['example']}"
    if exercise.contract:
        yield f"Asked of this student: {exercise.contract}"
    if found["source"]:
        yield f"\nCode cell {found['cell']} from the top:\n\n{found['source']}\n"
        run = json.loads((grades / RUN).read_text(encoding="utf-8"))
        yield from _again(exercise, found, assigned, run)
    yield from _planted(exercise, found)
    same = [n for n, r in results.items() if n != name and found["tree"] and _tree(r, exercise) == found["tree"]]
    if same:
        yield f"The same code, whatever its names: {', '.join(same)}"
    yield from (f"Registered claim {line}" for line in claims(result))
    if mine_flags := [f for f in result["flags"] if exercise.number in f or ".ipynb" in f]:
        yield "To look at: " + "; ".join(mine_flags)


def _results(grades: Path) -> dict[str, dict[str, Any]]:
    found = [json.loads(p.read_text(encoding="utf-8")) for p in sorted((grades / RESULTS).glob("*.json"))]
    if not found:
        raise ValueError(f"{grades} holds no grades; --grades names the folder that `lthedu grade` wrote")
    return {result["name"]: result for result in found}


def _tree(result: dict[str, Any], exercise: Exercise) -> str:
    return str(result["exercises"].get(exercise.name, {}).get("tree", ""))


def _again(exercise: Exercise, found: dict[str, Any], assigned: Any, run: dict[str, Any]) -> Iterator[str]:
    """The verdicts with other inputs, in the kind of box in which it was graded."""
    answer = Answer("answered", found["cell"], slice=tuple((c, k, s) for c, k, s in found["slice"]))
    protected = not run["protection"].startswith("No sandbox")
    with tempfile.TemporaryDirectory(prefix="lthedu-sealed-") as folder:
        unpack(assigned.wheel, Path(folder))
        with Box(Path(folder), Limits(**run["limits"]), protected=protected, warm=assigned.warm) as box:
            for seed in range(1, SEEDS + 1):
                verdict = judge(box, exercise, answer, seed)
                yield f"With seed {seed}: {verdict.word}. {verdict.sentence}"


def _planted(exercise: Exercise, found: dict[str, Any]) -> Iterator[str]:
    """The course's own mistakes of which the check spoke."""
    for mistake in exercise.mistakes:
        if mistake.words == found["sentence"]:
            yield "It does what this mistake of the course does:\n"
            try:
                yield source_of(inspect.unwrap(mistake.function))
            except (OSError, TypeError, SyntaxError, IndexError):  # one that is made in a loop
                yield f"    {mistake.words}"
            return
