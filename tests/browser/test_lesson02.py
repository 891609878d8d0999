"""Lesson 02 as its learner meets it: run in JupyterLab, answered by typing, explored by keyboard.

One server and one full run serve the whole module; the tests go on from one another, top to bottom.
"""

import re
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser

EXERCISES = ("2.1", "2.2", "2.3", "2.4")
WITHOUT_REWINDING = """
def find_tickets(initial, full, train, prune, levels):
    mask, found, weights = full, [], initial
    for level in range(levels + 1):
        weights = train(level, masks.apply(mask, weights), mask)
        found.append(mask)
        mask = prune(weights, mask)
    return found


find_tickets = check("2.1", find_tickets)
"""
BY_SHUFFLING = """
def random_mask(mask, generator):
    control = {}
    for name, kept in mask.items():
        order = torch.randperm(kept.numel(), generator=generator)
        control[name] = kept.flatten()[order].reshape(kept.shape)
    return control


random_mask = check("2.2", random_mask)
"""
WITH_A_TYPO = """
def paired_test(a, b):
    d = nump.asarray(a) - nump.asarray(b)
    return d.mean()


paired_test = check("2.3", paired_test)
"""


@pytest.fixture(scope="module")
def lesson(open_lesson):
    """The learner's copy of lesson 02, run from top to bottom once: all of MNIST, every level trained."""
    lesson = open_lesson("02_winning_tickets.ipynb")
    lesson.photograph(None, "top-before-running")
    lesson.start_all()
    lesson.wait_for_bar(seconds=120)
    lesson.photograph(lesson.cell("study.run("), "training")
    lesson.wait_until_all_ran(seconds=600)
    return lesson


def edge(box):
    """The colour of a box's edge."""
    return box.evaluate("box => getComputedStyle(box).borderLeftColor")


def test_every_cell_ran_without_an_error(lesson):
    lesson.photograph_all()
    assert lesson.errors() == []
    counts = [c["execution_count"] for c in lesson.cells() if c["cell_type"] == "code" and "".join(c["source"]).strip()]
    assert counts == list(range(1, len(counts) + 1))


def test_an_open_exercise_says_so_and_the_lesson_goes_on(lesson):
    for number in EXERCISES:
        said = lesson.box(number).inner_text()
        assert f"Exercise {number}: NOT ATTEMPTED YET." in said
        assert "What follows uses the course's reference, not your function." in said
        lesson.photograph(lesson.cell(f'check("{number}"'), f"box-{number}-not-attempted")


def test_figures_table_and_verdict_are_seen(lesson):
    drawn = sum("image/png" in o.get("data", ()) for c in lesson.cells() for o in c.get("outputs", ()))
    assert drawn == 3, "accuracy by density, learning curves and differences"
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == drawn
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.is_visible(), f"figure {number} cannot be seen"
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"figure-{number}")
    table = lesson.page.locator(".jp-OutputArea table").first
    assert table.locator("tbody tr").count() >= 7, "a row for each density, the dense networks' too"
    lesson.photograph(table, "table")
    assert lesson.page.locator("progress").count() == 0, "a progress bar is left over"
    assert "Verdict on the claim card: SUPPORTED." in lesson.cell("verdict(").inner_text()
    lesson.photograph(lesson.cell("verdict("), "verdict")


def test_every_widget_is_rendered(lesson):
    assert lesson.broken_widgets() == []
    explorer = lesson.cell("ticket_explorer")
    for part in (".widget-slider .noUi-handle", ".widget-toggle-buttons button", "img.widget-image"):
        assert explorer.locator(part).first.is_visible(), f"the explorer shows no {part}"
    assert explorer.locator("img.widget-image").evaluate("img => img.naturalWidth") > 500


@pytest.mark.parametrize(
    ("number", "answer", "verdict", "reasons"),
    [
        ("2.2", BY_SHUFFLING, "RIGHT.", ["From here on your function is used"]),
        ("2.1", WITHOUT_REWINDING, "WRONG.", ["that is fine-tuning", "not your function", 'hint("2.1") gives a hint']),
        (
            "2.3",
            WITH_A_TYPO,
            "YOUR FUNCTION RAISED NameError.",
            ["line 2 of your cell: d = nump", "not your function"],
        ),
    ],
    ids=["right", "wrong", "raised"],
)
def test_a_typed_answer_meets_its_own_box(lesson, number, answer, verdict, reasons):
    others = {edge(lesson.box(n)) for n in EXERCISES if n != number}
    place = lesson.index(f'check("{number}"')
    lesson.type_into(place, answer)
    lesson.run_with_keys(place)
    said = lesson.box(number).inner_text()
    lesson.photograph(lesson.cell(place), f"box-{number}-{verdict.rstrip('.').replace(' ', '-').lower()}")
    assert f"Exercise {number}: {verdict}" in said
    for reason in reasons:
        assert reason in said
    assert edge(lesson.box(number)) not in others, "another outcome has the same look"
    assert lesson.errors() == []


def test_a_hint_in_a_new_cell(lesson):
    place = lesson.add_cell_below(lesson.index('check("2.3"'))
    lesson.type_into(place, 'hint("2.3")')
    hints = lesson.run_with_keys(place)
    assert "Hint 1 of 3 for exercise 2.3." in hints.inner_text()
    lesson.photograph(lesson.cell(place), "hint-2.3")


def test_the_explorer_follows_the_keyboard(lesson):
    explorer = lesson.cell("ticket_explorer")
    picture, words = explorer.locator("img.widget-image"), explorer.locator(".widget-html [aria-live]")
    explorer.scroll_into_view_if_needed()
    lesson.photograph(explorer, "explorer-1-level-0")
    source = picture.get_attribute("src")

    def follows(sentence):
        """The sentence comes, with a new picture above it."""
        nonlocal source
        seen = "([old, said]) => document.querySelector('img.widget-image').src !== old && "
        seen += "document.querySelector('.widget-html [aria-live]').textContent.startsWith(said)"
        lesson.wait(f"the explorer shows a new picture of {sentence!r}", seen, [source, sentence])
        source = picture.get_attribute("src")

    explorer.locator(".noUi-handle").focus()
    for _ in range(3):
        lesson.page.keyboard.press("ArrowRight")
    follows("Level 3, winning ticket:")
    assert explorer.locator(".widget-readout").inner_text() == "3"
    shown = int(re.search(r"([\d,]+) of 266,200 weights", words.inner_text())[1].replace(",", ""))
    assert 0.1 * 266_200 < shown < 0.2 * 266_200
    lesson.photograph(explorer, "explorer-2-level-3")

    explorer.get_by_role("button", name="random mask").focus()
    lesson.page.keyboard.press("Space")
    follows("Level 3, random mask:")
    lesson.photograph(explorer, "explorer-3-random-mask")
    assert lesson.errors() == []
    assert lesson.broken_widgets() == []


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
