"""Lesson 04 as its learner meets it: run in JupyterLab, played by keyboard, answered by typing.

One server and one full run serve the whole module; the tests go on from one another, top to bottom.
"""

from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.full]

EXERCISES = ("4.1", "4.2", "4.3", "4.4", "4.5")
WITH_BMM = """
def batched_step(params, mask, x, y, lr):
    w1, b1, w2, b2 = leaves = [p.detach().clone().requires_grad_() for p in params.values()]
    hidden = (torch.bmm(x, w1.mT) + b1[:, None]).relu()
    logits = torch.bmm(hidden, w2.mT) + b2[:, None]
    loss = cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum") / y.shape[1]
    loss.backward()
    return masks.apply(mask, {n: p - lr * leaf.grad for (n, p), leaf in zip(params.items(), leaves)})


batched_step = check("4.1", batched_step)
"""
BY_THE_MEAN = """
def draws_needed(p, chance=0.95):
    return math.ceil(1 / p) if p else math.inf


draws_needed = check("4.3", draws_needed)
"""
WITH_REPLACEMENT = """
def expected_best(chosen_by, reported, draws):
    k = len(chosen_by)
    order = np.argsort(chosen_by)
    return sum(reported[j] * (((i + 1) / k) ** draws - (i / k) ** draws) for i, j in enumerate(order))


expected_best = check("4.4", expected_best)
"""


@pytest.fixture(scope="module")
def lesson(open_lesson):
    """The learner's copy of lesson 04, run from top to bottom once: every network of every arm trained."""
    lesson = open_lesson("04_many_small_lotteries.ipynb")
    lesson.photograph(None, "04-top-before-running")
    lesson.start_all()
    lesson.wait_for_bar(seconds=240)
    lesson.photograph(lesson.cell("game.run("), "04-training")
    lesson.wait_until_all_ran(seconds=600)
    return lesson


def box(lesson, number):
    """The box under an exercise's cell."""
    return lesson.cell(f'check("{number}"').locator("[role=status]").first


def told(lesson, cell, sentence):
    """The sentence comes under the picture of a cell, whose source is returned."""
    seen = "([i, said]) => document.querySelectorAll('.jp-Notebook .jp-Cell')[i].textContent.includes(said)"
    lesson.wait(f"{cell} tells {sentence!r}", seen, [lesson.index(cell), sentence])
    return lesson.cell(cell).locator("img.widget-image").get_attribute("src")


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


def test_the_four_figures_and_the_table_are_seen(lesson):
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == 4, "throughput, accuracies, chances and the best of N"
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"04-figure-{number}")
    table = lesson.page.locator(".jp-OutputArea table").first
    assert table.locator("tbody tr").count() == 12, "a row for each of four arms at three densities"
    lesson.photograph(table, "04-table")


def test_the_lottery_follows_the_keyboard(lesson):
    cell = lesson.cell("lottery_explorer(")
    cell.scroll_into_view_if_needed()
    pictures = [told(lesson, "lottery_explorer(", "random mask: 0 of 128 win, so more than 103 draws")]
    handles = cell.locator(".noUi-handle")
    assert handles.count() == 3
    handles.nth(2).focus()
    lesson.page.keyboard.press("ArrowRight")
    pictures.append(told(lesson, "lottery_explorer(", "best of 17."))
    lesson.photograph(cell, "04-explorer-1")
    handles.nth(1).focus()
    for _ in range(4):
        lesson.page.keyboard.press("ArrowRight")
    lesson.wait(
        "the picture follows the target",
        "old => document.querySelector('img.widget-image').src !== old",
        pictures[-1],
    )
    pictures.append(cell.locator("img.widget-image").get_attribute("src"))
    handles.nth(0).focus()
    lesson.page.keyboard.press("ArrowLeft")
    pictures.append(told(lesson, "lottery_explorer(", "of 32 win"))
    lesson.photograph(cell, "04-explorer-2")
    assert len(set(pictures)) == 4
    assert lesson.broken_widgets() == []


@pytest.mark.parametrize(
    ("number", "answer", "verdict", "reason"),
    [
        ("4.1", WITH_BMM, "RIGHT.", "From here on your function is used"),
        ("4.3", BY_THE_MEAN, "WRONG.", "how many draws the first win takes on average"),
        ("4.4", WITH_REPLACEMENT, "WRONG.", "this draws with replacement"),
    ],
    ids=["right", "mean", "replacement"],
)
def test_a_typed_answer_meets_its_own_box(lesson, number, answer, verdict, reason):
    place = lesson.index(f'check("{number}"')
    lesson.type_into(place, answer)
    lesson.run_with_keys(place)
    said = box(lesson, number).inner_text()
    lesson.photograph(lesson.cell(place), f"04-box-{number}")
    assert f"Exercise {number}: {verdict}" in said
    assert reason in said.replace("This draws", "this draws")
    assert lesson.errors() == []


def test_the_comparison_runs_on_a_typed_answer(lesson):
    for code in ("eight = Replicates.create", 'evidence = "within 1e-10'):
        place = lesson.index(code)
        lesson.cell(place).locator(".cm-content").click()
        judged = lesson.run_with_keys(place)
    assert (
        "SUPPORTED by this run: Trained together, eight networks become what each becomes alone" in judged.inner_text()
    )
    assert "NOT SUPPORTED" not in judged.inner_text()


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
