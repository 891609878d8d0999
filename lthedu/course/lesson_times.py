"""What lessons take: as it was recorded, on this machine, and measured here."""

import time
from statistics import median

from lthedu.base.arguments import typed
from lthedu.base.course_files import course_path, lesson_numbers
from lthedu.base.ranges import Count
from lthedu.bench.measure import limits, measure
from lthedu.bench.report import Report, Table, own_limits
from lthedu.bench.train import steps_per_second
from lthedu.course.authoring import executed
from lthedu.course.notebooks import read_notebook
from lthedu.course.times import read


@typed
def lessons_report(rounds: Count = 3, run: bool = False) -> Report:
    """The report of `lthedu bench lessons`: the recorded seconds of each lesson, and what they would be here.

    They are scaled by how fast this machine trains networks, measured for 5 seconds a round. With `run` each lesson is
    also run once, from its kernel's start to its end. Raises ValueError for a number that is out of its range, and as
    `lthedu.course.times.read`.
    """
    folder = course_path("lessons")
    known = read(folder)
    lessons = {name: f"{number:02} {name}" for name, number in lesson_numbers().items() if name in known}
    found = measure({"rate": steps_per_second, **limits()}, rounds, warm_up=False)
    here = {lessons[n]: [known[n].seconds * known[n].rate / rate for rate in found["rate"]] for n in lessons}
    more = {
        "recorded": [f"{known[n].seconds:.1f}" for n in lessons],
        "steps/s there": [f"{known[n].rate:.1f}" for n in lessons],
        "machine": [known[n].machine for n in lessons],
    }
    measured = {lessons[n]: [_seconds(lessons[n])] for n in lessons if run}
    tables = [Table("s, estimated", here, ("lesson",), more, digits=1)]
    tables += [Table("s, measured", measured, ("lesson",), digits=1)] * run
    sums = [f"{sum(known[n].seconds for n in lessons):.0f} s, recorded"]
    sums += [f"{sum(median(s) for s in each.found.values()):.0f} {each.unit}" for each in tables]
    return Report(
        "lessons",
        f"Lessons, from the kernel's start to its end; the machine's speed in {rounds} rounds of 5 seconds",
        [
            Table("steps/s", {"this machine": found["rate"]}, ("15 LeNet-300-100 side by side",), digits=1),
            *tables,
            [f"all of them: {'; '.join(sums)}"],
            own_limits(found),
        ],
    )


def _seconds(lesson: str) -> float:
    """Of one run of the lesson, which writes nothing."""
    path = course_path("lessons") / f"{lesson.replace(' ', '_', 1)}.ipynb"
    notebook, begun = read_notebook(path), time.perf_counter()
    executed(notebook, path.parent)
    return time.perf_counter() - begun
