"""What this machine is, as far as it tells."""

import os
import platform
from pathlib import Path
from typing import Annotated

import psutil

from lthedu.base.ranges import Range


def cpu_name() -> str:
    """The processor's name, where the system tells it.

    >>> isinstance(cpu_name(), str)
    True
    """
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def usable_cores() -> int:
    """The processor cores that this process may use: fewer than there are, where it is pinned or in a container.

    >>> 1 <= usable_cores() <= os.cpu_count()
    True
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, round(_quota() or allowed)))


def _quota(file: Path = Path("/sys/fs/cgroup/cpu.max")) -> float | None:
    """Cores that a Linux container (cgroup 2) grants; None for no limit."""
    try:
        granted, period = file.read_text(encoding="utf-8").split()
        return int(granted) / int(period)
    except (OSError, ValueError):  # no such file; "max" for no limit
        return None


def peak_memory() -> int | None:
    """The most bytes of memory that this process held; None where the system does not tell.

    >>> (peak_memory() or 1) > 0
    True
    """
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.is_file() else []
    held = [1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return held[0] if held else None


MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),  # cgroup 2
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),  # cgroup 1, where a huge number means no limit
)


def memory() -> int:
    """Bytes of memory that programs here may use: the machine's, or less where a Linux container has a limit.

    >>> memory() > 0
    True
    """
    found: list[int] = [psutil.virtual_memory().total]
    for file in MEMORY_LIMITS:
        try:
            found.append(int(file.read_text(encoding="utf-8")))
        except (OSError, ValueError):  # no such file; "max" for no limit
            continue
    return min(found)


def load() -> str:
    """How many processes wanted a core during the last minute, in words for a report.

    >>> load() == "unknown" or float(load()) >= 0
    True
    """
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"


Threads = Annotated[int, Range(1, 4 * usable_cores())]  # far more than there are cores, torch does not live through
