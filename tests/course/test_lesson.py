"""check, hint, solution, progress, show and claim as a learner meets them."""

import re
import signal
import time
import xml.etree.ElementTree as ET
from dataclasses import replace

import nbformat
import pytest
import scipy.stats
import torch
from answers import RIGHT, TOLD
from nbformat.v4 import new_code_cell, new_notebook

from lthedu.base.course_files import course_path
from lthedu.course import contained, lesson, record, standing
from lthedu.course.answer import digest
from lthedu.course.boxes import Box, Table
from lthedu.course.catalogue import find
from lthedu.course.executor import run_cells
from lthedu.course.lesson import check, claim, hint, progress, show, solution
from lthedu.course.solutions import answered
from lthedu.exercises import core
from lthedu.lessons.winning_tickets.mistakes import (
    never_rewinds,
    shuffles_a_name,
    shuffles_rows,
    tosses_a_coin,
    unpaired,
)
from lthedu.pruning import random_mask
from lthedu.stats import paired_test
from lthedu.tickets import find_tickets

by_ranking_noise, by_multinomial = RIGHT["random_mask"][:2]
asks_scipy, multiplies = RIGHT["paired_test"][0], RIGHT["freeze_pruned"][0]
freezing_another_way = [answer for name, answer, _ in TOLD if name == "freeze_pruned"][1:4]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))


REFERENCE_STEPS_IN = "use the course's own function for now"


def test_a_right_function_is_given_back_itself(capsys) -> None:
    assert check("2.2", by_ranking_noise) is by_ranking_noise
    said = capsys.readouterr().out
    assert "Exercise 2.2: RIGHT." in said
    assert "The cells below now use your function" in said
    assert REFERENCE_STEPS_IN not in said


def test_a_wrong_function_gives_the_reference_and_its_diagnosis(capsys) -> None:
    assert check("2.2", tosses_a_coin) is random_mask
    said = capsys.readouterr().out
    assert "Exercise 2.2: WRONG." in said
    assert "only on average" in said
    assert REFERENCE_STEPS_IN in said
    assert "RIGHT" not in said


def test_an_empty_function_is_not_attempted_yet(capsys) -> None:
    def documented(a, b):
        """With a docstring, as in the notebook."""
        ...

    def passing(a, b):
        pass

    def raising(a, b):
        """Also an empty exercise."""
        raise NotImplementedError

    def called(a, b):
        raise NotImplementedError()

    for stub in (documented, passing, raising, called, lambda a, b: ...):
        returned = check("2.3", stub)
        said = capsys.readouterr().out
        if stub.__name__ == "<lambda>":  # returns Ellipsis: an answer, if a poor one
            assert "WRONG" in said
        else:
            assert "NOT ATTEMPTED YET" in said
            assert REFERENCE_STEPS_IN in said
        assert returned is paired_test
    assert lesson._kernel.record.entry("paired_test").tries == 1  # only the lambda


def test_a_function_that_raises_shows_its_error_and_line(capsys) -> None:
    def answer(a, b):
        return a + undefined_name  # noqa: F821

    assert check("2.3", answer) is paired_test
    said = capsys.readouterr().out
    assert "YOUR FUNCTION RAISED NameError" in said
    assert "undefined_name" in said
    assert "of your cell: return a + undefined_name" in said


def test_an_endless_loop_is_stopped(capsys, monkeypatch) -> None:
    monkeypatch.setattr(lesson, "SECONDS", 0.3)

    def answer(a, b):
        while True:
            pass

    began = time.monotonic()
    assert check("2.3", answer) is paired_test
    assert time.monotonic() - began < 10
    said = capsys.readouterr().out
    assert "STOPPED" in said
    assert REFERENCE_STEPS_IN in said


def test_the_bug_left_as_it_was_is_not_attempted_and_a_half_mend_is_wrong(capsys) -> None:
    def freeze_pruned(grad, weight, mask):
        """As in the notebook."""
        return torch.where(weight < 1e-6, torch.zeros_like(grad), grad)

    def stricter(grad, weight, mask):
        return torch.where(weight < 1e-7, torch.zeros_like(grad), grad)

    check("2.4", freeze_pruned)
    assert "NOT ATTEMPTED YET. The code is as you found it." in capsys.readouterr().out
    check("2.4", stricter)
    assert "WRONG" in capsys.readouterr().out


def test_checking_the_reference_itself_is_no_success(capsys) -> None:
    """After a wrong try the name is bound to the reference; checking that name again must not look like passing."""
    name = check("2.1", never_rewinds)
    capsys.readouterr()
    assert check("2.1", name) is find_tickets
    said = capsys.readouterr().out
    assert "NOT CHECKED" in said
    assert "RIGHT" not in said


def test_something_that_is_no_function_is_said(capsys) -> None:
    assert check("2.1", None) is find_tickets
    assert "needs a function, not NoneType" in capsys.readouterr().out


def test_the_outcomes_look_different() -> None:
    kinds = {lesson._examine(lesson.find("2.3"), f).box.kind for f in (asks_scipy, unpaired, print, lambda a, b: 1 / 0)}
    assert {"right", "wrong", "error"} <= kinds
    boxes = [lesson._examine(lesson.find("2.3"), f).box for f in (asks_scipy, unpaired, lambda a, b: 1 / 0)]
    assert len({b._repr_html_().split(";")[0] for b in boxes}) == 3  # the edge's colour
    assert len({b.title for b in boxes}) == 3  # and the words


def test_the_stop_button_ends_the_check_itself(capsys) -> None:
    def pressed(mask, generator):
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        check("2.2", pressed)
    assert "Exercise 2.2" not in capsys.readouterr().out


def test_exit_ends_the_answer_and_not_the_kernel_and_is_the_notebook_s_again_afterwards(monkeypatch) -> None:
    class Shell:
        def ask_exit(self) -> None:
            raise AssertionError("the kernel ends")

    shell = Shell()
    monkeypatch.setattr(contained, "_shell", lambda: shell)
    with pytest.raises(SystemExit), contained.contained():
        shell.ask_exit()
    with pytest.raises(AssertionError, match="the kernel ends"):
        shell.ask_exit()


def test_code_in_a_box_is_set_as_code_and_escaped() -> None:
    box = Box("note", "Hint 3 of 3", code="a < b\nreturn a")
    assert "<pre>a &lt; b\nreturn a</pre>" in box._repr_html_()
    assert repr(box) == "Hint 3 of 3\na < b\nreturn a"


def test_learner_text_is_escaped_in_the_box() -> None:
    def answer(a, b):
        raise ValueError("<script>alert(1)</script>")

    html = lesson._examine(lesson.find("2.3"), answer).box._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_hints_come_one_after_the_other(capsys) -> None:
    shown = []
    for _ in range(4):
        hint("2.1")
        shown.append(capsys.readouterr().out.count("Hint "))
    assert shown == [1, 2, 3, 3]


def test_without_a_number_hint_and_solution_are_about_the_answer_checked_last(capsys) -> None:
    check("2.3", lambda a, b: ...)
    check("2.4", None)  # not attempted
    capsys.readouterr()
    hint()
    assert "Hint 1 of 3 for exercise 2.3." in capsys.readouterr().out
    solution()
    assert "The solution of exercise 2.3 is still closed." in capsys.readouterr().out


@pytest.mark.parametrize("verb", [hint, solution])
def test_without_a_number_and_an_answer_a_box_asks_which_exercise(verb, capsys) -> None:
    verb()
    assert (
        capsys.readouterr().out == f'Which exercise? Write its number in quotes, for example {verb.__name__}("2.1").\n'
    )


def test_a_hint_can_be_asked_for_by_its_number(capsys) -> None:
    for last, shown in ((3, 3), (99, 3), (0, 1)):
        hint("2.1", last)
        assert capsys.readouterr().out.count("Hint ") == shown


def test_the_solution_opens_after_three_different_tries(capsys) -> None:
    for tries, answer in enumerate((shuffles_rows, tosses_a_coin, shuffles_a_name)):
        solution("2.2")
        assert f"or after 3 different tries (so far {tries})" in capsys.readouterr().out
        for _ in range(2):  # the same answer once more is no new try
            check("2.2", answer)
        capsys.readouterr()
    solution("2.2")
    assert "def random_mask(mask" in capsys.readouterr().out


def test_the_solution_opens_after_a_pass(capsys) -> None:
    check("2.2", by_multinomial)
    solution("2.2")
    assert "def random_mask(mask" in capsys.readouterr().out


def test_answers_without_source_are_told_apart_and_known_again() -> None:
    def built(code: str):
        space: dict = {}
        exec(code, space)
        return space["f"]

    one, other = "def f(a, b):\n    return lambda: a", "def f(a, b):\n    return lambda: b"
    assert digest(built(one)) == digest(built(one))
    assert digest(built(one)) != digest(built(other))
    assert digest(abs)


def test_comments_and_layout_make_no_new_try() -> None:
    def first():
        def answer(a, b):
            return a, b

        return answer

    def second():
        def answer(a, b):
            """With a docstring."""
            # and a comment
            return (a, b)

        return answer

    assert digest(first()) == digest(second())


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A learner's folder; call it for a new kernel in it."""

    def restart() -> None:
        monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(tmp_path))

    restart()
    restart.file = tmp_path / ".lthedu" / "progress.json"
    return restart


def test_tries_and_passes_outlive_the_kernel_and_hints_begin_anew(work, capsys) -> None:
    for answer in (shuffles_rows, tosses_a_coin):
        check("2.2", answer)
        work()
    hint("2.2")
    work()
    capsys.readouterr()
    hint("2.2")
    assert capsys.readouterr().out.count("Hint ") == 1  # Run All does not give away the next
    check("2.2", shuffles_a_name)
    work()
    solution("2.2")
    assert "def random_mask(mask" in capsys.readouterr().out
    check("2.2", by_ranking_noise)
    check("2.3", asks_scipy)
    work()
    solution("2.3")
    assert "def paired_test(" in capsys.readouterr().out
    entry = lesson._kernel.record.entry("random_mask")
    assert (entry.tries, entry.hints, bool(entry.passed), bool(entry.solution)) == (4, 1, True, True)


def test_on_a_hub_progress_is_not_on_this_computer(work, capsys, monkeypatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://127.0.0.1:8081/hub/api")
    progress(2)
    said = " ".join(capsys.readouterr().out.split())
    assert f"Kept in {work.file} on the hub's server, whose administrators can read it." in said
    assert "this computer" not in said


def test_progress_says_where_one_stands(work, capsys) -> None:
    check("2.1", lambda *args: [])
    check("2.2", by_ranking_noise)
    hint("2.3")
    for answer in freezing_another_way:
        check("2.4", answer)
    solution("2.4")
    check("2.4", multiplies)
    capsys.readouterr()
    progress(2)
    said = capsys.readouterr().out
    rows = {line[:3]: line for line in said.splitlines() if line[:2] == "2."}
    assert "✗ tried, not passed " in rows["2.1"]
    assert "✓ passed " in rows["2.2"]
    assert "○ not attempted          0      1 " in rows["2.3"]
    assert "✓ passed after solution  4 " in rows["2.4"]
    assert "Passed: 2 of 4 exercises, 1 of them after seeing the solution. Tries: 6. Hints: 1." in said
    assert f"Kept in {work.file} on this computer, and sent nowhere." in said
    for same in ("2", "02", "2.1"):
        progress(same)
        assert capsys.readouterr().out == said
    progress()
    assert "2.4" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"no lesson 77 with exercises; there are: .*2"):
        progress(77)


@pytest.mark.full  # one kernel that keeps a record is in test_running.py, "what the learner answered"
@pytest.mark.parametrize("handed_out", [True, False])
def test_a_real_kernel_keeps_its_record_in_the_learners_folder_and_nowhere_else(tmp_path, handed_out: bool) -> None:
    """A lesson run in a folder to which nothing was handed out, such as a checkout's, leaves nothing there."""
    if handed_out:
        (tmp_path / ".lthedu").mkdir()
        (tmp_path / ".lthedu" / "lessons.json").touch()
    (tmp_path / "below").mkdir()
    sources = (
        "from lthedu.course.lesson import check, hint, progress",
        "from scipy import stats\nimport numpy as np",
        "def paired_test(a, b):\n    return np.mean(a) - np.mean(b), stats.ttest_rel(a, b).pvalue",
        'paired_test = check("2.3", paired_test)',
        "progress(2)",
    )
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    for _ in range(2):  # Restart and Run All
        run_cells(notebook, tmp_path / "below")
    assert "2.3       A paired test over seeds" in (said := notebook.cells[-1].outputs[0].data["text/plain"])
    left = [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file() and p.name != "lock"]
    if handed_out:
        assert sorted(left) == [".lthedu/lessons.json", ".lthedu/progress.json"]
        assert record.Record(tmp_path).entry("paired_test").tries == 1
        assert f"Kept in {tmp_path}" in said
    else:
        assert left == []
        assert "Kept in memory" in said


def test_progress_is_a_table_that_a_screen_reader_can_read(work) -> None:
    check("2.2", by_ranking_noise)
    table = standing.table(standing.standings(lesson._kernel.record.document(), 2), ["<here>"])
    page = table._repr_html_()
    assert page.count('<th scope="col"') == len(standing.COLUMNS)
    assert page.count('<th scope="row"') == 4
    assert "<caption" in page
    assert "&lt;here&gt;" in page
    ET.fromstring(page)  # every tag is closed


def test_a_table_without_terms_folds_nothing() -> None:
    page = Table("Widths", ("n", "units"), (("1", "2"),), ("one `note`",), ())._repr_html_()
    assert "<details" not in page
    assert "<div>one <code>note</code></div>" in page


def test_without_a_folder_progress_says_that_it_is_in_memory(capsys) -> None:
    progress(2)
    assert "Kept in memory, and gone with this kernel" in capsys.readouterr().out


def test_a_record_that_cannot_be_written_is_said_once_and_stops_nothing(work, capsys) -> None:
    work.file.parent.parent.joinpath(".lthedu").write_text("no folder")
    work()
    assert check("2.2", by_ranking_noise) is by_ranking_noise
    assert "RIGHT" in (said := capsys.readouterr().out)
    assert "Your progress cannot be saved at the moment." in said
    check("2.3", asks_scipy)
    hint("2.1")
    assert "cannot be saved" not in capsys.readouterr().out
    progress(2)
    assert "Passed: 2 of 4" in capsys.readouterr().out


def test_a_damaged_record_is_named_and_put_aside(work, capsys) -> None:
    work.file.parent.mkdir()
    work.file.write_bytes(b"{")
    check("2.2", by_ranking_noise)
    assert f"{work.file} is damaged" in (said := capsys.readouterr().out)
    assert "It is kept as progress-damaged.json, and a new one was begun." in said
    check("2.2", by_ranking_noise)
    assert "damaged" not in capsys.readouterr().out


def test_unknown_numbers_are_refused() -> None:
    for verb in (hint, solution, lambda number: check(number, print)):
        with pytest.raises(ValueError, match=r"no exercise '7\.7'"):
            verb("7.7")


def test_show_refuses_a_value_near_a_rounding_edge_while_authoring(monkeypatch, capsys) -> None:
    show("x", 0.12549, 3)
    assert capsys.readouterr().out == "x: 0.125\n"
    monkeypatch.setenv("LTHEDU_AUTHORING", "1")
    show("exact", 12.0, 0)
    show("safe", 0.1263, 3)
    with pytest.raises(ValueError, match="rounding edge at 3 digits"):
        show("x", 0.12549, 3)


def test_claim_says_the_verdict_in_words(capsys) -> None:
    claim("It holds", True, "5 of 5")
    claim("It holds", False)
    assert capsys.readouterr().out == "SUPPORTED by this run: It holds.\n5 of 5\nNOT SUPPORTED by this run: It holds.\n"


def test_a_copy_older_than_the_course_is_checked_by_name_and_told(capsys) -> None:
    def paired_test(a, b):
        difference = [x - y for x, y in zip(a, b, strict=True)]
        return scipy.stats.ttest_1samp(difference, 0).pvalue

    assert check("2.1", paired_test) is not paired_test  # 2.1 was paired_test's number when the copy was made
    said = capsys.readouterr().out
    assert "This copy is older than the course." in said
    assert "`paired_test` is exercise 2.3 now, and this notebook calls it 2.1" in said
    assert "`lthedu reset 2` puts a fresh copy beside yours" in said
    assert "Exercise 2.3: WRONG." in said  # it returned the p-value alone
    assert lesson._kernel.record.entry("paired_test").tries == 1


def test_answers_in_a_copy_from_before_its_lesson_was_moved_are_found_by_their_names(monkeypatch) -> None:
    """The notebook's numbers are those of another day; its functions, answered, are found by their names."""
    notebook = answered(nbformat.read(course_path("lessons") / "08_subset_sums.ipynb", 4))
    old = [re.sub(r'check\("8\.(\d)"', r'check("9.\1"', c.source) for c in notebook.cells if c.cell_type == "code"]
    boxes: list[str] = []
    monkeypatch.setattr(lesson, "show_box", lambda box: boxes.append(box.title))
    space: dict = {"__name__": "__main__"}
    for source in old:
        if "= check(" in source or source.startswith(("import", "from")):
            exec(compile(source, "an old copy", "exec"), space)
    assert [b for b in boxes if "RIGHT" in b] == [f"Exercise 8.{i}: RIGHT." for i in range(1, 6)]
    assert boxes.count("This copy is older than the course.") == 5


@pytest.mark.parametrize("name", ["plots", "widgets", "masks", "reference"])
def test_a_notebook_of_an_earlier_course_is_told_how_to_get_a_fresh_one(name: str) -> None:
    with pytest.raises(ImportError, match=f"lthedu.{name} is no more: .*`lthedu reset` with the lesson's number"):
        exec(f"from lthedu import data, {name}")


def test_a_check_that_fails_itself_blames_nobody(monkeypatch, capsys) -> None:
    def broken(attempt):
        raise ZeroDivisionError("in the check")

    exercise = find("2.3")
    broken.__module__ = exercise.judge.__module__  # by which the course knows its lesson
    monkeypatch.setitem(core._registry, exercise.name, replace(exercise, judge=broken))
    before = lesson._kernel.record.entry(exercise.name).tries
    assert lesson.check("2.3", lambda a, b: (0.0, 1.0)) is exercise.reference
    said = " ".join(capsys.readouterr().out.split())
    assert "Exercise 2.3: NOT CHECKED. The check itself failed" in said
    assert "this is a fault of the course and not yours" in said
    assert lesson._kernel.record.entry(exercise.name).tries == before
