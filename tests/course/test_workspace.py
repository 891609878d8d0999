import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lthedu.course import workspace
from lthedu.resources import course_path


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
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_lesson_is_found_by_number_name_or_path(
    lessons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wanted in ("1", "01", "first", "01_first", "01_first.ipynb", str(lessons / "01_first.ipynb")):
        assert workspace.find_lesson(wanted, lessons) == lessons / "01_first.ipynb"
    write_lesson(tmp_path / "mine.ipynb")
    monkeypatch.chdir(tmp_path)
    assert workspace.find_lesson("mine.ipynb", lessons) == Path("mine.ipynb")
    for wanted in ("3", "", "_first", "irst", "lessons", "nothing.ipynb"):
        with pytest.raises(ValueError, match=r"no lesson '.*the lessons are: 01_first, 02_second$"):
            workspace.find_lesson(wanted, lessons)


def test_a_copy_has_no_answers_in_it(lessons: Path) -> None:
    original = nbformat.read(lessons / "01_first.ipynb", as_version=4)
    copy = nbformat.reads(workspace.learner_copy(lessons / "01_first.ipynb"), as_version=4)
    nbformat.validate(copy)
    assert [cell.source for cell in copy.cells] == [original.cells[index].source for index in (0, 1, 4)]
    assert [cell.id for cell in copy.cells] == [original.cells[index].id for index in (0, 1, 4)]
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert code[1].metadata == {"tags": ["kept"]}
    assert set(copy.metadata) == {"kernelspec"}


def test_every_lesson_is_copied_with_the_files_it_names_and_no_others(lessons: Path, tmp_path: Path) -> None:
    copied = workspace.copy_lessons(tmp_path / "a" / "work", lessons)
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
    copied = workspace.copy_lessons(work, lessons)
    assert (work / "01_first.ipynb").read_text() == "not even a notebook"
    assert os.stat(work / "01_first.ipynb") == before
    assert (work / "figures" / "shown.png").read_text() == "mine"
    assert copied.new == ("02_second.ipynb",)
    assert copied.kept == ("01_first.ipynb",)
    assert workspace.copy_lessons(work, lessons).new == ()


def test_a_link_to_nowhere_is_the_learners_too(lessons: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    try:
        (work / "01_first.ipynb").symlink_to(tmp_path / "an unplugged disk" / "01_first.ipynb")
    except OSError:
        pytest.skip("this system makes no symbolic links")
    assert workspace.copy_lessons(work, lessons).kept == ("01_first.ipynb",)
    assert (work / "01_first.ipynb").is_symlink()


def test_a_copy_that_fails_leaves_no_part_of_a_file(
    lessons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space left"):
        workspace.copy_lessons(tmp_path / "work", lessons)
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
    workspace.copy_lessons(tmp_path / "work", lessons)
    assert [there for there, _ in seen] == [False] * 3
    assert seen[0][1] == (tmp_path / "work" / "01_first.ipynb").read_bytes()


def test_the_folder_is_the_option_then_the_variable_then_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("LTHEDU_HOME", str(tmp_path / "variable"))
    monkeypatch.chdir(tmp_path)
    assert workspace.learner_folder(Path("option")) == tmp_path / "option"
    assert workspace.learner_folder() == tmp_path / "variable"
    monkeypatch.setenv("LTHEDU_HOME", "~/of mine")
    assert workspace.learner_folder() == tmp_path / "of mine"
    for unset in (lambda: monkeypatch.setenv("LTHEDU_HOME", ""), lambda: monkeypatch.delenv("LTHEDU_HOME")):
        unset()
        assert workspace.learner_folder() == tmp_path / "lthedu"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inside", ["", "below", "far/below"])
def test_a_file_is_not_a_folder(tmp_path: Path, inside: str) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(NotADirectoryError, match=r"notes\.txt is not a folder; choose another with --folder"):
        workspace.learner_folder(tmp_path / "notes.txt" / inside)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may write anywhere: be someone else for a moment."""
    if not hasattr(os, "setresuid") or os.geteuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize("inside", ["", "new/folder"])
def test_a_folder_one_may_not_write_to_is_refused(inside: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o555)
        with ordinary_user(), pytest.raises(PermissionError, match=f"{place} is not writable for you"):
            workspace.learner_folder(Path(place) / inside)


def test_a_taken_port_is_named_and_a_free_one_passes() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(ValueError, match=f"port {port} is taken .* another with --port"):
            workspace.check_address("127.0.0.1", port)
    workspace.check_address("127.0.0.1", port)
    workspace.check_address("127.0.0.1")
    workspace.check_address("*")


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cannot listen on 192\.0\.2\.7"):
        workspace.check_address("192.0.2.7")


def test_the_server_gets_a_token_loopback_and_nothing_of_the_network() -> None:
    arguments = workspace.server_arguments(Path("work"), "02_x.ipynb", more=["--ServerApp.ip=::1"])
    assert "--ServerApp.root_dir=work" in arguments
    assert "--LabApp.default_url=/lab/tree/02_x.ipynb" in arguments
    assert "--ServerApp.ip=127.0.0.1" in arguments
    assert "--LabApp.news_url=None" in arguments
    assert not any("token" in argument or "port" in argument or "browser" in argument for argument in arguments)
    own = [argument.split("=")[1] for argument in arguments if "_dir=" in argument and "root_dir" not in argument]
    assert {Path(folder).parent for folder in own} == {Path("work/.lthedu")}
    assert arguments[-1] == "--ServerApp.ip=::1"
    assert ("--allow-root" in arguments) == (hasattr(os, "geteuid") and os.geteuid() == 0)


def test_a_port_asked_for_is_that_port_or_none() -> None:
    arguments = workspace.server_arguments(Path("x"), None, port=9000, browser=False)
    assert {"--ServerApp.port=9000", "--ServerApp.port_retries=0", "--no-browser"} <= set(arguments)
    assert "--LabApp.default_url=/lab" in arguments


def test_the_real_lessons_copy_clean(tmp_path: Path) -> None:
    copied = workspace.copy_lessons(tmp_path / "work")
    assert set(copied.new) == {path.name for path in course_path("lessons").glob("*.ipynb")}
    for name in copied.new:
        notebook = nbformat.read(tmp_path / "work" / name, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert code
        assert not any(cell.outputs or cell.execution_count for cell in code)
        assert not any("instructor" in cell.metadata.get("tags", []) for cell in notebook.cells)
