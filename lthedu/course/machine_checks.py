"""The checks of `lthedu doctor` that look at the machine: its packages, Jupyter and a lesson's kernel, its hardware."""

import importlib.metadata
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import lthedu
from lthedu.base import machine
from lthedu.course.hub import here, on_hub
from lthedu.course.visit import Line, Visit

SETTINGS = ("LTHEDU_HOME", "LTHEDU_DATA", "LTHEDU_DEVICE", "LTHEDU_SCALE", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
WIDGETS = "@jupyter-widgets/jupyterlab-manager"
PORT = 8888
LITTLE_MEMORY = 3 * 2**30  # bytes: a kernel with a lesson takes about 1 GB, JupyterLab and a browser the rest
ASKED = ("imports", "torch_facts", "settings", "datasets", "rate")


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


def _home(visit: Visit) -> Path | None:
    from lthedu.course.folder import folder_meant, learner_folder

    try:
        return learner_folder(folder_meant(visit.folder))
    except OSError:
        return None
