"""The commands for lecturers: assign, grade, show."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lthedu.base.terminal import clean

Folder = Annotated[Path, typer.Option("--out", help="The folder to write; it is made where there is none.")]


def _say(text: object) -> None:
    print(clean(text), flush=True)


def assign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Lessons, exercises and points, in TOML.")],
    out: Folder,
    without_trial: Annotated[
        bool,
        typer.Option("--without-trial", help="Do not run the notebooks on the sealed course, which takes minutes."),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Change what students get, in a folder that has it: before they have it.")
    ] = False,
) -> None:
    from lthedu.course.assigning.assign import assign as build
    from lthedu.course.folder import demand_writable

    demand_writable(out, "assignment", "--out")
    build(file, out, said=_say, trial=not without_trial, replace=replace)


def grade(
    submissions: Annotated[
        list[Path], typer.Argument(metavar="SUBMISSIONS...", help="Folders, zips (Moodle, Canvas) or notebooks.")
    ],
    assignment: Annotated[Path, typer.Option(help="The folder that `lthedu assign` made.")],
    out: Folder,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Draw the checks' inputs from it (else a secret one).")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Submissions graded at a time.")] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Grade on the Dask cluster at this address, tcp://host:8786."),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(help="A file with one id on each line: all others are flagged.")
    ] = None,
    seconds: Annotated[int, typer.Option(min=1, help="Seconds of CPU that one answer may take.")] = 10,
    memory: Annotated[float, typer.Option(min=0.5, help="GB of memory that an answer may take.")] = 3,
    without_sandbox: Annotated[
        bool,
        typer.Option("--without-sandbox", help="Run answers with your rights and files, where there is no sandbox."),
    ] = False,
) -> None:
    from lthedu.course.folder import demand_writable
    from lthedu.course.grading.grade import Run
    from lthedu.course.grading.grade import grade as graded
    from lthedu.course.grading.groups import Limits

    demand_writable(out, "grades", "--out")
    limits = Limits(cpu=seconds, memory=int(memory * 2**30))
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("grading", total=None)

        def report(done: int, in_all: int, name: str) -> None:
            if bar.disable and done and done * 10 // in_all > (done - 1) * 10 // in_all:
                _say(f"graded {done} of {in_all}")
            bar.update(task, completed=done, total=in_all, description=clean(name)[:40] or "grading")

        run = Run(seed, jobs, cluster, not without_sandbox, limits, roster)
        table = graded(submissions, assignment, out, run, said=_say, report=report)
    _say(f"Grades are in {table}; begin with class.html beside it. The folder feedback has a page for each student.")


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The student's, as in grades.csv, or a part of it.")],
    exercise: Annotated[str, typer.Option(help="Its number, such as 2.1.")],
    assignment: Annotated[Path, typer.Option(help="The folder that `lthedu assign` made.")],
    grades: Annotated[Path, typer.Option(help="The folder that `lthedu grade` wrote.")] = Path("grades"),
) -> None:
    from lthedu.course.grading.show import shown

    for line in shown(name, exercise, grades, assignment):
        _say(line)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    for command, words in _COMMANDS.items():
        app.command(help=words)(command)


_COMMANDS: dict[Callable[..., None], str] = {
    assign: """Make an assignment of lessons: a zip for students, and what grading them needs.

    INSTRUCTORS.md has an example of the file. The same file gives the same bytes. Once students have the zip, only the
    deadline and points may change.

    For nbgrader (`pip install nbgrader` beside the course) students must get its notebooks and not student.zip: in the
    assignment's folder nbgrader run `nbgrader generate_assignment NAME`, hand out release/NAME, put what comes in into
    submitted/STUDENT/NAME, and run `nbgrader autograde NAME`, which calls the same checks, sandbox included.
    """,
    grade: """Grade submissions: each answer in a sandbox, the same checks with inputs that no student has seen.

    What is graded already is kept: run it again to go on after a stop, for submissions that came later, or when you
    have written points into marks.csv, which lies beside grades.csv.

    Of a notebook only the functions and what they need are taken (imports, helpers, constants), so a cell that raises
    costs only what needs it. The number that a platform gives a student counts, so two of one name stay two. On a
    cluster each worker needs Linux, bubblewrap and the versions of this machine; the grades are the same bytes.
    """,
    show: """Show one answer: its code, its verdict with five other seeds, the mistake it makes, who has the same.""",
}
