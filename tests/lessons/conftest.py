"""What a lesson's cells claim, caught as they claim it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import pytest
import torch

from lthedu.course import lesson

mpl.use("agg")
LESSONS = Path(__file__).parents[2] / "lessons"
Run = Callable[[str, int], tuple[set[str], str]]


@pytest.fixture
def run_claims(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a lesson's compared cells: (file, number of claims it must make) -> the claims that fail, the verdict."""
    said: dict[str, bool] = {}
    words: list[str] = []
    monkeypatch.setattr(lesson, "claim", lambda sentence, holds, evidence="": said.__setitem__(sentence, bool(holds)))
    monkeypatch.setattr(lesson, "verdict", lambda word, scope: words.append(word))
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))

    def run(name: str, claims: int) -> tuple[set[str], str]:
        space: dict = {"__name__": "__main__"}
        for cell in nbformat.read(LESSONS / name, 4).cells:
            if cell.cell_type == "code" and "nbval-ignore-output" not in cell.metadata.get("tags", ()):
                exec(compile(cell.source, cell.source.splitlines()[0], "exec"), space)
        assert len(said) == claims
        assert len(words) == 1
        return {sentence for sentence, holds in said.items() if not holds}, words[0]

    yield run
    plt.close("all")


@pytest.fixture
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """The number of threads that the test asks for, put back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)
