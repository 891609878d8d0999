"""Small experiments, run again and again in processes that a fault meets; run by test_faults.py.

Every run is a process of its own, forked so that torch is imported once: one that a signal ends leaves what it leaves.
Usage: runs.py FOLDER, with the faults as JSON on standard input and what came of each as JSON on standard output;
or runs.py FOLDER STEPS, one study of so many steps that says when it begins, then what it gave.
"""

import errno
import io
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from experiments.small import EVERY

from lthedu.base import sealed
from lthedu.base.fingerprint import fingerprint
from lthedu.experiments.kept import _packed

ROOT = Path()


def sums(experiment):
    """The table, without the seconds that a contest measures, and the fingerprint of all tensors."""
    tensors = {}
    _packed({name: experiment.found(0)[name] for name in experiment.carries}, tensors, "")
    return [experiment.table.drop(columns="seconds", errors="ignore").to_csv(), fingerprint(tensors)]


def make(name, steps=None):
    experiment = EVERY[name](ROOT)
    if steps:
        experiment.settings = replace(experiment.settings, steps=steps)
    return experiment


def run(name, folder, progress=None, steps=None):
    done = make(name, steps)
    done.run(progress=progress, folder=folder)
    return sums(done)


def forked(work):
    """How `work()` ended in a process of its own: the signal that killed it, and what it gave or raised."""
    read, write = os.pipe()
    if os.fork() == 0:
        torch.set_num_threads(1)  # torch renews its pool after a fork: before two threads could do it at once
        try:
            said = work()
        except BaseException as error:
            said = {"error": type(error).__name__, "words": str(error), "trace": traceback.format_exc()}
        os.write(write, json.dumps(said).encode())
        os._exit(0)
    os.close(write)
    _, status = os.wait()
    with os.fdopen(read) as pipe:
        return {"signal": os.WTERMSIG(status), "gave": json.loads(pipe.read() or "null")}


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def at_call(module, name, count, happens):
    """Let `happens()` come before the `count`-th call of a function."""
    real, left = getattr(module, name), [count]

    def call(*arguments, **more):
        left[0] -= 1
        if not left[0]:
            happens()
        return real(*arguments, **more)

    setattr(module, name, call)


def at_step(count, happens):
    """A progress callback to which `happens()` when `count` steps were reported."""
    left = [count]

    def progress(*now):
        left[0] -= 1
        if not left[0]:
            happens()

    return progress


def in_write(count, happens):
    """Let half of the bytes of the `count`-th file be written, and then `happens()`."""
    real, left = sealed._flushed, [count]

    def flushed(path, content):
        left[0] -= 1
        if left[0]:
            return real(path, content)
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
            file.flush()
            happens()
        return real(path, content)

    sealed._flushed = flushed


def full():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")


def killed(name, folder, where, count):
    """Killed by the system at a step, a system call or in the middle of a file; then run again."""

    def first():
        if where == "step":
            return run(name, folder, at_step(count, die))
        if where == "write":
            in_write(count, die)
        else:
            at_call(sealed.tempfile if where == "mkdtemp" else os, where, count, die)
        return run(name, folder)

    ended = forked(first)
    left = sorted(path.name for path in folder.rglob(".*")) if folder.exists() else []
    return ended, left, forked(lambda: run(name, folder))


def no_space(name, folder, where, count):
    """A disk that is full when a file is written, or a file that may grow no more; then the same again, and another."""

    def first():
        real = sealed._flushed, os.fsync
        if where == "write":
            in_write(count, full)
        elif where == "fsync":
            at_call(os, "fsync", count, full)
        else:  # the system's own refusal, of files larger than `count` bytes
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (count, resource.RLIM_INFINITY))
        told, begun = None, make(name)
        try:
            begun.run(folder=folder)
        except OSError as error:
            told = {"words": str(error), "file": error.filename}
        left = sorted(str(path.relative_to(folder)) for path in folder.rglob(".*"))
        sealed._flushed, os.fsync = real
        if where == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        begun.run(folder=folder)
        return told, left, sums(begun)

    return forked(first), None, forked(lambda: run(name, folder))


def damaged(name, folder, file, how, seed):
    """It is all there, and of the `file`-th file something is cut off, or one bit turned; then run again, twice."""
    forked(lambda: run(name, folder))
    rng, path = random.Random(f"{file} {how} {seed}"), files(folder)[file % len(files(folder))]
    raw = bytearray(path.read_bytes())
    if how == "cut":
        raw = raw[: rng.randrange(len(raw))]
    else:
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    path.write_bytes(raw)
    before = [p.read_bytes() for p in files(folder)]
    refused = forked(lambda: run(name, folder))
    untouched = before == [p.read_bytes() for p in files(folder)]
    shutil.rmtree(path.parent)  # as the refusal says
    return [refused, str(path.parent)], untouched, forked(lambda: run(name, folder))


def clock(name, folder, steps, hours):
    """Killed, the files' times and the clock set elsewhere, and run again."""
    forked(lambda: run(name, folder, at_step(steps, die)))
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - 3600 * hours,) * 2)

    def later():
        for clock_ in ("time", "monotonic"):
            real = getattr(time, clock_)
            jumps = iter(range(10**9))
            setattr(time, clock_, lambda real=real, jumps=jumps: real() + 3600 * hours * (next(jumps) % 2))
        return run(name, folder)

    return None, None, forked(later)


def two(name, folder, steps):
    """A second process on the folder while the first is at a step; then the first goes on, and a third reads."""
    said = []

    def meanwhile():
        said.append(forked(lambda: run(name, folder)))

    first = forked(lambda: [run(name, folder, at_step(steps, meanwhile)), said])
    return first, sorted(path.name for path in folder.rglob(".*")), forked(lambda: run(name, folder))


FAULTS = {f.__name__: f for f in (killed, no_space, damaged, clock, two)}

if __name__ == "__main__":
    torch.set_num_threads(1)  # a second thread of torch would not survive a fork
    ROOT = Path(sys.argv[1])
    if len(sys.argv) == 3:
        make("study")
        print("begun", flush=True)
        print(json.dumps(run("study", ROOT / "run", steps=int(sys.argv[2]))))
        sys.exit()
    make("study").run()  # what it imports and compiles need not be done in every fork
    faults = json.load(io.TextIOWrapper(sys.stdin.buffer))
    names = dict.fromkeys(name for _, name, *_ in faults)
    report = {name: forked(lambda name=name: run(name, ROOT / f"whole {name}")) for name in names}
    for i, (kind, name, *about) in enumerate(faults):
        report[json.dumps([kind, name, *about])] = FAULTS[kind](name, ROOT / f"{i:03d}", *about)
    print(json.dumps(report))
