"""Lesson 06 as its learner meets it: run in JupyterLab, explored by keyboard, answered by typing.

One server and one full run serve the whole module; the tests go on from one another, top to bottom.
"""

from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.full]

EXERCISES = ("6.1", "6.2", "6.3", "6.4")
RIGHT = """
def bernoulli_mask(scores, generator):
    p = torch.sigmoid(scores)
    return torch.bernoulli(p.detach(), generator=generator) + (p - p.detach())


bernoulli_mask = check("6.2", bernoulli_mask)
"""
ROUNDS = """
def popup_mask(scores, density):
    mask = torch.zeros_like(scores).flatten()
    mask[scores.detach().flatten().argsort(descending=True, stable=True)[: round(density * scores.numel())]] = 1
    return mask.view(scores.shape) + scores - scores.detach()


popup_mask = check("6.1", popup_mask)
"""
SUM = """
def fingerprint(params):
    return str({n: (p.shape, p.dtype, p.double().flatten().sort().values.tolist()) for n, p in sorted(params.items())})


fingerprint = check("6.4", fingerprint)
"""


@pytest.fixture(scope="module")
def lesson(open_lesson):
    """The learner's copy of lesson 06, run from top to bottom once."""
    lesson = open_lesson("06_supermasks.ipynb")
    lesson.start_all()
    lesson.wait_for_bar(seconds=240)
    lesson.wait_until_all_ran(seconds=900)
    return lesson


def box(lesson, number):
    """The box under an exercise's cell."""
    return lesson.cell(f'check("{number}"').locator("[role=status]").first


def told(lesson, sentence):
    """The sentence comes under the explorer's picture, whose source is returned."""
    seen = "([i, said]) => document.querySelectorAll('.jp-Notebook .jp-Cell')[i].textContent.includes(said)"
    lesson.wait(f"the explorer tells {sentence!r}", seen, [lesson.index("degree_explorer("), sentence])
    return lesson.cell("degree_explorer(").locator("img.widget-image").get_attribute("src")


def test_every_cell_ran_without_an_error(lesson):
    lesson.photograph_all()
    assert lesson.errors() == []
    counts = [c["execution_count"] for c in lesson.cells() if c["cell_type"] == "code" and "".join(c["source"]).strip()]
    assert counts == list(range(1, len(counts) + 1))
    assert lesson.broken_widgets() == []


def test_open_exercises_say_so_and_the_lesson_goes_on_to_its_verdict(lesson):
    for number in EXERCISES:
        said = box(lesson, number).inner_text()
        assert f"Exercise {number}: NOT ATTEMPTED YET." in said
    assert "Verdict on the claim card: PARTLY SUPPORTED." in lesson.cell("verdict(word").inner_text()
    assert "NOT SUPPORTED" not in lesson.text()


def test_the_three_figures_are_seen(lesson):
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == 3
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"06-figure-{number}")


def test_the_mask_grows_under_the_keyboard(lesson):
    cell = lesson.cell("degree_explorer(")
    cell.scroll_into_view_if_needed()
    pictures = [told(lesson, "Step 500, network 0")]
    lesson.photograph(cell, "06-degrees-1")
    handles = cell.locator(".noUi-handle")
    assert handles.count() == 2
    handles.nth(0).focus()
    lesson.page.keyboard.press("ArrowLeft")
    pictures.append(told(lesson, "Step 200, network 0"))
    handles.nth(1).focus()
    lesson.page.keyboard.press("ArrowRight")
    pictures.append(told(lesson, "Step 200, network 1"))
    lesson.photograph(cell, "06-degrees-2")
    assert len(set(pictures)) == 3
    assert lesson.broken_widgets() == []


@pytest.mark.parametrize(
    ("number", "answer", "verdict", "reason"),
    [
        ("6.2", RIGHT, "RIGHT.", "From here on your function is used"),
        ("6.1", ROUNDS, "WRONG.", "put the zero in brackets"),
        ("6.4", SUM, "WRONG.", "two weights changed places"),
    ],
    ids=["right", "rounds", "sum"],
)
def test_a_typed_answer_meets_its_own_box(lesson, number, answer, verdict, reason):
    place = lesson.index(f'check("{number}"')
    lesson.type_into(place, answer)
    lesson.run_with_keys(place)
    said = box(lesson, number).inner_text()
    lesson.photograph(lesson.cell(place), f"06-box-{number}")
    assert f"Exercise {number}: {verdict}" in said
    assert reason in said
    assert lesson.errors() == []


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
