"""Lesson 10 as its learner meets it: run in JupyterLab, explored by keyboard, answered by typing.

One server and one full run serve the whole module; the tests go on from one another, top to bottom.
"""

import re
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.full]

EXERCISES = ("10.1", "10.2", "10.3", "10.4", "10.5")
BY_GROUPS = """
import itertools


def least_units(values, error=0.5, level=0.5):
    sides = [v > level for v in values if abs(v - level) >= error]
    return max(sum(1 for _ in itertools.groupby(sides)) - 2, 0)


least_units = check("10.2", least_units)
"""
ROUNDED_DOWN = """
def counting_bound(dimension, eps):
    return max(math.floor(dimension**2 * math.log2(1 / (2 * eps)) - 1), 0)


counting_bound = check("10.4", counting_bound)
"""


@pytest.fixture(scope="module")
def lesson(open_lesson):
    """The learner's copy of lesson 10, run from top to bottom once."""
    lesson = open_lesson("10_what_the_theorem_does_not_say.ipynb")
    lesson.start_all()
    lesson.wait_until_all_ran(seconds=600)
    return lesson


def test_every_cell_ran_without_an_error(lesson):
    lesson.photograph_all()
    assert lesson.errors() == []
    counts = [c["execution_count"] for c in lesson.cells() if c["cell_type"] == "code" and "".join(c["source"]).strip()]
    assert counts == list(range(1, len(counts) + 1))
    assert lesson.broken_widgets() == []
    assert lesson.page.locator("progress").count() == 0, "a progress bar is left over"


def test_open_exercises_say_so_and_the_lesson_goes_on_to_its_verdict(lesson):
    for number in EXERCISES:
        said = lesson.box(number).inner_text()
        assert f"Exercise {number}: NOT ATTEMPTED YET." in said
    assert "Verdict on the claim card: PARTLY SUPPORTED." in lesson.cell("verdict(word").inner_text()
    assert lesson.text().count("NOT SUPPORTED") == 0


def test_the_figures_are_seen(lesson):
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == 9
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"10-figure-{number}")


def test_the_regions_follow_the_keyboard(lesson):
    cell = lesson.cell("regions_explorer(")
    cell.scroll_into_view_if_needed()
    seen = "([i, said]) => document.querySelectorAll('.jp-Notebook .jp-Cell')[i].textContent.includes(said)"
    place = lesson.index("regions_explorer(")

    def told(sentence):
        lesson.wait(f"the explorer tells {sentence!r}", seen, [place, sentence])
        words = cell.locator(".widget-html [aria-live]").inner_text()
        picture = cell.locator("img.widget-image").get_attribute("src")
        return int(re.search(r"into ([\d,]+) regions", words)[1].replace(",", "")), picture

    first = told("2 hidden layers of 12 neurons, plain: 24 neurons in all")
    handles = cell.locator(".noUi-handle")
    handles.nth(0).focus()
    lesson.page.keyboard.press("ArrowRight")
    deeper = told("3 hidden layers of 12 neurons, plain: 36 neurons in all")
    handles.nth(1).focus()
    lesson.page.keyboard.press("ArrowLeft")
    narrower = told("3 hidden layers of 11 neurons, plain: 33 neurons in all")
    cell.get_by_role("button", name="residual").focus()
    lesson.page.keyboard.press("Space")
    residual = told("3 hidden layers of 11 neurons, residual")
    assert len({first, deeper, narrower, residual}) == 4
    lesson.photograph(cell, "10-regions")


@pytest.mark.parametrize(
    ("number", "answer", "verdict", "reason"),
    [
        ("10.2", BY_GROUPS, "RIGHT.", "From here on your function is used"),
        ("10.4", ROUNDED_DOWN, "WRONG.", "it rounds down"),
    ],
    ids=["right", "wrong"],
)
def test_a_typed_answer_meets_its_own_box(lesson, number, answer, verdict, reason):
    place = lesson.index(f'check("{number}"')
    lesson.type_into(place, answer)
    lesson.run_with_keys(place)
    said = lesson.box(number).inner_text()
    lesson.photograph(lesson.cell(place), f"10-box-{number}")
    assert f"Exercise {number}: {verdict}" in said
    assert reason.lower() in said.lower()
    assert lesson.errors() == []


def test_the_experiment_runs_on_a_typed_answer(lesson):
    place = lesson.index("needed = {k: least_units(")
    for at in (place, place + 1):
        lesson.cell(at).locator(".cm-content").click()
        judged = lesson.run_with_keys(at)
    assert judged.inner_text().count("SUPPORTED by this run:") == 2


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
