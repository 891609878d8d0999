"""The canonical notebook: an unchanged cell gives no diff, and what must not be stored is refused."""

import base64
import io
import re
from pathlib import Path

import nbformat
import pytest
from matplotlib import style
from matplotlib.figure import Figure
from PIL import Image

from lthedu.course.authoring import NotCanonical, canonical, normalise
from lthedu.course.pictures import alike, reduced
from lthedu.course.widgets import NOTE


def notebook(*sources: str):
    cells = [nbformat.v4.new_markdown_cell("# Title"), *(nbformat.v4.new_code_cell(s) for s in sources)]
    return nbformat.v4.new_notebook(cells=cells)


SHOWS = """
import base64, io
from IPython.display import display
from PIL import Image
written = io.BytesIO()
Image.new("L", (40, 30), {}).save(written, "png")
display({{"image/png": base64.b64encode(written.getvalue()).decode(), "text/plain": "a picture"}}, raw=True)
""".strip()


def written_picture(grey: int, other: int = 0) -> bytes:
    """What SHOWS leaves, as it is stored; the first `other` pixels are black."""
    drawn, written = Image.new("L", (40, 30), grey), io.BytesIO()
    for x in range(other):
        drawn.putpixel((x, 0), 0)
    drawn.save(written, "png")
    return reduced(written.getvalue())


WIDGET = """
from lthedu.figures.live import live_plot
from matplotlib import style
from matplotlib.figure import Figure
drawn = Figure(figsize=(9, 1))
live_plot(drawn, lambda level: f"level {level} & more", {"level": ipywidgets.IntSlider(3, description="at level")})
""".strip()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small notebook, run and written twice; the first version lies beside it."""
    path = tmp_path_factory.mktemp("lessons") / "01_small.ipynb"
    sources = [
        "import matplotlib.pyplot as plt\nimport ipywidgets\nfrom lthedu.course.lesson import figure",
        "print('a')\nprint('b')",
        "ax = plt.figure(figsize=(2, 1)).gca()\nax.plot([1, 2])\nfigure((ax, 'a line.'), 'Does it rise?')",
        WIDGET,
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


def outputs_of(path: Path, cell: int) -> list:
    return [c.outputs for c in nbformat.read(path, 4).cells if c.cell_type == "code"][cell]


def test_a_widget_leaves_a_picture_of_how_it_stood_and_its_words(written: Path) -> None:
    (output,) = outputs_of(written, 3)
    assert output.data["text/plain"] == NOTE
    assert output.metadata["image/png"]["alt"] == f"{NOTE} at level: 3 level 3 & more"
    picture = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
    assert picture.width == 900
    assert picture.height > 100  # the figure, and words above and below it


def test_pictures_have_few_colours_and_keep_their_description_and_size(written: Path) -> None:
    picture, _ = outputs_of(written, 2)
    drawn = Image.open(io.BytesIO(base64.b64decode(picture.data["image/png"])))
    assert drawn.mode == "P"
    assert picture.metadata["image/png"]["alt"] == "a line."
    assert picture.metadata["image/png"]["width"] == pytest.approx(drawn.width / 2, abs=0.5)


def test_a_stored_picture_stays_unless_the_new_one_looks_different(tmp_path: Path) -> None:
    path = tmp_path / "02_small.ipynb"
    kept, drawn_anew = written_picture(200, other=3), written_picture(98)
    cells = [nbformat.v4.new_code_cell(SHOWS.format(200)), nbformat.v4.new_code_cell(SHOWS.format(100))]
    for cell, png in zip(cells, (kept, drawn_anew), strict=True):
        data = {"image/png": base64.b64encode(png).decode(), "text/plain": "a picture"}
        cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    canonical(path)
    after = [base64.b64decode(outputs_of(path, i)[0].data["image/png"]) for i in (0, 1)]
    assert after[0] == kept
    assert after[1] == written_picture(100)


def axis(word: str, lower: int = 0) -> bytes:
    """A line over an axis with this word under it, as it is stored; the line is `lower` pixels further down."""
    written = io.BytesIO()
    with style.context("default"):  # whatever style other tests left
        drawn = Figure(figsize=(4, 3), dpi=200)
        ax = drawn.subplots()
        ax.plot([0, 1], [200 - lower, 400 - lower])
        ax.set(xlabel=word, ylim=(0, 480), position=(0.2, 0.2, 0.7, 0.8))  # 480 pixels high
        drawn.savefig(written, format="png")
    return reduced(written.getvalue())


@pytest.mark.parametrize(
    ("word", "lower", "same"), [("weights kept", 0, True), ("weights kept", 1, True), ("weights kent", 0, False)]
)
def test_another_letter_is_seen_and_a_line_that_moved_by_a_pixel_is_not(word: str, lower: int, same: bool) -> None:
    assert alike(axis("weights kept"), axis(word, lower)) is same


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
