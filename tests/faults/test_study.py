"""A Study that is killed, refused space, damaged or run twice at once: bit-equal in the end, or a clear refusal.

The faults of `POINTS` are met with `-m full`, a few of each kind every time; `study.py` does what they say.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("study.py")
FILES = [f"{place}/{file}" for place in ("study", "level_00", "level_01", "level_02")
         for file in ("record.json", "tensors.safetensors")]  # fmt: skip
# A study of three levels makes 6 + 4 + 4 steps, and writes four folders (its settings, then the levels), each with a
# temporary name, two files that are flushed, and a rename.
KILLS = [["killed", "step", n] for n in range(1, 15)]
KILLS += [["killed", where, n] for where in ("write", "fsync") for n in range(1, 9)]
KILLS += [["killed", where, n] for where in ("mkdtemp", "rename") for n in range(1, 5)]
SPACE = [["no_space", where, n] for where in ("write", "fsync") for n in range(1, 9)]
SPACE += [["no_space", "limit", n] for n in (0, 1_000, 50_000, 300_000)]
DAMAGE = [["damaged", file, how, seed] for file in FILES for how in ("bit", "cut") for seed in range(3)]
CLOCK = [["clock", step, hours] for step in (3, 8, 13) for hours in (-200_000, 200_000)]
TWO = [["two", step] for step in (2, 6, 7, 10, 14)]
POINTS = [*KILLS, *SPACE, *DAMAGE, *CLOCK, *TWO]
FEW = [*KILLS[::4], *SPACE[::5], *DAMAGE[::7], CLOCK[0], *TWO[1:3]]


def started(*arguments, **more):
    return subprocess.Popen([sys.executable, str(SCRIPT), *map(str, arguments)], stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module", params=[FEW, pytest.param(POINTS, marks=pytest.mark.full)], ids=["few", "all"])
def report(request, tmp_path_factory):
    """What came of every fault, by its words; and what a run without a fault gives, and where it all happened."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork; the last two tests need none")
    root = tmp_path_factory.mktemp("faults")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(root)],
        input=json.dumps(request.param),
        capture_output=True,
        text=True,
        timeout=540,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    found = {tuple(json.loads(words)): what for words, what in json.loads(done.stdout).items() if words != "whole"}
    assert len(found) == len(request.param)
    whole = json.loads(done.stdout)["whole"]
    assert whole["signal"] == 0
    assert len(whole["gave"]) == 2
    return found, whole["gave"], root


def of(report, kind):
    found, whole, root = report
    return {fault: what for fault, what in found.items() if fault[0] == kind}, whole, root


def test_killed_anywhere_it_resumes_to_bit_equal_results(report):
    found, whole, _ = of(report, "killed")
    for fault, (first, left, second) in found.items():
        assert (first["signal"], first["gave"]) == (signal.SIGKILL, None), fault
        assert second == {"signal": 0, "gave": whole}, fault
        assert all(re.fullmatch(r"\.(study|level_\d\d)\.unfinished\.\w+", name) for name in left), fault
    assert any(left for _, left, _ in found.values())  # some were killed in the middle of a folder


def test_what_a_killed_run_left_half_written_is_removed_by_the_next(report):
    _, _, root = of(report, "killed")
    assert [str(path) for path in root.rglob(".*")] == []


def test_without_space_the_file_is_named_and_the_level_is_written_later(report):
    found, whole, root = of(report, "no_space")
    for fault, (first, _, second) in found.items():
        assert first["signal"] == 0, fault
        told, left, _, gave = first["gave"]
        assert re.search(r"(No space left on device|File too large); nothing of it was kept", told["words"]), fault
        assert Path(told["file"]).relative_to(root).parts[1] in ("study", "level_00", "level_01", "level_02"), fault
        assert left == [], fault
        assert gave == whole, fault  # the same object, once there is space
        assert second == {"signal": 0, "gave": whole}, fault  # and another, from what that one wrote
    assert {first["gave"][2] for first, *_ in found.values()} >= {0, 1, 2}  # levels that were trained and not written


def test_a_damaged_file_is_refused_by_name_and_nothing_is_touched(report):
    found, whole, _ = of(report, "damaged")
    for fault, (refused, untouched, second) in found.items():
        said = refused["gave"]
        assert said["error"] == "DamagedFile", fault
        assert fault[1].rpartition("/")[0] in said["words"], fault
        assert "; delete " in said["words"], fault
        assert untouched, fault
        assert second == {"signal": 0, "gave": whole}, fault  # what the refusal says mends it


def test_clocks_and_times_of_files_change_nothing(report):
    found, whole, _ = of(report, "clock")
    for fault, (*_, second) in found.items():
        assert second == {"signal": 0, "gave": whole}, fault


def test_a_second_process_on_the_folder_is_refused_and_harms_nothing(report):
    found, whole, _ = of(report, "two")
    for fault, (first, left, second) in found.items():
        gave, (other,) = first["gave"]
        assert gave == whole, fault
        assert other["gave"]["error"] == "BlockingIOError", fault
        assert "another process is running the study in" in other["gave"]["words"], fault
        assert left == [], fault
        assert second == {"signal": 0, "gave": whole}, fault


@pytest.mark.full
def test_killed_from_outside_at_random_moments_it_resumes_to_bit_equal_results(tmp_path):
    first = started(tmp_path / "whole", 60)
    first.stdout.readline()
    began = time.monotonic()
    whole = first.communicate()[0]
    length, rng, killed = time.monotonic() - began, random.Random(0), 0
    for i in range(16):
        process = started(tmp_path / str(i), 60)
        process.stdout.readline()
        time.sleep(length * rng.random())
        process.kill()
        killed += process.wait() != 0
        process.stdout.close()
        assert started(tmp_path / str(i), 60).communicate()[0].splitlines()[-1] == whole.splitlines()[-1]
    print(f"kill points tried: {killed}, all resumed bit-equal")
    assert killed >= 12


@pytest.mark.full
def test_processes_that_begin_at_once_leave_one_whole_study(tmp_path):
    alone = started(tmp_path / "alone", 60).communicate()[0].splitlines()[-1]
    for i in range(4):
        several = [started(tmp_path / str(i), 60) for _ in range(3)]
        gave = [process.communicate()[0].splitlines()[-1] for process in several]
        ended = [process.returncode for process in several]
        assert 0 in ended
        assert all(line == alone for line, code in zip(gave, ended, strict=True) if code == 0)
        assert started(tmp_path / str(i), 60).communicate()[0].splitlines()[-1] == alone
