"""The stick itself: the wheels, the program that installs them, and the checksums of all of it."""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import lthedu
from lthedu.base.course_files import course_path
from lthedu.base.files import write_whole
from lthedu.course.stick import install
from lthedu.course.stick.plan import Plan, least_patch, pip

README = """lthedu {version}: the lottery ticket hypothesis as a course of Jupyter notebooks.

This installs it without an internet connection, on

{computers}

Copy the whole folder to your disk first: that is faster than installing from a stick. Then, in a terminal in that
folder, run

    python3 install.py        (on Windows: py install.py)

It makes the folder lthedu-env in your home folder, installs the course there, examines your machine (`lthedu doctor`),
and says how to open the first lesson. Nothing else is changed; delete lthedu-env to be rid of it.
"""


def write_stick(plan: Plan, course: Path, out: Path, said: Callable[[str], None]) -> None:
    """Fetch what is planned into the folder `out`, with all that belongs to a stick.

    One that is there is brought up to date. Raises ValueError, before anything is written, for a folder that holds
    other things, for a disk with too little room and for an empty plan; NoWheel where pip does not fetch what it found.
    """
    if not plan.wheels:
        raise ValueError("nothing can be packed, see above why")
    refuse_others(out)
    there = next(place for place in (out, *out.absolute().parents) if place.is_dir())
    free = shutil.disk_usage(there).free
    if free < plan.size:
        raise ValueError(f"{out} has room for {free / 1e6:,.0f} MB, and the stick needs {plan.size / 1e6:,.0f} MB")
    wheels = out / install.WHEELS
    wheels.mkdir(parents=True, exist_ok=True)
    write_whole(out / install.RECORD, "{}")  # goes on saying whose folder this is, should this be interrupted
    shutil.copyfile(course, wheels / course.name)
    for computer, some in plan.wheels.items():
        said(f"Fetching what {computer} needs.")
        pip("download", "--dest", str(wheels), computer=computer, lines=[wheel.line for wheel in some])
    _finish(plan, out)


def _finish(plan: Plan, out: Path) -> None:
    """Everything but the wheels; the checksums last."""
    kept = {wheel.name for wheel in plan.files}
    for path in (out / install.WHEELS).iterdir():
        if path.name not in kept:  # an earlier stick's
            path.unlink()
    shutil.copyfile(install.__file__, out / "install.py")
    listed = "\n".join(f"  - {plan.title(computer)}" for computer in plan.wheels)
    write_whole(out / "README.txt", README.format(version=lthedu.__version__, computers=listed))
    record = [
        {
            "title": plan.title(computer),
            "system": computer.system,
            "python": computer.python,
            "patch": least_patch(computer, some),
            "wheels": [*(wheel.name for wheel in some), plan.course.name],
        }
        for computer, some in plan.wheels.items()
    ]
    write_whole(out / install.RECORD, json.dumps({"lthedu stick": install.FORMAT, "computers": record}, indent=1))
    files = sorted(p for p in out.rglob("*") if p.is_file() and p.name != install.CHECKSUMS)
    lines = [f"{install.checksum(path)}  {path.relative_to(out).as_posix()}\n" for path in files]
    write_whole(out / install.CHECKSUMS, "".join(lines))


def refuse_others(out: Path) -> None:
    """Refuse a folder that holds something else than a stick."""
    if out.is_dir() and any(out.iterdir()) and not (out / install.RECORD).is_file():
        raise ValueError(f"{out} holds other things than a stick; name an empty folder with --out")


def course_wheel(given: Path | None, folder: Path) -> Path:
    """The course's own wheel: the file given, or one built from this checkout into `folder`.

    Raises ValueError for another file, and where this installation is no checkout and none is given.
    """
    expected = f"lthedu-{lthedu.__version__}-py3-none-any.whl"
    if given is not None:
        if given.name != expected or not given.is_file():
            raise ValueError(f"--wheel is {given}; allowed: a file {expected}, of the version that runs here")
        return given
    root = course_path("lessons").parent
    if not (root / "pyproject.toml").is_file():
        raise ValueError(f"this lthedu was installed from a wheel; name the file {expected} with --wheel")
    alone = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    command = [sys.executable, "-P", "-m", "pip", "wheel", "--quiet", "--no-deps", *alone, "--wheel-dir", str(folder)]
    ended = subprocess.run([*command, str(root)], capture_output=True, text=True)
    if ended.returncode:
        raise ValueError(f"the course's wheel could not be built: {ended.stderr.strip().splitlines()[-1:]}")
    return folder / expected
