"""The learner's copies: handed out without answers, refreshed while nothing is in them, never touched after."""

import json
import os
import threading
from datetime import date
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lthedu.base.course_files import course_path
from lthedu.course import copies
from lthedu.course.copies import copy_lessons, reset
from lthedu.course.folder import locked


def write_lesson(path: Path, *, text: str = "# A lesson") -> None:
    printed = new_output("stream", name="stdout", text="the answer is 42\n")
    cells = [
        new_markdown_cell(text),
        new_code_cell("print('the answer is', 6 * 7)", execution_count=1, outputs=[printed]),
        new_code_cell("reveal()", execution_count=2, metadata={"tags": ["instructor"]}),
        new_markdown_cell("Marking notes: see figures/secret.png", metadata={"tags": ["other", "instructor"]}),
        new_code_cell("later = 1", execution_count=3, metadata={"tags": ["kept"], "execution": {"x": "y"}}),
    ]
    notebook = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    source = tmp_path / "lessons"
    write_lesson(source / "02_second.ipynb", text="See ![a picture](figures/shown.png).")
    write_lesson(source / "01_first.ipynb")
    write_lesson(source / ".ipynb_checkpoints" / "01_first-checkpoint.ipynb")
    (source / "figures").mkdir()
    for name in ("shown.png", "secret.png", "for_the_readme.png"):
        (source / "figures" / name).write_bytes(name.encode())
    return source


def files(folder: Path) -> set[str]:
    """The files a learner sees: not those in .lthedu."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(".lthedu/")}


def test_the_pages_that_lessons_link_to_come_with_them_and_count_as_no_lesson(lessons: Path, tmp_path: Path) -> None:
    for page in ("GLOSSARY.md", "QUESTIONS.md", "REFERENCES.md", "INSTRUCTORS.md"):
        (lessons / page).write_text(page)
    done = copy_lessons(tmp_path / "work", lessons)
    assert {"GLOSSARY.md", "QUESTIONS.md", "REFERENCES.md"} <= files(tmp_path / "work")
    assert "INSTRUCTORS.md" not in files(tmp_path / "work")
    assert done.new == ("01_first.ipynb", "02_second.ipynb")


def test_a_copy_has_no_answers_in_it(lessons: Path) -> None:
    original = nbformat.read(lessons / "01_first.ipynb", as_version=4)
    copy = nbformat.reads(copies.learner_copy(lessons / "01_first.ipynb"), as_version=4)
    nbformat.validate(copy)
    assert [cell.source for cell in copy.cells] == [original.cells[index].source for index in (0, 1, 4)]
    assert [cell.id for cell in copy.cells] == [original.cells[index].id for index in (0, 1, 4)]
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert code[1].metadata == {"tags": ["kept"]}
    assert set(copy.metadata) == {"kernelspec"}


def test_every_lesson_is_copied_with_the_files_it_names_and_no_others(lessons: Path, tmp_path: Path) -> None:
    copied = copies.copy_lessons(tmp_path / "a" / "work", lessons)
    assert files(tmp_path / "a" / "work") == {"01_first.ipynb", "02_second.ipynb", "figures/shown.png"}
    assert copied.new == ("01_first.ipynb", "02_second.ipynb")
    assert copied.kept == ()
    assert copied.first == "01_first.ipynb"


def test_nothing_that_is_there_is_ever_replaced(lessons: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "figures").mkdir(parents=True)
    (work / "01_first.ipynb").write_text("not even a notebook")
    (work / "figures" / "shown.png").write_text("mine")
    before = os.stat(work / "01_first.ipynb")
    copied = copies.copy_lessons(work, lessons)
    assert (work / "01_first.ipynb").read_text() == "not even a notebook"
    assert os.stat(work / "01_first.ipynb") == before
    assert (work / "figures" / "shown.png").read_text() == "mine"
    assert copied.new == ("02_second.ipynb",)
    assert copied.kept == ("01_first.ipynb",)
    assert copies.copy_lessons(work, lessons).new == ()


def test_a_link_to_nowhere_is_the_learners_too(lessons: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    try:
        (work / "01_first.ipynb").symlink_to(tmp_path / "an unplugged disk" / "01_first.ipynb")
    except OSError:
        pytest.skip("this system makes no symbolic links")
    assert copies.copy_lessons(work, lessons).kept == ("01_first.ipynb",)
    assert (work / "01_first.ipynb").is_symlink()


def test_a_copy_that_fails_leaves_no_part_of_a_file(
    lessons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        copies.copy_lessons(tmp_path / "work", lessons)
    assert files(tmp_path / "work") == set()


def test_a_killed_copy_is_never_seen_under_the_lessons_name(
    lessons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bytes]] = []
    replace = os.replace

    def watch(source: Path, target: Path) -> None:
        seen.append((Path(target).exists(), Path(source).read_bytes()))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watch)
    copies.copy_lessons(tmp_path / "work", lessons)
    assert [there for there, _ in seen] == [False] * 4  # two lessons, a picture, what is remembered of them
    assert seen[0][1] == (tmp_path / "work" / "01_first.ipynb").read_bytes()


@pytest.fixture
def work(lessons: Path, tmp_path: Path) -> Path:
    """A learner's folder, as first handed out."""
    copy_lessons(tmp_path / "work", lessons)
    return tmp_path / "work"


def change_the_course(lessons: Path) -> None:
    write_lesson(lessons / "01_first.ipynb", text="# A lesson, better said")
    write_lesson(lessons / "02_second.ipynb", text="See ![another picture](figures/shown.png).")
    (lessons / "figures" / "shown.png").write_bytes(b"a better picture")


def edit(path: Path, change) -> bytes:
    """Let the learner change a notebook; gives back its bytes."""
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)
    return path.read_bytes()


def answer(notebook) -> None:
    notebook.cells[1].source = "print('my answer')"


def annotate(notebook) -> None:
    notebook.cells[0].source += "\n\nI did not get this."


def add_a_cell(notebook) -> None:
    notebook.cells.append(new_code_cell("hint('1.1')"))


def run_it(notebook) -> None:
    """Outputs, counts and what JupyterLab stores of a run: no word of the learner's."""
    notebook.cells[1].outputs = [new_output("stream", name="stdout", text="the answer is 42\n")]
    notebook.cells[1].execution_count = 7
    notebook.cells[1].metadata["execution"] = {"iopub.status.busy": "now"}
    notebook.metadata["language_info"] = {"name": "python", "version": "3.13"}


def answer_and_run(notebook) -> None:
    answer(notebook)
    run_it(notebook)


@pytest.mark.parametrize("change", [answer, annotate, add_a_cell, answer_and_run])
def test_a_copy_in_which_something_was_written_is_never_touched(lessons: Path, work: Path, change) -> None:
    mine = edit(work / "01_first.ipynb", change)
    change_the_course(lessons)
    for _ in range(2):  # and the next day once more
        copied = copy_lessons(work, lessons)
        assert (work / "01_first.ipynb").read_bytes() == mine
        assert copied.outdated == ("01_first.ipynb",)
        assert "01_first.ipynb" in copied.kept
        assert f"Yours stays as you left it; `lthedu reset 01_first --folder {work}`" in str(copied)


def test_a_copy_nobody_wrote_in_gives_way_to_the_newer_version_and_is_kept_aside(lessons: Path, work: Path) -> None:
    before = (work / "01_first.ipynb").read_bytes()
    change_the_course(lessons)
    copied = copy_lessons(work, lessons)
    assert copied.refreshed == ("01_first.ipynb", "02_second.ipynb")
    assert (work / "01_first.ipynb").read_text() == copies.learner_copy(lessons / "01_first.ipynb")
    assert (work / "figures" / "shown.png").read_bytes() == b"a better picture"
    (aside,) = (work / ".lthedu" / "replaced").glob("01_first*")
    assert aside.read_bytes() == before
    assert "01_first.ipynb: now in the course's newer version; you had written nothing in it." in str(copied)
    again = copy_lessons(work, lessons)
    assert again.kept == ("01_first.ipynb", "02_second.ipynb")
    assert str(again).count("\n") == 0


def test_outputs_alone_are_no_work_but_they_are_kept_aside(lessons: Path, work: Path) -> None:
    ran = edit(work / "01_first.ipynb", run_it)
    assert copy_lessons(work, lessons).refreshed == ()  # the course did not change: neither do the outputs
    assert (work / "01_first.ipynb").read_bytes() == ran
    change_the_course(lessons)
    assert "01_first.ipynb" in copy_lessons(work, lessons).refreshed
    (aside,) = (work / ".lthedu" / "replaced").glob("01_first*")
    assert aside.read_bytes() == ran


@pytest.mark.parametrize("ends", [b"\r\n", b"\n\n"])
def test_how_lines_end_is_no_work(lessons: Path, work: Path, ends: bytes) -> None:
    path = work / "01_first.ipynb"
    path.write_bytes(path.read_bytes().replace(b"\n", ends))
    edit(work / "02_second.ipynb", lambda n: n.cells[0].update(source=n.cells[0].source + "\r\n"))
    change_the_course(lessons)
    assert copy_lessons(work, lessons).refreshed == ("01_first.ipynb", "02_second.ipynb")


def test_a_picture_that_the_learner_painted_on_stays(lessons: Path, work: Path) -> None:
    (work / "figures" / "shown.png").write_bytes(b"with my arrows")
    change_the_course(lessons)
    copy_lessons(work, lessons)
    assert (work / "figures" / "shown.png").read_bytes() == b"with my arrows"


def test_a_deleted_or_renamed_lesson_comes_again_and_the_renamed_one_stays(lessons: Path, work: Path) -> None:
    mine = edit(work / "01_first.ipynb", answer)
    (work / "01_first.ipynb").rename(work / "my first lesson.ipynb")
    (work / "02_second.ipynb").unlink()
    change_the_course(lessons)
    copied = copy_lessons(work, lessons)
    assert copied.new == ("01_first.ipynb", "02_second.ipynb")
    assert (work / "my first lesson.ipynb").read_bytes() == mine


def test_new_lessons_arrive_and_old_ones_stay(lessons: Path, work: Path) -> None:
    mine = edit(work / "01_first.ipynb", answer)
    write_lesson(lessons / "03_third.ipynb")
    (lessons / "02_second.ipynb").unlink()  # the course dropped it; the learner has it
    copied = copy_lessons(work, lessons)
    assert copied.new == ("03_third.ipynb",)
    assert files(work) == {"01_first.ipynb", "02_second.ipynb", "03_third.ipynb", "figures/shown.png"}
    assert (work / "01_first.ipynb").read_bytes() == mine


@pytest.mark.parametrize("manifest", [None, b"", b"{", b"[]", b'{"handed out": 3}', b'{"handed out": {"x": 3}}'])
def test_without_knowing_what_was_handed_out_everything_is_the_learners(
    lessons: Path, work: Path, manifest: bytes | None
) -> None:
    path = work / ".lthedu" / "lessons.json"
    path.unlink() if manifest is None else path.write_bytes(manifest)
    before = (work / "01_first.ipynb").read_bytes()
    change_the_course(lessons)
    copied = copy_lessons(work, lessons)
    assert copied.kept == ("01_first.ipynb", "02_second.ipynb")
    assert (work / "01_first.ipynb").read_bytes() == before


def test_a_copy_that_is_as_the_course_has_it_is_known_again(lessons: Path, work: Path) -> None:
    (work / ".lthedu" / "lessons.json").unlink()  # killed before it was written
    copy_lessons(work, lessons)
    change_the_course(lessons)
    assert copy_lessons(work, lessons).refreshed == ("01_first.ipynb", "02_second.ipynb")


def test_a_read_only_copy_stays_and_it_is_said(lessons: Path, work: Path) -> None:
    path = work / "01_first.ipynb"
    before = path.read_bytes()
    path.chmod(0o444)
    change_the_course(lessons)
    copied = copy_lessons(work, lessons)
    assert path.read_bytes() == before
    assert copied.stuck == ("01_first.ipynb",)
    assert "read-only or open in another program" in str(copied)
    assert copied.refreshed == ("02_second.ipynb",)


def test_a_copy_that_another_program_holds_stays_and_it_is_said(
    lessons: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where an open file cannot be replaced."""
    before, really = (work / "01_first.ipynb").read_bytes(), os.replace

    def held(source: Path, target: Path) -> None:
        if Path(target) == work / "01_first.ipynb":
            raise PermissionError(13, "Access is denied", str(target))
        really(source, target)

    monkeypatch.setattr(os, "replace", held)
    change_the_course(lessons)
    assert copy_lessons(work, lessons).stuck == ("01_first.ipynb",)
    assert (work / "01_first.ipynb").read_bytes() == before
    assert not list(work.glob(".*.tmp"))


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5, 6])
def test_killed_at_any_write_nothing_is_lost_and_the_next_start_mends_it(
    lessons: Path, work: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = edit(work / "01_first.ipynb", answer)
    unanswered = (work / "02_second.ipynb").read_bytes()
    change_the_course(lessons)
    write_lesson(lessons / "03_third.ipynb")
    writes, really = [0], os.replace

    def killed(source: Path, target: Path) -> None:
        if writes[0] == after:
            raise KeyboardInterrupt
        writes[0] += 1
        really(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        if after < 6:
            with pytest.raises(KeyboardInterrupt):
                copy_lessons(work, lessons)
        else:  # two replaced files and two kept aside, a new one, the manifest
            copy_lessons(work, lessons)
            assert writes == [6]
    for path in work.glob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
    copy_lessons(work, lessons)
    assert (work / "01_first.ipynb").read_bytes() == mine
    assert (work / "02_second.ipynb").read_text() == copies.learner_copy(lessons / "02_second.ipynb")
    assert (work / "03_third.ipynb").is_file()
    assert unanswered in {path.read_bytes() for path in (work / ".lthedu" / "replaced").glob("02*")}


def test_of_two_starts_at_once_one_waits_for_the_other(lessons: Path, tmp_path: Path) -> None:
    done: list[copies.Copied] = []
    start = threading.Thread(target=lambda: done.append(copy_lessons(tmp_path / "work", lessons)))
    with locked(tmp_path / "work"):
        start.start()
        start.join(0.5)
        assert start.is_alive()
        write_lesson(tmp_path / "work" / "01_first.ipynb", text="what the other one wrote")
    start.join(20)
    assert done[0].new == ("02_second.ipynb",)
    assert done[0].kept == ("01_first.ipynb",)


def test_the_courses_own_folder_is_refused(lessons: Path) -> None:
    before = files(lessons)
    for verb in (lambda: copy_lessons(lessons, lessons), lambda: reset("01_first.ipynb", lessons, lessons)):
        with pytest.raises(ValueError, match="is the course's own folder of lessons; choose another"):
            verb()
    assert files(lessons) == before
    assert not (lessons / ".lthedu").exists()


def test_reset_puts_a_fresh_copy_beside_the_old_one(lessons: Path, work: Path) -> None:
    mine = edit(work / "01_first.ipynb", answer_and_run)
    change_the_course(lessons)
    done = reset("01_first.ipynb", work, lessons)
    assert done.kept == work / f"01_first-mine-{date.today()}.ipynb"
    assert done.kept.read_bytes() == mine
    assert (work / "01_first.ipynb").read_text() == copies.learner_copy(lessons / "01_first.ipynb")
    assert str(done.lesson) in str(done)
    assert str(done.kept) in str(done)
    assert "progress (`lthedu progress`) stays" in str(done)


def test_reset_twice_a_day_keeps_both(lessons: Path, work: Path) -> None:
    first = edit(work / "01_first.ipynb", answer)
    one = reset("01_first.ipynb", work, lessons)
    second = edit(work / "01_first.ipynb", annotate)
    two = reset("01_first.ipynb", work, lessons)
    assert one.kept.read_bytes() == first
    assert two.kept.read_bytes() == second
    assert two.kept.name == f"01_first-mine-{date.today()}-2.ipynb"
    assert "01_first.ipynb" in copy_lessons(work, lessons).kept  # and the old ones are none of its business
    assert len(files(work)) == 5


def test_reset_of_a_copy_without_work_does_nothing(lessons: Path, work: Path) -> None:
    before = files(work)
    done = reset("01_first.ipynb", work, lessons)
    assert done.untouched
    assert "as it was handed out" in str(done)
    assert files(work) == before
    ran = edit(work / "01_first.ipynb", run_it)  # outputs are something to keep
    assert reset("01_first.ipynb", work, lessons).kept.read_bytes() == ran


def test_a_copy_that_was_reset_is_brought_up_to_date_like_any_other(lessons: Path, work: Path) -> None:
    edit(work / "01_first.ipynb", answer)
    change_the_course(lessons)
    reset("01_first.ipynb", work, lessons)
    write_lesson(lessons / "01_first.ipynb", text="# Better still")
    assert "01_first.ipynb" in copy_lessons(work, lessons).refreshed


def test_reset_mends_a_deleted_and_an_unreadable_copy(lessons: Path, work: Path) -> None:
    (work / "01_first.ipynb").unlink()
    done = reset("01_first.ipynb", work, lessons)
    assert done.kept is None
    (work / "02_second.ipynb").write_bytes(b"{ half a noteb")
    assert reset("02_second.ipynb", work, lessons).kept.read_bytes() == b"{ half a noteb"
    for path in (work / "01_first.ipynb", work / "02_second.ipynb"):
        assert path.read_text() == copies.learner_copy(lessons / path.name)


def test_a_copy_that_may_not_be_read_is_the_learners(
    lessons: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = work / "01_first.ipynb", Path.read_bytes
    before = path.read_bytes()
    change_the_course(lessons)

    def locked(self: Path) -> bytes:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return real(self)

    with monkeypatch.context() as during:
        during.setattr(Path, "read_bytes", locked)
        copied = copy_lessons(work, lessons)
    assert copied.kept == ("01_first.ipynb",)
    assert path.read_bytes() == before


def test_reset_refuses_what_is_no_copy_of_a_lesson(lessons: Path, work: Path, tmp_path: Path) -> None:
    (work / "mine.ipynb").write_text("mine")
    with pytest.raises(ValueError, match=r"mine\.ipynb is not the name of a lesson; the lessons are: 01_first, 02_sec"):
        reset("mine.ipynb", work, lessons)
    with pytest.raises(ValueError, match=r"no lessons were handed out to .* yet; `lthedu lab` does that"):
        reset("01_first.ipynb", tmp_path / "elsewhere", lessons)
    assert not (tmp_path / "elsewhere").exists()


def test_what_was_handed_out_is_remembered_by_name(work: Path) -> None:
    written = json.loads((work / ".lthedu" / "lessons.json").read_text())
    assert set(written["handed out"]) == {"01_first.ipynb", "02_second.ipynb", "figures/shown.png"}


def test_the_real_lessons_copy_clean(tmp_path: Path) -> None:
    copied = copies.copy_lessons(tmp_path / "work")
    assert set(copied.new) == {path.name for path in course_path("lessons").glob("*.ipynb")}
    for name in copied.new:
        notebook = nbformat.read(tmp_path / "work" / name, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert code
        assert not any(cell.outputs or cell.execution_count for cell in code)
        assert not any("instructor" in cell.metadata.get("tags", []) for cell in notebook.cells)
