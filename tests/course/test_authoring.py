"""The canonical notebook: an unchanged cell gives no diff, and what must not be stored is refused."""

import re
from pathlib import Path

import nbformat
import pytest

from lthedu.course.authoring import NotCanonical, canonical, normalise


def notebook(*sources: str):
    cells = [nbformat.v4.new_markdown_cell("# Title"), *(nbformat.v4.new_code_cell(s) for s in sources)]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small notebook, run and written twice; the first version lies beside it."""
    path = tmp_path_factory.mktemp("lessons") / "01_small.ipynb"
    sources = [
        "import matplotlib.pyplot as plt\nimport ipywidgets",
        "print('a')\nprint('b')",
        "_ = plt.figure(figsize=(2, 1)).gca().plot([1, 2])",
        "ipywidgets.IntSlider()",
        "1 + 1",
        "1 + 1",
    ]
    nbformat.write(notebook(*sources), path)
    canonical(path)
    path.with_suffix(".first").write_bytes(path.read_bytes())
    canonical(path)
    return path


def test_a_second_run_changes_no_byte(written: Path) -> None:
    assert written.read_bytes() == written.with_suffix(".first").read_bytes()


def test_counts_run_from_one_and_ids_are_unique(written: Path) -> None:
    cells = nbformat.read(written, 4).cells
    counts = [c.execution_count for c in cells if c.cell_type == "code"]
    assert counts == list(range(1, 7))
    assert len({c.id for c in cells}) == len(cells)
    assert all(re.fullmatch("[0-9a-f]{8}", c.id) for c in cells)


def test_no_widget_state_and_no_timing_is_stored(written: Path) -> None:
    text = written.read_text()
    assert "model_id" not in text
    assert "widget-state" not in text
    assert "iopub" not in text
    outputs = [c.outputs for c in nbformat.read(written, 4).cells if c.cell_type == "code"]
    assert outputs[1][0].text == "a\nb\n"
    assert list(outputs[2][0].data) == ["image/png", "text/plain"]
    assert outputs[3] == []


def test_an_id_follows_from_its_source_alone() -> None:
    one, two = notebook("x = 1", "y = 2"), notebook("z = 3", "y = 2")
    normalise(one)
    normalise(two)
    assert one.cells[2].id == two.cells[2].id
    assert one.cells[1].id != two.cells[1].id


def test_a_notebook_that_writes_to_stderr_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "noisy.ipynb"
    nbformat.write(notebook("import sys\nprint('warning', file=sys.stderr)"), path)
    before = path.read_bytes()
    with pytest.raises(NotCanonical, match=r"code cell 1 .*warning"):
        canonical(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
