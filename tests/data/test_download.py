"""Fetching against a server on this machine that can misbehave in every way a real one does."""

import errno
import hashlib
import http.server
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock

from lthedu import cli, data
from lthedu.data import cifar10
from lthedu.data.download import BLOCK, fetch_file

CONTENT = os.urandom(5 * BLOCK + 1234)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves `content`. `ranges` and `lengths` False: no answer to Range, no Content-Length; `cut`: an answer ends
    after so many bytes; `status`: an error to give; `shift`: ranges start so much too early;
    `part`: what was not asked for in ranges comes as one; `go`: half of an
    answer waits until it is set.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.ranges, self.lengths = CONTENT, True, True
        self.cut, self.status, self.shift, self.part = None, None, 0, False
        self.sends_on: list[str] = []  # where it redirects to, one request after the other
        self.asked: list[str | None] = []  # the Range of every request
        self.url = f"http://127.0.0.1:{self.server_port}/data/archive.bin"
        self.go = threading.Event()
        self.go.set()

    def handle_error(self, request, client_address):
        """A client that is gone is what some tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server, wanted = self.server, self.headers["Range"]
        server.asked.append(wanted)
        if server.status:
            self.send_error(server.status)
            return
        if server.sends_on:
            self.send_response(302)
            self.send_header("Location", server.sends_on.pop(0))
            self.end_headers()
            return
        start, n = 0, len(server.content)
        if wanted and server.ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            if start >= n:
                self.send_error(416)
                return
            start -= server.shift
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{n - 1}/{n}")
        elif server.part:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes 7-{n - 1}/{n}")
        else:
            self.send_response(200)
        body = server.content[start:]
        if server.lengths:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body[: server.cut]) // 2
        self.wfile.write(body[:half])
        self.wfile.flush()
        server.go.wait(30)
        self.wfile.write(body[half : server.cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.go.set()
        server.shutdown()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sets" / "archive.bin"


@pytest.fixture
def part(path):
    path.parent.mkdir()
    return path.with_name("archive.bin.part")


@pytest.fixture
def fetch(server, path):
    def call(**changed):
        return fetch_file(**{"url": server.url, "path": path, "size": len(CONTENT), "digest": DIGEST, **changed})

    return call


def left(path: Path) -> set[str]:
    """What lies in the folder, apart from the lock, which some systems keep."""
    return {p.name for p in path.parent.iterdir()} - {"archive.bin.lock"}


def test_it_says_what_it_fetches_then_fetches_it_whole(server, fetch, path, capsys):
    steps = []
    assert fetch(progress=lambda *step: steps.append(step)) == path
    assert capsys.readouterr().out == f"Fetching archive.bin (0 MB) from {server.url} to {path.parent}\n"
    assert path.read_bytes() == CONTENT
    assert server.asked == [None]
    assert left(path) == {"archive.bin"}
    assert [done for done, _, _ in steps] == sorted({done for done, _, _ in steps})  # more each time
    assert steps[-1] == (len(CONTENT), len(CONTENT), "0 of 0 MB")
    assert len(steps) > 5


def test_what_is_there_is_checked_and_not_fetched_again(server, fetch, path, part, capsys):
    path.write_bytes(CONTENT)
    assert fetch() == path
    assert (server.asked, capsys.readouterr().out) == ([], "")
    path.write_bytes(b"something of the learner's")
    with pytest.raises(data.DamagedFile, match=f"{hashlib.sha256(path.read_bytes()).hexdigest()}, expected {DIGEST}"):
        fetch()
    assert path.read_bytes() == b"something of the learner's"
    assert server.asked == []


def test_a_part_is_continued(server, fetch, path, part):
    part.write_bytes(CONTENT[:1000])
    steps = []
    fetch(progress=lambda *step: steps.append(step))
    assert path.read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-"]
    assert steps[0][0] > 1000
    assert steps[-1][0] == len(CONTENT)
    assert left(path) == {"archive.bin"}


def test_a_whole_part_is_only_checked(server, fetch, path, part):
    part.write_bytes(CONTENT)
    fetch()
    assert (path.read_bytes(), server.asked) == (CONTENT, [])


@pytest.mark.parametrize("lengths", [True, False])
def test_a_server_without_ranges_is_read_from_the_start(server, fetch, path, part, lengths):
    server.ranges, server.lengths = False, lengths
    part.write_bytes(b"x" * 1000)
    fetch()
    assert (path.read_bytes(), server.asked) == (CONTENT, ["bytes=1000-"])


def test_a_range_refused_starts_again_once(server, fetch, path, part, monkeypatch):
    def refuse(handler):
        server.asked.append(handler.headers["Range"])
        if handler.headers["Range"]:
            return handler.send_error(416)
        server.asked.pop()
        return serve(handler)

    serve = Handler.do_GET
    monkeypatch.setattr(Handler, "do_GET", refuse)
    part.write_bytes(CONTENT[:1000])
    fetch()
    assert (path.read_bytes(), server.asked) == (CONTENT, ["bytes=1000-", None])
    server.status = 416  # and one that refuses everything does not loop
    path.unlink()
    with pytest.raises(ConnectionError, match="answered 416"):
        fetch()
    assert len(server.asked) == 3


def test_a_range_that_starts_elsewhere_is_not_believed(server, fetch, path, part):
    server.shift = 10
    part.write_bytes(CONTENT[:1000])
    fetch()
    assert (path.read_bytes(), server.asked) == (CONTENT, ["bytes=1000-", None])


def test_a_part_of_what_was_asked_for_whole_is_refused(server, fetch, path, part):
    server.part = True
    with pytest.raises(
        ConnectionError, match=rf"the server sent bytes 7-{len(CONTENT) - 1}/{len(CONTENT)} of the file"
    ):
        fetch()
    assert not path.exists()


def test_a_part_longer_than_the_file_starts_again(server, fetch, path, part):
    part.write_bytes(CONTENT + b"more")
    fetch()
    assert (path.read_bytes(), server.asked) == (CONTENT, [None])


@pytest.mark.parametrize("lengths", [True, False])
def test_a_transfer_cut_short_is_kept_and_continued(server, fetch, path, lengths):
    server.cut, server.lengths = 2 * BLOCK, lengths
    for i in (1, 2):
        with pytest.raises(ConnectionError) as error:
            fetch()
        assert f"{2 * BLOCK * i:,} bytes are kept" in str(error.value)
        assert path.with_name("archive.bin.part").read_bytes() == CONTENT[: 2 * BLOCK * i]
        assert not path.exists()
    server.cut = None
    fetch()
    assert path.read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={2 * BLOCK}-", f"bytes={4 * BLOCK}-"]


def test_a_silent_server_is_given_up_and_what_came_is_kept(server, fetch, path):
    server.go.clear()
    with pytest.raises(ConnectionError, match="timed out"):
        fetch(timeout=0.2)
    server.go.set()
    kept = path.with_name("archive.bin.part").read_bytes()
    assert kept
    assert CONTENT.startswith(kept)
    fetch()
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("have", [0, 1000])
def test_a_file_of_another_size_is_refused_before_a_byte_is_written(server, fetch, path, part, have):
    part.write_bytes(CONTENT[:have])
    server.content = CONTENT + b"more"
    with pytest.raises(ConnectionError, match=f"the file there has {len(CONTENT) + 4:,} bytes.*{len(CONTENT):,} bytes"):
        fetch()
    assert part.read_bytes() == CONTENT[:have]


def test_more_bytes_than_the_file_has_are_refused(server, fetch, path):
    server.content, server.lengths = CONTENT + b"more", False
    with pytest.raises(ConnectionError, match="more bytes came than the file has"):
        fetch()
    assert not path.exists()
    server.content, server.lengths = CONTENT, True
    fetch()  # whatever was kept is the right beginning
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("bad", ["server", "part"])
def test_a_wrong_checksum_is_named_with_the_right_one_and_a_retry_works(server, fetch, path, part, bad):
    wrong = b"x" * 1000 + CONTENT[1000:]
    if bad == "part":
        part.write_bytes(wrong[:1000])
    else:
        server.content = wrong
    with pytest.raises(data.DamagedFile) as error:
        fetch()
    assert f"{hashlib.sha256(wrong).hexdigest()}, expected {DIGEST}; it is deleted now" in str(error.value)
    assert left(path) == set()
    server.content = CONTENT
    fetch()
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_an_error_of_the_server_is_one_line_and_loses_nothing(server, fetch, path, part, status):
    server.status = status
    part.write_bytes(CONTENT[:1000])
    with pytest.raises(ConnectionError) as error:
        fetch()
    said = str(error.value)
    for text in (f"answered {status}", server.url, f"{len(CONTENT):,} bytes", "1,000 bytes are kept", str(path)):
        assert text in said
    assert "\n" not in said
    assert part.read_bytes() == CONTENT[:1000]


def test_no_network_is_one_line_with_the_way_by_hand(server, fetch, path):
    server.shutdown()
    server.server_close()
    with pytest.raises(ConnectionError) as error:
        fetch()
    said = str(error.value)
    for text in ("archive.bin was not fetched", server.url, f"put it at {path}"):
        assert text in said
    assert "\n" not in said
    assert "kept" not in said
    with pytest.raises(ConnectionError, match=r"not fetched: .*example\.invalid"):
        fetch(url="https://example.invalid/archive.bin")
    assert left(path) == set()


def test_an_answer_that_is_no_HTTP_is_an_error_of_the_connection(fetch, path, monkeypatch):
    monkeypatch.setattr(Handler, "do_GET", lambda handler: handler.wfile.write(b"220 hello\r\n"))
    with pytest.raises(ConnectionError, match="BadStatusLine"):
        fetch()


def test_a_full_disk_leaves_a_part_that_is_continued(fetch, path, server, monkeypatch):
    class Full:
        """A file that takes 2 blocks, then none."""

        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, block):
            if self.file.tell() >= 2 * BLOCK:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self.file.write(block)

    opened = Path.open
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", lambda self, mode: Full(opened(self, mode)))
        with pytest.raises(OSError, match=re.escape(os.strerror(errno.ENOSPC))) as error:
            fetch()
    part = path.with_name("archive.bin.part")
    assert (error.value.errno, error.value.filename) == (errno.ENOSPC, str(part))
    assert "kept" in str(error.value)
    assert len(part.read_bytes()) >= 2 * BLOCK
    assert CONTENT.startswith(part.read_bytes())
    fetch()
    assert path.read_bytes() == CONTENT
    assert server.asked[1].startswith("bytes=")


def test_an_interrupt_keeps_what_came(fetch, path):
    def stop(done, in_all, text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(progress=stop)
    assert path.with_name("archive.bin.part").stat().st_size > 0
    fetch()
    assert path.read_bytes() == CONTENT


def test_two_processes_do_not_write_one_file(server, fetch, path):
    server.go.clear()
    code = f"""
import sys; sys.path[:0] = {sys.path!r}
from pathlib import Path
from lthedu.data.download import fetch_file
fetch_file({server.url!r}, Path({str(path)!r}), size={len(CONTENT)}, digest={DIGEST!r})
"""
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not server.asked:
            assert other.poll() is None, other.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with pytest.raises(BlockingIOError, match=f"another process is fetching {re.escape(str(path))} now"):
            fetch()
        server.go.set()
        assert other.wait(60) == 0, other.communicate()
    finally:
        other.kill()
        other.communicate()
    assert fetch() == path
    assert (path.read_bytes(), len(server.asked)) == (CONTENT, 1)


def test_a_lock_that_may_not_be_written_is_told_and_nothing_is_fetched(server, fetch, path, monkeypatch):
    def refused(self, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(FileLock, "acquire", refused)
    with pytest.raises(PermissionError):
        fetch()
    assert server.asked == []


@pytest.mark.parametrize("error", [NotImplementedError("no flock"), OSError(errno.ENOLCK, "No locks available")])
def test_on_a_drive_without_locks_it_fetches_all_the_same(fetch, path, monkeypatch, error):
    def none(self, *_, **__):
        raise error

    monkeypatch.setattr(FileLock, "acquire", none)
    assert fetch() == path
    assert path.read_bytes() == CONTENT


def test_the_lock_of_a_killed_process_holds_nobody_up(server, fetch, path):
    server.go.clear()
    code = f"""
import sys; sys.path[:0] = {sys.path!r}
from pathlib import Path
from lthedu.data.download import fetch_file
fetch_file({server.url!r}, Path({str(path)!r}), size={len(CONTENT)}, digest={DIGEST!r}, progress=print)
"""
    other = subprocess.Popen([sys.executable, "-uc", code], stdout=subprocess.PIPE, text=True)
    try:
        other.stdout.readline()
        assert other.stdout.readline().endswith("MB\n")  # a block is written
    finally:
        other.kill()
        other.communicate()
    server.go.set()
    fetch()
    assert path.read_bytes() == CONTENT


@pytest.fixture
def official(server, monkeypatch, tmp_path):
    """The test server in the place of CIFAR-10's, and an empty data folder."""
    for name, value in (("URL", server.url), ("BYTES", len(CONTENT)), ("SHA256", DIGEST)):
        monkeypatch.setattr(cifar10, name, value)
    monkeypatch.setenv("LTHEDU_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "cifar10" / "cifar-10-binary.tar.gz"


def test_fetch_puts_the_archive_where_load_looks_for_it(official, tmp_path):
    assert data.fetch("cifar10") == official
    assert official.read_bytes() == CONTENT
    elsewhere = tmp_path / "elsewhere"
    assert data.fetch("cifar10", folder=elsewhere) == elsewhere / "cifar10" / "cifar-10-binary.tar.gz"


@pytest.mark.parametrize("name", ["mnist", "mnist1d", "imagenet"])
def test_only_what_is_fetched_can_be_fetched(name):
    with pytest.raises(ValueError, match=rf"'{name}' is not fetched; allowed: cifar10"):
        data.fetch(name)


@pytest.fixture
def run(monkeypatch):
    """Run `lthedu` with the words given; gives back the exit code."""
    monkeypatch.setenv("LTHEDU_DEBUG", "0")

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["lthedu", *words])
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return call


def test_the_command_fetches_and_says_where(run, official, server, capsys, tmp_path):
    assert run("fetch", "cifar10") == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"Fetching cifar-10-binary.tar.gz (0 MB) from {server.url}")
    assert last == f"cifar10 is in {official}"
    assert official.read_bytes() == CONTENT
    assert run("fetch", "cifar10", "--folder", str(tmp_path / "other")) == 0
    assert (tmp_path / "other" / "cifar10" / official.name).read_bytes() == CONTENT


def test_the_command_s_errors_are_one_line(run, official, server, capsys):
    assert run("fetch", "mnist") == 2
    assert capsys.readouterr().err.startswith("Error: 'mnist' is not fetched; allowed: cifar10")
    server.status = 503
    assert run("fetch", "cifar10") == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: cifar-10-binary.tar.gz was not fetched: the server answered 503")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "url", ["http://example.invalid/a.bin", "ftp://example.invalid/a.bin", "file:///etc/passwd", "a.bin", "", "https:a"]
)
def test_what_is_not_https_is_refused_before_anything_is_written(fetch, path, url):
    with pytest.raises((ValueError, ConnectionError)) as caught:
        fetch(url=url)
    assert url in str(caught.value)
    assert "allowed: https" in str(caught.value) or url.startswith("https")
    assert not path.exists()


@pytest.mark.parametrize("to", ["http://example.invalid/a.bin", "ftp://example.invalid/a.bin", "file:///etc/passwd"])
def test_a_redirection_away_from_https_is_not_followed(server, fetch, path, to):
    server.sends_on = [to]
    with pytest.raises(ConnectionError, match=f"archive.bin was not fetched: .*{re.escape(to)}"):
        fetch()
    assert not path.exists()


def test_a_redirection_that_is_as_safe_is_followed(server, fetch):
    server.sends_on = [server.url, server.url]
    assert fetch().read_bytes() == CONTENT


def test_the_one_dataset_that_is_fetched_comes_over_https_with_a_checksum(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("lthedu.data.download._fetch", lambda *args: asked.append(args) or args[1].write_bytes(b"no"))
    with pytest.raises(data.DamagedFile):
        data.fetch("cifar10", folder=tmp_path)
    ((url, _, _, digest, *_),) = asked
    assert url.startswith("https://")
    assert re.fullmatch("[0-9a-f]{64}", digest)
