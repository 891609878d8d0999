"""Fetching from a server on this machine that can misbehave."""

import errno
import hashlib
import http.server
import os
import re
import sys
import threading
from pathlib import Path

import pytest

from lthedu import cli, data
from lthedu.data import cifar10, download
from lthedu.data.download import BLOCK, fetch_file

CONTENT = os.urandom(5 * BLOCK + 1234)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves `content`: `cut` is after how many bytes it hangs up, `status` an error, `sends_on` where it redirects."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.cut, self.status, self.asked = CONTENT, None, None, 0
        self.sends_on: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}/data/archive.bin"
        self.go = threading.Event()
        self.go.set()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked += 1
        if server.status:
            return self.send_error(server.status)
        if server.sends_on:
            self.send_response(302)
            self.send_header("Location", server.sends_on.pop(0))
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(200)
        self.send_header("Content-Length", str(len(server.content)))
        self.end_headers()
        server.go.wait(30)
        return self.wfile.write(server.content[: server.cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "ALLOWED", ("https://", "http://127.0.0.1:"))
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.go.set()
        server.shutdown()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sets" / "archive.bin"


@pytest.fixture
def fetch(server, path):
    def call(**changed):
        return fetch_file(**{"url": server.url, "path": path, "size": len(CONTENT), "digest": DIGEST, **changed})

    return call


def test_it_says_what_it_fetches_then_fetches_it_whole(server, fetch, path, capfd):
    steps = []
    assert fetch(progress=lambda *step: steps.append(step)) == path
    assert capfd.readouterr() == (f"Fetching archive.bin (0 MB) from {server.url} to {path.parent}\n", "")
    assert [p.name for p in path.parent.iterdir()] == ["archive.bin"]
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o044 == 0o044  # a class may share the folder
    done = [done for done, _, _ in steps]
    assert done == sorted({*done})  # more each time
    assert len(steps) > 5
    assert steps[-1] == (len(CONTENT), len(CONTENT), "0 of 0 MB")


def test_what_is_there_is_checked_and_neither_fetched_again_nor_written_over(server, fetch, path, capsys):
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    assert fetch() == path
    path.write_bytes(b"something of the learner's")
    with pytest.raises(data.DamagedFile, match=f"{hashlib.sha256(path.read_bytes()).hexdigest()}, expected {DIGEST}"):
        fetch()
    assert path.read_bytes() == b"something of the learner's"
    assert (server.asked, capsys.readouterr().out) == (0, "")


def test_another_file_is_refused_by_name_with_both_checksums_and_nothing_is_left(server, fetch, path):
    server.content = CONTENT[:-1] + b"x"
    with pytest.raises(data.DamagedFile, match=re.escape(f"{path} was not fetched")) as error:
        fetch()
    for digest in (DIGEST, hashlib.sha256(server.content).hexdigest()):
        assert digest in str(error.value)
    assert list(path.parent.iterdir()) == []
    server.content = CONTENT
    assert fetch().read_bytes() == CONTENT


def refused(fetch, path, match, **changed) -> None:
    """One line that names the file, the address and the way by hand; nothing is left."""
    with pytest.raises(ConnectionError, match=match) as error:
        fetch(**changed)
    assert str(error.value).startswith("archive.bin was not fetched: ")
    assert str(error.value).endswith(f"put it at {path}")
    assert "\n" not in str(error.value)
    assert not path.exists()
    assert not path.parent.exists() or list(path.parent.iterdir()) == []


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_an_error_of_the_server_is_one_line(server, fetch, path, status):
    server.status = status
    refused(fetch, path, f"{status}.*{re.escape(server.url)}")


def test_a_transfer_cut_short_a_silent_server_and_no_network_are_one_line(server, fetch, path):
    server.cut = 2 * BLOCK
    refused(fetch, path, "not fetched")
    server.go.clear()
    refused(fetch, path, "timed out", timeout=0.2)
    server.go.set()
    server.shutdown()
    server.server_close()
    refused(fetch, path, "not fetched")
    refused(fetch, path, r"example\.invalid", url="https://example.invalid/archive.bin")


def test_a_full_disk_and_an_interrupt_are_what_they_are(fetch, path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pooch.core.shutil.move", full)
        with pytest.raises(OSError, match=re.escape(os.strerror(errno.ENOSPC))) as error:
            fetch()
    assert (error.value.errno, error.value.filename) == (errno.ENOSPC, str(path))
    with pytest.raises(KeyboardInterrupt):
        fetch(progress=stop)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("url", ["http://example.invalid/a", "ftp://example.invalid/a", "file:///etc/passwd", "a", ""])
def test_what_is_not_https_is_refused_before_anything_is_written(path, url):
    with pytest.raises(ValueError, match=re.escape(f"url is {url!r}; allowed: https://...")):
        fetch_file(url, path, size=1, digest=DIGEST)
    assert not path.parent.exists()


@pytest.mark.parametrize("to", ["http://example.invalid/a.bin", "ftp://example.invalid/a.bin", "//example.invalid/a"])
def test_a_redirection_away_from_https_is_not_followed(server, fetch, path, to):
    server.sends_on = [to]
    refused(fetch, path, r"the server sends on to \w+://example\.invalid/a\S*, which is not https")


def test_a_redirection_that_is_as_safe_is_followed(server, fetch):
    server.sends_on = [server.url, "archive.bin"]
    assert fetch().read_bytes() == CONTENT


@pytest.fixture
def official(server, monkeypatch, tmp_path):
    """The test server in the place of CIFAR-10's, and an empty data folder."""
    for name, value in (("URL", server.url), ("BYTES", len(CONTENT)), ("SHA256", DIGEST)):
        monkeypatch.setattr(cifar10, name, value)
    monkeypatch.setenv("LTHEDU_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "cifar10" / "cifar-10-binary.tar.gz"


def test_fetch_puts_the_archive_where_load_looks_for_it_and_needs_no_network_then(official, server, tmp_path):
    assert data.fetch("cifar10") == official
    server.status = 503
    assert data.fetch("cifar10").read_bytes() == CONTENT
    server.status, elsewhere = None, tmp_path / "elsewhere"
    assert data.fetch("cifar10", folder=elsewhere) == elsewhere / "cifar10" / "cifar-10-binary.tar.gz"


@pytest.mark.parametrize("name", ["mnist", "mnist1d", "imagenet"])
def test_only_what_is_fetched_can_be_fetched(name):
    with pytest.raises(ValueError, match=rf"'{name}' is not fetched; allowed: cifar10"):
        data.fetch(name)


def test_the_one_dataset_that_is_fetched_comes_over_https_with_a_checksum():
    assert cifar10.URL.startswith("https://")
    assert re.fullmatch("[0-9a-f]{64}", cifar10.SHA256)


def test_the_command_fetches_and_says_where_and_its_errors_are_one_line(
    official, server, capsys, monkeypatch, tmp_path
):
    def run(*words):
        monkeypatch.setenv("LTHEDU_DEBUG", "0")
        monkeypatch.setattr(sys, "argv", ["lthedu", *words])
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    assert run("fetch", "cifar10") == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"Fetching cifar-10-binary.tar.gz (0 MB) from {server.url}")
    assert last == f"cifar10 is in {official}"
    assert run("fetch", "mnist") == 2
    assert capsys.readouterr().err.startswith("Error: 'mnist' is not fetched; allowed: cifar10")
    server.status = 503
    assert run("fetch", "cifar10", "--folder", str(tmp_path / "other")) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: cifar-10-binary.tar.gz was not fetched: 503")
    assert said.count("\n") == 1
    assert not Path(tmp_path / "other" / "cifar10" / official.name).exists()
