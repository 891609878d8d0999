"""What an answer may use, and what of the system holds a whole box to it: a systemd scope, or a control group."""

import contextlib
import functools
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Limits:
    """What an answer may use. Seconds of CPU count, so that a busy machine changes no grade."""

    cpu: int = 10  # seconds
    idle: int = 20  # seconds by the clock of sleeping or waiting, which uses none
    wall: int = 900  # seconds by the clock in any case
    memory: int = 3 * 2**30  # bytes
    processes: int = 64
    file: int = 100 * 2**20  # bytes

    def resources(self) -> list[tuple[int, int, int]]:
        """For setrlimit: of each process in the box."""
        both = [(resource.RLIMIT_FSIZE, self.file), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 256)]
        both.append((resource.RLIMIT_DATA, self.memory))
        return [(resource.RLIMIT_CPU, self.cpu, self.cpu + 1), *((what, most, most) for what, most in both)]


@dataclass(frozen=True)
class Group:
    """What limits memory and processes of the whole box: a command before it, or folders to enter."""

    kind: str
    command: list[str]
    folders: tuple[Path, ...] = ()

    def enter(self) -> None:
        for folder in self.folders:
            (folder / "cgroup.procs").write_text("0" if (folder / "memory.max").exists() else str(os.getpid()))


@contextlib.contextmanager
def group(limits: Limits) -> Iterator[Group | None]:
    kind = group_kind()
    if kind == "systemd scope":
        yield Group(kind, _systemd(limits))
        return
    if kind is None:
        yield None
        return
    made: list[Path] = []
    try:
        for parent, settings in _folders(kind, limits):
            folder = Path(tempfile.mkdtemp(prefix="lthedu-", dir=parent))
            made.append(folder)
            for name, value in settings.items():
                (folder / name).write_text(str(value))
        yield Group(kind, [], tuple(made))
    finally:
        for folder in made:
            _removed(folder)


def _removed(folder: Path) -> None:
    for _ in range(100):  # the last process may be on its way out
        with contextlib.suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.02)


def _systemd(limits: Limits) -> list[str]:
    scope = [] if os.geteuid() == 0 else ["--user"]
    most = [f"MemoryMax={limits.memory}", f"TasksMax={limits.processes}", "MemorySwapMax=0"]
    return ["systemd-run", *scope, "--scope", "--quiet", "--collect", *(x for one in most for x in ("-p", one)), "--"]


def _folders(kind: str, limits: Limits) -> list[tuple[Path, dict[str, int]]]:
    """The folders of control groups in which to make one, and what to write into it."""
    own = dict(line.split(":")[1:3] for line in Path("/proc/self/cgroup").read_text().splitlines())
    if kind == "cgroup v2":
        return [(_CGROUPS / own.get("", "/").strip("/"), {"memory.max": limits.memory, "pids.max": limits.processes})]
    wanted = {"memory": {"memory.limit_in_bytes": limits.memory}, "pids": {"pids.max": limits.processes}}
    found = []
    for name, settings in wanted.items():
        inside = _CGROUPS / name / own.get(name, "/").strip("/")
        found.append((inside if inside.is_dir() else _CGROUPS / name, settings))
    return found


@functools.cache
def group_kind() -> str | None:
    """What can limit a box's memory and number of processes here: "systemd scope", "cgroup v1", "cgroup v2" or None."""
    if shutil.which("systemd-run"):
        tried = subprocess.run([*_systemd(Limits()), "true"], capture_output=True, stdin=subprocess.DEVNULL)
        if tried.returncode == 0:
            return "systemd scope"
    for kind in ("cgroup v2", "cgroup v1"):
        with contextlib.suppress(OSError, ValueError):
            for parent, settings in _folders(kind, Limits()):
                folder = Path(tempfile.mkdtemp(prefix="lthedu-", dir=parent))
                try:
                    for name, value in settings.items():
                        with open(folder / name, "r+") as file:  # one that the kernel has put there
                            file.write(str(value))
                finally:
                    folder.rmdir()
            return kind
    return None
