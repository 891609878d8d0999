"""`lthedu doctor`, a function for each check: what this machine and installation are, and what to do about faults.

The report is plain text to be pasted into an issue: it names no user and no home, and nothing of it is sent anywhere.
"""

import getpass
import importlib.metadata
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lthedu
from lthedu.base import machine
from lthedu.base.terminal import clean
from lthedu.course.bar import ProgressBar
from lthedu.course.boxes import in_notebook
from lthedu.course.hub import here, on_hub

SETTINGS = ("LTHEDU_HOME", "LTHEDU_DATA", "LTHEDU_DEVICE", "LTHEDU_SCALE", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
WIDGETS = "@jupyter-widgets/jupyterlab-manager"
PORT = 8888
LITTLE_DISK = 100 * 2**20  # bytes: a lesson's copy, its executed version and its page take about 1 MB
LITTLE_MEMORY = 3 * 2**30  # bytes: a kernel with a lesson takes about 1 GB, JupyterLab and a browser the rest
ASKED = ("imports", "torch_facts", "settings", "datasets", "rate")


@dataclass(frozen=True)
class Line:
    """One thing found: the report's text, and where it is a problem what is wrong and what to do about it."""

    text: str = ""
    wrong: str = ""
    do: str = ""
    stops: bool = True  # a problem that would stop a lesson


class Unanswered(Exception):
    """What a lesson's kernel was asked and did not answer."""


@dataclass
class Visit:
    """What the checks share: the folder asked for, what a lesson's kernel answered, and the problems so far."""

    folder: Path | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    wrong: list[Line] = field(default_factory=list)
    seconds: float = 5.0  # for which the speed is measured

    def answer(self, name: str) -> Any:
        """What the kernel answered. Raises Unanswered where it did not."""
        found = self.answers.get(name, "it was not asked")
        if isinstance(found, Exception | str):
            raise Unanswered(str(found))
        return found


Check = Callable[[Visit], Iterator[Line]]


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


def software(_: Visit) -> Iterator[Line]:
    """The versions, held against what the package declares."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    yield Line(f"lthedu {lthedu.__version__} in {Path(lthedu.__file__).parent}")
    about = importlib.metadata.metadata("lthedu")
    python, needed = platform.python_version(), about["Requires-Python"]
    here = f"Python {python} on {platform.platform()}"
    fits = SpecifierSet(needed).contains(python, prereleases=True)
    yield (
        Line(here)
        if fits
        else Line(
            here, f"Python is {python}, and lthedu needs {needed}", f"install a Python {needed} and lthedu into it"
        )
    )
    for text in importlib.metadata.requires("lthedu") or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _package(requirement.name, str(requirement.specifier), requirement.specifier.contains)


def _package(name: str, needed: str, fits: Callable[..., bool]) -> Line:
    do = f'in the environment of lthedu run: {Path(sys.executable).name} -m pip install "{name}{needed}"'
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Line(f"{name} is missing", f"{name} is not installed", do)
    text = f"{name} {version}"
    if fits(version, prereleases=True):
        return Line(text)
    return Line(f"{text}, needed: {needed}", f"{name} is {version}, and lthedu needs {needed}", do)


def jupyter(visit: Visit) -> Iterator[Line]:
    """A lesson's kernel, started and asked; the widgets' part of JupyterLab; the port."""
    from jupyter_core.paths import jupyter_path

    from lthedu.course.workspace import check_loopback

    if on_hub():
        yield Line("a server of JupyterHub: it starts JupyterLab, and `lthedu lab` is not needed here")
    try:
        check_loopback()
    except OSError as error:
        words = f"a lesson's kernel cannot be reached over 127.0.0.1: {error.strerror or error}"
        do = (
            "allow programs on this machine to talk to each other over 127.0.0.1: a firewall or a VPN may forbid it, "
            "or the interface `lo` is down"
        )
        yield Line("127.0.0.1: closed, so no kernel was started", words, do)
    else:
        yield from _kernel(visit)
    if any(Path(place, "labextensions", WIDGETS, "package.json").is_file() for place in jupyter_path()):
        yield Line("JupyterLab's extension for widgets: there")
    else:
        yield Line(
            "JupyterLab's extension for widgets: missing",
            "JupyterLab has no extension for widgets: sliders and explorers show as text",
            "python -m pip install --force-reinstall jupyterlab_widgets, then start JupyterLab anew",
            stops=False,
        )
    if not on_hub():
        yield _port()


def _kernel(visit: Visit) -> Iterator[Line]:
    from lthedu.course.executor import NoKernel
    from lthedu.course.probe import asked
    from lthedu.course.workspace import environment

    begun = time.monotonic()
    home = _home(visit)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as aside:
        works_in = home if home and home.is_dir() else Path(aside)
        visit.answers = asked(ASKED, works_in, environment(Path(aside)), rate=visit.seconds)
    seconds = time.monotonic() - begun
    imports = visit.answers["imports"]
    if isinstance(imports, NoKernel):
        do = "reinstall the kernel: python -m pip install --force-reinstall ipykernel"
        yield Line("kernel: does not start", str(imports), do)
    elif isinstance(imports, Exception):
        do = "python -m pip install --force-reinstall torch; if it stays, this processor may be too old for PyTorch"
        yield Line("imports: failed", f"the packages of a lesson could not be imported: {imports}", do)
    else:
        yield Line(f"kernel: this Python; it answered everything in {seconds:.0f} s")
        for name, error in imports.items():
            if error:
                do = f"python -m pip install --force-reinstall {name.partition('.')[0]}"
                yield Line(f"{name}: cannot be imported", f"{name} cannot be imported in a lesson: {error}", do)


def _port() -> Line:
    from lthedu.course.workspace import check_address

    try:
        check_address("127.0.0.1", PORT)
    except ValueError:
        return Line(f"port {PORT}: taken, so `lthedu lab` takes the next free one")
    return Line(f"port {PORT}: free")


def hardware(visit: Visit) -> Iterator[Line]:
    """Processor, memory and what torch makes of them; the environment variables that change what lessons do."""
    cores = machine.usable_cores()
    yield Line(f"{machine.cpu_name()}, {cores} of {os.cpu_count()} cores usable, load {machine.load()}")
    memory = machine.memory()
    amount = f"memory: {memory / 2**30:.1f} GiB"
    if memory < LITTLE_MEMORY:
        yield Line(
            amount,
            f"there is little memory ({memory / 2**30:.1f} GiB): a kernel may be ended without a word",
            here("close other programs; keep one lesson open at a time", "keep one lesson open at a time"),
            stops=False,
        )
    else:
        yield Line(amount)
    for name in SETTINGS:
        if name in os.environ:
            yield Line(f"{name}={os.environ[name]}")
    for name, error in visit.answer("settings").items():
        if error:
            yield Line("", error, f"unset {name}, or set it to an allowed word")
    facts = visit.answer("torch_facts")
    threads = facts["threads"]
    if threads > cores:
        yield Line(
            f"threads of torch: {threads}",
            f"torch uses {threads} threads on {cores} usable cores, which makes it slow",
            f"set OMP_NUM_THREADS={cores} {here('before `lthedu lab`', 'in the settings of the hub')}",
            stops=False,
        )
    else:
        yield Line(f"threads of torch: {threads}")
    cuda = f"{facts['cuda']}, {facts['cuda_bytes'] / 2**30:.0f} GiB" if facts["cuda"] else "none (none is needed)"
    yield Line(f"CUDA device: {cuda}")


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


def _home(visit: Visit) -> Path | None:
    from lthedu.course.folder import folder_meant, learner_folder

    try:
        return learner_folder(folder_meant(visit.folder))
    except OSError:
        return None


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
