"""The bar redraws while there is work, and is gone when it is done."""

import os
import subprocess
import sys

import pytest

from lthedu.base.course_files import course_path
from lthedu.bench import train
from lthedu.course import bar as module
from lthedu.course import times
from lthedu.course.bar import ProgressBar


class Handle:
    """Stands in for a notebook's display handle."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, data: dict, raw: bool) -> None:
        self.shown.append(data["text/html"])


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Handle:
    shown = Handle()

    def display(data, raw, display_id):
        shown.shown.append(data["text/html"])
        return shown

    monkeypatch.setattr(module, "in_notebook", lambda: True)
    monkeypatch.setattr(module, "display", display)
    monkeypatch.setattr(module, "REDRAW", 0.0)
    return shown


def test_the_output_is_empty_before_and_after(handle: Handle) -> None:
    bar = ProgressBar()
    for step in range(1, 4):
        bar(step, 3, "level 1 of 2")
    assert handle.shown[0] == handle.shown[-1] == ""
    assert '<progress value="2" max="3" aria-label="level 1 of 2' in handle.shown[-2]


def test_a_finished_bar_starts_anew(handle: Handle) -> None:
    bar = ProgressBar()
    for _ in range(2):
        bar(1, 2, "a")
        bar(2, 2, "a")
    assert handle.shown.count("") == 4


def test_redraws_are_rare(handle: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REDRAW", 1000.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: 5000.0)
    bar = ProgressBar()
    for step in range(1, 1000):
        bar(step, 1000, "a")
    assert len(handle.shown) == 2  # the empty start and one drawing


def test_time_left_is_said_in_words(handle: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 30.0, 40.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    bar = ProgressBar()
    bar(0, 100, "a")
    bar(10, 100, "a")
    assert "about 3 min left" in handle.shown[-1]
    bar(60, 100, "a")
    assert "about 20 s left" in handle.shown[-1]


def test_what_prepares_the_first_step_does_not_count_as_one(handle: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 90.0, 110.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    bar = ProgressBar()
    bar(0, 4, "finding tickets")
    bar(0, 4, "drawing")
    bar(1, 4, "drawing")
    assert "about 60 s left" in handle.shown[-1]


def test_a_lesson_in_jupyterlab_is_told_what_it_takes_on_this_machine(handle: Handle, monkeypatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "/somewhere/02_winning_tickets.ipynb")
    monkeypatch.setattr(train, "steps_per_second", lambda seconds: 3.0)
    times.lesson_here.cache_clear()
    bar = ProgressBar()
    bar(1, 3, "a")
    recorded = times.read(course_path("lessons"))["winning_tickets"]
    minutes = recorded.seconds * recorded.rate / 3.0 / 60
    assert f"All cells of this lesson together take about {minutes:.0f} min on this machine." in handle.shown[-1]
    bar(3, 3, "a")
    assert handle.shown[-1] == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_on_a_terminal_it_is_drawn_and_then_gone() -> None:
    import pty

    ours, theirs = pty.openpty()
    program = (
        "from lthedu.course import bar as module; module.REDRAW = 0.0; bar = module.ProgressBar();"
        "[bar(i, 3, 'level 1 of 2') for i in (1, 2, 3)]; print('done')"
    )
    ran = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=theirs, env=os.environ | {"TERM": "xterm"}
    )
    os.close(theirs)
    drawn = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # how Linux says that the other end is closed
            piece = b""
        if not piece:
            break
        drawn += piece
    os.close(ours)
    assert (ran.communicate()[0].strip(), ran.returncode) == (b"done", 0)
    assert b"level 1 of 2" in drawn
    assert b"67%" in drawn
    assert drawn.rstrip().endswith((b"\x1b[2K", b"\x1b[?25h"))  # the line is wiped, the cursor is back
