"""What a learner's function prints, kept within bounds; and its `exit()`, kept from ending the kernel."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, NoReturn

LIMIT = 4_000  # characters of a function's printing that are shown


class Printed(io.TextIOBase):
    """What was printed: the first `LIMIT` characters are kept, the others are counted.

    >>> printed = Printed()
    >>> _ = printed.write("x" * 5_000)
    >>> printed.text().splitlines()[-1]
    '[1,000 more characters printed are left out]'
    >>> printed.readable(), printed.writable()
    (False, True)
    """

    def __init__(self) -> None:
        self.kept, self.length = io.StringIO(), 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.kept.write(text[: max(0, LIMIT - self.length)])
        self.length += len(text)
        return len(text)

    def text(self) -> str:
        """What is to be shown; ends with a line break unless it is empty."""
        kept = self.kept.getvalue()
        if self.length > LIMIT:
            return f"{kept}\n[{self.length - LIMIT:,} more characters printed are left out]\n"
        return kept if kept.endswith("\n") or not kept else kept + "\n"


@contextmanager
def contained() -> Iterator[Printed]:
    """Collect what the body prints; in it, the notebook's `exit()` and `quit()` raise SystemExit, as in a script."""
    printed, shell = Printed(), _shell()
    if shell is not None:
        shell.ask_exit = _exits  # what both call; as it is, it ends the kernel
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            yield printed
    finally:
        if shell is not None:
            del shell.ask_exit


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def _exits() -> NoReturn:
    raise SystemExit
