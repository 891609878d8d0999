"""One small Study, run again and again in processes that a fault meets; run by test_study.py.

Every run is a process of its own, forked so that torch is imported once: one that a signal ends leaves what it leaves.
Usage: study.py FOLDER, with the faults as JSON on standard input and what came of each as JSON on standard output;
or study.py FOLDER STEPS, one run of so many steps that says when it begins, then what it gave.
"""

import errno
import io
import json
import os
import random
import signal
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

import torch

from lthedu import data, results
from lthedu.base.fingerprint import fingerprint
from lthedu.models import MLP
from lthedu.tickets import Settings, Study

SETTINGS = Settings(seeds=(3, 8), levels=2, steps=6, batch_size=32, val_every=4, rewind_step=2)
MNIST = data.load("mnist", device="cpu").first(256, 100, 100)


def study(folder, steps=SETTINGS.steps):
    return Study(MNIST, lambda: MLP([784, 20, 10]), replace(SETTINGS, steps=steps), folder=folder)


def sums(done):
    """The table and the digest of all tensors."""
    tensors = {
        f"{i} {part} {name}": t
        for i, level in done.levels.items()
        for part in ("start", "mask", "trained")
        for name, t in getattr(level, part).items()
    }
    return [done.table.to_csv(), fingerprint(tensors)]


def run(folder, progress=None, steps=SETTINGS.steps):
    done = study(folder, steps)
    done.run(progress)
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
    real, left = results._flushed, [count]

    def flushed(path, content):
        left[0] -= 1
        if left[0]:
            return real(path, content)
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
            file.flush()
            happens()
        return real(path, content)

    results._flushed = flushed


def full():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def killed(folder, where, count):
    """Killed by the system at a step, a system call or in the middle of a file; then run again."""

    def first():
        if where == "step":
            return run(folder, at_step(count, die))
        if where == "write":
            in_write(count, die)
        else:
            at_call(results.tempfile if where == "mkdtemp" else os, where, count, die)
        return run(folder)

    ended = forked(first)
    left = sorted(path.name for path in folder.glob(".*")) if folder.exists() else []
    return ended, left, forked(lambda: run(folder))


def no_space(folder, where, count):
    """A disk that is full when a file is written, or a file that may grow no more; then the same study, and another."""

    def first():
        from lthedu import results as ours

        real = ours._flushed, os.fsync
        if where == "write":
            in_write(count, full)
        elif where == "fsync":
            at_call(os, "fsync", count, full)
        else:  # the system's own refusal, of files larger than `count` bytes
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (count, resource.RLIM_INFINITY))
        told, begun = None, None
        try:
            begun = study(folder)
            begun.run()
        except OSError as error:
            told = {"words": str(error), "file": error.filename}
        left = sorted(str(path.relative_to(folder)) for path in folder.rglob(".*"))
        ours._flushed, os.fsync = real
        if where == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        trained = []
        begun = begun or study(folder)
        known = len(begun.levels)
        begun.run(lambda done, in_all, text: trained.append(text))
        return told, left, known, sums(begun)

    return forked(first), None, forked(lambda: run(folder))


def damaged(folder, file, how, seed):
    """A whole study of which one file is then cut short, or has one bit turned; then run again, twice."""
    forked(lambda: run(folder))
    rng, path = random.Random(f"{file} {how} {seed}"), folder / file
    raw = bytearray(path.read_bytes())
    if how == "cut":
        raw = raw[: rng.randrange(len(raw))]
    else:
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    path.write_bytes(raw)
    before = {str(p.relative_to(folder)): p.read_bytes().hex()[:64] for p in folder.rglob("*") if p.is_file()}
    refused = forked(lambda: run(folder))
    after = {str(p.relative_to(folder)): p.read_bytes().hex()[:64] for p in folder.rglob("*") if p.is_file()}
    for part in path.parent.iterdir():  # as the refusal says
        part.unlink()
    path.parent.rmdir()
    return refused, before == after, forked(lambda: run(folder))


def clock(folder, steps, hours):
    """Killed, the files' times and the clock set elsewhere, and run again."""
    forked(lambda: run(folder, at_step(steps, die)))
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - 3600 * hours,) * 2)

    def later():
        for name in ("time", "monotonic", "perf_counter"):
            real = getattr(time, name)
            jumps = iter(range(10**9))
            setattr(time, name, lambda real=real, jumps=jumps: real() + 3600 * hours * (next(jumps) % 2))
        return run(folder)

    return None, None, forked(later)


def two(folder, steps):
    """A second process on the folder while the first is at a step; then the first goes on, and a third reads."""
    said = []

    def meanwhile():
        said.append(forked(lambda: run(folder)))

    first = forked(lambda: [run(folder, at_step(steps, meanwhile)), said])
    return first, sorted(path.name for path in folder.glob(".*")), forked(lambda: run(folder))


FAULTS = {f.__name__: f for f in (killed, no_space, damaged, clock, two)}

if __name__ == "__main__":
    torch.set_num_threads(1)  # a second thread of torch would not survive a fork
    torch.optim.Adam([torch.zeros(1)])  # the first one imports much
    root = Path(sys.argv[1])
    if len(sys.argv) == 3:
        print("begun", flush=True)
        print(json.dumps(run(root, steps=int(sys.argv[2]))))
        sys.exit()
    report = {"whole": forked(lambda: run(root / "whole"))}
    for i, (name, *about) in enumerate(json.load(io.TextIOWrapper(sys.stdin.buffer))):
        report[json.dumps([name, *about])] = FAULTS[name](root / f"{i:03d}", *about)
    print(json.dumps(report))
