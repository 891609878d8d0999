"""An evening and the next one: a long cell is stopped, the kernel restarted, the lesson opened again the day after."""

import pytest
from lesson_page import KERNEL_IS_IDLE, NOTEBOOK, LessonPage
from typed_answers import ANSWERS

pytestmark = pytest.mark.browser

ENDLESS = "bar = ProgressBar()\nfor i in range(10**9):\n    bar(i, 10**9, 'endless')"


@pytest.fixture(scope="module")
def lesson(open_lesson) -> LessonPage:
    return open_lesson("tour")


def test_another_day_run_all_above_brings_the_answers_back(lesson):
    """What a lesson's first cells tell the learner to do, with JupyterLab's own menu."""
    place = lesson.index('check("2.2"')
    lesson.type_into(place, f'{ANSWERS["tour"]["2.2"]}\n\nrandom_mask = check("2.2", random_mask)')
    lesson.page.keyboard.press("ControlOrMeta+s")
    lesson.wait("the notebook is saved", f"() => !{NOTEBOOK}.context.model.dirty")
    lesson.open(lesson.page.url)  # a kernel that knows nothing, as none was used yet
    later = lesson.index("bar, counts")
    lesson.cell(later).locator(".cm-content").click()
    lesson.page.get_by_role("menuitem", name="Run", exact=True).click()
    lesson.page.get_by_role("menuitem", name="Run All Above Selected Cell").click()
    lesson.wait("the cells above have run", f"i => {NOTEBOOK}.content.widgets[i].model.executionCount", later - 1)
    assert "Exercise 2.2: RIGHT." in lesson.box("2.2").inner_text()
    lesson.cell(later).locator(".cm-content").click()
    assert "SUPPORTED by this run" in lesson.run_with_keys(later).inner_text()
    assert lesson.errors() == []


def test_the_stop_button_ends_a_cell_with_a_box(lesson):
    place = lesson.index("bar, counts")
    lesson.type_into(place, ENDLESS)
    lesson.page.keyboard.press("ControlOrMeta+Enter")
    lesson.wait_for_bar(seconds=60)
    lesson.page.locator("[data-command='notebook:interrupt-kernel'], [title^='Interrupt']").first.click()
    box = lesson.cell(place).locator("[role=status]")
    box.wait_for()
    assert "You stopped this cell. It was at: endless, 0 % done." in box.inner_text()
    lesson.photograph(lesson.cell(place), "stopped")
    assert lesson.errors() == []
    lesson.wait("the bar is gone", "() => !document.querySelector('progress')")


def test_a_bar_that_a_restarted_kernel_left_says_so_after_a_while(lesson):
    place = lesson.index("'endless'")
    lesson.cell(place).locator(".cm-content").click()
    lesson.page.keyboard.press("ControlOrMeta+Enter")
    lesson.wait_for_bar(seconds=60)
    lesson.page.evaluate(f"() => {NOTEBOOK}.sessionContext.session.kernel.restart()")
    lesson.wait("the new kernel is idle", f"() => {KERNEL_IS_IDLE}")
    words = lesson.cell(place).get_by_text("If the kernel was restarted, nothing runs any more: run the cell again.")
    assert words.count() == 1
    assert not words.is_visible()
    lesson.page.evaluate("() => document.getAnimations().forEach(animation => animation.finish())")  # the while is over
    assert words.is_visible()
