"""The `lthedu` command, a function for each verb. What needs torch is imported by the command that needs it."""

import io
import itertools
import os
import sys
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

import lthedu
from lthedu.base.files import naming
from lthedu.base.terminal import clean
from lthedu.course import teaching

app = typer.Typer(
    help="The lottery ticket hypothesis: a course to open in JupyterLab.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
bench = typer.Typer(help="Measure this machine.", no_args_is_help=True)
app.add_typer(bench, name="bench")
teaching.add_to(app)
PLACES = ("--folder", "--output", "--out", "--images", "--ip", "--assignment", "--grades")
problems = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)


def say(text: object) -> None:
    """Print what may name files or hold what a submission said: nothing in it moves or colours the terminal."""
    with naming("standard output"):
        print(clean(text), flush=True)


def warn(text: object, style: str = "red") -> None:
    problems.print(clean(text), style=style)


def _expanded(path: Path | None) -> Path | None:
    """`path` with ~ for the home: no shell does it in `--output=~/results`."""
    return None if path is None else Path(os.path.expanduser(path))


def _version(asked: bool) -> None:
    if asked:
        say(f"lthedu {lthedu.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a whole traceback for an error.")] = False,
) -> None:
    if debug:
        os.environ["LTHEDU_DEBUG"] = "1"


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="Any other option goes to JupyterLab: `jupyter lab --help` lists them.",
    help="Copy the lessons to a folder of yours (never over your work) and open them in JupyterLab.",
)
def lab(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option(help="Where your copies live (else $LTHEDU_HOME, else ~/lthedu).")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Use this port (else a free one from 8888 up).")
    ] = None,
    ip: Annotated[str, typer.Option(help="Listen on this address.")] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address; open nothing.")] = False,
) -> None:
    from lthedu.course import copies, workspace
    from lthedu.course.folder import learner_folder

    home = learner_folder(folder)
    if address := workspace.running_at(home):
        say(f"JupyterLab already runs on {home}: {address}")
        if not no_browser:
            webbrowser.open(address)
        return
    workspace.check_address(ip, port)
    copied = copies.copy_lessons(home)
    say(copied)
    for warning in workspace.warnings(ip, context.args):
        warn(f"Warning: {warning}", "yellow")
    arguments = workspace.server_arguments(
        home, copied.first, ip=ip, port=port, browser=not no_browser, more=context.args
    )
    workspace.serve(home, arguments)


@app.command(
    help="""Copy the lessons to a folder, never over anybody's work, and open nothing.

    For a JupyterHub, which starts JupyterLab itself: `lessons/MACHINES.md` has the settings.
    """,
)
def copy(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Where the copies go.")],
) -> None:
    from lthedu.course import copies
    from lthedu.course.folder import learner_folder

    if not folder:
        raise ValueError("FOLDER is empty, as a shell's unset variable leaves it; name a folder")
    say(copies.copy_lessons(learner_folder(Path(folder))))


@app.command(
    help="""Run your copies of lessons without JupyterLab: an executed notebook and a page to read for each.

    A notebook outside your folder of lessons, a student's for instance, may be named by its path: what it answers is
    not written into your progress, nor into anybody's.
    """,
)
def run(
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="LESSON", help="Numbers, names or paths (else every lesson).")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Your folder of lessons (else the one you are in, else as `lthedu lab`).")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            callback=_expanded, help="Where the results go (else the folder `executed` in your folder of lessons)."
        ),
    ] = None,
    timeout: Annotated[int, typer.Option(min=1, help="Seconds that one cell may take.")] = 600,
    go_on: Annotated[bool, typer.Option("--go-on", help="Run the cells after one that raises, too.")] = False,
) -> None:
    from lthedu.course import running
    from lthedu.course.folder import demand_writable, folder_meant

    home = folder_meant(folder)
    demand_writable(output or home / running.EXECUTED, "results", "--output")
    paths, well = running.chosen(lessons or [], home), True
    names, place = ", ".join(path.stem for path in paths), output or home / running.EXECUTED
    say(f"Running {names}. Results go to {place}. `lthedu doctor` tells how long a lesson takes on this machine.")
    for ran in running.run_lessons(paths, home, output, timeout=timeout, go_on=go_on):
        say(ran)
        for part in ran.mended:
            warn(f"{ran.name}, {part}: it holds half a character; the results have a � in its place", "yellow")
        if ran.stopped:
            well = False
            warn(f"{ran.name}, {ran.stopped}")
        if ran.interrupted:
            warn(f"{ran.name}: stopped by Ctrl-C; what ran is written.")
            raise typer.Exit(130)
    if not well:
        raise typer.Exit(1)


@app.command(
    help="""Show what you have passed, with how many tries and hints, and in how many minutes.

    It is read from a file in your folder of lessons and sent nowhere.
    """,
)
def progress(
    folder: Annotated[
        Path | None, typer.Option(help="Your folder of lessons (else the one you are in, else as `lthedu lab`).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, for another program.")] = False,
) -> None:
    import json

    from lthedu.course import record, standing
    from lthedu.course.folder import MANIFEST, OWN_FOLDER, folder_meant

    home = folder_meant(folder)
    path = home / OWN_FOLDER / record.FILE
    if folder is not None and not (path.is_file() or path.with_name(MANIFEST).is_file()):
        raise ValueError(f"{home} is no folder of lessons: none were handed out to it, and it holds no progress")
    try:
        document = record.read(path)
    except record.Newer as error:
        raise ValueError(f"{error}; update this one") from None
    except record.Refused as error:
        raise ValueError(f"{error}; the next check or hint in a lesson puts it aside and begins a new one") from None
    found = standing.standings(document)
    if as_json:
        say(json.dumps(standing.as_data(found), indent=1))
        return
    notes = [f"Kept in {path}."]
    if not path.exists():
        notes.append(
            "There is no such file yet: it comes with your first check or hint. If your lessons are elsewhere, "
            "name the folder with --folder."
        )
    say(standing.table(found, notes).text(Console().width))


@app.command(
    help="""Put a fresh copy of a lesson beside yours, which is kept under a new name.

    Nothing is deleted, and your progress stays.

    An open tab of JupyterLab still shows the old copy: choose Revert when it asks.
    """,
)
def reset(
    lesson: Annotated[str, typer.Argument(metavar="LESSON", help="Its number, its name, or the path of your copy.")],
    folder: Annotated[
        Path | None, typer.Option(help="Your folder of lessons (else the one you are in, else as `lthedu lab`).")
    ] = None,
) -> None:
    from lthedu.base.course_files import course_path
    from lthedu.course import copies, workspace
    from lthedu.course.folder import folder_meant, learner_folder

    found = workspace.find_lesson(lesson)
    a_path = folder is None and found.parent != course_path("lessons")
    say(copies.reset(found.name, found.absolute().parent if a_path else learner_folder(folder_meant(folder))))


@app.command(
    help="Say what this installation and machine are, and what to do about what is wrong: text to paste into an issue.",
)
def doctor(
    folder: Annotated[
        Path | None, typer.Option(help="Your folder of lessons (else the one you are in, else as `lthedu lab`).")
    ] = None,
) -> None:
    from lthedu.course.doctor import examine

    if not examine(folder, said=say):
        raise typer.Exit(1)


@app.command(
    help="""Put the course and all that it needs into a folder, to install it where there is no internet.

    The versions are the ones installed here, and pip's own configuration decides where their wheels come from. The plan
    is told first, with its MB: what each computer needs, and what cannot be packed.
    """,
)
def pack(
    out: Annotated[Path, typer.Option(callback=_expanded, help="The stick, or a folder to copy onto sticks.")],
    platform: Annotated[
        str, typer.Option(metavar="LIST", help="Of: this, linux, linux-arm, macos, windows; with commas between.")
    ] = "this",
    python: Annotated[str, typer.Option(metavar="LIST", help="Versions of Python, such as 3.11,3.12.")] = "this",
    cuda: Annotated[
        bool | None, typer.Option("--cuda/--cpu", help="Which build of PyTorch (else the kind installed here).")
    ] = None,
    wheel: Annotated[
        Path | None, typer.Option(callback=_expanded, help="The course's own wheel (else built from the checkout).")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only tell what would be packed.")] = False,
) -> None:
    import tempfile

    from lthedu.course.folder import demand_writable
    from lthedu.course.stick import write
    from lthedu.course.stick.computers import computers
    from lthedu.course.stick.plan import planned

    wanted = computers(platform, python, cuda)
    demand_writable(out, "a stick", "--out")
    write.refuse_others(out)
    with tempfile.TemporaryDirectory() as aside:
        course = write.course_wheel(wheel, Path(aside))
        what = planned(wanted, course)
        say(what)
        if not plan:
            write.write_stick(what, course, out, said=say)
            say(f"{out} is ready: copy the whole folder, and run install.py in it.")
    if what.left_out:
        raise typer.Exit(1)


def _reported(make: Callable[..., Any], out: Path | None, **settings: Any) -> None:
    """Say what the benchmark reports and, where `out` is a folder, write its picture and its numbers there."""
    from lthedu.course.folder import demand_writable

    if out:
        demand_writable(out, "results", "--out")
    report = make(**settings)
    say(report)
    if out:
        report.write(out)


Side = Annotated[int, typer.Option("--replicates", min=1, help="Networks trained side by side.")]
Rounds = Annotated[int, typer.Option(min=1, help="Interleaved repetitions; medians are reported.")]
CPUThreads = Annotated[int, typer.Option("--threads", min=1, help="CPU threads.")]
Out = Annotated[
    Path | None, typer.Option(callback=_expanded, help="A folder for the picture (PNG) and all numbers (JSON) as well.")
]


@bench.command(
    help="Time the replicate engine beside the idiomatic loop and this machine's own matrix product.",
)
def train(replicates: Side = 5, rounds: Rounds = 15, threads: CPUThreads = 2, out: Out = None) -> None:
    from lthedu.bench.train import train_report

    _reported(train_report, out, replicates=replicates, rounds=rounds, threads=threads)


@bench.command(
    help="Time a step that touches kept weights alone beside the dense one and the idiomatic one, by density.",
)
def sparse(replicates: Side = 4, rounds: Rounds = 7, threads: CPUThreads = 2, out: Out = None) -> None:
    from lthedu.bench.sparse import sparse_report

    _reported(sparse_report, out, replicates=replicates, rounds=rounds, threads=threads)


@bench.command(
    help="Time a step that trains a mask (edge-popup) beside one that trains weights.",
)
def topk(replicates: Side = 1, rounds: Rounds = 15, threads: CPUThreads = 2, out: Out = None) -> None:
    from lthedu.bench.topk import topk_report

    _reported(topk_report, out, replicates=replicates, rounds=rounds, threads=threads)


@bench.command(
    help="Time the subset sums: every solver on the same instances, then a whole construction of LeNet-300-100.",
)
def proof(
    instances: Annotated[int, typer.Option(min=1, help="Rows with 12 numbers; longer rows are fewer.")] = 32_768,
    rounds: Rounds = 5,
    out: Out = None,
) -> None:
    from lthedu.bench.proof import proof_report

    _reported(proof_report, out, instances=instances, rounds=rounds)


@bench.command(
    help="Time the whole figure of winning tickets and a control, here and as a user would write it (some minutes).",
)
def figure(rounds: Rounds = 3, threads: CPUThreads = 2, out: Out = None) -> None:
    from lthedu.bench.figure import figure_report

    _reported(figure_report, out, rounds=rounds, threads=threads)


@bench.command(
    help="Say what each lesson takes: as recorded, and what that would be on this machine.",
)
def lessons(
    rounds: Rounds = 3,
    measured: Annotated[bool, typer.Option("--run", help="Run each lesson as well, which takes minutes.")] = False,
    out: Out = None,
) -> None:
    from lthedu.course.lesson_times import lessons_report

    _reported(lessons_report, out, rounds=rounds, run=measured)


@bench.command(
    "all",
    help="Every benchmark, one after the other, as it is without options; leave the machine alone meanwhile.",
)
def every_one(out: Out = None) -> None:
    for one in (train, sparse, topk, proof, figure, lessons):
        one(out=out)


@app.command(
    help="Run an experiment at the papers' own settings (hours on a CPU, minutes on a GPU) and store its result.",
)
def paper(
    name: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="lenet, conv4, lotteries, pruning_basics, rewinding, supermasks, winning_tickets, "
            "zeros_and_signs, search_without_gradients, pieces, curvature, sparse_from_the_start, "
            "counting_and_clocking, sparse_data, sparse_reading, sparse_coding, ship_it, hashing, begin_with_more, "
            "small_cnn, proof_targets, proof_tradeoff or pruning_is_all_you_need.",
        ),
    ],
    folder: Annotated[Path, typer.Option(help="Where the result is written, as RUN.json.")] = Path("reference"),
    images: Annotated[Path | None, typer.Option(help="A folder of images in the place of CIFAR-10.")] = None,
    seconds: Annotated[float, typer.Option(help="Stop after so long and write what is finished.")] = float("inf"),
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Compute on the Dask cluster at this address, tcp://host:8786."),
    ] = None,
) -> None:
    from lthedu.course.folder import demand_writable
    from lthedu.experiments.cluster import connected
    from lthedu.paper.runs import run

    demand_writable(folder, "results", "--folder")
    with connected(cluster) as client:
        say(run(name, folder, images=images, seconds=seconds, client=client))


@app.command(
    help="Fetch a dataset from its official address and hold it against its checksum.",
)
def fetch(
    name: Annotated[str, typer.Argument(metavar="DATASET", help="cifar10; the others need no fetching.")],
    folder: Annotated[
        Path | None, typer.Option(help="Where datasets live (else $LTHEDU_DATA, else a cache folder of yours).")
    ] = None,
) -> None:
    from rich.progress import DownloadColumn, Progress, TimeRemainingColumn

    from lthedu import data

    columns = *Progress.get_default_columns()[:2], DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=problems, disable=not problems.is_terminal) as bar:
        task = bar.add_task(name, total=None, visible=False)
        path = data.fetch(
            name,
            folder=folder,
            progress=lambda done, size, _: bar.update(task, completed=done, total=size, visible=True),
        )
    say(f"{name} is in {path}")


@app.command(
    help="Build another version of lessons. It runs each, so it takes as long as the lessons do.",
)
def build(
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="LESSON", help="Numbers, names or paths (else every lesson).")
    ] = None,
    solutions: Annotated[
        bool, typer.Option("--solutions", help="The instructor's version: every exercise answered, and run.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(callback=_expanded, help="Where it goes (else ./lthedu-solutions).")
    ] = None,
) -> None:
    from lthedu.base.course_files import course_path
    from lthedu.course.folder import demand_writable
    from lthedu.course.solutions import OUTPUT, build_solutions
    from lthedu.course.workspace import find_lesson

    if not solutions:
        raise ValueError("nothing was said about what to build; there is: --solutions")
    wanted = [find_lesson(word) for word in lessons or ()]
    if output:
        demand_writable(output, "results", "--output")
    every = sorted(course_path("lessons").glob("[0-9][0-9]_*.ipynb"))
    build_solutions(wanted or every, output or OUTPUT, said=say)


@app.command(
    help="Run lesson notebooks and rewrite them in the form in which they are committed.",
)
def canonical(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Lesson notebooks.")],
    times: Annotated[
        bool,
        typer.Option("--times", help="Measure it: two runs by one thread, for the estimates of `lthedu doctor`."),
    ] = False,
) -> None:
    from lthedu.course.authoring import canonical as rewrite

    for path in paths:
        rewrite(path, times=times)
        say(f"rewrote {path}")


@app.command(
    "new-lesson",
    help="Begin a lesson, in a checkout: a notebook that runs and one exercise, and what is still to be written.",
)
def new_lesson(
    number: Annotated[str, typer.Argument(metavar="NN", help="Its number, 0 to 99.")],
    title: Annotated[str, typer.Argument(metavar="TITLE", help="In quotes, as in: 19 'A capstone of your own'.")],
) -> None:
    from lthedu.course.new_lesson import new_lesson as begin
    from lthedu.course.new_lesson import next_steps

    here = Path.cwd()
    say(next_steps([Path(os.path.relpath(path, here)) for path in begin(number, title, here)]))


def _refuse_empty(words: Sequence[str]) -> None:
    """An empty folder, as a shell's unset variable leaves it, would be taken for the current one."""
    for word, after in itertools.pairwise([*words, "-"]):
        if (word in PLACES and not after) or (word.endswith("=") and word[:-1] in PLACES):
            raise ValueError(f"{word.rstrip('=')} is empty; name a place, or leave the option out")


def _in_words(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"{error}; the installation of lthedu is not whole: `lthedu doctor` says what is missing"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, ValueError | OSError):
        return str(error)
    return f"{type(error).__name__}: {error}; this is a fault of lthedu: `lthedu --debug` and the same words show where"


def main() -> None:
    """Run the command line; an error is one red line and exit code 2, its whole traceback only with --debug."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a sign that a file or pipe of this system cannot hold becomes a "?"
            stream.reconfigure(errors="replace")
    try:
        _refuse_empty(sys.argv[1:])
        app()
    except Exception as error:
        if os.environ.get("LTHEDU_DEBUG", "0") not in ("", "0"):
            raise
        warn(f"Error: {_in_words(error)}")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
