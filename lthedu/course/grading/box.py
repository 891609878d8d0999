"""The sandbox: a program outside Python (bubblewrap) around the answering process, and limits on what it may use.

What stands in there: Python, its packages without the course, and the sealed course. Nothing can be written but one
folder in memory, nobody else's processes are seen, and there is no network.
"""

import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lthedu.course.grading.answering import END, FORK, GONE, LOOK, OVER, STOP
from lthedu.course.grading.groups import Limits, group, group_kind
from lthedu.course.grading.line import Line

SEALED = "/sealed"  # where the sealed course is, inside
HOME = "/home/answer"  # the one folder in there that can be written: in memory, and swept after each answer
_PATIENCE = 180.0  # seconds for the answering process to start


@dataclass(frozen=True)
class Ending:
    """How a fork ended: its status where it ended by itself (else -1), the signal that ended it, its CPU seconds."""

    status: int
    signal: int
    seconds: float


class BoxGone(OSError):
    """The answering process itself is gone."""


class Box:
    """An answering process on the sealed course in the folder `sealed`, in a sandbox unless `protected` is False.

    Use it in a `with`; `warm` names modules that it imports first.
    """

    def __init__(self, sealed: Path, limits: Limits, *, protected: bool = True, warm: tuple[str, ...] = ()) -> None:
        self.sealed, self.limits, self.protected, self.warm = sealed, limits, protected, warm
        self._open = ExitStack()
        self.alive = False

    def __enter__(self) -> "Box":
        self._start()
        return self

    def __exit__(self, *error: object) -> None:
        self.alive = False
        self._open.close()

    def fork(self) -> Line:
        """A line to a fresh fork, which has the limits' seconds from now. Starts the process anew where it is gone."""
        if not self.alive:
            self._open.close()
            self._start()
        mine, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self.control, [FORK], [theirs.fileno()])
            except OSError as error:
                self.alive = False
                raise BoxGone(str(error)) from error
        return Line(mine, time.monotonic() + self.limits.wall, self.asleep, self.limits.idle)

    def asleep(self) -> bool:
        """Whether the fork does nothing at the moment: it neither runs nor waits for a processor.

        Raises TimeoutError where it and what it started have used up their seconds together.
        """
        try:
            self.control.settimeout(30)
            self.control.sendall(LOOK)
            state = self.control.recv(1)
        except OSError:
            return True
        if state == OVER:
            raise TimeoutError
        return state in (b"S", b"T", b"t", b"Z")

    def end(self, *, gone: bool = False) -> Ending:
        """End the fork and whatever it started, and say how it ended. `gone`: it has closed its line."""
        try:
            self.control.settimeout(30)
            self.control.sendall(GONE if gone else STOP)
            found = b""
            while len(found) < END.size:
                part = self.control.recv(END.size - len(found))
                if not part:
                    raise OSError("it is gone")
                found += part
            return Ending(*END.unpack(found))
        except OSError:
            self.alive = False
            return Ending(-1, signal.SIGKILL, 0.0)

    def _start(self) -> None:
        mine, theirs = socket.socketpair()
        self.control = self._open.enter_context(mine)
        log = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed with the box)
        self._open.callback(log.close)
        home = self._open.enter_context(tempfile.TemporaryDirectory(prefix="lthedu-", ignore_cleanup_errors=True))
        settings = json.dumps({"warm": self.warm, "limits": self.limits.resources(), "cpu": self.limits.cpu})
        python = [sys.executable, "-s", "-P", "-m", "lthedu.course.grading.answering", str(theirs.fileno()), settings]
        home = HOME if self.protected else home
        environment = _ENVIRONMENT | {"HOME": home, "TMPDIR": home}
        environment["PYTHONPATH"] = _packages(self.sealed, self.protected)
        bounds = self._open.enter_context(group(self.limits)) if self.protected else None
        command = python
        if self.protected:
            around = bounds.command if bounds else []
            command = [*around, *_bubblewrap(self.sealed, environment), "--", *python]
        with theirs:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment if not self.protected else None,
                cwd=None if self.protected else home,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                preexec_fn=bounds.enter if bounds else None,
            )
        self._open.callback(_over, process)
        self.control.settimeout(_PATIENCE)
        try:
            ready = self.control.recv(1)
        except OSError:
            ready = b""
        if ready != FORK:
            log.seek(0)
            said = log.read().decode(errors="replace").strip().splitlines() or ["nothing was said"]
            raise BoxGone(f"the answering process did not start: {said[-1][:300]}")
        self.alive = True


def _over(process: "subprocess.Popen[bytes]") -> None:
    process.kill()  # bubblewrap's; what runs inside goes with it
    process.wait()


_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "USER": "answer",
    "LOGNAME": "answer",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MPLBACKEND": "agg",
}


def _site_packages() -> list[Path]:
    return [p for p in map(Path, sys.path) if p.name in ("site-packages", "dist-packages") and p.is_dir()]


def _packages(sealed: Path, protected: bool) -> str:
    return os.pathsep.join([SEALED if protected else str(sealed), *map(str, _site_packages())])


def _bubblewrap(sealed: Path, environment: dict[str, str]) -> list[str]:
    """bubblewrap's command line up to the program: namespaces, what is seen inside, and the environment."""
    known = _bwrap_options()
    found = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL"]
    found += ["--uid", "65534", "--gid", "65534", "--unshare-user", "--hostname", "box"]
    found += ["--disable-userns"] if "--disable-userns" in known else []
    found += ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(name):
            found += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            found += ["--ro-bind", name, name]
    found += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--proc", "/proc", "--dev", "/dev"]
    found += ["--remount-ro", "/dev"]
    found += [*(["--size", str(2**28)] if "--size" in known else []), "--tmpfs", HOME]
    python = [Path(sys.base_prefix), Path(sys.prefix), *_site_packages()]
    bound: list[Path] = [Path("/usr")]
    for path in dict.fromkeys(p for one in python for p in (one, one.resolve())):
        if not any(path.is_relative_to(b) for b in bound):
            found += ["--ro-bind", str(path), str(path)]
            bound.append(path)
    for course in _courses(bound):
        found += ["--tmpfs", str(course), "--remount-ro", str(course)]
    found += ["--ro-bind", str(sealed), SEALED, "--remount-ro", "/", "--chdir", HOME, "--clearenv"]
    for name, value in environment.items():
        found += ["--setenv", name, value]
    return found


def _courses(bound: list[Path]) -> list[Path]:
    """Every copy of the whole course in these folders: beside the packages, in another Python, checked out."""
    copies = {packages / "lthedu" for packages in _site_packages()} | {Path(__file__).resolve().parents[2]}
    for folder in bound:
        copies |= {*folder.glob("lib/python3*/*-packages/lthedu"), *folder.glob("local/lib/python3*/*-packages/lthedu")}
    return sorted(c for c in copies if c.is_dir() and any(c.is_relative_to(b) for b in bound))


@functools.cache
def _bwrap_options() -> str:
    return subprocess.run(["bwrap", "--help"], capture_output=True, text=True).stdout


@functools.cache
def no_sandbox() -> str:
    """Why there can be no sandbox here; "" where there can."""
    if not sys.platform.startswith("linux"):
        return f"there is none for {sys.platform}; use Linux, or on Windows its WSL"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (Debian, Ubuntu: apt install bubblewrap)"
    tried = subprocess.run(
        ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"],
        capture_output=True,
        text=True,
    )
    if tried.returncode == 0:
        return ""
    said = tried.stderr.strip().splitlines() or ["it gave no reason"]
    return f"bubblewrap cannot make one here ({said[-1]})"


def protection(limits: Limits, protected: bool = True) -> str:
    """The line that says what stands between an answer and this machine.

    >>> protection(Limits(), protected=False)
    'No sandbox: answers run with your rights, see your files and may use the network.'
    """
    if not protected:
        return "No sandbox: answers run with your rights, see your files and may use the network."
    memory = f"{limits.memory / 2**30:g} GB"
    kind = group_kind()
    if kind:
        bounds = f"{memory} and {limits.processes} processes for all of it ({kind})"
    else:
        bounds = (
            f"{memory} for each process (no systemd scope or writable cgroup here: what several take together, "
            "and how many they are, is not limited)"
        )
    seconds = f"{limits.cpu} s of CPU and {limits.idle} s of sleep for each answer"
    return (
        f"Sandbox: bubblewrap; no network, no files of yours; {bounds}; {seconds}; files up to {limits.file >> 20} MB."
    )
