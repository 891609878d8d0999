"""The page of an executed lesson in a real browser, from a file, with the network off."""

import base64
import io

import pytest
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lthedu.course.page import page

pytestmark = pytest.mark.browser


def test_a_page_from_a_file_asks_for_nothing_and_shows_formulas_and_figures(browser, tmp_path):
    drawn = io.BytesIO()
    Figure(figsize=(2, 1)).savefig(drawn, format="png")
    picture = new_output("display_data", data={"image/png": base64.b64encode(drawn.getvalue()).decode()})
    long = new_code_cell(f"x = {'1 + ' * 80}1", outputs=[picture])
    text = page(
        new_notebook(cells=[new_markdown_cell("# A page\n\nLet $\\frac{a}{b}$ be.\n\n$$x^2$$"), long]), tmp_path
    )
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    window = browser.new_context(offline=True)
    try:
        sheet, asked, said = window.new_page(), [], []
        sheet.on("request", lambda request: asked.append(request.url))
        sheet.on("console", lambda message: said.append(message.text))
        sheet.on("pageerror", lambda error: said.append(str(error)))
        sheet.goto((tmp_path / "page.html").as_uri())
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert said == []
        assert sheet.title() == "A page"
        a, b = (sheet.locator(f"mfrac > :nth-child({i})").bounding_box() for i in (1, 2))
        assert a["y"] + a["height"] <= b["y"]  # a fraction is drawn as one
        assert sheet.evaluate("[...document.images].map(image => image.naturalWidth)") == [200]
        box = sheet.locator(".jp-InputArea-editor").first
        assert box.evaluate("e => e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX") == "auto"
    finally:
        window.close()
