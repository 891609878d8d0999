"""A lesson's cells, run here, and what they claim, caught as they claim it.

A module names its lesson in NOTEBOOK, the number of its claims in CLAIMS, and in MARGINS the pairs (first seed,
threads) with which its author saw every verdict hold. `-m full` repeats the first two pairs, one with one thread and
one with two; `pytest tests/lessons -m full --margins` repeats them all, as is done when a lesson has changed.
"""

import functools
import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets
import matplotlib as mpl
import nbformat
import pandas as pd
import pytest
import torch
from figure_frame import checked, drawn_by

from lthedu import data
from lthedu.course import lesson
from lthedu.experiments import paper_results

mpl.use("agg")
LESSONS = Path(__file__).parents[2] / "lessons"
Moves = list[tuple[ipywidgets.Widget, object]]


class Claims:
    """The code cells of a lesson, `made`: what they claimed when they ran and whether it held, and their verdict."""

    def __init__(self, notebook: str, many: int) -> None:
        self.many = many
        self.code = dict(_code(notebook))
        self.made: dict[str, bool] = {}
        self.verdicts: list[str] = []

    @property
    def compared(self) -> list[str]:
        """The cells that nbval compares: all but a few tables, timings and widgets."""
        return [source for source, ignored in self.code.items() if not ignored]

    def cells(self, *starts: str) -> list[str]:
        """The cells that begin so, one for each beginning."""
        found = [[source for source in self.code if source.startswith(start)] for start in starts]
        assert [len(f) for f in found] == [1] * len(starts), starts
        return [source for (source,) in found]

    def run(self, cells: list[str] | None = None, /, **space: Any) -> dict[str, Any]:
        """Run cells one after the other, by default those that are compared; gives the names that there are then."""
        space = {"__name__": "__main__", **space}
        for source in self.compared if cells is None else cells:
            exec(compile(source, source.partition("\n")[0], "exec"), space)
        if cells is None:
            assert (len(self.made), len(self.verdicts)) == (self.many, 1)
        return space

    @property
    def failed(self) -> set[str]:
        """The claims that do not hold."""
        return {sentence for sentence, holds in self.made.items() if not holds}

    def holds(self, *starts: str) -> list[bool]:
        """Whether the claims hold that begin so, one for each beginning."""
        found = [[holds for sentence, holds in self.made.items() if sentence.startswith(start)] for start in starts]
        assert [len(f) for f in found] == [1] * len(starts), starts
        return [holds for (holds,) in found]


@functools.cache
def _code(notebook: str) -> list[tuple[str, bool]]:
    (path,) = LESSONS.glob(f"[0-9][0-9]_{notebook}.ipynb")
    code = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    return [(cell.source, "nbval-ignore-output" in cell.metadata.get("tags", ())) for cell in code]


@pytest.fixture
def claims(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Claims:
    """The module's lesson: its cells, and from now on what they claim."""
    found = Claims(request.module.NOTEBOOK, request.module.CLAIMS)
    monkeypatch.setattr(lesson, "claim", lambda sentence, holds, *_: found.made.__setitem__(sentence, bool(holds)))
    monkeypatch.setattr(lesson, "verdict", lambda word, _: found.verdicts.append(word))
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))
    return found


@pytest.fixture
def few_images(mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lessons get the first of MNIST's images: where the table is pretended, how well networks train is no matter."""
    few = mnist.first(6000, 100, 500)
    monkeypatch.setattr(data, "load", lambda name, **_: few)


@pytest.fixture
def stored_as(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[pd.DataFrame], object]], None]:
    """Let stored runs be read as they would be if a function had been done to their tables."""
    load = paper_results.load

    def changed(change: Callable[[pd.DataFrame], object]) -> None:
        def other(name: str) -> paper_results.PaperResult:
            stored = load(name)
            table = stored.table.copy()
            change(table)
            return replace(stored, table=table)

        monkeypatch.setattr(paper_results, "load", other)

    return changed


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--margins", action="store_true", help="repeat every lesson's claims at all pairs of its MARGINS")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The tests that ask for `seed` and `threads` are run for two of their module's MARGINS, or for all."""
    if {"seed", "threads"} <= {*metafunc.fixturenames}:
        pairs = metafunc.module.MARGINS
        assert {threads for _, threads in pairs[:2]} == {1, 2}
        every = metafunc.config.getoption("margins", default=False)  # no option where pytest was not told this folder
        metafunc.parametrize(("seed", "threads"), pairs if every else pairs[:2], indirect=["threads"])


@pytest.fixture
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """The number of threads that the test asks for, put back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def figures_are_held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a `test_figures.py` draws has names on its axes and a description."""
    if request.path.name == "test_figures.py":
        module = importlib.import_module(f"lthedu.lessons.{request.path.parent.name}.figures")
        for name in drawn_by(module):
            monkeypatch.setattr(module, name, functools.partial(checked, getattr(module, name)))


@pytest.fixture
def draws_each_anew() -> Callable[[ipywidgets.VBox, Moves], None]:
    """Set an explorer's controls, one after the other: each value draws another picture and tells another sentence."""

    def hold(explorer: ipywidgets.VBox, moves: Moves) -> None:
        *_, picture, words = explorer.children
        pictures, told = {bytes(picture.value)}, {words.value}
        for control, value in moves:
            control.value = value
            assert bytes(picture.value).startswith(b"\x89PNG")
            pictures.add(bytes(picture.value))
            told.add(words.value)
        assert len(pictures) == len(told) == 1 + len(moves)

    return hold
