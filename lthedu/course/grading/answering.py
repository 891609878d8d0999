"""The process in which answers run. It knows no check; a grader asks it for a fork for each answer, and ends that.

It is started once and imports what answers need, so that a fork costs milliseconds. In a sandbox it is the first
process of its own space: nothing in there can end it, and it ends everything else when the grader says so.
"""

import contextlib
import ctypes
import json
import linecache
import os
import random
import resource
import shutil
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

import numpy as np
import torch

from lthedu.course.answer import line_of
from lthedu.course.grading.line import Line, LineClosed
from lthedu.course.grading.reading import read
from lthedu.exercises.core import Attempt, Function, Raised, Wrong, copied, message_of, was_changed
from lthedu.exercises.surroundings import known_settings

END = struct.Struct(">iid")  # exit status, signal, seconds of CPU
FORK, STOP, GONE, LOOK = b"f", b"e", b"g", b"s"  # GONE: it has closed its line, so it is about to end by itself
OVER = b"X"  # to LOOK: all that runs has used up its seconds
_GRACE = 2.0  # seconds for that,
_LEAVING = 10  # and so many times as many where it is at it
_UNDUMPABLE = 4  # prctl's PR_SET_DUMPABLE: memory and open files are nobody else's


_trouble = ""  # in a fork: what one of the answer's cells raised


class Fault(Exception):
    """What a function of the grader's raised when the answer called it: `number` says which of its faults."""

    def __init__(self, number: int, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.number = number


def main(fd: int, settings: dict[str, Any]) -> None:
    """Serve the grader at the other end of the socket `fd` until it is gone."""
    ctypes.CDLL(None).prctl(_UNDUMPABLE, 0, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Python would obey it, whoever sends it
    for name in settings["warm"]:
        with contextlib.suppress(Exception):
            import_module(name)
    control = socket.socket(fileno=fd)
    before = _own_state()
    control.sendall(FORK)  # ready
    child = 0
    while True:
        word, fds, _, _ = socket.recv_fds(control, 1, 1)
        if not word:
            return
        if word in (STOP, GONE):
            ending = _ended(child, _GRACE if word == GONE else 0)
            if os.getpid() == 1 and _own_state() != before:
                return  # and the box with it: the next answer gets a fresh one
            control.sendall(END.pack(*ending))
            child = 0
            continue
        if word == LOOK:
            control.sendall(OVER if _seconds_of_all() > settings["cpu"] else _state(child))
            continue
        child = os.fork()
        if child == 0:
            control.close()
            _answers(Line(socket.socket(fileno=fds[0])), settings)
        os.close(fds[0])


def _own_state() -> list[object]:
    """What an answer may change of this process without its memory, for it has the same user: limits, priority,
    processors, the folder's mode. And what the system keeps for processes that are gone: shared memory, for one.
    """
    limits = [resource.getrlimit(number) for name, number in vars(resource).items() if name.startswith("RLIMIT_")]
    found = [limits, os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0), os.sched_getscheduler(0)]
    kept = []
    for name in ("self/oom_score_adj", "sysvipc/shm", "sysvipc/msg", "sysvipc/sem"):
        with contextlib.suppress(OSError), open(f"/proc/{name}", "rb") as file:
            kept.append(file.read())
    return [*found, kept, os.stat(os.environ["HOME"]).st_mode]


def _seconds_of_all() -> float:
    """Seconds of CPU of whatever runs here beside this process: a limit for each is none for one that forks.

    Without a space of its own it cannot tell which those are.
    """
    found = 0.0
    for name in os.listdir("/proc") if os.getpid() == 1 else ():
        with contextlib.suppress(OSError, ValueError, IndexError):
            if name.isdigit() and name != "1":
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b") ")[2].split()
                found += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # its own and its children's
    return found


def _state(child: int) -> bytes:
    """The letter that the system has for what the fork does: "R" where it runs or waits for a processor."""
    try:
        with open(f"/proc/{child}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1]
    except OSError:
        return b"R"


def _ended(child: int, grace: float) -> tuple[int, int, float]:
    """End the fork and all that it left behind, and tell how it ended and what CPU it took."""
    if not child:
        return -1, 0, 0.0
    begun = time.monotonic()
    while not (found := os.wait4(child, os.WNOHANG))[0]:
        leaves = _state(child) not in (b"S", b"T")  # which takes long where it held much
        if time.monotonic() - begun >= (_LEAVING if leaves else 1) * grace:
            break
        time.sleep(0.005)
    alone = os.getpid() == 1  # in a space of its own: whatever else runs there is the answer's
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if alone:
            os.kill(-1, signal.SIGKILL)  # all but this process
        else:
            os.killpg(child, signal.SIGKILL)  # its session; without a sandbox a process can leave that
    alive = found[0] == 0
    if alive:
        found = os.wait4(child, 0)
    if alone:
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        _swept()
    _, status, used = found
    by_signal = 0 if alive or not os.WIFSIGNALED(status) else os.WTERMSIG(status)
    return -1 if alive or by_signal else os.WEXITSTATUS(status), by_signal, used.ru_utime + used.ru_stime


def _swept() -> None:
    """Nothing that one answer wrote is there for the next. Where that fails, this process ends, and with it the box."""
    home = os.environ["HOME"]
    for name in os.listdir(home):
        path = os.path.join(home, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def _answers(line: Line, settings: dict[str, Any]) -> NoReturn:
    """In the fork: read a notebook, or run an answer and serve its calls. It ends by itself or is ended."""
    try:
        os.setsid()
        _limited(settings)
        torch.manual_seed(0)
        np.random.seed(0)
        random.seed(0)
        word, value = line.receive()
        if word == "read":
            line.send("read", read(*value).plain())
        else:
            _serve(line, *value)
    except (LineClosed, OSError):
        pass
    finally:
        os._exit(0)


def _limited(settings: dict[str, Any]) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    for what, soft, hard in settings["limits"]:
        resource.setrlimit(what, (soft, hard))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # where memory runs out, this process goes, and not the one that serves all


def _serve(line: Line, statements: list[tuple[int, int, str]], name: str) -> None:
    global _trouble
    function, trouble = run(statements, name)
    _trouble = trouble and f"a cell that it needs raised {trouble}"
    if not callable(function):
        line.send("failed", trouble or f"{name} is {type(function).__name__}, not a function")
        return
    code = getattr(function, "__code__", None)
    many = code.co_argcount if code else 0
    line.send("ready", list(code.co_varnames[:many]) if code else [])
    with known_settings():
        attempt = Attempt(function)
        while True:
            word, value = line.receive(_lent(line, attempt))
            if word != "call":
                return
            _call(line, attempt, value)


def run(statements: list[tuple[int, int, str]], name: str) -> tuple[Any, str]:
    """The function `name` that these statements define, and what one of them raised: it costs only what needs it."""
    space: dict[str, Any] = {"__name__": "__main__"}
    trouble = ""
    for cell, first, source in statements:
        file = f"<cell {cell}, line {first}>"
        text = "\n" * (first - 1) + source
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        space["check"] = lambda number, function: function
        try:
            exec(compile(text, file, "exec"), space)
        except BaseException as error:
            trouble = f"{type(error).__name__}: {message_of(error)} (cell {cell}, line {first})"
    return space.get(name), trouble


def _call(line: Line, attempt: Attempt, args: tuple[Any, ...]) -> None:
    """Call the answer, and send what came of it."""
    before, state = [copied(a) for a in args], torch.get_rng_state()
    try:
        result = attempt.in_place(*args)
        pairs = enumerate(zip(before, args, strict=True))
        after = [(i, a) for i, (b, a) in pairs if isinstance(a, torch.Generator) or was_changed(b, a)]
        drew = not torch.equal(state, torch.get_rng_state())
        line.send("returned", (result, after, drew))
    except Raised as raised:
        error = raised.error
        if isinstance(error, Fault):
            line.send("fault", error.number)
        else:
            why = f"; before it {_trouble}" if _trouble and isinstance(error, NameError) else ""
            line.send("raised", (type(error).__name__, message_of(error) + why, line_of(error, attempt.function)))
    except Wrong as wrong:
        line.send("wrong", (wrong.message, wrong.example))
    except LineClosed:
        raise
    except (Exception, SystemExit) as error:  # too large, or a class of the learner's that raises when it is read
        line.send("wrong", (f"what it returned cannot be read: {message_of(error) or type(error).__name__}", ""))


def _lent(line: Line, attempt: Attempt) -> Callable[[int, str], Function]:
    """What stands here for a function of the grader's."""

    def lend(number: int, name: str) -> Function:
        def back(*args: Any, **named: Any) -> Any:
            line.send("back", (number, args, named))
            while True:
                word, value = line.receive(_lent(line, attempt))
                if word == "result":
                    return value
                if word == "fault":
                    raise Fault(*value)
                _call(line, attempt, value)

        back.__name__ = back.__qualname__ = name
        return back

    return lend


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
