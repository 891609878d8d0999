"""The stop button: a stopped cell ends with a box that says where it was and what there is, and without a traceback."""

import linecache
from types import TracebackType
from typing import Any

from IPython import get_ipython

from lthedu.course.bar import open_bars
from lthedu.course.boxes import Box, in_notebook, show_box

STILL_THERE = "All that earlier cells made is still there. To get what this cell makes, run it again."


def answer_the_stop_button() -> None:
    """From now on this kernel answers an interrupt with a box, and clears the bars of a cell that ended early."""
    if in_notebook():
        shell = get_ipython()
        shell.set_custom_exc((KeyboardInterrupt,), _stopped)
        shell.events.register("post_run_cell", _clear_bars)


def _stopped(shell: Any, kind: type, error: BaseException, trace: TracebackType | None, tb_offset: Any = None) -> None:
    """IPython calls it in the place of its traceback. The cell still counts as failed: no later cell runs by itself."""
    at = open_bars[-1].now if open_bars else ""
    show_box(box(error, at, _line(trace, shell.user_ns)))


def box(error: BaseException, at: str = "", line: str = "") -> Box:
    """The box for an interrupt: `at` is what the bar showed last, and `line` the stopped line of the cell.

    >>> box(KeyboardInterrupt("1 of 3 parts is kept"), "part 2 of 3, 40 % done", "line 2: table = game.run()")
    You stopped this cell. It was at: part 2 of 3, 40 % done.
        line 2: table = game.run()
    1 of 3 parts is kept. All that earlier cells made is still there. To get what this cell makes, run it again.
    """
    said = str(error)
    kept = f"{said[:1].upper()}{said[1:]}. " if said else ""
    return Box("note", "You stopped this cell.", at and f"It was at: {at}.", kept + STILL_THERE, line)


def _line(trace: TracebackType | None, names: dict[str, Any]) -> str:
    """The line of the cell itself in which it was stopped."""
    while trace is not None and trace.tb_frame.f_globals is not names:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"line {trace.tb_lineno}: {linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno).strip()}"


def _clear_bars(_: Any) -> None:
    while open_bars:
        open_bars[-1].close()
