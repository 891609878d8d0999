"""The stop button, pressed on a real kernel: what was measured is kept, and the same cell goes on."""

import re
import threading
from collections.abc import Iterator

import pytest
from jupyter_client.manager import start_new_kernel

SET_UP = """
from lthedu import data
from lthedu.course.bar import ProgressBar
from lthedu.experiments.study import Settings, Study
from lthedu.networks.models import MLP
mnist = data.load("mnist", device="cpu").first(2000, 200, 200)
settings = Settings(seeds=(0, 1), levels=1, steps=1200, batch_size=32, val_every=5)
Study(mnist, settings=Settings(seeds=(0,), levels=0, steps=1)).run()  # imports what is slow to import
study = Study(mnist, lambda: MLP([784, 20, 10]), settings)
"""
RUN = "table = study.run(progress=ProgressBar())"


@pytest.fixture
def kernel() -> Iterator[tuple]:
    manager, client = start_new_kernel()
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code: str) -> tuple[dict, str]:
    """The reply to `code`, and what it printed."""
    printed: list[str] = []
    reply = client.execute_interactive(
        code, timeout=120, output_hook=lambda m: printed.append(m["content"].get("text", ""))
    )
    return reply["content"], "".join(printed)


@pytest.mark.full  # without a kernel: test_tickets.py, "an interrupt keeps"; Ctrl-C in a kernel: test_executor.py
def test_a_stopped_run_keeps_its_rows_and_goes_on(kernel: tuple) -> None:
    manager, client = kernel
    assert run(client, SET_UP)[0]["status"] == "ok"
    stop = threading.Timer(0.4, manager.interrupt_kernel)
    stop.start()
    reply, _ = run(client, RUN)
    assert reply["ename"] == "KeyboardInterrupt", "the run was over before the stop button: make it longer"
    assert re.search(r"stopped at level \d, step \d+ of 1200; \d finished levels are kept", reply["evalue"])
    _, printed = run(client, "stopped = study.table; done = sorted(study.levels); print(len(stopped), done)")
    rows = int(printed.split()[0])
    assert rows > 0
    assert run(client, RUN)[0]["status"] == "ok"
    _, printed = run(client, "print(sorted(study.levels), len(table) > len(stopped), table.arm.nunique())")
    assert printed.strip() == "[0, 1] True 4"
