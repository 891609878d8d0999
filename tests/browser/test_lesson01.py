"""Lesson 01 as its learner meets it: run in JupyterLab, answered by typing, explored by keyboard.

One server and one full run serve the whole module; the tests go on from one another, top to bottom.
"""

import re
from urllib.parse import urlsplit

import pytest

from lthedu.exercises import exercises

pytestmark = [pytest.mark.browser, pytest.mark.full]

EXERCISES = ("1.1", "1.2", "1.3", "1.4", "1.5", "1.6")
BY_TOPK = """
def keep_largest(scores, density):
    kept = torch.zeros(scores.numel(), dtype=torch.bool)
    kept[scores.flatten().topk(round(density * scores.numel())).indices] = True
    return kept.reshape(scores.shape)


keep_largest = check("1.1", keep_largest)
"""
NOT_CLIPPED = """
def cubic(step, begin, end, final):
    return final + (1 - final) * (1 - (step - begin) / (end - begin)) ** 3


cubic = check("1.3", cubic)
"""
MASKED_AFTER_THE_STEP = """
def masked_step(optimizer, weights, mask):
    optimizer.step()
    for name, m in mask.items():
        weights[name].data *= m


masked_step = check("1.4", masked_step)
"""
MISSPELT = """
def matching_width(total, inputs, outputs):
    return (total - output) // (inputs + 1 + outputs)


matching_width = check("1.5", matching_width)
"""


@pytest.fixture(scope="module")
def lesson(open_lesson):
    """The learner's copy of lesson 01, run from top to bottom once: all of MNIST, every arm trained."""
    lesson = open_lesson("01_pruning_basics.ipynb")
    lesson.photograph(None, "01-top-before-running")
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
        assert "What follows uses the course's reference, not your function." in said
    assert "Verdict on the claim card: SUPPORTED." in lesson.cell("verdict(").inner_text()
    lesson.photograph(lesson.cell("verdict("), "01-verdict")


def test_the_figures_and_the_formula_are_seen(lesson):
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == 3
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"01-figure-{number}")
    formula = lesson.page.locator(".jp-MarkdownOutput mjx-container, .jp-MarkdownOutput .MathJax").first
    formula.scroll_into_view_if_needed()
    assert formula.is_visible()


def test_the_pruning_slider_follows_the_keyboard(lesson):
    explorer = lesson.cell("pruning_explorer(")
    explorer.scroll_into_view_if_needed()
    picture, words = explorer.locator("img.widget-image"), explorer.locator(".widget-html [aria-live]")
    lesson.photograph(explorer, "01-explorer-1-dense")
    source = picture.get_attribute("src")

    def follows(sentence):
        """The sentence comes, with a new picture above it; gives the accuracy that is told."""
        nonlocal source
        seen = "([i, old, said]) => { const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[i];"
        seen += " return cell.querySelector('img.widget-image').src !== old && cell.textContent.includes(said) }"
        argument = [lesson.index("pruning_explorer("), source, sentence]
        lesson.wait(f"the explorer shows a new picture of {sentence!r}", seen, argument)
        source = picture.get_attribute("src")
        return float(re.search(r"accuracy ([\d.]+)", words.inner_text())[1])

    explorer.locator(".noUi-handle").focus()
    for _ in range(5):
        lesson.page.keyboard.press("ArrowRight")
    together = follows("20\u00a0% of the weights kept")
    lesson.photograph(explorer, "01-explorer-2-global-20")
    explorer.get_by_role("button", name="layer").focus()
    lesson.page.keyboard.press("Space")
    assert follows("layer by layer 20.0\u00a0%, 20.0\u00a0%, 20.0\u00a0%") < together
    lesson.photograph(explorer, "01-explorer-3-layer-20")
    assert lesson.errors() == []


@pytest.mark.parametrize(
    ("number", "answer", "verdict", "reasons"),
    [
        ("1.1", BY_TOPK, "RIGHT.", ["From here on your function is used"]),
        ("1.4", MASKED_AFTER_THE_STEP, "RIGHT.", ["From here on your function is used"]),
        ("1.3", NOT_CLIPPED, "WRONG.", ["clip the progress", "not your function", 'hint("1.3") gives a hint']),
        ("1.5", MISSPELT, "YOUR FUNCTION RAISED NameError.", ["line 2 of your cell", "not your function"]),
    ],
    ids=["right", "mended", "wrong", "raised"],
)
def test_a_typed_answer_meets_its_own_box(lesson, number, answer, verdict, reasons):
    place = lesson.index(f'check("{number}"')
    lesson.type_into(place, answer)
    lesson.run_with_keys(place)
    said = lesson.box(number).inner_text()
    lesson.photograph(lesson.cell(place), f"01-box-{number}")
    assert f"Exercise {number}: {verdict}" in said
    for reason in reasons:
        assert reason in said
    assert lesson.errors() == []


def test_progress_in_a_new_cell_counts_what_was_done(lesson):
    place = lesson.add_cell_below(lesson.index('check("1.5"'))
    lesson.type_into(place, "progress()")
    said = lesson.run_with_keys(place).inner_text()
    lesson.photograph(lesson.cell(place), "01-progress")
    assert "passed" in said
    assert f"Passed: 2 of {len(exercises())} exercises" in said


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
