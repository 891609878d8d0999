"""A progress bar that is gone when the work is done or stopped: HTML in a notebook, rich in a terminal."""

import html
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from IPython.display import display
from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import TaskID

from lthedu.course.boxes import in_notebook
from lthedu.course.times import duration, lesson_at_work, lesson_here

T = TypeVar("T")
REDRAW = 0.2  # seconds between two redraws
# Nobody clears the bar of a kernel that was restarted: the browser itself shows this when a drawing has stood for long.
_OLD = """<style>@keyframes lthedu-old { to { visibility: visible } }</style>
<div style="visibility: hidden; animation: lthedu-old 0s 60s forwards">This bar has not moved for a minute.
If the kernel was restarted, nothing runs any more: run the cell again.</div>"""
open_bars: list["ProgressBar"] = []  # begun and not done, the last one begun last


class ProgressBar:
    """A callback `(done, all, text)` that draws a bar with the time left, and clears it at the end.

    Pass it as `progress=` to `train` or `Study.run`. In a notebook the bar ends as an empty output, so that a
    stored notebook holds no timing; in JupyterLab the line below it says what the whole lesson takes on this machine.

    >>> bar = ProgressBar()
    >>> for step in range(3):
    ...     bar(step + 1, 3, "level 1 of 1")
    """

    def __init__(self) -> None:
        self._notebook = in_notebook()
        self._reset()

    def _reset(self) -> None:
        self._began = self._drawn = 0.0
        self._offset = 0
        self._handle: Any = None
        self._rich: tuple[RichProgress, TaskID] | None = None
        self._lesson = self.now = ""

    def __call__(self, done: int, in_all: int, text: str) -> None:
        if not self._began and done >= in_all:  # all is done: there is no bar to open, and none to close
            return
        if not self._began:
            self._open(in_all)
            self._offset = done
        now = time.monotonic()
        if done == self._offset:  # what prepares the first step says nothing about the others
            self._began = now
        self.now = f"{text}, {100 * done // in_all} % done"
        if done >= in_all:
            self.close()
        elif now - self._drawn >= REDRAW:
            self._drawn = now
            self._draw(done, in_all, f"{text}{self._left(done, in_all, now)}")

    def over(self, items: Iterable[T], what: str) -> Iterator[T]:
        """The items, with a bar that counts them: "ticket 2 of 5" for `what` = "ticket".

        >>> [n**2 for n in ProgressBar().over([1, 2, 3], "square")]
        [1, 4, 9]
        """
        listed = list(items)
        for i, item in enumerate(listed):
            self(i, len(listed), f"{what} {i + 1} of {len(listed)}")
            yield item
        self(len(listed), len(listed), what)

    def _left(self, done: int, in_all: int, now: float) -> str:
        """The time left, once there is something to go by."""
        if done == self._offset or now - self._began < 1:
            return ""
        seconds = (now - self._began) * (in_all - done) / (done - self._offset)
        return f", about {duration(seconds)} left"

    def _open(self, in_all: int) -> None:
        open_bars.append(self)
        if self._notebook:
            self._handle = display({"text/html": ""}, raw=True, display_id=True)
            if lesson := lesson_at_work():
                self._handle.update({"text/html": "One moment: this machine's speed is measured."}, raw=True)
                self._lesson = lesson_here(lesson)
        elif sys.stderr.isatty():
            bar = RichProgress(console=Console(stderr=True), transient=True)
            bar.start()
            self._rich = bar, bar.add_task("", total=in_all)

    def _draw(self, done: int, in_all: int, text: str) -> None:
        if self._handle is not None:
            label = html.escape(text)
            bar = f'<progress value="{done}" max="{in_all}" aria-label="{label}" style="width: 20em"></progress>'
            below = f"<div>{html.escape(self._lesson)}</div>" if self._lesson else ""
            self._handle.update({"text/html": f"{bar} {label}{below}{_OLD}"}, raw=True)
        if self._rich is not None:
            bar_, task = self._rich
            bar_.update(task, completed=done, description=text)

    def close(self) -> None:
        """Clear the bar, whatever is left to do."""
        open_bars.remove(self)
        if self._handle is not None:
            self._handle.update({"text/html": ""}, raw=True)
        if self._rich is not None:
            self._rich[0].stop()
        self._reset()  # ready for the next run
