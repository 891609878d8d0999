"""A time limit on code that runs in the main thread, on every platform."""

import _thread
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AGAIN = 0.1  # seconds, about, after which an interrupt that was swallowed is sent again
STUCK = 5.0  # seconds of that after which `stuck` is called


class TimeUp(Exception):
    """The limit passed before the code was done."""


@contextmanager
def time_limit(seconds: float, stuck: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Raise TimeUp in the body once `seconds` have passed. Outside the main thread there is no limit.

    The body is interrupted as by Ctrl-C, between two steps of the interpreter or in a sleep; a real Ctrl-C stays a
    KeyboardInterrupt. A body that swallows the interrupt (a bare `except` in a loop) is sent more of them, at uneven
    times. A single call into compiled code cannot be stopped before it returns, nor can a loop that sleeps and
    swallows every interrupt: after a while `stuck` is called, once, from another thread, to say so.

    >>> with time_limit(5):
    ...     print("in time")
    in time
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    lock, over, fired = threading.Lock(), threading.Event(), threading.Event()

    def insist() -> None:
        wait, until = seconds, time.monotonic() + seconds + STUCK
        told = False
        while not over.wait(wait):
            with lock:
                if over.is_set():
                    return
                fired.set()
                _interrupt()
            if not told and time.monotonic() > until:
                told = True
                stuck()
            wait = AGAIN * random.uniform(0.5, 1.5)  # a rhythm could meet the loop at the same place every time

    threading.Thread(target=insist, daemon=True).start()
    try:
        try:
            yield
        finally:
            with lock:
                over.set()  # from here on no more are sent
        if fired.is_set():
            time.sleep(1)  # one is on its way: meet it here
    except KeyboardInterrupt:
        if fired.is_set():
            raise TimeUp(f"not done after {seconds} seconds") from None
        raise


def _interrupt() -> None:
    if hasattr(signal, "pthread_kill"):  # wakes a sleep, too
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()
