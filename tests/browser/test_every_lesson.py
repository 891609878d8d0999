"""Every lesson from a learner's copy: runs whole, moves by keyboard, passes axe-core, is whole at 200 % and narrow."""

from pathlib import Path

import pytest
from lesson_page import KERNEL_IS_IDLE

pytestmark = [pytest.mark.browser, pytest.mark.full]

LESSONS = sorted(path.name for path in (Path(__file__).parents[2] / "lessons").glob("*.ipynb"))
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
JUPYTERS = (".jp-RenderedImage", ".jp-WindowedPanel-viewport")
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
DRAWN = """() => [...document.querySelectorAll('.jp-Notebook .jp-Cell')]
    .map(cell => cell.querySelector('.jp-OutputArea .jupyter-widgets') !== null)"""


@pytest.fixture(scope="module", params=LESSONS)
def lesson(request, open_lesson):
    """One lesson, run from top to bottom once."""
    lesson = open_lesson(request.param)
    lesson.name = request.param[:2]
    lesson.start_all()
    lesson.wait_until_all_ran(seconds=1200)
    return lesson


def moves(lesson, control, keys) -> bool:
    """Whether one of the keys changes the control's value."""
    control.scroll_into_view_if_needed()
    before = control.evaluate(VALUES)
    for key in keys:
        control.focus()
        lesson.page.keyboard.press(key)
        lesson.page.wait_for_timeout(100)
        if control.evaluate(VALUES) != before:
            return True
    return False


def usable(lesson, selector):
    return [c for c in lesson.page.locator(selector).all() if c.is_visible() and c.is_enabled()]


def test_every_cell_ran_without_an_error(lesson):
    assert lesson.errors() == []
    assert lesson.broken_widgets() == []


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


def test_axe_finds_nothing_serious_in_what_a_lesson_shows(lesson):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(lesson.page, context={"include": [[".jp-Notebook"]], "exclude": [[part] for part in FOREIGN]})
    serious = [
        f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:160]}"
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
        if not any(part in str(node["target"]) for part in JUPYTERS)
    ]
    assert serious == []


@pytest.mark.parametrize("window", WINDOWS)
def test_nothing_is_cut_off(lesson, window):
    lesson.page.set_viewport_size(WINDOWS[window])
    try:
        lesson.page.wait_for_timeout(500)
        for place, drawn in enumerate(lesson.page.evaluate(DRAWN)):
            if drawn:
                lesson.cell(place).scroll_into_view_if_needed()
                lesson.photograph(None, f"{lesson.name}-{window}-cell-{place:02}")
        assert lesson.page.evaluate(CUT) == []
    finally:
        lesson.page.set_viewport_size(USUAL)
