"""A time limit on code that runs in the main thread, on every platform."""

import _thread
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class TimeUp(Exception):
    """The limit passed before the code was done."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeUp in the body once `seconds` have passed. Outside the main thread there is no limit.

    The body is interrupted between two steps of the interpreter, as by Ctrl-C; a real Ctrl-C stays a
    KeyboardInterrupt.

    >>> with time_limit(5):
    ...     print("in time")
    in time
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    lock, state = threading.Lock(), {"over": False, "fired": False}

    def fire() -> None:
        with lock:
            if not state["over"]:
                state["fired"] = True
                _thread.interrupt_main()

    timer = threading.Timer(seconds, fire)
    timer.daemon = True
    timer.start()
    try:
        yield
        with lock:
            state["over"] = True
        if state["fired"]:
            time.sleep(1)  # the interrupt is on its way: meet it here
    except KeyboardInterrupt:
        if state["fired"]:
            raise TimeUp(f"not done after {seconds} seconds") from None
        raise
    finally:
        with lock:
            state["over"] = True
        timer.cancel()
