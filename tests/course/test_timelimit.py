"""The time limit: what it stops, what it leaves to the learner, and that nothing of it outlives the body."""

import contextlib
import os
import signal
import threading
import time

import pytest

from lthedu.course import timelimit
from lthedu.course.timelimit import TimeUp, time_limit


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch):
    """No interrupt after the body, no thread, and the handler that was there."""
    monkeypatch.setattr(timelimit, "AGAIN", 0.03)
    before, threads = signal.getsignal(signal.SIGINT), threading.active_count()
    yield
    time.sleep(0.1)  # three times as long as it waits between two interrupts
    assert signal.getsignal(signal.SIGINT) is before
    assert threading.active_count() == threads


def endless():
    while True:
        pass


def deaf(seconds):
    """Sleeps so long, whatever comes."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(0.05)


def slowly_left():
    """A body whose cleaning up lasts longer than it takes for the next interrupts to come."""
    try:
        endless()
    finally:
        until = time.monotonic() + 0.2
        while time.monotonic() < until:
            pass


def test_what_is_done_in_time_is_left_alone():
    with time_limit(5) as limit:
        pass
    assert (limit.fired, limit.pressed) == (False, False)


@pytest.mark.parametrize("body", [slowly_left, lambda: time.sleep(60)])
def test_a_body_that_does_not_end_is_stopped(body):
    began = time.monotonic()
    with pytest.raises(TimeUp, match=r"not done after 0\.2 seconds"), time_limit(0.2):
        body()
    assert time.monotonic() - began < 30


def test_interrupts_that_come_while_the_body_is_freed_do_not_escape(monkeypatch):
    """A long list is thrown away, in one step of the interpreter, between the first interrupt and the end."""

    def numbers():
        i = 1000
        while True:
            i += 1
            yield i

    monkeypatch.setattr(timelimit, "AGAIN", 0.005)
    for _ in range(4):
        with pytest.raises(TimeUp), time_limit(0.3):
            list(numbers())


def test_a_body_that_swallowed_the_interrupt_and_ended_is_late_all_the_same():
    with pytest.raises(TimeUp), time_limit(0.1), contextlib.suppress(KeyboardInterrupt):
        time.sleep(60)


def test_the_stop_button_stays_a_keyboard_interrupt():
    presser = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    presser.start()
    with pytest.raises(KeyboardInterrupt), time_limit(30) as limit:
        time.sleep(20)
    presser.join()
    assert (limit.pressed, limit.fired) == (True, False)


def test_a_bodys_own_keyboard_interrupt_is_not_the_button():
    with pytest.raises(KeyboardInterrupt), time_limit(30) as limit:
        raise KeyboardInterrupt
    assert not limit.pressed


def test_what_cannot_be_stopped_is_told_once(monkeypatch):
    monkeypatch.setattr(timelimit, "STUCK", 0.2)
    told = []
    with pytest.raises(TimeUp), time_limit(0.1, lambda: told.append(threading.current_thread())):
        deaf(1.0)
    assert len(told) == 1
    assert told[0] is not threading.main_thread()


def test_outside_the_main_thread_there_is_no_limit():
    found = []

    def body():
        with time_limit(0.05):
            time.sleep(0.2)
        found.append("done")

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert found == ["done"]
