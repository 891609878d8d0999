"""A figure with its caption below and its description folded; measured values between their marks."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from lthedu.course.executor import run_cells
from lthedu.course.lesson import figure, measured

DRAWN = """
import matplotlib.pyplot as plt
from lthedu.course.lesson import figure
ax = plt.figure(figsize=(4, 3), facecolor="black").gca()
figure((ax, "a line of <five> points."), "Look at `x`: does it rise?")
"""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list:
    """What a notebook's cell with a figure shows."""
    notebook = new_notebook(cells=[new_code_cell(DRAWN)])
    run_cells(notebook, tmp_path_factory.mktemp("lessons"))
    return notebook.cells[0].outputs


def test_the_picture_comes_once_and_first_sharp_at_half_its_size_and_on_white(outputs: list) -> None:
    assert ["image/png" in output.data for output in outputs] == [True, False]
    picture = Image.open(io.BytesIO(base64.b64decode(outputs[0].data["image/png"])))
    shown = outputs[0].metadata["image/png"]
    assert picture.info["dpi"] == pytest.approx((200, 200), abs=0.1)
    assert (shown["width"], shown["height"]) == pytest.approx((picture.width / 2, picture.height / 2), abs=0.5)
    assert picture.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_its_description_is_alternative_text_and_folded_below_the_caption(outputs: list) -> None:
    assert outputs[0].metadata["image/png"]["alt"] == "a line of <five> points."
    page = outputs[1].data["text/html"]
    assert page.index("Look at <code>x</code>: does it rise?") < page.index("<details><summary>")
    assert "a line of &lt;five&gt; points.</details>" in page
    assert "Look at `x`: does it rise?\n    Description: a line of <five> points." in outputs[1].data["text/plain"]


def test_elsewhere_the_words_are_printed_and_the_figure_is_closed(capsys: pytest.CaptureFixture[str]) -> None:
    for drawn in (plt.figure(), plt.figure().gca(), plt.subplots(2, 2)[1], list(plt.subplots(1, 2)[1])):
        figure((drawn, "two lines."), "Which is higher?")
        assert capsys.readouterr().out == "Which is higher?\n    Description: two lines.\n"
    assert plt.get_fignums() == []


def test_a_caption_is_short_and_a_figure_is_one() -> None:
    drawn = plt.figure(), "two lines."
    figure(drawn, "word " * 25)
    with pytest.raises(ValueError, match=r"the caption has 26 words; allowed: at most 25"):
        figure(drawn, "word " * 26)
    for empty in [(drawn, ""), ((drawn[0], ""), "Look")]:
        with pytest.raises(ValueError, match="a text with something in it"):
            figure(*empty)
    for wrong in (None, [], "a picture"):
        with pytest.raises(TypeError, match="a Figure, or Axes of one"):
            figure((wrong, "two lines."), "Look")


def test_a_measured_value_stands_between_its_marks() -> None:
    assert [measured(v, 2) for v in (97.1, np.float32(97.1), torch.tensor(97.1), 97)] == ["‹97.10›"] * 3 + ["‹97.00›"]
    with pytest.raises(ValueError, match="digits is -1"):
        measured(97.1, -1)
