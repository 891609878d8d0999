"""Lesson 07 as its learner meets it: run in JupyterLab, explored by keyboard, answered by typing.

One server and one full run serve the whole module; the tests go on from one another, top to bottom.
"""

from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.full]

EXERCISES = ("7.1", "7.2", "7.3", "7.4")
RIGHT = """
def best_within(costs, losses, budget):
    best, left = float("inf"), budget + 1e-6
    for cost, loss in zip(costs, losses):
        left -= cost
        if left < 0:
            return best
        best = min(best, loss)
    return best


best_within = check("7.4", best_within)
"""
UNIFORM = """
def crossover(a, b, generator):
    return torch.where(torch.rand(a.shape, generator=generator) < 0.5, a, b)


crossover = check("7.2", crossover)
"""
GREEDY = """
def acceptance(now, new, temperature):
    return (new <= now).to(now.dtype)


acceptance = check("7.3", acceptance)
"""


@pytest.fixture(scope="module")
def lesson(open_lesson):
    """The learner's copy of lesson 07, run from top to bottom once."""
    lesson = open_lesson("07_search_without_gradients.ipynb")
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
    lesson.wait(f"the explorer tells {sentence!r}", seen, [lesson.index("population_explorer("), sentence])
    return lesson.cell("population_explorer(").locator("img.widget-image").get_attribute("src")


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
    assert "Verdict on the claim card: REFUTED." in lesson.cell("verdict(word").inner_text()
    assert "NOT SUPPORTED" not in lesson.text()


def test_the_three_figures_are_seen(lesson):
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == 3
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"07-figure-{number}")


def test_the_population_evolves_under_the_keyboard(lesson):
    cell = lesson.cell("population_explorer(")
    cell.scroll_into_view_if_needed()
    pictures = [told(lesson, "Generation 0, network 0")]
    lesson.photograph(cell, "07-population-1")
    handles = cell.locator(".noUi-handle")
    assert handles.count() == 2
    handles.nth(0).focus()
    lesson.page.keyboard.press("ArrowRight")
    pictures.append(told(lesson, "Generation 10, network 0"))
    handles.nth(1).focus()
    lesson.page.keyboard.press("ArrowRight")
    pictures.append(told(lesson, "Generation 10, network 1"))
    lesson.photograph(cell, "07-population-2")
    assert len(set(pictures)) == 3
    assert lesson.broken_widgets() == []


@pytest.mark.parametrize(
    ("number", "answer", "verdict", "reason"),
    [
        ("7.4", RIGHT, "RIGHT.", "From here on your function is used"),
        ("7.2", UNIFORM, "WRONG.", "changes the count"),
        ("7.3", GREEDY, "WRONG.", "plain hill climbing"),
    ],
    ids=["right", "uniform", "greedy"],
)
def test_a_typed_answer_meets_its_own_box(lesson, number, answer, verdict, reason):
    place = lesson.index(f'check("{number}"')
    lesson.type_into(place, answer)
    lesson.run_with_keys(place)
    said = box(lesson, number).inner_text()
    lesson.photograph(lesson.cell(place), f"07-box-{number}")
    assert f"Exercise {number}: {verdict}" in said
    assert reason in said
    assert lesson.errors() == []


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
