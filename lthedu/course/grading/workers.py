"""Where submissions are graded: in processes of this machine, or on a Dask cluster. Each has a box of its own."""

import multiprocessing
import os
import platform
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from weakref import WeakKeyDictionary

from lthedu.course.assigning.wheel import unpack_bytes
from lthedu.course.grading.box import Box, no_sandbox, protection
from lthedu.course.grading.groups import Limits
from lthedu.course.grading.one import Assigned, graded
from lthedu.course.grading.submissions import Submission
from lthedu.experiments.cluster import connected

Submit = Callable[..., Any]  # (function, *arguments) -> a future; the function gets the kit first


@dataclass(frozen=True, eq=False)
class Kit:
    """What a process needs to grade submissions: it travels there once."""

    assigned: Assigned
    wheel: bytes
    limits: Limits
    protected: bool
    words: str  # what stands between an answer and the machine, there as here


@contextmanager
def workers(kit: Kit, jobs: int, cluster: str | None = None) -> Iterator[Submit]:
    """What hands a task to `jobs` processes here, or to the workers of the Dask scheduler at the address `cluster`.

    Tasks that have not begun are dropped where the body raises.
    """
    if cluster is not None:
        with connected(cluster, same_threads=False) as client:
            assert client is not None
            with warnings.catch_warnings():  # the sealed wheel has 13 MB, and is sent once
                warnings.filterwarnings("ignore", "Sending large graph")
                there = client.submit(_same, kit)
            yield lambda *task: client.submit(_on_worker, there, *task)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _begin, (kit,)) as pool:

        def submit(*task: Any) -> Any:
            with _without_ctrl_c():
                return pool.submit(_here, *task)

        try:
            yield submit
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Ctrl-C is ours alone: a process that begins in here never gets it, and here it comes a moment later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ready(kit: Kit) -> None:
    """Have a box. Raises ValueError where a machine of the cluster protects itself in another way than this one."""
    _box(kit)


def one(kit: Kit, submission: Submission, seed: int) -> dict[str, Any]:
    """What became of a submission."""
    return graded(_box(kit), kit.assigned, submission, seed)


_mine: list[Kit] = []  # of a process that was started here


def _begin(kit: Kit) -> None:
    import torch

    torch.set_num_threads(1)
    _mine.append(kit)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A grader that is killed leaves no process behind, and no box."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    for stack in _opened:
        stack.close()
    os._exit(1)


def _here(function: Callable[..., Any], *args: Any) -> Any:
    return function(_mine[0], *args)


def _same(kit: Kit) -> Kit:
    """A task whose result is the kit: where the worker that had it is lost, the scheduler has it made once more."""
    return kit


_one_at_a_time = Lock()  # a worker of Dask has threads, and checks look at the process's random state


def _on_worker(kit: Kit, function: Callable[..., Any], *args: Any) -> Any:
    with _one_at_a_time:
        return function(kit, *args)


_boxes: "WeakKeyDictionary[Kit, Box]" = WeakKeyDictionary()
_opened: list[ExitStack] = []


def _box(kit: Kit) -> Box:
    """This process's box, opened when it is first needed, and closed with the kit or the process."""
    if kit not in _boxes:
        words = no_sandbox() if kit.protected else ""
        words = words or protection(kit.limits, kit.protected)
        if words != kit.words:
            raise ValueError(f"{platform.node()} differs from this machine: {words} Here: {kit.words}")
        stack = ExitStack()
        _opened.append(stack)
        Finalize(kit, stack.close, exitpriority=10)
        sealed = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lthedu-sealed-")))
        unpack_bytes(kit.wheel, sealed)
        box = Box(sealed, kit.limits, protected=kit.protected, warm=kit.assigned.warm)
        _boxes[kit] = stack.enter_context(box)
    return _boxes[kit]
