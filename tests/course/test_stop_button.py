"""The stop button, pressed on a real kernel: a box instead of a traceback, and the same cell goes on."""

from collections.abc import Iterator

import pytest
from jupyter_client.manager import start_new_kernel

SET_UP = """
from lthedu import data
from lthedu.course.bar import ProgressBar
from lthedu.course.lesson import show
from lthedu.experiments.study import Settings, Study
from lthedu.networks.models import MLP
from lthedu.training import Replicates, train
mnist = data.load("mnist", device="cpu").first(2000, 200, 200)
settings = Settings(seeds=(0, 1), levels=1, steps=1200, batch_size=32, val_every=1)
Study(mnist, settings=Settings(seeds=(0,), levels=0, steps=1)).run()  # imports what is slow to import
study = Study(mnist, lambda: MLP([784, 20, 10]), settings)
two = Replicates.create(lambda: MLP([784, 20, 10]), seeds=(0, 1))
"""
RUN = "table = study.run(progress=ProgressBar())"
BOX = "You stopped this cell. It was at: {}, "
STILL_THERE = "All that earlier cells made is still there."


@pytest.fixture
def kernel() -> Iterator[tuple]:
    manager, client = start_new_kernel()
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code: str, on_bar=lambda: None) -> tuple[str, list[str], list[str]]:
    """How `code` ended, what it showed in words, and the bars it left; `on_bar` is called when one is drawn."""
    words: list[str] = []
    bars: dict[str, str] = {}

    def met(message: dict) -> None:
        content = message["content"]
        if (name := content.get("transient", {}).get("display_id")) is not None:
            drawn, bars[name] = bars.get(name), content["data"]["text/html"]
            if drawn == "" and bars[name]:  # the first drawing
                on_bar()
        elif message["msg_type"] == "error":
            words.extend(content["traceback"])
        elif "data" in content or "text" in content:
            words.append(content.get("text") or content["data"]["text/plain"])

    reply = client.execute_interactive(code, timeout=120, output_hook=met)
    return reply["content"]["status"], words, list(bars.values())


def test_a_stopped_cell_ends_with_a_box_and_what_it_kept_goes_on(kernel: tuple) -> None:
    manager, client = kernel
    assert run(client, SET_UP)[0] == "ok"

    status, words, bars = run(client, RUN, manager.interrupt_kernel)
    (box,) = words
    assert (status, bars) == ("error", [""])  # with "Run All" no later cell runs, and no bar is left over
    assert box.startswith(BOX.format("level 0 of 1"))
    assert "line 1: table = study.run(progress=ProgressBar())" in box
    assert "finished levels that are kept: 0; the rows so far are in the study's `table`" in box
    assert STILL_THERE in box
    assert "Traceback" not in box
    assert run(client, "stopped = study.table; print(len(stopped) > 0)")[1] == ["True\n"]  # a bar comes after a row
    assert run(client, RUN)[0] == "ok"
    after = run(client, "print(sorted(study.levels), len(table) > len(stopped), table.arm.nunique())")
    assert after[1] == ["[0, 1] True 4\n"]

    status, (box,), bars = run(
        client, "done = train(two, mnist, 10**6, progress=ProgressBar())", manager.interrupt_kernel
    )
    assert (status, bars) == ("error", [""])
    assert box.startswith(BOX.format("training"))
    assert "The training stopped at step" in box
