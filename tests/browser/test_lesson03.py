"""Lesson 03 as its learner meets it: run in JupyterLab, walked by keyboard, answered by typing.

One server and one full run serve the whole module; the tests go on from one another, top to bottom.
"""

from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.full]

EXERCISES = ("3.1", "3.2", "3.3", "3.4")
RIGHT = """
def relative_distance(a, b):
    p, q = a.double().mean().item(), b.double().mean().item()
    expected = p * (1 - q) + q * (1 - p)
    return (a != b).double().mean().item() / expected if expected else 0.0


relative_distance = check("3.3", relative_distance)
"""
TRAINED = """
def rewind(snapshots, mask, step):
    last = snapshots[max(snapshots)]
    return {n: torch.where(mask[n], p, torch.zeros_like(p)) if n in mask else p.clone() for n, p in last.items()}


rewind = check("3.2", rewind)
"""
NEIGHBOURS = """
def early_bird(masks, threshold=0.1, window=5):
    for i in range(window - 1, len(masks)):
        if all((masks[j] != masks[j - 1]).double().mean() <= threshold for j in range(i - window + 2, i + 1)):
            return i


early_bird = check("3.4", early_bird)
"""


@pytest.fixture(scope="module")
def lesson(open_lesson):
    """The learner's copy of lesson 03, run from top to bottom once."""
    lesson = open_lesson("03_rewinding.ipynb")
    lesson.photograph(None, "03-top-before-running")
    lesson.start_all()
    lesson.wait_for_bar(seconds=240)
    lesson.photograph(lesson.cell("game.run("), "03-training")
    lesson.wait_until_all_ran(seconds=900)
    return lesson


def box(lesson, number):
    """The box under an exercise's cell."""
    return lesson.cell(f'check("{number}"').locator("[role=status]").first


def told(lesson, sentence):
    """The sentence comes under the explorer's picture, whose source is returned."""
    seen = "([i, said]) => document.querySelectorAll('.jp-Notebook .jp-Cell')[i].textContent.includes(said)"
    lesson.wait(f"the walk tells {sentence!r}", seen, [lesson.index("line_explorer("), sentence])
    return lesson.cell("line_explorer(").locator("img.widget-image").get_attribute("src")


def test_every_cell_ran_without_an_error(lesson):
    lesson.photograph_all()
    assert lesson.errors() == []
    counts = [c["execution_count"] for c in lesson.cells() if c["cell_type"] == "code" and "".join(c["source"]).strip()]
    assert counts == list(range(1, len(counts) + 1))
    assert lesson.broken_widgets() == []
    assert lesson.page.locator("progress").count() == 0, "a progress bar is left over"


def test_open_exercises_say_so_and_the_lesson_goes_on_to_its_verdict(lesson):
    for number in EXERCISES:
        said = box(lesson, number).inner_text()
        assert f"Exercise {number}: NOT ATTEMPTED YET." in said
        assert "What follows uses the course's reference, not your function." in said
    assert "Verdict on the claim card: PARTLY SUPPORTED." in lesson.cell("verdict(word").inner_text()
    assert "NOT SUPPORTED" not in lesson.text()


def test_the_four_figures_are_seen(lesson):
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == 4, "barriers, ways by step, ways by density and distances of masks"
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"03-figure-{number}")


def test_the_walk_follows_the_keyboard(lesson):
    cell = lesson.cell("line_explorer(")
    cell.scroll_into_view_if_needed()
    pictures = [told(lesson, "Children that part at step 0, seed 0")]
    lesson.photograph(cell, "03-walk-1")
    handles = cell.locator(".noUi-handle")
    assert handles.count() == 3
    handles.nth(2).focus()
    lesson.page.keyboard.press("ArrowRight")
    pictures.append(told(lesson, "55 % of the way"))
    handles.nth(1).focus()
    lesson.page.keyboard.press("ArrowRight")
    pictures.append(told(lesson, "part at step 0, seed 1"))
    handles.nth(0).focus()
    lesson.page.keyboard.press("ArrowRight")
    pictures.append(told(lesson, "part at step 20, seed 1"))
    lesson.photograph(cell, "03-walk-2")
    assert len(set(pictures)) == 4
    assert lesson.broken_widgets() == []


@pytest.mark.parametrize(
    ("number", "answer", "verdict", "reason"),
    [
        ("3.3", RIGHT, "RIGHT.", "From here on your function is used"),
        ("3.2", TRAINED, "WRONG.", "masked trained weights"),
        ("3.4", NEIGHBOURS, "WRONG.", "compares neighbours"),
    ],
    ids=["right", "trained", "neighbours"],
)
def test_a_typed_answer_meets_its_own_box(lesson, number, answer, verdict, reason):
    place = lesson.index(f'check("{number}"')
    lesson.type_into(place, answer)
    lesson.run_with_keys(place)
    said = box(lesson, number).inner_text()
    lesson.photograph(lesson.cell(place), f"03-box-{number}")
    assert f"Exercise {number}: {verdict}" in said
    assert reason in said
    assert lesson.errors() == []


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
