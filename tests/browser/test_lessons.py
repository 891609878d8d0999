"""Lessons as a learner meets them: run in JupyterLab, explored by keyboard, answered by typing.

The tour, a notebook with one of everything, is driven by default; every lesson with -m full. Each is run from top to
bottom once, and its tests go on from one another.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import pytest
from lesson_page import KERNEL_IS_IDLE, NOTEBOOK, LessonPage
from typed_answers import ANSWERS

pytestmark = pytest.mark.browser

RIGHT, WRONG = "RIGHT.", "WRONG."
USED, NOT_USED = "The cells below now use your function", "The cells below use the course's own function for now."


@dataclass(frozen=True)
class Lesson:
    """What is expected of one lesson.

    `typed`: exercise, verdict and what its box tells, for the answers in answers.py; then the cells in `again` are run
    once more, and their claims hold. `explorer`: the code of its cell; `walk`: the slider (by place) or the button (by
    name) that gets the focus, the keys that are pressed, and what the explorer tells then, with another picture each
    time; the first is how it begins. `own`: what no other lesson has.
    """

    name: str
    verdict: str
    typed: dict[str, tuple[str, ...]]
    explorer: str
    walk: tuple[tuple[int | str, str, str], ...]
    again: tuple[str, ...] = ()
    own: Callable[[LessonPage], None] = lambda page: None


def game_and_quiz(page: LessonPage) -> None:
    """The first lesson's numbers are chosen, and its statements judged, with the keyboard."""
    cell = page.cell("number_game(")
    cell.scroll_into_view_if_needed()
    pictures = [page.told("number_game(", "You keep 12 of 12 numbers")]
    numbers = cell.locator(".widget-toggle-button")
    numbers.nth(1).focus()
    page.press("Space")
    pictures.append(page.told("number_game(", "You keep 11 of 12 numbers"))
    assert numbers.nth(1).inner_text().startswith("✗")
    page.press("Tab Space")
    pictures.append(page.told("number_game(", "You keep 10 of 12 numbers"))
    cell.get_by_role("button", name="reveal the best choice").focus()
    page.press("Space")
    page.told("number_game(", "The best of them is off by")
    words = cell.locator(".widget-html [aria-live]").inner_text()
    yours, best = (float(x) for x in re.findall(r"off by (\d\.\d+)", words))
    assert best < 0.01 < yours
    cell.locator(".noUi-handle").first.focus()
    page.press("ArrowRight " * 4)
    pictures.append(page.told("number_game(", "You keep 16 of 16 numbers"))
    assert numbers.count() == 17  # with the one that reveals
    assert len(set(pictures)) == 4
    page.photograph(cell, "game")

    cell = page.cell("statement_quiz(")
    cell.scroll_into_view_if_needed()
    radios = cell.locator("input[type=radio]")
    assert radios.count() == 20
    assert cell.locator("input[type=radio]:checked").count() == 0
    radios.first.focus()
    page.press("Space")
    page.says("statement_quiz(", "Answered 1 of 10; right: 1.")
    page.press("Tab Space")
    assert cell.locator("input[type=radio]:checked").count() == 1
    page.says("statement_quiz(", "Answered 1 of 10; right: 0.")
    assert "Not so. Which weights stay is read off the trained network" in cell.inner_text()
    page.photograph(cell, "quiz")


def progress_in_a_new_cell(page: LessonPage) -> None:
    """What was done in the lesson counts."""
    assert "Passed: 2 of 6 exercises" in page.type_below('check("1.5"', "progress(1)")


def hint_and_table(page: LessonPage, rows: int = 6) -> None:
    assert "Hint 1 of 3 for exercise 2.3." in page.type_below('check("2.3"', 'hint("2.3")')
    table = page.page.locator(".jp-OutputArea table").first
    assert table.locator("tbody tr").count() == rows


def rows_for_every_arm(page: LessonPage) -> None:
    table = page.page.locator(".jp-OutputArea table").first
    assert table.locator("tbody tr").count() == 6, "the dense networks, and each of five arms"


A_TWO = ((0.3, 0.3), (0.4, 0.2), (0.55, 0.18), (0.68, 0.28), (0.66, 0.42), (0.5, 0.58), (0.36, 0.74), (0.3, 0.82))
ITS_FOOT = ((0.45, 0.82), (0.6, 0.82), (0.74, 0.8))


def draw_digits(page: LessonPage) -> None:
    """The sheet takes a 2 from the mouse and a 7 from the keyboard, and the ticket reads them."""
    cell, sheet = page.cell("draw_a_digit("), "draw_a_digit("
    page.told(sheet, "Test digit 1, labelled 7: the target reads 7, the ticket 7 too.")
    pad = cell.locator(".lthedu-pad")
    pad.scroll_into_view_if_needed()
    at, mouse = pad.bounding_box(), page.page.mouse
    first, *others = [(at["x"] + x * at["width"], at["y"] + y * at["height"]) for x, y in A_TWO + ITS_FOOT]
    mouse.move(*first)
    mouse.down()
    for point in others:
        mouse.move(*point, steps=6)
    mouse.up()
    page.told(sheet, "Your drawing")
    page.told(sheet, "the target reads 2, the ticket 2 too.")
    page.photograph(cell, "pad-mouse")
    pad.focus()
    page.press("Delete")
    page.told(sheet, "The sheet is empty")
    page.press("ArrowLeft " * 40 + "ArrowUp " * 40 + "ArrowRight " * 6 + "ArrowDown " * 5)
    page.press("Space " + "ArrowRight " * 15 + "ArrowDown ArrowDown ArrowLeft " * 9 + "Space")  # pen down, pen up
    page.told(sheet, "the target reads 7, the ticket 7 too.")
    page.photograph(cell, "pad-keyboard")
    page.press("Tab Space")  # clear
    page.told(sheet, "The sheet is empty")
    page.press("Tab Space")  # a test digit
    page.told(sheet, "labelled 2")


LESSONS = [
    Lesson(
        "tour",
        "SUPPORTED",
        {
            "2.2": (RIGHT, USED),
            "2.1": (WRONG, "that is fine-tuning", NOT_USED, 'hint("2.1") gives a hint'),
            "2.3": ("YOUR FUNCTION RAISED NameError.", "line 2 of your cell: d = nump", NOT_USED),
        },
        "explorer = live_plot(",
        (
            (0, "", "plus x to the power of 1"),
            (0, "ArrowRight ArrowRight", "plus x to the power of 3"),
            ("minus", "Space", "minus x to the power of 3"),
        ),
        ("bar, counts",),
        partial(hint_and_table, rows=8),
    ),
    Lesson(
        "what_is_a_lottery_ticket",
        "PARTLY SUPPORTED",
        {
            "0.2": (RIGHT, USED),
            "0.3": (WRONG, "larger than any float", NOT_USED),
            "0.4": (WRONG, "2 of 10 do not hold up", "Statement 2: An ordinary program", "Statement 9: It says"),
        },
        "explorer(",
        (
            (0, "", "266,200 of 266,200 weights are kept"),
            (0, "ArrowRight " * 11, "5,324 of 266,200 weights are kept"),  # so few that digits are misread
            ("at random", "Space", "the others deleted at random"),
        ),
        ("sizes = range(", "typical = {who"),
        game_and_quiz,
    ),
    Lesson(
        "pruning_basics",
        "PARTLY SUPPORTED",
        {
            "1.1": (RIGHT, USED),
            "1.4": (RIGHT, USED),
            "1.3": (WRONG, "clip the progress", NOT_USED, 'hint("1.3") gives a hint'),
            "1.5": ("YOUR FUNCTION RAISED NameError.", "line 2 of your cell", NOT_USED),
        },
        "explorer(",
        (
            (0, "", "10\u00a0% of the weights kept"),
            (0, "ArrowLeft " * 2, "20\u00a0% of the weights kept"),
            ("layer", "Space", "layer by layer 20.0\u00a0%, 20.0\u00a0%, 20.0\u00a0%"),
        ),
        own=progress_in_a_new_cell,
    ),
    Lesson(
        "winning_tickets",
        "PARTLY SUPPORTED",
        {
            "2.2": (RIGHT, USED),
            "2.1": (WRONG, "that is fine-tuning"),
            "2.3": ("YOUR FUNCTION RAISED NameError.", "line 2 of your cell: d = nump"),
        },
        "explorer(",
        (
            (0, "", "Level 4, winning ticket: 16,891 of 266,200 weights"),
            (0, "ArrowLeft", "Level 3, winning ticket: 33,572 of 266,200 weights"),
            ("random mask", "Space", "Level 3, random mask:"),
        ),
        own=hint_and_table,
    ),
    Lesson(
        "rewinding",
        "PARTLY SUPPORTED",
        {
            "3.3": (RIGHT, USED),
            "3.2": (WRONG, "masked trained weights"),
            "3.1": (WRONG, "the error of `a` alone"),
        },
        "explorer(",
        (
            (0, "", "Children that part at step 0, seed 0"),
            (2, "ArrowRight", "55 % of the way"),
            (1, "ArrowRight", "part at step 0, seed 1"),
            (0, "ArrowRight", "part at step 20, seed 1"),
        ),
    ),
    Lesson(
        "many_small_lotteries",
        "PARTLY SUPPORTED",
        {
            "4.1": (WRONG, "how many draws the first win takes on average"),
            "4.3": (RIGHT, USED),
            "4.5": (RIGHT, USED),
        },
        "explorer(",
        (
            (0, "", "scattered pixels: 0 of 128 win, so at least 104 draws"),
            (1, "ArrowRight", "best of 17."),
            (0, "ArrowRight " * 4, "best of 17."),
        ),
        ("sizes = [n for n in", "i = min(4"),
        rows_for_every_arm,
    ),
    Lesson(
        "zeros_and_signs",
        "PARTLY SUPPORTED",
        {
            "5.4": (RIGHT, USED),
            "5.2": (WRONG, "values of the whole layer"),
            "5.3": (WRONG, "One-sided"),
        },
        "explorer(",
        (
            (0, "", "large_final, 30 % kept, network 0"),
            (1, "ArrowRight", "large_final, 35 % kept, network 0"),
            (2, "ArrowRight", "35 % kept, network 1"),
            (0, "ArrowRight", "large_final_same_sign, 35 % kept"),
        ),
    ),
    Lesson(
        "supermasks",
        "PARTLY SUPPORTED",
        {
            "6.2": (RIGHT, USED),
            "6.1": (WRONG, "nearly 0 and 1, but not exactly"),
            "6.4": (WRONG, "two weights changed places"),
        },
        "explorer(",
        (
            (0, "", "Step 500, network 0"),
            (0, "ArrowLeft", "Step 200, network 0"),
            (1, "ArrowRight", "Step 200, network 1"),
        ),
    ),
    Lesson(
        "search_without_gradients",
        "PARTLY SUPPORTED",
        {
            "7.4": (RIGHT, USED),
            "7.2": (WRONG, "children keep other numbers of weights than their parents"),
            "7.3": (WRONG, "plain hill climbing"),
        },
        "explorer(",
        (
            (0, "", "A loss of 1.5, in forward passes"),
            (0, "ArrowRight", "A loss of 1.45, in forward passes"),
            (1, "ArrowRight", "A loss of 1.45, in multiplications"),
        ),
    ),
    Lesson(
        "subset_sums",
        "SUPPORTED",
        {
            "8.1": (RIGHT, USED),
            "8.3": (WRONG, "each is kept half of the time only"),
            "8.4": (WRONG, "the largest whole gap inside"),
        },
        "explorer(",
        (
            (0, "", "There are 1,024 choices"),
            (0, "ArrowRight " * 4, "There are 16,384 choices"),
            (1, "ArrowLeft", "the target +0.29"),
            (2, "ArrowLeft", "within 1/100."),
            (3, "ArrowRight", "Draw 2: the best choice keeps"),
        ),
        ("n=32, draws=5", "agree = []"),
    ),
    Lesson(
        "pruning_is_all_you_need",
        "SUPPORTED",
        {
            "9.2": (RIGHT, USED),
            "9.1": (WRONG, "must add up to -w", NOT_USED),
            "9.5": ("YOUR FUNCTION RAISED AttributeError.", "line 2 of your cell"),
        },
        "explorer(",
        (
            (0, "", "At eta = 0.01, "),
            (0, "ArrowRight", "At eta = 0.003, "),
            (0, "ArrowRight", "At eta = 0.001, "),
            (1, "ArrowLeft " * 6, "candidates per weight: 12. "),
        ),
        ("small = proof.construct(layer",),
        draw_digits,
    ),
    Lesson(
        "what_the_theorem_does_not_say",
        "PARTLY SUPPORTED",
        {
            "10.2": (RIGHT, USED),
            "10.3": (WRONG, "it rounds down"),
        },
        "explorer(",
        (
            (0, "", "3 folds, 8 pieces; two layers with 7 units come to distance 0.167"),
            (1, "ArrowLeft", "3 folds, 8 pieces; two layers with 6 units come to distance 0.500"),
            (0, "ArrowLeft", "2 folds, 4 pieces; two layers with 6 units come to distance 0.000"),
        ),
        ("needed = {k: least_units(",),
    ),
    Lesson(
        "pieces",
        "PARTLY SUPPORTED",
        {
            "11.2": (RIGHT, USED),
            "11.1": (WRONG, "the next layer gets the values after the ReLU"),
        },
        "explorer(",
        (
            (0, "", "random 5 % of every layer, not trained on"),
            (0, "ArrowLeft", "random 10 % of every layer, not trained on"),
            ("largest", "Space", "largest 10 % of every layer, not trained on"),
            (1, "ArrowRight", "largest 10 % of every layer, not trained on"),
        ),
        ("for n in (3, 24, 64)",),
    ),
    Lesson(
        "curvature",
        "REFUTED",
        {
            "12.3": (RIGHT, USED),
            "12.1": (WRONG, "that is the gradient; differentiate gradient @ vector once more"),
        },
        "explorer(",
        (
            (0, "", "of the exact gradient lies across"),
            (1, "Home", "In steps 100 to 200, 0 % of the exact gradient lies across"),
            (0, "End", "Above 2 / 12 = 0.167"),
        ),
        ("rate, steep = 0.1, 12.0",),
    ),
    Lesson(
        "sparse_from_the_start",
        "PARTLY SUPPORTED",
        {
            "13.2": (RIGHT, USED),
            "13.3": (WRONG, "two multiplications, not three"),
        },
        "explorer(",
        (
            (0, "", "RigL after 700 steps"),
            (0, "ArrowLeft", "RigL after 600 steps"),
            (1, "ArrowRight", "RigL after 600 steps"),
            ("SET", "Space", "SET after 600 steps"),
        ),
        ("ends = rigl(",),
    ),
    Lesson(
        "counting_and_clocking",
        "PARTLY SUPPORTED",
        {
            "14.1": (RIGHT, USED),
            "14.2": (WRONG, "`start` holds how many non-zeros a row has"),
        },
        "explorer(",
        (
            (0, "", "10 % of the weights are kept. The FLOPs promise 10 times"),
            (0, "ArrowRight", "5 % of the weights are kept. The FLOPs promise 20 times"),
            (1, "ArrowLeft", "5 % of the weights are kept. The FLOPs promise 20 times"),
        ),
        ("kept = {",),
    ),
    Lesson(
        "sparse_data",
        "PARTLY SUPPORTED",
        {
            "16.1": (RIGHT, USED),
            "16.2": (WRONG, "reads and writes are exchanged"),
        },
        "explorer(",
        (
            (0, "", "9 % of the places are active"),
            (2, "ArrowRight", "After 4 ordinary layers"),
            (1, "ArrowRight", "of the places are active"),
        ),
        ("shares = {",),
    ),
    Lesson(
        "sparse_coding",
        "PARTLY SUPPORTED",
        {
            "17.2": (RIGHT, USED),
            "17.3": (WRONG, "the threshold is the whole penalty"),
        },
        "explorer(",
        (
            (0, "", "OMP with 4 atoms is"),
            (0, "ArrowRight", "OMP with 5 atoms is"),
            ("soft", "Space", "soft with 5 atoms is"),
        ),
        ("def search(",),
    ),
    Lesson(
        "ship_it",
        "PARTLY SUPPORTED",
        {
            "18.1": (RIGHT, USED),
            "18.3": (WRONG, "the largest code is one too large"),
        },
        "explorer(",
        (
            (0, "", "20 % of the weights in 8 bits"),
            (0, "ArrowRight", "15 % of the weights in 8 bits"),
            (1, "ArrowRight", "15 % of the weights in 6 bits"),
        ),
        ("ratio = zipped(",),
    ),
    Lesson(
        "begin_with_more",
        "PARTLY SUPPORTED",
        {
            "19.1": (RIGHT, USED),
            "19.2": (WRONG, "the last number of weights counts as well"),
        },
        "explorer(",
        (
            (0, "", "24 patterns in 400 units"),
            (0, "ArrowRight", "8,778 of 79,800 pairs"),
            (1, "ArrowRight", "25 patterns in 400 units"),
        ),
        ("grown = experiment.Growing(",),
    ),
    Lesson(
        "hashing_instead_of_multiplying",
        "PARTLY SUPPORTED",
        {
            "15.1": (RIGHT, USED),
            "15.2": (WRONG, "this is the chance that every table misses the pair"),
        },
        "explorer(",
        (
            (0, "", "One code takes 144 products"),
            (0, "ArrowRight", "One code takes 160 products"),
            (1, "ArrowRight", "One code takes 170 products"),
            ("both", "Space", "One code takes 170 products"),
        ),
        ("bits, tables = 9, 16",),
    ),
]
USUAL = {"width": 1360, "height": 940}
WINDOWS = {"zoom-200": {"width": 680, "height": 470}, "narrow": {"width": 480, "height": 900}}  # in CSS pixels
AREA = ".jp-Notebook .jp-OutputArea"
KEYS = {
    f"{AREA} .noUi-handle": ("ArrowRight", "ArrowLeft"),
    f"{AREA} select": ("ArrowDown", "ArrowUp"),
    f"{AREA} input[type=checkbox]": ("Space",),
}
# the picture of a cell's figure, which JupyterLab draws without alt, and its caption says what it shows (a rule of
# tests/test_lessons.py); and the list of cells, of which JupyterLab says that it holds only list items
JUPYTERS = (".jp-RenderedImage", 'src="data:image/png', ".jp-WindowedPanel-viewport")
# what JupyterLab draws around a lesson's own content
FOREIGN = (".cm-editor", ".jp-Collapser", ".jp-InputPrompt", ".jp-OutputPrompt", ".jp-cell-menu", ".jp-cell-toolbar")
VALUES = """e => [e.getAttribute('aria-valuenow'), e.value, e.checked, e.selectedIndex,
    e.closest('.jupyter-widgets')?.querySelector('.widget-readout')?.textContent]"""
CUT = """() => {
    const scrolls = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
    return [...document.querySelectorAll('.jp-Notebook .jp-OutputArea-output, .jp-Notebook .jp-RenderedMarkdown')]
        .filter(e => e.scrollWidth > e.clientWidth + 2 && !scrolls(e) && ![...e.querySelectorAll('*')].some(scrolls))
        .map(e => `${e.textContent.trim().slice(0, 80)}: ${e.scrollWidth} > ${e.clientWidth}`);
}"""
ASLEEP = "This is how it stood. To move it again, run its cell."
SIGNS = """cell => [...cell.querySelectorAll('.jupyter-widgets-disconnected')]
    .map(widget => getComputedStyle(widget, '::before').display)"""
DRAWN = """() => [...document.querySelectorAll('.jp-Notebook .jp-Cell')]
    .map(cell => cell.querySelector('.jp-OutputArea .jupyter-widgets') !== null)"""


@pytest.fixture(
    scope="module",
    params=[pytest.param(row, id=row.name, marks=[pytest.mark.full] * (row.name != "tour")) for row in LESSONS],
)
def row(request) -> Lesson:
    """What is expected of the lesson that is open."""
    return request.param


@pytest.fixture(scope="module")
def lesson(row, open_lesson) -> LessonPage:
    """The learner's copy of a lesson, run from top to bottom once."""
    lesson = open_lesson(row.name)
    lesson.start_all()
    if any("ProgressBar()" in "".join(cell["source"]) for cell in lesson.cells()):
        lesson.wait_for_bar(seconds=240)
    lesson.wait_until_all_ran(seconds=1200)
    return lesson


def code_of(lesson: LessonPage) -> list[str]:
    return ["".join(cell["source"]) for cell in lesson.cells() if cell["cell_type"] == "code"]


def test_every_cell_ran_without_an_error(lesson):
    lesson.photograph_all()
    assert lesson.errors() == []
    counts = [c["execution_count"] for c in lesson.cells() if c["cell_type"] == "code" and "".join(c["source"]).strip()]
    assert counts == list(range(1, len(counts) + 1))
    assert lesson.broken_widgets() == []
    assert lesson.page.locator("progress").count() == 0, "a progress bar is left over"


def test_open_exercises_say_so_and_the_lesson_goes_on_to_its_verdict(lesson, row):
    numbers = [n for code in code_of(lesson) for n in re.findall(r'= check\("([\d.]+)"', code)]
    assert len(numbers) >= 4
    for number in numbers:
        said = lesson.box(number).inner_text()
        assert f"Exercise {number}: NOT ATTEMPTED YET." in said
        assert NOT_USED in said
    assert f"Verdict on the claim card: {row.verdict}." in lesson.text()
    assert "NOT SUPPORTED by this run" not in lesson.text()


def test_figures_and_formulas_are_seen(lesson):
    captions = sum(len(re.findall(r"^(?:caption|figure)\(", code, re.M)) for code in code_of(lesson))
    assert captions
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == captions
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.is_visible()
        cell = figure.locator("xpath=ancestor::*[contains(@class, 'jp-Cell')][1]").inner_text()
        assert "Figure:" in cell or "Description of the figure" in cell
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"figure-{number}")
    if any("$" in "".join(cell["source"]) for cell in lesson.cells() if cell["cell_type"] == "markdown"):
        formula = lesson.page.locator(".jp-MarkdownOutput mjx-container, .jp-MarkdownOutput .MathJax").first
        formula.scroll_into_view_if_needed()
        assert formula.is_visible()


def test_the_explorer_follows_the_keyboard(lesson, row):
    cell = lesson.cell(row.explorer)
    cell.scroll_into_view_if_needed()
    handles, pictures = cell.locator(".noUi-handle"), []
    for control, keys, sentence in row.walk:
        if keys:
            button = isinstance(control, str)
            (cell.get_by_role("button", name=control) if button else handles.nth(control)).focus()
            lesson.press(keys)
        pictures.append(lesson.told(row.explorer, sentence, *pictures[-1:]))
    lesson.photograph(cell, "explorer")
    assert len({*pictures}) == len(row.walk)
    assert {control for control, keys, _ in row.walk if keys and isinstance(control, int)} == {*range(handles.count())}
    assert lesson.errors() == []


def test_typed_answers_meet_their_own_boxes(lesson, row):
    def edge(number: str) -> str:
        """The colour of a box's edge."""
        return lesson.box(number).evaluate("box => getComputedStyle(box).borderLeftColor")

    looks = {"open": edge(next(n for n in row.typed))}
    for number, (verdict, *reasons) in row.typed.items():
        place, answer = lesson.index(f'check("{number}"'), ANSWERS[row.name][number]
        name = re.findall(r"^def (\w+)", answer, re.M)[-1]
        lesson.type_into(place, f'{answer}\n\n\n{name} = check("{number}", {name})')
        lesson.run_with_keys(place)
        said = lesson.box(number).inner_text()
        lesson.photograph(lesson.cell(place), f"box-{number}")
        assert f"Exercise {number}: {verdict}" in said
        for reason in reasons:
            assert reason.lower() in said.lower()
        outcome = verdict.split(" RAISED")[0]
        assert looks.setdefault(outcome, edge(number)) == edge(number)
    assert len({*looks.values()}) == len(looks), "two outcomes have the same look"
    assert lesson.errors() == []


def test_the_experiment_runs_on_a_typed_answer(lesson, row):
    for code in row.again:
        place = lesson.index(code)
        lesson.cell(place).locator(".cm-content").click()
        judged = lesson.run_with_keys(place).inner_text()
    if row.again:
        assert "SUPPORTED by this run:" in judged
        assert "NOT SUPPORTED" not in judged


def test_what_no_other_lesson_has(lesson, row):
    row.own(lesson)
    assert lesson.errors() == []


def moves(lesson, control, keys) -> bool:
    """Whether one of the keys changes the control's value."""
    control.scroll_into_view_if_needed()
    before = control.evaluate(VALUES)
    for key in keys:
        control.focus()
        lesson.press(key)
        lesson.page.wait_for_timeout(100)
        if control.evaluate(VALUES) != before:
            return True
    return False


def usable(lesson, selector):
    return [c for c in lesson.page.locator(selector).all() if c.is_visible() and c.is_enabled()]


def test_every_control_moves_by_keyboard(lesson):
    controls = [(control, keys) for selector, keys in KEYS.items() for control in usable(lesson, selector)]
    buttons = usable(lesson, f"{AREA} button.widget-button")
    assert controls or buttons, "a lesson without a control"
    stuck = [
        control.evaluate("e => e.outerHTML")[:200] for control, keys in controls if not moves(lesson, control, keys)
    ]
    assert stuck == []
    for button in buttons:
        button.focus()
        assert button.evaluate("e => e === document.activeElement")
    lesson.wait("the kernel has answered", f"() => {KERNEL_IS_IDLE}", seconds=120)
    assert lesson.errors() == []
    assert lesson.broken_widgets() == []


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])  # the light one stays
def test_axe_finds_nothing_serious_in_what_a_lesson_shows(lesson, theme):
    from axe_playwright_python.sync_playwright import Axe

    lesson.dress(theme)
    found = Axe().run(lesson.page, context={"include": [[".jp-Notebook"]], "exclude": [[part] for part in FOREIGN]})
    serious = [
        f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:160]}"
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
        if not any(part in f"{node['target']} {node['html']}" for part in JUPYTERS)
    ]
    assert serious == []


def test_nothing_is_cut_off_in_small_windows(lesson):
    try:
        for window, size in WINDOWS.items():
            lesson.page.set_viewport_size(size)
            lesson.page.wait_for_timeout(500)
            for place, drawn in enumerate(lesson.page.evaluate(DRAWN)):
                if drawn:
                    lesson.cell(place).scroll_into_view_if_needed()
                    lesson.photograph(None, f"{window}-cell-{place:02}")
            assert lesson.page.evaluate(CUT) == [], window
    finally:
        lesson.page.set_viewport_size(USUAL)


def test_a_saved_lesson_shows_its_widgets_the_next_day_as_they_stood(lesson, row, open_lesson):
    """Saved by JupyterLab, its kernel gone, and opened again: what is drawn comes from the file."""
    told = lesson.cell(row.explorer).locator("[aria-live]").last.inner_text()
    assert ASLEEP not in lesson.cell(row.explorer).inner_text()
    lesson.page.evaluate(f"() => {NOTEBOOK}.context.save()")
    lesson.page.evaluate(f"() => {NOTEBOOK}.sessionContext.shutdown()")
    again = open_lesson(row.name)
    again.told(row.explorer, told)
    picture = again.cell(row.explorer).locator("img.widget-image").first
    again.wait("the picture is drawn", "e => e.complete && e.naturalWidth > 0", picture.element_handle())
    assert ASLEEP in again.cell(row.explorer).inner_text()
    assert set(again.cell(row.explorer).evaluate(SIGNS)) == {"none"}
    again.photograph(again.cell(row.explorer), "next-day")
    assert again.broken_widgets() == []


def test_an_export_to_html_describes_every_figure(lesson):
    """What File > Save and Export Notebook As > HTML opens, of the notebook that was saved."""
    found = [output.get("metadata", {}) for cell in lesson.cells() for output in cell.get("outputs", ())]
    described = [marks["image/png"]["alt"] for marks in found if "image/png" in marks]
    url, referer = re.sub(r"/lab/.*/", "/nbconvert/html/", lesson.page.url), {"Referer": lesson.page.url}
    exported = lesson.page.request.get(url, headers=referer).text()
    assert described
    assert [html.unescape(alt) for alt in re.findall(r'<img alt="([^"]*)" src="data:image', exported)] == described


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
