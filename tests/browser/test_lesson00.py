"""Lesson 00 as its learner meets it: run in JupyterLab, played by keyboard, answered by typing.

One server and one full run serve the whole module; the tests go on from one another, top to bottom.
"""

import re
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser

EXERCISES = ("0.1", "0.2", "0.3", "0.4")
BY_TRYING_ALL = """
def closest_subset(numbers, target):
    best, smallest = None, float("inf")
    for kept in itertools.product([False, True], repeat=len(numbers)):
        error = abs(sum(x for x, k in zip(numbers, kept) if k) - target)
        if error < smallest:
            best, smallest = list(kept), error
    return best


closest_subset = check("0.2", closest_subset)
"""
TOO_LARGE = """
def log10_years(weights, per_second):
    return np.log10(float(2**weights) / per_second / (365.25 * 24 * 3600))


log10_years = check("0.3", log10_years)
"""
TEN = """
def ten_answers():
    return {1: True, 2: True, 3: False, 4: False, 5: True, 6: True, 7: True, 8: False, 9: True, 10: False}


ten_answers = check("0.4", ten_answers)
"""


@pytest.fixture(scope="module")
def lesson(open_lesson):
    """The learner's copy of lesson 00, run from top to bottom once."""
    lesson = open_lesson("00_what_is_a_lottery_ticket.ipynb")
    lesson.photograph(None, "00-top-before-running")
    lesson.start_all()
    lesson.wait_until_all_ran(seconds=600)
    return lesson


def test_every_cell_ran_without_an_error(lesson):
    lesson.photograph_all()
    assert lesson.errors() == []
    counts = [c["execution_count"] for c in lesson.cells() if c["cell_type"] == "code" and "".join(c["source"]).strip()]
    assert counts == list(range(1, len(counts) + 1))
    assert lesson.broken_widgets() == []


def test_open_exercises_say_so_and_the_lesson_goes_on_to_its_verdict(lesson):
    for number in EXERCISES:
        said = lesson.box(number).inner_text()
        assert f"Exercise {number}: NOT ATTEMPTED YET." in said
        assert "What follows uses the course's reference, not your function." in said
    assert "Verdict on the claim card: PARTLY SUPPORTED." in lesson.cell("verdict(").inner_text()
    lesson.photograph(lesson.cell("verdict("), "00-verdict")


def test_the_five_figures_are_seen(lesson):
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == 5
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"00-figure-{number}")
    assert lesson.page.locator("progress").count() == 0, "a progress bar is left over"


def test_the_digit_reader_follows_the_keyboard(lesson):
    cell = lesson.cell("digit_pruner(")
    cell.scroll_into_view_if_needed()
    before = lesson.told("digit_pruner(", "266,200 of 266,200 weights are kept")
    cell.locator(".noUi-handle").focus()
    for _ in range(8):
        lesson.page.keyboard.press("ArrowRight")
    lesson.told("digit_pruner(", "53,240 of 266,200 weights are kept")
    lesson.photograph(cell, "00-digit-reader-20")
    cell.get_by_role("button", name="at random").focus()
    lesson.page.keyboard.press("Space")
    assert lesson.told("digit_pruner(", "the others deleted at random") != before
    lesson.photograph(cell, "00-digit-reader-at-random")


def test_the_number_game_is_played_with_the_keyboard(lesson):
    cell = lesson.cell("number_game(")
    cell.scroll_into_view_if_needed()
    lesson.photograph(cell, "00-game-1-start")
    pictures = [lesson.told("number_game(", "You keep 12 of 12 numbers")]
    numbers = cell.locator(".widget-toggle-button")
    numbers.nth(1).focus()
    lesson.page.keyboard.press("Space")
    pictures.append(lesson.told("number_game(", "You keep 11 of 12 numbers"))
    assert numbers.nth(1).inner_text().startswith("✗")
    lesson.page.keyboard.press("Tab")
    lesson.page.keyboard.press("Space")
    pictures.append(lesson.told("number_game(", "You keep 10 of 12 numbers"))
    cell.get_by_role("button", name="reveal the best choice").focus()
    lesson.page.keyboard.press("Space")
    lesson.told("number_game(", "The best of them is off by")
    words = cell.locator(".widget-html [aria-live]").inner_text()
    yours, best = (float(x) for x in re.findall(r"off by (\d\.\d+)", words))
    assert best < 0.01 < yours
    lesson.photograph(cell, "00-game-2-best")
    cell.locator(".noUi-handle").first.focus()
    for _ in range(4):
        lesson.page.keyboard.press("ArrowRight")
    pictures.append(lesson.told("number_game(", "You keep 16 of 16 numbers"))
    assert numbers.count() == 17  # with the one that reveals
    assert len(set(pictures)) == 4
    lesson.photograph(cell, "00-game-3-sixteen")


@pytest.mark.parametrize(
    ("number", "answer", "verdict", "reasons"),
    [
        ("0.2", BY_TRYING_ALL, "RIGHT.", ["From here on your function is used"]),
        ("0.3", TOO_LARGE, "WRONG.", ["larger than any float", "not your function"]),
        ("0.4", TEN, "WRONG.", ["2 of 10 do not hold up", "Statement 2: An ordinary program", "Statement 9: It says"]),
    ],
    ids=["right", "overflow", "statements"],
)
def test_a_typed_answer_meets_its_own_box(lesson, number, answer, verdict, reasons):
    place = lesson.index(f'check("{number}"')
    lesson.type_into(place, answer)
    lesson.run_with_keys(place)
    said = lesson.box(number).inner_text()
    lesson.photograph(lesson.cell(place), f"00-box-{number}")
    assert f"Exercise {number}: {verdict}" in said
    for reason in reasons:
        assert reason in said
    assert lesson.errors() == []


def test_the_experiment_runs_on_a_typed_answer(lesson):
    draw = lesson.index("sizes = range(")
    for place in (draw, draw + 1):
        lesson.cell(place).locator(".cm-content").click()
        judged = lesson.run_with_keys(place)
    assert judged.inner_text().count("SUPPORTED by this run:") == 2
    assert "NOT SUPPORTED" not in judged.inner_text()


def test_the_quiz_is_answered_with_the_keyboard(lesson):
    cell = lesson.cell("statement_quiz(")
    cell.scroll_into_view_if_needed()
    radios = cell.locator("input[type=radio]")
    assert radios.count() == 20
    assert cell.locator("input[type=radio]:checked").count() == 0
    radios.first.focus()
    lesson.page.keyboard.press("Space")
    seen = "([i, said]) => document.querySelectorAll('.jp-Notebook .jp-Cell')[i].textContent.includes(said)"
    place = lesson.index("statement_quiz(")
    lesson.wait("the first answer is right", seen, [place, "Answered 1 of 10; right: 1."])
    lesson.page.keyboard.press("Tab")
    lesson.page.keyboard.press("Space")
    assert cell.locator("input[type=radio]:checked").count() == 1
    lesson.wait("the other one is not", seen, [place, "Answered 1 of 10; right: 0."])
    assert "Not so. Which weights stay is read off the trained network" in cell.inner_text()
    lesson.photograph(cell, "00-quiz")
    assert lesson.broken_widgets() == []


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
