"""Lesson 05 as its learner meets it: run in JupyterLab, explored by keyboard, answered by typing.

One server and one full run serve the whole module; the tests go on from one another, top to bottom.
"""

from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.full]

EXERCISES = ("5.1", "5.2", "5.3", "5.4")
RIGHT = """
def zero_if_moved_to_zero(initial, final, mask):
    held = {}
    for name, m in mask.items():
        value = initial[name].clone()
        value[(final[name].abs() < initial[name].abs()) | m] = 0
        held[name] = value
    return held


zero_if_moved_to_zero = check("5.3", zero_if_moved_to_zero)
"""
LAYER = """
def reshuffled(initial, mask, generator, signed=False):
    out = {n: p.clone() for n, p in initial.items()}
    for n, m in mask.items():
        drawn = initial[n].flatten()[torch.randperm(m.numel(), generator=generator)].view(m.shape)
        out[n] = torch.where(m, drawn.abs() * initial[n].sign() if signed else drawn, 0.0)
    return out


reshuffled = check("5.2", reshuffled)
"""
ONE_SIDED = """
def sign_flip_test(a, b):
    import itertools
    d = [x - y for x, y in zip(a, b)]
    sums = [sum(s * x for s, x in zip(signs, d)) for signs in itertools.product((1, -1), repeat=len(d))]
    return sum(s >= sum(d) - 1e-9 for s in sums) / len(sums)


sign_flip_test = check("5.4", sign_flip_test)
"""


@pytest.fixture(scope="module")
def lesson(open_lesson):
    """The learner's copy of lesson 05, run from top to bottom once."""
    lesson = open_lesson("05_zeros_and_signs.ipynb")
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
    lesson.wait(f"the explorer tells {sentence!r}", seen, [lesson.index("keep_region("), sentence])
    return lesson.cell("keep_region(").locator("img.widget-image").get_attribute("src")


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
        lesson.photograph(figure, f"05-figure-{number}")


def test_the_region_follows_the_keyboard(lesson):
    cell = lesson.cell("keep_region(")
    cell.scroll_into_view_if_needed()
    pictures = [told(lesson, "large_final, 30 % kept, network 0")]
    lesson.photograph(cell, "05-region-1")
    handles = cell.locator(".noUi-handle")
    assert handles.count() == 3
    handles.nth(1).focus()
    lesson.page.keyboard.press("ArrowRight")
    pictures.append(told(lesson, "large_final, 35 % kept, network 0"))
    handles.nth(2).focus()
    lesson.page.keyboard.press("ArrowRight")
    pictures.append(told(lesson, "35 % kept, network 1"))
    handles.nth(0).focus()
    lesson.page.keyboard.press("ArrowRight")
    pictures.append(told(lesson, "large_final_same_sign, 35 % kept"))
    lesson.photograph(cell, "05-region-2")
    assert len(set(pictures)) == 4
    assert lesson.broken_widgets() == []


@pytest.mark.parametrize(
    ("number", "answer", "verdict", "reason"),
    [
        ("5.3", RIGHT, "RIGHT.", "From here on your function is used"),
        ("5.2", LAYER, "WRONG.", "values of the whole layer"),
        ("5.4", ONE_SIDED, "WRONG.", "One-sided"),
    ],
    ids=["right", "layer", "one-sided"],
)
def test_a_typed_answer_meets_its_own_box(lesson, number, answer, verdict, reason):
    place = lesson.index(f'check("{number}"')
    lesson.type_into(place, answer)
    lesson.run_with_keys(place)
    said = box(lesson, number).inner_text()
    lesson.photograph(lesson.cell(place), f"05-box-{number}")
    assert f"Exercise {number}: {verdict}" in said
    assert reason in said
    assert lesson.errors() == []


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
