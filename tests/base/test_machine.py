import os
from pathlib import Path

import psutil
import pytest

from lthedu.base import machine


def test_the_cores_of_this_process_are_counted_not_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_quota", lambda: None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert machine.usable_cores() == 3
    monkeypatch.setattr(machine, "_quota", lambda: 1.5)
    assert machine.usable_cores() == 2
    monkeypatch.setattr(machine, "_quota", lambda: 0.2)
    assert machine.usable_cores() == 1
    monkeypatch.setattr(machine, "_quota", lambda: 64.0)
    assert machine.usable_cores() == 3


def test_a_system_without_affinity_counts_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_quota", lambda: None)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert machine.usable_cores() == 7


@pytest.mark.parametrize(("text", "cores"), [("150000 100000\n", 1.5), ("max 100000\n", None), ("", None)])
def test_a_containers_share_is_read(tmp_path: Path, text: str, cores: float | None) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert machine._quota(tmp_path / "cpu.max") == cores
    assert machine._quota(tmp_path / "none") is None


def test_a_containers_memory_is_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"
    monkeypatch.setattr(machine, "MEMORY_LIMITS", (new, old))
    whole = machine.memory()
    assert whole == psutil.virtual_memory().total
    new.write_text("2147483648\n")
    assert machine.memory() == 2**31
    new.write_text("max\n")
    old.write_text("9223372036854771712\n")  # cgroup 1's word for no limit
    assert machine.memory() == whole
    old.write_text("1073741824\n")
    assert machine.memory() == 2**30


def test_memory_limits_are_read_where_linux_keeps_them() -> None:
    assert {str(p.as_posix()) for p in machine.MEMORY_LIMITS} == {
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    }


def test_there_is_a_name_and_memory() -> None:
    assert machine.cpu_name()
    assert 2**28 < machine.memory() < 2**50
    assert machine.load() == "unknown" or float(machine.load()) >= 0
