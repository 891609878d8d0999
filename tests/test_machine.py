import os
from pathlib import Path

import pytest

from lthedu import machine


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


def test_there_is_a_name_and_where_the_system_tells_memory() -> None:
    assert machine.cpu_name()
    found = machine.memory()
    assert found is None or 2**28 < found < 2**50
    assert machine.load() == "unknown" or float(machine.load()) >= 0
