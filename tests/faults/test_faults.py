"""An experiment that is killed, refused space, damaged or run twice at once: bit-equal in the end, or a clear refusal.

The faults of `POINTS` are met with `-m full`, a few of each kind every time; `runs.py` does what they say.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from experiments.small import EVERY

SCRIPT = Path(__file__).with_name("runs.py")
# A study of two parts of three levels writes seven folders (what it is, then the levels), each with a temporary name,
# two files that are flushed, and a rename. The others write one folder a part.
POINTS = [["killed", "study", "step", n] for n in range(1, 30, 2)]
POINTS += [["killed", "study", where, n] for where in ("write", "fsync") for n in range(1, 15)]
POINTS += [["killed", "study", where, n] for where in ("mkdtemp", "rename") for n in range(1, 8)]
POINTS += [["no_space", "study", where, n] for where in ("write", "fsync") for n in range(1, 15)]
POINTS += [["no_space", "study", "limit", n] for n in (0, 1_000, 50_000)]
POINTS += [["damaged", "study", file, how, seed] for file in range(14) for how in ("bit", "cut") for seed in range(2)]
POINTS += [["clock", "study", step, hours] for step in (3, 8, 13) for hours in (-200_000, 200_000)]
POINTS += [["two", "study", step] for step in (2, 6, 7, 10, 14)]
for _name in EVERY.keys() - {"study"}:
    POINTS += [["killed", _name, "step", n] for n in (1, 3)] + [["killed", _name, "write", n] for n in (1, 3, 4, 6)]
    POINTS += [["killed", _name, "rename", n] for n in (2, 3)] + [["no_space", _name, "fsync", n] for n in (2, 4)]
    POINTS += [["damaged", _name, file, how, 0] for file in (0, 2, 3) for how in ("bit", "cut")]
    POINTS += [["two", _name, 2]]
FEW = [p for i, p in enumerate(p for p in POINTS if p[1] == "study") if i % 8 == 0]
FEW += [["killed", name, "write", 4] for name in ("rewinding", "lottery", "contest")]
FEW += [["two", "study", 6], ["clock", "study", 3, 200_000], ["damaged", "widths", 3, "bit", 0]]
ENTRY = r"experiment|all|level_\d\d"


def started(*arguments, **more):
    return subprocess.Popen([sys.executable, str(SCRIPT), *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def meet(root, faults):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(root)],
        input=json.dumps(faults),
        capture_output=True,
        text=True,
        timeout=1800,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=[FEW, pytest.param(POINTS, marks=pytest.mark.full)], ids=["few", "all"])
def report(request, tmp_path_factory):
    """What came of every fault, by its words; and what a run without a fault gives, and where it all happened."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork; the last two tests need none")
    root = tmp_path_factory.mktemp("faults")
    shares = 2 if request.param is POINTS else 1  # about 300 faults, two seconds each: two at a time
    with ThreadPoolExecutor() as pool:
        parts = [pool.submit(meet, root / str(i), request.param[i::shares]) for i in range(shares)]
        said = {words: what for part in parts for words, what in part.result().items()}
    found = {tuple(json.loads(words)): what for words, what in said.items() if words[0] == "["}
    assert len(found) == len(request.param)
    whole = {name: what["gave"] for name, what in said.items() if name[0] != "["}
    assert all(len(gave) == 2 for gave in whole.values())
    return found, whole, root


def of(report, kind):
    found, whole, root = report
    return {fault: what for fault, what in found.items() if fault[0] == kind}, whole, root


def test_killed_anywhere_it_resumes_to_bit_equal_results(report):
    found, whole, _ = of(report, "killed")
    for fault, (first, left, second) in found.items():
        assert (first["signal"], first["gave"]) == (signal.SIGKILL, None), fault
        assert second == {"signal": 0, "gave": whole[fault[1]]}, fault
        assert all(re.fullmatch(rf"\.({ENTRY})\.unfinished\.\w+", name) for name in left), fault
    assert any(left for _, left, _ in found.values())  # some were killed in the middle of a folder


def test_what_a_killed_run_left_half_written_is_removed_by_the_next(report):
    _, _, root = of(report, "killed")
    assert [str(path) for path in root.rglob(".*")] == []


def test_without_space_the_file_is_named_and_the_next_run_writes_it(report):
    found, whole, root = of(report, "no_space")
    for fault, (first, _, second) in found.items():
        assert first["signal"] == 0, fault
        told, left, gave = first["gave"]
        assert re.search(r"(No space left on device|File too large); nothing of it was kept", told["words"]), fault
        assert re.fullmatch(ENTRY, Path(told["file"]).name), fault
        assert Path(told["file"]).is_relative_to(root), fault
        assert left == [], fault
        assert gave == whole[fault[1]], fault  # the same object, once there is space
        assert second == {"signal": 0, "gave": whole[fault[1]]}, fault  # and another, from what that one wrote


def test_a_damaged_file_is_refused_by_name_and_nothing_is_touched(report):
    found, whole, _ = of(report, "damaged")
    for fault, ((refused, place), untouched, second) in found.items():
        said = refused["gave"]
        assert said["error"] == "DamagedFile", fault
        assert place in said["words"], fault
        assert "; delete " in said["words"], fault
        assert untouched, fault
        assert second == {"signal": 0, "gave": whole[fault[1]]}, fault  # what the refusal says mends it


def test_clocks_and_times_of_files_change_nothing(report):
    found, whole, _ = of(report, "clock")
    for fault, (*_, second) in found.items():
        assert second == {"signal": 0, "gave": whole[fault[1]]}, fault


def test_a_second_process_on_the_folder_is_refused_and_harms_nothing(report):
    found, whole, _ = of(report, "two")
    for fault, (first, left, second) in found.items():
        gave, (other,) = first["gave"]
        assert gave == whole[fault[1]], fault
        assert other["gave"]["error"] == "BlockingIOError", fault
        assert "another process is running the experiment in" in other["gave"]["words"], fault
        assert left == [], fault
        assert second == {"signal": 0, "gave": whole[fault[1]]}, fault


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
