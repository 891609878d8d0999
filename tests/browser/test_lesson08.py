"""Lesson 08 as its learner meets it: run in JupyterLab, played by keyboard, answered by typing.

One server and one full run serve the whole module; the tests go on from one another, top to bottom.
"""

import re
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.full]

EXERCISES = ("8.1", "8.2", "8.3", "8.4", "8.5")
WITH_BISECT = """
import bisect


def choices(numbers):
    return sorted((sum(x for x, k in zip(numbers, keep) if k), keep)
                  for keep in itertools.product([False, True], repeat=len(numbers)))


def meet_in_the_middle(numbers, target):
    half = len(numbers) // 2
    left, right = choices(numbers[:half]), choices(numbers[half:])
    sums = [s for s, _ in left]
    best, smallest = None, float("inf")
    for r, other in right:
        i = bisect.bisect(sums, target - r)
        for s, keep in left[max(i - 1, 0) : i + 1]:
            if abs(s + r - target) < smallest:
                best, smallest = [*keep, *other], abs(s + r - target)
    return best


meet_in_the_middle = check("8.1", meet_in_the_middle)
"""
WITHOUT_MINUS = """
def prune_neurons(first, second, weight, side=1):
    live = [j for j, a in enumerate(first) if side * a > 0]
    chosen = meet_in_the_middle([abs(first[j]) * second[j] for j in live], weight)
    kept = [j for j, k in zip(live, chosen) if k]
    return [j in kept for j in range(len(first))]


prune_neurons = check("8.2", prune_neurons)
"""
WHOLE_GAP = """
def worst_error(numbers):
    sums = np.sort(proof.all_sums(numbers))
    return np.diff(sums[np.abs(sums) <= 0.5]).max()


worst_error = check("8.4", worst_error)
"""


@pytest.fixture(scope="module")
def lesson(open_lesson):
    """The learner's copy of lesson 08, run from top to bottom once."""
    lesson = open_lesson("08_subset_sums.ipynb")
    lesson.photograph(None, "08-top-before-running")
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
    assert "Verdict on the claim card: SUPPORTED." in lesson.cell("verdict(word").inner_text()


def test_the_five_figures_are_seen(lesson):
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == 5
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"08-figure-{number}")


def test_the_lights_follow_the_keyboard(lesson):
    cell = lesson.cell("subset_lights(")
    cell.scroll_into_view_if_needed()
    pictures = [lesson.told("subset_lights(", "Draw 1: the best choice keeps")]
    lesson.told("subset_lights(", "There are 1,024 choices")
    handles = cell.locator(".noUi-handle")
    assert handles.count() == 4
    handles.nth(0).focus()
    for _ in range(4):
        lesson.page.keyboard.press("ArrowRight")
    pictures.append(lesson.told("subset_lights(", "There are 16,384 choices"))
    lesson.photograph(cell, "08-lights-14")
    handles.nth(1).focus()
    lesson.page.keyboard.press("ArrowLeft")
    pictures.append(lesson.told("subset_lights(", "the target +0.29"))
    handles.nth(2).focus()
    lesson.page.keyboard.press("ArrowLeft")
    pictures.append(lesson.told("subset_lights(", "within 0.01."))
    handles.nth(3).focus()
    lesson.page.keyboard.press("ArrowRight")
    pictures.append(lesson.told("subset_lights(", "Draw 2: the best choice keeps"))
    words = cell.locator(".widget-html [aria-live]").inner_text()
    assert float(re.search(r"off by (\d\.\d+)", words)[1]) < 0.01
    assert len(set(pictures)) == 5


@pytest.mark.parametrize(
    ("number", "answer", "verdict", "reason"),
    [
        ("8.1", WITH_BISECT, "RIGHT.", "From here on your function is used"),
        ("8.2", WITHOUT_MINUS, "WRONG.", "|a| b must add up to -weight"),
        ("8.4", WHOLE_GAP, "WRONG.", "the largest whole gap inside"),
    ],
    ids=["right", "minus", "gap"],
)
def test_a_typed_answer_meets_its_own_box(lesson, number, answer, verdict, reason):
    place = lesson.index(f'check("{number}"')
    lesson.type_into(place, answer)
    lesson.run_with_keys(place)
    said = lesson.box(number).inner_text()
    lesson.photograph(lesson.cell(place), f"08-box-{number}")
    assert f"Exercise {number}: {verdict}" in said
    assert reason in said
    assert lesson.errors() == []


def test_the_experiment_runs_on_a_typed_answer(lesson):
    place = lesson.index("for n in (12, 24, 32)")
    lesson.cell(place).locator(".cm-content").click()
    judged = lesson.run_with_keys(place)
    assert "SUPPORTED by this run: Subsets of 32 random numbers" in judged.inner_text()
    assert "NOT SUPPORTED" not in judged.inner_text()


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
