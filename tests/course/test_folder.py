"""Where the learner's folder is, who may write there, and that no writer loses what another wrote."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lthedu.base.files import write_whole
from lthedu.course.folder import demand_writable, folder_at_work, learner_folder, locked, unused


def test_the_folder_is_the_option_then_the_variable_then_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("LTHEDU_HOME", str(tmp_path / "variable"))
    monkeypatch.chdir(tmp_path)
    assert learner_folder(Path("option")) == tmp_path / "option"
    assert learner_folder() == tmp_path / "variable"
    monkeypatch.setenv("LTHEDU_HOME", "~/of mine")
    assert learner_folder() == tmp_path / "of mine"
    for unset in (lambda: monkeypatch.setenv("LTHEDU_HOME", ""), lambda: monkeypatch.delenv("LTHEDU_HOME")):
        unset()
        assert learner_folder() == tmp_path / "lthedu"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inside", ["", "below", "far/below"])
def test_a_file_is_not_a_folder(tmp_path: Path, inside: str) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(NotADirectoryError, match=r"notes\.txt is not a folder; choose another with --folder"):
        learner_folder(tmp_path / "notes.txt" / inside)


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
            learner_folder(Path(place) / inside)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_option_that_names_another_place_is_told() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o555)
        words = f"results cannot go to {place}/new: {place} is not writable for you; choose another with --output"
        with ordinary_user(), pytest.raises(PermissionError, match=words):
            demand_writable(Path(place, "new"), "results", "--output")


def handed_out_to(place: Path) -> Path:
    (place / ".lthedu").mkdir(parents=True)
    (place / ".lthedu" / "lessons.json").touch()
    return place


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and no variable that names a folder."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("LTHEDU_HOME", raising=False)
    (tmp_path / "home").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path


def test_a_kernel_finds_the_folder_its_notebook_lies_in(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handed_out_to(world / "home" / "lthedu")
    work = handed_out_to(world / "my work")
    (work / "below" / "far").mkdir(parents=True)
    for place in (work, work / "below" / "far"):
        monkeypatch.chdir(place)
        assert folder_at_work() == work


def test_elsewhere_it_is_the_one_that_lab_would_use_if_lessons_were_handed_out_there(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder_at_work() is None
    (world / "home" / "lthedu" / ".lthedu").mkdir(parents=True)
    assert folder_at_work() is None
    (world / "home" / "lthedu" / ".lthedu" / "lessons.json").touch()
    assert folder_at_work() == world / "home" / "lthedu"
    monkeypatch.setenv("LTHEDU_HOME", str(world / "empty"))  # as in the tests and in CI
    assert folder_at_work() is None
    monkeypatch.setenv("LTHEDU_HOME", str(handed_out_to(world / "variable")))
    assert folder_at_work() == world / "variable"


def test_an_author_at_work_and_a_folder_that_is_gone_have_none(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(handed_out_to(world / "work"))
    monkeypatch.setenv("LTHEDU_AUTHORING", "1")
    assert folder_at_work() is None
    monkeypatch.delenv("LTHEDU_AUTHORING")
    monkeypatch.setenv("LTHEDU_NO_RECORD", "1")  # as for a submission that is run
    assert folder_at_work() is None
    monkeypatch.delenv("LTHEDU_NO_RECORD")
    if os.name == "posix":
        (world / "gone").mkdir()
        monkeypatch.chdir(world / "gone")
        (world / "gone").rmdir()
        assert folder_at_work() is None
    assert files_below(world / "elsewhere") == []


def files_below(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]


def test_one_writer_waits_for_the_other_and_gives_up_in_words(tmp_path: Path) -> None:
    with (
        locked(tmp_path),
        pytest.raises(BlockingIOError, match=f"another program has been writing to {tmp_path} for 0 s"),
        locked(tmp_path, patience=0.2),
    ):
        raise AssertionError("two held the lock at once")
    with locked(tmp_path, patience=0.2):
        pass


@pytest.mark.parametrize("error", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError("no flock")])
def test_where_there_are_no_locks_one_writes_without(
    tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(self: object) -> None:
        raise error

    monkeypatch.setattr("lthedu.base.files.FileLock.acquire", none)
    with locked(tmp_path):
        write_whole(tmp_path / "a", b"written")
    assert (tmp_path / "a").read_bytes() == b"written"


def test_where_nothing_can_be_written_there_is_no_lock_either(tmp_path: Path) -> None:
    (tmp_path / ".lthedu").touch()
    with pytest.raises(OSError), locked(tmp_path):  # noqa: PT011 (each system has its own)
        pytest.fail("it went on")


def test_an_unused_name_is_found(tmp_path: Path) -> None:
    for expected in ("a.txt", "a-2.txt", "a-3.txt"):
        found = unused(tmp_path / "a.txt")
        assert found.name == expected
        found.touch()
