"""Lesson 09 as its learner meets it: the proof built in JupyterLab, a digit drawn by mouse and by keyboard.

One server and one full run serve the whole module; the tests go on from one another, top to bottom.
"""

from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.full]

EXERCISES = ("9.1", "9.2", "9.3", "9.4", "9.5", "9.6")
BY_COMPARING = """
def first_mask(second, owner, columns):
    return (owner[:, None] == np.arange(columns)) & second.any(0)[:, None]


first_mask = check("9.2", first_mask)
"""
FORGETS_MINUS_W = """
def one_weight(incoming, outgoing, weight, choose=closest_subset):
    keep = [False] * len(incoming)
    for sign in (1, -1):
        mine = [j for j, a in enumerate(incoming) if sign * a > 0]
        for j, k in zip(mine, choose([abs(incoming[j]) * outgoing[j] for j in mine], weight)):
            keep[j] = k
    return keep


one_weight = check("9.1", one_weight)
"""
MISSPELT = """
def compare_logits(target, ticket):
    return (target.argmax(1) == tickets.argmax(1)).mean()


compare_logits = check("9.5", compare_logits)
"""
A_TWO = ((0.3, 0.3), (0.4, 0.2), (0.55, 0.18), (0.68, 0.28), (0.66, 0.42), (0.5, 0.58), (0.36, 0.74), (0.3, 0.82))
ITS_FOOT = ((0.45, 0.82), (0.6, 0.82), (0.74, 0.8))


@pytest.fixture(scope="module")
def lesson(open_lesson):
    """The learner's copy of lesson 09, run from top to bottom once: five targets trained, dozens of tickets built."""
    lesson = open_lesson("09_pruning_is_all_you_need.ipynb")
    lesson.photograph(None, "09-top-before-running")
    lesson.start_all()
    lesson.wait_until_all_ran(seconds=900)
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
        assert "What follows uses the course's reference, not your function." in said
    assert "Verdict on the claim card: SUPPORTED." in lesson.cell("verdict(").inner_text()
    assert "NOT SUPPORTED" not in lesson.text()
    lesson.photograph(lesson.cell("verdict("), "09-verdict")


def test_the_six_figures_are_seen(lesson):
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == 6
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"09-figure-{number}")


def test_the_explorer_builds_tickets_under_the_arrow_keys(lesson):
    cell = lesson.cell("eta_explorer(")
    cell.scroll_into_view_if_needed()
    lesson.told("eta_explorer(", "At eta = 0.01, ")
    before = cell.locator("img.widget-image").get_attribute("src")
    cell.locator(".noUi-handle").first.focus()
    for eta in ("0.003", "0.001"):
        lesson.page.keyboard.press("ArrowRight")
        lesson.told("eta_explorer(", f"At eta = {eta}, ")
    assert cell.locator("img.widget-image").get_attribute("src") != before
    lesson.photograph(cell, "09-explorer-by-the-rule")
    cell.locator(".noUi-handle").nth(1).focus()
    for _ in range(6):
        lesson.page.keyboard.press("ArrowLeft")
    lesson.told("eta_explorer(", "candidates per weight: 12. ")
    lesson.photograph(cell, "09-explorer-12-candidates")


def test_a_digit_is_drawn_with_the_mouse(lesson):
    cell = lesson.cell("draw_a_digit(")
    lesson.told("draw_a_digit(", "Test digit 1, labelled 7: the target reads 7, the ticket 7 too.")
    pad = cell.locator(".lthedu-pad")
    pad.scroll_into_view_if_needed()
    lesson.photograph(cell, "09-pad-1-example")
    at, mouse = pad.bounding_box(), lesson.page.mouse
    first, *others = [(at["x"] + x * at["width"], at["y"] + y * at["height"]) for x, y in A_TWO + ITS_FOOT]
    mouse.move(*first)
    mouse.down()
    for point in others:
        mouse.move(*point, steps=6)
    mouse.up()
    lesson.told("draw_a_digit(", "Your drawing")
    lesson.told("draw_a_digit(", "the target reads 2, the ticket 2 too.")
    lesson.photograph(cell, "09-pad-2-mouse")


def test_a_digit_is_drawn_with_the_keyboard(lesson):
    cell, keys = lesson.cell("draw_a_digit("), lesson.page.keyboard
    cell.locator(".lthedu-pad").focus()
    keys.press("Delete")
    lesson.told("draw_a_digit(", "The sheet is empty")
    for key, times in (("ArrowLeft", 40), ("ArrowUp", 40), ("ArrowRight", 6), ("ArrowDown", 5)):
        for _ in range(times):
            keys.press(key)
    keys.press("Space")  # pen down
    for _ in range(15):
        keys.press("ArrowRight")
    for _ in range(9):
        keys.press("ArrowDown")
        keys.press("ArrowDown")
        keys.press("ArrowLeft")
    keys.press("Space")  # pen up
    lesson.told("draw_a_digit(", "the target reads 7, the ticket 7 too.")
    lesson.photograph(cell, "09-pad-3-keyboard")
    keys.press("Tab")
    keys.press("Space")  # clear
    lesson.told("draw_a_digit(", "The sheet is empty")
    keys.press("Tab")
    keys.press("Space")  # a test digit
    lesson.told("draw_a_digit(", "labelled 2")


@pytest.mark.parametrize(
    ("number", "answer", "verdict", "reasons"),
    [
        ("9.2", BY_COMPARING, "RIGHT.", ["From here on your function is used"]),
        ("9.1", FORGETS_MINUS_W, "WRONG.", ["must add up to -w", "not your function"]),
        ("9.5", MISSPELT, "YOUR FUNCTION RAISED AttributeError.", ["line 2 of your cell"]),
    ],
    ids=["right", "one sign", "raises"],
)
def test_a_typed_answer_meets_its_own_box(lesson, number, answer, verdict, reasons):
    place = lesson.index(f'check("{number}"')
    lesson.type_into(place, answer)
    lesson.run_with_keys(place)
    said = lesson.box(number).inner_text()
    lesson.photograph(lesson.cell(place), f"09-box-{number}")
    assert f"Exercise {number}: {verdict}" in said
    for reason in reasons:
        assert reason in said
    assert lesson.errors() == []


def test_the_construction_runs_on_a_typed_answer(lesson):
    place = lesson.index("small = proof.construct(layer")
    lesson.cell(place).locator(".cm-content").click()
    judged = lesson.run_with_keys(place).inner_text()
    assert judged.count("SUPPORTED by this run:") == 2
    assert "NOT SUPPORTED" not in judged


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
