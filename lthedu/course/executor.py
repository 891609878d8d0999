"""Run a notebook's cells in a fresh kernel: the one way in which the course executes a lesson.

The kernel is this very Python, whatever kernels the system lists: a list left by another installation may name a
Python that is gone, or one without the course.
"""

import asyncio
import logging
import os
import re
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from queue import Empty
from typing import IO, Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode, ValidationError

from lthedu.base.files import naming

TIMEOUT = 600  # seconds a cell
ROOM = 2**16  # bytes that a kernel writes before it runs anything, and more
_SLICE = 0.5  # seconds

_silent = logging.Logger("lthedu.executor")  # what nbclient logs is raised too, and said once
_silent.addHandler(logging.NullHandler())


class CellStopped(ValueError):
    """A cell that ended the run: `cell` is the number that JupyterLab shows, `line` its first line of code."""

    def __init__(self, cell: int, line: str, what: str) -> None:
        super().__init__(f"cell {cell} ({line}): {what}")
        self.cell, self.line, self.what = cell, line, what


class NoKernel(OSError):
    """The kernel did not start."""


def run_cells(
    notebook: NotebookNode,
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    timeout: int = TIMEOUT,
    on_cell: Callable[[int, int], None] = lambda done, in_all: None,
) -> None:
    """Run every code cell of `notebook` in a fresh kernel that works in `folder`; outputs are written into it.

    Old outputs go first, so that a cell that was not reached has none. `env` is the kernel's environment (default:
    this process's own), `timeout` the seconds that one cell may take, and `on_cell(done, in_all)` is called before
    each code cell and after the last. A cell tagged `raises-exception` may raise.

    Raises CellStopped for a cell that raises, takes too long, kills the kernel or shows what is no output, NoKernel
    where none starts, and KeyboardInterrupt for Ctrl-C; the kernel is gone by then, and the outputs so far are in
    `notebook`.

    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> notebook = new_notebook(cells=[new_code_cell("6 * 7"), new_code_cell("1 / 0")])
    >>> run_cells(notebook, Path("."))
    Traceback (most recent call last):
    lthedu.course.executor.CellStopped: cell 2 (1 / 0): ZeroDivisionError: division by zero
    >>> notebook.cells[0].outputs[0].data["text/plain"]
    '42'
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    env = dict(os.environ if env is None else env)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _execute(notebook, folder, env, timeout, on_cell)
        return
    with ThreadPoolExecutor() as apart:  # in a notebook: its kernel's own loop is running in this thread
        apart.submit(_execute, notebook, folder, env, timeout, on_cell).result()


def _execute(
    notebook: NotebookNode, folder: Path, env: dict[str, str], timeout: int, on_cell: Callable[[int, int], None]
) -> None:
    with ExitStack() as open_until_done:
        private = Path(open_until_done.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        log = open_until_done.enter_context((private / "kernel.log").open("w+b"))
        env["IPYTHONDIR"] = _ipython(env, folder, private)
        client = _Client(notebook, private, timeout=timeout, resources={"metadata": {"path": str(folder)}})
        client.report = on_cell
        # the selector loop on Windows, too: ZeroMQ needs one
        runner = open_until_done.enter_context(asyncio.Runner(loop_factory=asyncio.SelectorEventLoop))
        try:
            with naming(private):
                _demand_room(log)
            runner.run(_run(client, env=env, stderr=log))
        except CellExecutionError as error:
            raise client.stopped(f"{error.ename}: {error.evalue}".rstrip(": ")) from error
        except CellTimeoutError as error:
            raise client.stopped(f"it was not done after {timeout} seconds") from error
        except DeadKernelError as error:
            raise client.stopped("it killed the kernel: memory ran out, or the code ended it") from error
        except ValidationError as error:
            raise client.stopped(f"it showed what no notebook can hold: {error.message}") from error
        except (RuntimeError, OSError, NoSuchKernel) as error:
            raise NoKernel(_why(log, error, env, private)) from error
        finally:
            client.set_widgets_metadata()
    on_cell(client.in_all, client.in_all)


def _demand_room(file: IO[bytes]) -> None:
    """Raise OSError where the disk of a kernel's files is full: the kernel would die without a word."""
    file.write(bytes(ROOM))
    file.flush()
    file.seek(0)
    file.truncate()


async def _run(client: "_Client", **start: Any) -> None:
    try:
        await client.async_execute(**start)
    except DeadKernelError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # nbclient takes a Ctrl-C for the kernel's death
            raise asyncio.CancelledError from None
        raise


def _ipython(env: Mapping[str, str], folder: Path, private: Path) -> str:
    """IPython's folder: the one named, where the kernel can make or use it, else one that goes with the run.

    For itself IPython would warn, which stops it under PYTHONWARNINGS=error, and leave a folder in TMPDIR.
    """
    named = folder / os.path.expanduser(env.get("IPYTHONDIR") or "~/.ipython")
    there = named if named.exists() else named.parent
    return str(named if there.is_dir() and os.access(there, os.W_OK) else private / "ipython")


def _why(log: IO[bytes], error: Exception, env: Mapping[str, str], private: Path) -> str:
    """Why no kernel started: the last line it wrote itself, where there is one."""
    log.seek(0)
    said = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    if said and "WARNING" not in said[-1]:
        last = said[-1].strip()
    elif isinstance(error, OSError) and error.strerror:
        last = f"{error.filename or private}: {error.strerror}"  # a full disk is told without a file
    else:
        last = str(error)
    if "PYTHONWARNINGS" in env and re.match(r"[\w.]*Warning\b", last):
        last += f"; PYTHONWARNINGS is {env['PYTHONWARNINGS']!r}, which makes it an error: unset it"
    return f"the Jupyter kernel of this Python did not start: {last}"


class _Client(NotebookClient):  # type: ignore[misc]
    """nbclient's, with this Python's kernel, a way out by Ctrl-C, and no stalls."""

    report: Callable[[int, int], None]

    def __init__(self, notebook: NotebookNode, private: Path, **settings: Any) -> None:
        super().__init__(notebook, startup_timeout=120, log=_silent, on_cell_execute=self._entered, **settings)
        self.private = private
        self.done, self.now = -1, ""
        self.in_all = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)

    def _entered(self, cell: NotebookNode, cell_index: int) -> None:
        self.done, self.now = self.done + 1, cell.source
        self.report(self.done, self.in_all)

    def stopped(self, what: str) -> CellStopped:
        return CellStopped(self.done + 1, self.now.strip().partition("\n")[0], what.partition("\n")[0])

    def create_kernel_manager(self) -> AsyncKernelManager:
        specs = KernelSpecManager(kernel_dirs=[], log=_silent)  # no folder searched: the one of the running Python
        file = str(self.private / "kernel.json")
        self.km = AsyncKernelManager(
            kernel_name="python3", kernel_spec_manager=specs, connection_file=file, log=_silent
        )
        return self.km

    @asynccontextmanager
    async def async_setup_kernel(self, **start: Any) -> AsyncGenerator[None, None]:
        """Without nbclient's own signal handlers: asyncio.Runner's turns Ctrl-C into a cancellation."""
        self.create_kernel_manager()
        try:
            await self.async_start_new_kernel(**start)
            await self.async_start_new_kernel_client()
            yield
        except BaseException:
            self.shutdown_kernel = "immediate"  # a busy one would not hear a request
            raise
        finally:
            if self.km is not None and self.km.has_kernel:
                await self._async_cleanup_kernel()

    async def async_start_new_kernel_client(self) -> Any:
        """Look for replies every half second, not only when told that one is there.

        nbclient answers an ipywidgets Output through the very socket on which it waits, and that can swallow the
        news of a reply (nbclient issue 312); the wait then lasts until the cell's timeout.
        """
        client = await super().async_start_new_kernel_client()
        whole = client.shell_channel.get_msg

        async def in_slices(timeout: float | None = None, **more: Any) -> Any:
            end = None if timeout is None else time.monotonic() + timeout
            while True:
                left = _SLICE if end is None else max(0.0, min(_SLICE, end - time.monotonic()))
                try:
                    return await whole(timeout=left, **more)
                except Empty:
                    if end is not None and time.monotonic() >= end:
                        raise

        client.shell_channel.get_msg = in_slices
        return client
