"""A time limit on code that runs in the main thread, on every platform."""

import _thread
import random
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

AGAIN = 0.1  # seconds, about, after which an interrupt that was swallowed is sent again
STUCK = 5.0  # seconds of that after which `stuck` is called
_uneven = random.Random().uniform  # a rhythm could meet a loop at the same place every time


class TimeUp(Exception):
    """The limit passed before the code was done."""


class time_limit:
    """Raise TimeUp in the body once `seconds` have passed. Outside the main thread there is no limit.

    The body is interrupted as by Ctrl-C, between two steps of the interpreter or in a sleep; a real Ctrl-C stays a
    KeyboardInterrupt, and makes `pressed` true. A body that swallows the interrupt (a bare `except` in a loop) is sent
    more of them, at uneven times, and none once the body is left. A single call into compiled code cannot be stopped
    before it returns, nor can a loop that sleeps and swallows every interrupt: after a while `stuck` is called, once,
    from another thread, to say so.

    >>> with time_limit(5):
    ...     print("in time")
    in time
    """

    def __init__(self, seconds: float, stuck: Callable[[], None] = lambda: None) -> None:
        self.seconds, self.stuck = seconds, stuck
        self.fired = self.leaving = self.pressed = False
        self._ours = False  # whether the interrupt on its way is this limit's
        self._over = threading.Event()
        self._here = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> "time_limit":
        if self._here:
            self._thread = threading.Thread(target=self._insist, daemon=True)
            self._thread.start()
            self._before: Any = signal.signal(signal.SIGINT, self._met)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leaving = True  # from here on an interrupt is noted and raises nothing
        if not self._here:
            return
        self._over.set()
        self._thread.join()
        # signal.signal first meets an interrupt that is still on its way
        signal.signal(signal.SIGINT, signal.default_int_handler if self._before is None else self._before)
        if self.pressed:
            raise KeyboardInterrupt from None
        if self.fired and (kind is None or issubclass(kind, KeyboardInterrupt)):
            raise TimeUp(f"not done after {self.seconds} seconds") from None

    def _insist(self) -> None:
        wait, until, told = self.seconds, time.monotonic() + self.seconds + STUCK, False
        while not self._over.wait(wait):
            self.fired = self._ours = True
            _interrupt()
            if not told and time.monotonic() > until:
                told = True
                self.stuck()
            wait = AGAIN * _uneven(0.5, 1.5)

    def _met(self, number: int, frame: FrameType | None) -> None:
        """An interrupt, in the main thread."""
        ours, self._ours = self._ours, False
        self.pressed = self.pressed or not ours
        edges = (time_limit.__enter__.__code__, time_limit.__exit__.__code__)
        if not self.leaving and not (frame is not None and frame.f_code in edges):
            raise KeyboardInterrupt


def _interrupt() -> None:
    if hasattr(signal, "pthread_kill"):  # wakes a sleep, too
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:  # pragma: no cover (Windows)
        _thread.interrupt_main()
