"""Whole files, seals and locks; their effects in use are held where they are used."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lthedu.base import files
from lthedu.base.files import DamagedFile, exclusive, seal, unseal, write_whole

posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.mark.parametrize("content", [b"new", "new"])
def test_a_file_is_written_whole(tmp_path, content):
    path = tmp_path / "a"
    for _ in range(2):
        write_whole(path, content)
        assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_written_as_it_is(tmp_path):
    write_whole(tmp_path / "a", "1\r\n2\né")
    assert (tmp_path / "a").read_bytes() == "1\r\n2\né".encode()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("x")])
def test_a_write_that_fails_leaves_what_was_there_and_names_the_file(tmp_path, monkeypatch, error):
    path = tmp_path / "a"
    write_whole(path, b"old")

    def stopped(_: int) -> None:
        raise error

    monkeypatch.setattr(files.os, "fsync", stopped)
    with pytest.raises(type(error)) as raised:
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    if isinstance(error, OSError):
        assert (raised.value.errno, raised.value.strerror, raised.value.filename) == (28, error.strerror, str(path))


def test_a_missing_folder_is_named_and_not_made(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write_whole(tmp_path / "nowhere" / "a", b"")
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_file_keeps_its_mode_and_a_new_one_has_the_users(tmp_path):
    plain, path = tmp_path / "plain", tmp_path / "a"
    plain.touch()
    write_whole(path, b"1")
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    write_whole(path, b"2")
    assert path.stat().st_mode & 0o777 == 0o640
    write_whole(path, b"3", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not tell which files are open")
def test_the_file_is_closed_before_it_is_renamed(tmp_path, monkeypatch):
    """Windows renames no file that is open."""
    still_open = []
    replace = os.replace

    def renamed(source, target):
        still_open.extend(fd for fd in Path("/proc/self/fd").iterdir() if os.path.realpath(fd) == str(source))
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", renamed)
    write_whole(tmp_path / "a", b"1")
    assert not still_open


def test_what_is_sealed_is_told_from_what_was_changed(tmp_path):
    body = {"b": [1, 2.5, None, "é"], "a": {"c": True}}
    sealed = json.loads(json.dumps(seal(body, "sum")))
    assert unseal(sealed, tmp_path, "sum") == body
    assert unseal(dict(reversed(sealed.items())), tmp_path, "sum") == body
    for change in ({"b": [1, 2.5, None, "e"]}, {"a": {"c": 1}}, {"d": 0}, {"sum": "0" * 64}, {"sum": None}):
        with pytest.raises(DamagedFile, match=r"x\.json is damaged: its sum is \w+, expected \w+; do this"):
            unseal(sealed | change, Path("x.json"), "sum", advice="do this")


@pytest.mark.parametrize("foreign", [{}, {"a": 1}, [], "sha256", None, 1])
def test_what_is_not_sealed_is_refused(foreign):
    with pytest.raises(ValueError, match="it has no 'sha256'"):
        unseal(foreign, Path("x.json"))


def test_a_lock_is_held_by_one_and_free_when_its_holder_is_killed(tmp_path):
    code = (
        "import sys, time, pathlib; from lthedu.base.files import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, tmp_path / "lock"], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(BlockingIOError, match=r"^busy with a walk$"),
            exclusive(tmp_path / "lock", 0.2, "busy with a walk"),
        ):
            pytest.fail("two held the lock at once")
    finally:
        holder.kill()
        holder.wait()
    with exclusive(tmp_path / "lock", 10):
        pass


def test_a_text_that_utf_8_does_not_have_is_refused_by_the_files_name(tmp_path):
    write_whole(tmp_path / "a", "old")
    with pytest.raises(ValueError, match=r"/a was not written: .*surrogates not allowed"):
        write_whole(tmp_path / "a", "half \ud83d")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]
