"""The page of a lesson: whole without a network, formulas and figures in it, a widget as it stood."""

import base64
import re
from pathlib import Path

import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lthedu.course.executor import run_cells
from lthedu.course.page import describe, page

PNG = base64.b64encode(b"not read by anyone here").decode()


def test_nothing_is_fetched_and_nothing_runs() -> None:
    text = page(
        new_notebook(cells=[new_markdown_cell("# T\n[a link](https://example.org)"), new_code_cell("1")]), Path(".")
    )
    assert "https://example.org" in text
    shell = text.replace('<a href="https://example.org">', "")
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', shell)
    assert not re.findall(r"@import|url\((?!\"?data:|#)[^)]*\)", shell)
    assert "<script" not in shell


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (r"with $a_i \le b^2$.", r'with <math display="inline"[^>]*>.*<msub><mi>a</mi><mi>i</mi></msub>.*</math>\.'),
        ("$$\\sum_{i}\nx_i$$", r'<math display="block"[^>]*>.*<mo>∑</mo>'),
        ("\\begin{align}\na &= b\n\\end{align}", r'<math display="block"[^>]*>.*<mtable'),
        (r"costs \$5 and \$6", r"costs \$5 and \$6"),
    ],
)
def test_formulas_are_drawn_by_the_browser_itself(source: str, shown: str) -> None:
    assert re.search(shown, page(new_notebook(cells=[new_markdown_cell(source)]), Path(".")), re.DOTALL)


def test_a_formula_that_cannot_be_read_is_shown_as_written() -> None:
    text = page(new_notebook(cells=[new_markdown_cell(r"see $\left( x$ there")]), Path("."))
    assert r"<code>\left( x</code>" in text


def test_a_figure_is_described_by_its_caption_and_a_picture_of_the_folder_is_in_the_page(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/a.png").write_bytes(b"picture")
    outputs = [
        new_output("display_data", data={"text/plain": "Figure: accuracy < density", "text/html": "<b>Figure</b>"}),
        new_output("display_data", data={"image/png": PNG, "text/plain": "<Figure size 1x1>"}),
    ]
    cells = [new_markdown_cell("![one](figures/a.png)"), new_code_cell("f()", outputs=outputs)]
    text = page(new_notebook(cells=cells), tmp_path)
    assert f'alt="accuracy &lt; density" src="data:image/png;base64,{PNG}"' in text
    assert f"data:image/png;base64,{base64.b64encode(b'picture').decode()}" in text
    assert "Figure size" not in text


def test_alternative_text_in_the_metadata_is_the_one_that_a_page_uses() -> None:
    marks = {"image/png": {"alt": "a <falling> curve", "width": 300, "height": 200}}
    described = new_output("display_data", data={"image/png": PNG, "text/plain": "Look"}, metadata=marks)
    notebook = new_notebook(cells=[new_code_cell("f()", outputs=[said("an older figure"), shown(), described])])
    describe(notebook)
    alts = ["an older figure", "a &lt;falling&gt; curve"]
    text = page(notebook, Path("."))
    assert re.findall(r'<img alt="([^"]*)"', text) == alts
    assert re.findall(r'<img [^>]*width="(\d+)"', text) == ["300"]
    exported, _ = HTMLExporter(preprocessors=["lthedu.course.page.Described"]).from_notebook_node(notebook)
    assert re.findall(r'<img alt="([^"]*)"', exported) == alts
    assert re.findall(r'<img [^>]*width="(\d+)"', exported) == ["300"]


def shown(kind: str = "image/png", **more: str):
    return new_output("display_data", data={kind: PNG, **more})


def said(words: str):
    return new_output("display_data", data={"text/plain": f"Figure: {words}", "text/html": "<b>Figure</b>"})


@pytest.mark.parametrize(
    ("outputs", "alts"),
    [
        ([said("one"), shown()], ["one"]),
        ([said("one"), said("two"), shown(), shown()], ["one", "two"]),  # drawn when the cell ends
        ([said("one"), shown(), said("two"), shown("image/jpeg")], ["one", "two"]),
        ([said("both"), shown(), shown()], ["both", "both"]),
        ([shown(**{"text/plain": "<Figure size 1x1>"}), said("later")], ["A picture without a description."]),
        ([shown(**{"text/plain": "a curve"})], ["a curve"]),
        ([said("<i> & more"), shown("image/gif")], ["&lt;i&gt; &amp; more"]),
    ],
)
def test_each_picture_has_its_own_words(outputs: list, alts: list[str]) -> None:
    text = page(new_notebook(cells=[new_code_cell("f()", outputs=outputs)]), Path("."))
    assert re.findall(r'<img alt="([^"]*)" src="data:image', text) == alts


def test_an_executed_notebook_holds_the_words_where_nbconvert_looks_for_them(caplog: pytest.LogCaptureFixture) -> None:
    notebook = new_notebook(cells=[new_code_cell("f()", outputs=[said("a falling curve"), shown()])])
    describe(notebook)
    text, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)  # the one that looks
    assert re.findall(r'<img alt="([^"]*)"', text) == ["a falling curve"]
    assert "lternative text" not in caplog.text


WIDGETS = """
import ipywidgets
from IPython.display import display
picture, words = ipywidgets.Image(value=b"drawn", format="png"), ipywidgets.HTML("<em>said</em>")
slider = ipywidgets.IntSlider(3, 0, 5, description="level")
arm = ipywidgets.ToggleButtons(options=["ticket", "random"], value="random", description="masks of")
kept = ipywidgets.ToggleButton(True, description="kept")
out = ipywidgets.Output()
with out:
    print("printed <inside>")
    display({"text/html": "<i>set</i>"}, raw=True)
    display({"image/png": "PNG", "text/plain": "a curve"}, raw=True)
"""


def test_a_widget_is_shown_as_it_stood(tmp_path: Path) -> None:
    nb = new_notebook(
        cells=[new_code_cell(WIDGETS), new_code_cell("ipywidgets.VBox([slider, arm, kept, picture, words, out])")]
    )
    run_cells(nb, tmp_path)
    text = page(nb, tmp_path)
    shown = text[text.index("Out[2]") :]
    at = [
        shown.index(part)
        for part in (
            '<span class="control">level: 3</span>',
            '<span class="control">masks of: random</span><span class="control">kept: yes</span>',
            f"data:image/png;base64,{base64.b64encode(b'drawn').decode()}",
            "<p><em>said</em></p>",
            "printed &lt;inside&gt;",
            "<i>set</i>",
            'alt="a curve" src="data:image/png;base64,PNG"',
            "Its controls work in JupyterLab",
        )
    ]
    assert at == sorted(at)
    assert "VBox(" not in text
    assert "<script" not in text
    assert "widgets" in nb.metadata  # the notebook itself keeps what JupyterLab can show


def test_a_widget_without_its_state_says_where_it_works() -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "gone"}, "text/plain": "VBox()"}
    text = page(new_notebook(cells=[new_code_cell("w", outputs=[new_output("display_data", data=view)])]), Path("."))
    assert "Its controls work in JupyterLab" in text
    assert "VBox()" not in text
