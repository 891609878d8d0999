"""The learner's folder: a working copy of each lesson, and JupyterLab opened on it.

The committed lessons are never opened for work. A learner works on copies in a folder of their
own, and what is in that folder is theirs: nothing here replaces a file in it.
"""

import errno
import ipaddress
import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import nbformat

from lthedu.course.folder import OWN_FOLDER, learner_folder
from lthedu.resources import course_path

__all__ = ["learner_folder"]  # and what is defined here


@dataclass(frozen=True)
class Copied:
    """What `copy_lessons` did: names of lessons, sorted, in the learner's folder."""

    folder: Path
    new: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def first(self) -> str | None:
        """The lesson to open: the first there is.

        >>> Copied(Path("x"), new=("02_b.ipynb",), kept=("01_a.ipynb",)).first
        '01_a.ipynb'
        """
        return min(self.new + self.kept, default=None)

    def __str__(self) -> str:
        """One line for the learner.

        >>> print(Copied(Path("work"), new=("02_b.ipynb",), kept=("01_a.ipynb",)))
        Your lessons are in work: 1 copied, 1 kept as you left it.
        """
        parts = []
        if self.new:
            parts.append(f"{len(self.new)} copied")
        if self.kept:
            parts.append(f"{len(self.kept)} kept as you left {'it' if len(self.kept) == 1 else 'them'}")
        return f"Your lessons are in {self.folder}: {', '.join(parts) or 'none to copy yet'}."


def find_lesson(wanted: str, lessons: Path | None = None) -> Path:
    """The notebook that `wanted` names: a number, a name with or without its number, or the path of any notebook.

    Names are looked up in the folder `lessons` (default: the course's own). Raises ValueError, with the lessons
    there are, when nothing there has that name.

    >>> [find_lesson(wanted).name for wanted in ("2", "02", "winning_tickets", "02_winning_tickets.ipynb")]
    ['02_winning_tickets.ipynb', '02_winning_tickets.ipynb', '02_winning_tickets.ipynb', '02_winning_tickets.ipynb']
    """
    path = Path(wanted).expanduser()
    if path.suffix == ".ipynb" and path.is_file():
        return path
    folder = lessons or course_path("lessons")
    there = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    for lesson in there:
        number, _, name = lesson.stem.partition("_")
        known = {lesson.name, lesson.stem, name, number, str(int(number))}
        if wanted in known:
            return lesson
    raise ValueError(
        f"there is no lesson {wanted!r} and no notebook of that path; the lessons are: "
        + (", ".join(lesson.stem for lesson in there) or "none yet")
    )


def learner_copy(lesson: Path) -> str:
    """The notebook `lesson` as a learner first meets it, as text.

    Outputs and execution counts are gone, for they would answer what the learner is asked to
    predict; so are the cells tagged `instructor`.
    """
    notebook = nbformat.read(lesson, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "instructor" not in cell.metadata.get("tags", ())]
    notebook.metadata.pop("widgets", None)  # the state of widgets is output too
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return str(nbformat.writes(notebook))


def copy_lessons(folder: Path, lessons: Path | None = None) -> Copied:
    """Give `folder` a learner's copy of every lesson that it does not have yet.

    `lessons` is the folder to copy from (default: the course's own). A file that a lesson's text
    names, such as a picture, comes along under the same relative path; others stay behind.
    An existing file is never replaced, whatever is in it.

    Raises FileNotFoundError when the course has no lessons folder, OSError when writing fails.
    """
    source = lessons or course_path("lessons")
    notebooks = {path.name: learner_copy(path) for path in sorted(source.glob("[!.]*.ipynb"))}
    folder.mkdir(parents=True, exist_ok=True)
    new = tuple(name for name, text in notebooks.items() if _write_new(folder / name, text.encode()))
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.suffix != ".ipynb" and path.is_file() and any(name in text for text in notebooks.values()):
            _write_new(folder / name, path.read_bytes())
    return Copied(folder, new=new, kept=tuple(name for name in notebooks if name not in new))


def _write_new(target: Path, content: bytes) -> bool:
    """Write `target` in one step unless something is there already; says whether it did."""
    if os.path.lexists(target):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        unfinished.write_bytes(content)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    return True


def is_loopback(ip: str) -> bool:
    """Whether a server on `ip` can be reached from this machine alone.

    >>> [is_loopback(ip) for ip in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "*", "192.168.1.5")]
    [True, True, True, False, False, False]
    """
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return ip == "localhost"


def check_address(ip: str, port: int | None = None) -> None:
    """Refuse an address that the server could not listen on, before it is started.

    Raises ValueError, naming the address and what to do instead.
    """
    host = "" if ip == "*" else ip
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":  # as the server does: a port just given back is not taken
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if port and error.errno == errno.EADDRINUSE:
            raise ValueError(
                f"port {port} is taken by another program; give another with --port, or leave --port out "
                "and a free one is found"
            ) from error
        where = f"{ip}, port {port}" if port else ip
        raise ValueError(f"cannot listen on {where}: {error.strerror or error}") from error


def server_arguments(
    folder: Path,
    first: str | None,
    *,
    ip: str = "127.0.0.1",
    port: int | None = None,
    browser: bool = True,
    more: Sequence[str] = (),
) -> list[str]:
    """The command line that opens JupyterLab on `folder` at the lesson `first`.

    `more` comes last, so that JupyterLab's own options, given by the learner, win.

    >>> server_arguments(Path("work"), "01 a.ipynb", port=9000)[:2]
    ['--ServerApp.root_dir=work', '--LabApp.default_url=/lab/tree/01%20a.ipynb']
    """
    own = folder / OWN_FOLDER
    arguments = [
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{quote(first)}" if first else "--LabApp.default_url=/lab",
        f"--ServerApp.ip={ip}",
        "--LabApp.news_url=None",  # nothing asks the network for anything
        "--LabApp.extension_manager=readonly",
        f"--LabApp.workspaces_dir={own / 'workspaces'}",
        f"--LabApp.user_settings_dir={own / 'settings'}",
    ]
    if port:
        arguments += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")
    return [*arguments, *more]


def environment(folder: Path) -> dict[str, str]:
    """The environment in which lessons run, in JupyterLab and without it: this process's own, and what it leaves open.

    >>> environment(Path("work"))["JUPYTER_PREFER_ENV_PATH"]
    '1'
    """
    own = folder.resolve() / OWN_FOLDER
    return {
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_DATA_DIR": str(own / "data"),
        "JUPYTER_RUNTIME_DIR": str(own / "data/runtime"),
        "IPYTHONDIR": str(own / "ipython"),
        # Threads that wait must sleep, not spin: with a browser on the same few cores, spinning is 2 to 3 times slower.
        "OMP_WAIT_POLICY": "passive",
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of this Python, not one of ~/.local
        **os.environ,
    }


def serve(folder: Path, arguments: Sequence[str]) -> None:
    """Run JupyterLab in this process until it is stopped.

    The learner's own Jupyter and IPython folders are neither read nor written, so that the course has the
    token and the kernel that it expects. Someone who sets JUPYTER_CONFIG_DIR and its like has chosen otherwise.
    """
    os.environ.update(environment(folder))
    from jupyterlab.labapp import LabApp  # takes a second to import

    LabApp.launch_instance(list(arguments))
