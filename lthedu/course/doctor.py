"""`lthedu doctor`: what this machine and installation are, and what to do about faults.

The report is plain text to be pasted into an issue: it names no user and no home, and nothing of it is sent anywhere.
"""

import getpass
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from lthedu.base import machine
from lthedu.base.terminal import clean
from lthedu.course.bar import ProgressBar
from lthedu.course.boxes import in_notebook
from lthedu.course.hub import here, on_hub
from lthedu.course.machine_checks import hardware, jupyter, software
from lthedu.course.visit import Check, Line, Unanswered, Visit

LITTLE_DISK = 100 * 2**20  # bytes: a lesson's copy, its executed version and its page take about 1 MB


def examine(folder: Path | None = None, said: Callable[[str], None] = print, seconds: float = 5.0) -> bool:
    """Examine everything, give the report line by line to `said`, and return whether every lesson can run.

    `folder` is the learner's (default: the one at work, else as `lthedu lab`). For `seconds` it measures how fast
    networks are trained here, and what else it does takes about ten. Nothing that a check meets ends the others. In a
    notebook a bar counts the checks.
    """
    visit = Visit(folder, seconds=seconds)
    for title in ProgressBar().over(CHECKS, "check") if in_notebook() else CHECKS:
        said(title)
        for line in _guarded(title, CHECKS[title], visit):
            if line.text:
                said(private(f"  {_one_line(line.text)}{'   <-- problem' if line.wrong else ''}"))
            if line.wrong:
                visit.wrong.append(line)
        said("")
    said(f"Problems: {len(visit.wrong) or 'none'}")
    if visit.wrong and on_hub():
        said("  Show this report to whoever runs the hub: the installation is theirs to repair, your folder is yours.")
    for n, line in enumerate(visit.wrong, 1):
        said(private(f"  {n}. {_one_line(line.wrong)}{'' if line.stops else ' (lessons run all the same)'}"))
        said(private(f"     What to do: {_one_line(line.do)}"))
    return not any(line.stops for line in visit.wrong)


def _guarded(title: str, check: Check, visit: Visit) -> Iterator[Line]:
    """What the check finds; whatever breaks it is part of the report, and the next check goes on."""
    try:
        yield from check(visit)
    except Unanswered as error:
        if any(line.stops for line in visit.wrong):  # what keeps lessons from running kept the answer away, too
            yield Line(f"not examined: {error}")
        else:
            yield Line("not examined", f"{title}, asked in a lesson's kernel: {error}", REPORT)
    except ImportError as error:
        yield Line("not examined", f"{title}: {error}", "install lthedu again, with all that it needs")
    except Exception as error:
        yield Line("not examined", f"{title}: {type(error).__name__}: {error}", REPORT, stops=False)


REPORT = "fix the other problems first; if it stays, open an issue with this report"


def _one_line(text: str) -> str:
    return clean(" ".join(text.split()))


def private(text: str) -> str:
    """`text` without the home folder and the user's name in paths.

    >>> private(f"in {Path.home() / 'lthedu'}") == f"in {Path('~/lthedu')}"
    True
    """
    flags = re.IGNORECASE if os.name == "nt" else 0
    for home in {str(Path.home()), os.path.realpath(Path.home())}:
        if len(home) > 3:  # not "/" or "C:\\", which some containers call a home
            text = re.sub(re.escape(home) + r"(?![\w.-])", "~", text, flags=flags)
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user without a name
        return text
    return re.sub(rf"(?<=[/\\]){re.escape(user)}(?![\w.-])", "USER", text, flags=flags)


def data(visit: Visit) -> Iterator[Line]:
    """Every dataset by name: where it is, and whether its bytes are the right ones."""
    used = _texts()
    for name, found in visit.answer("datasets").items():
        text = f"{name}: {found['state']}, {found['place']}"
        if found["state"] == "ok":
            yield Line(text)
        elif found["state"] == "missing" and f'load("{name}"' not in used:
            yield Line(f"{name}: not fetched, and no lesson here needs it, {found['place']}")
        else:
            do = {
                "missing": f"run: lthedu fetch {name}" if name == "cifar10" else _RESTORE,
                "damaged": f"delete it, then run: lthedu fetch {name}" if name == "cifar10" else _RESTORE,
            }.get(found["state"], "open an issue with this report")
            yield Line(text, found["words"], do)


_RESTORE = "if LTHEDU_DATA is set, unset it or repair the folder it names; else install lthedu again"


def _texts() -> str:
    """The code and prose of all lessons."""
    import nbformat

    from lthedu.base.course_files import course_path

    notebooks = (nbformat.read(path, as_version=4) for path in sorted(course_path("lessons").glob("*.ipynb")))
    return "\n".join(cell.source for notebook in notebooks for cell in notebook.cells)


def your_lessons(visit: Visit) -> Iterator[Line]:
    """The learner's folder: there, writable, with room; which lessons are in it; files that hide Python's own."""
    from lthedu.base.course_files import course_path
    from lthedu.course.folder import folder_meant, learner_folder

    try:
        home = learner_folder(folder_meant(visit.folder))
    except OSError as error:
        yield Line("no folder for your lessons", str(error), "choose another with --folder, or set LTHEDU_HOME")
        return
    try:
        if home.is_dir():
            with tempfile.TemporaryFile(dir=home):
                pass
    except OSError as error:
        words = f"nothing can be written to {home}: {error.strerror or error}"
        yield Line(f"{home}: not writable", words, "choose another with --folder, or make it writable for you")
        return
    lessons = sorted(path.name for path in course_path("lessons").glob("[0-9][0-9]_*.ipynb"))
    mine = [name for name in lessons if (home / name).is_file()]
    makes = here("`lthedu lab` makes it", f"`lthedu copy {home}` makes it")
    state = f"{len(mine)} of {len(lessons)} lessons copied" if home.is_dir() else f"not made yet; {makes}"
    yield Line(f"{home}: {state}")
    if not lessons:
        yield Line("", "this installation has no lessons", "install lthedu again")
    place = next(folder for folder in (home, *home.parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if free < LITTLE_DISK:
        words = f"the disk of {home} is full: {free / 2**20:.0f} MiB are free"
        yield Line(f"free disk: {free / 2**20:.0f} MiB", words, "make room, or choose a folder elsewhere with --folder")
    else:
        yield Line(f"free disk: {free / 2**30:.1f} GiB")
    known = {*sys.stdlib_module_names, "torch", "numpy", "scipy", "pandas", "matplotlib", "ipywidgets", "lthedu"}
    for path in sorted(home.iterdir()) if home.is_dir() else ():
        name = path.name.removesuffix(".py")
        if name in known and (path.suffix == ".py" or (path / "__init__.py").is_file()):
            words = f"{path} stands in the way of Python's own {name}: an import in a lesson gets yours"
            yield Line(f"{path.name}: hides the module {name}", words, f"rename {path}")


def times(visit: Visit) -> Iterator[Line]:
    """How long each lesson computes here, from how fast one thread trains networks now."""
    from lthedu.base.compiled import AVAILABLE
    from lthedu.base.course_files import course_path
    from lthedu.course.times import read

    rate = visit.answer("rate")
    how = f"15 LeNet-300-100 side by side, measured for {visit.seconds:g} s"
    yield Line(f"one thread trains {rate:.0f} steps a second ({how})")
    load = machine.load()
    if load != "unknown" and float(load) > 1.5 * machine.usable_cores():
        yield Line(f"other programs are at work (load {load}): without them it is faster")
    facts = visit.answer("torch_facts")
    more = [f"{facts['threads']} threads"] * (facts["threads"] > 1) + ["the CUDA device"] * bool(facts["cuda"])
    if more:
        yield Line(f"the estimates are for one thread; lessons may use {' and '.join(more)} here, and then take less")
    if not AVAILABLE:
        yield Line("the estimates are for a Python with numba; without it some lessons take longer")
    if os.environ.get("LTHEDU_SCALE") == "tiny":
        yield Line(
            "LTHEDU_SCALE=tiny: every line runs, and nothing is shown; the estimates are for the lessons' own size"
        )
    if os.environ.get("LTHEDU_SCALE") == "paper":
        yield Line("LTHEDU_SCALE=paper: hours to days; the estimates are for the lessons' own size")
    known = read(course_path("lessons"))
    for name in sorted(path.stem for path in course_path("lessons").glob("[0-9][0-9]_*.ipynb")):
        if time := known.get(name[3:]):
            seconds, cold = time.estimate(rate)
            first = f", the first time up to {cold:.0f} s more" if round(cold) else ""
            yield Line(f"{name}: about {seconds:.0f} s{first} ({time.seconds:.0f} s on {time.machine})")
        else:
            yield Line(f"{name}: not measured yet")


CHECKS: dict[str, Check] = {
    "Software": software,
    "Jupyter": jupyter,
    "Machine": hardware,
    "Datasets": data,
    "Your lessons": your_lessons,
    "Time a lesson computes": times,
}
