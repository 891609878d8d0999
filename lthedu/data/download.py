"""Fetch one file, resumably and with a checksum: the only module of the package that uses the network.

Over https alone, redirections too; http is for a server on this very machine.
"""

import ipaddress
import os
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from lthedu.base.files import DamagedFile, exclusive
from lthedu.data.dataset import Progress, check_digest

BLOCK = 1 << 16  # bytes


class _Lost(Exception):
    """Why the other end gave no file, or not all of it."""


class _SafeRedirects(HTTPRedirectHandler):
    """Follows a redirection only where it is as safe as the address that was asked for."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if not _is_safe(newurl):
            raise _Lost(f"the server sends on to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_opener = build_opener(_SafeRedirects)


def _is_safe(url: str) -> bool:
    """Whether nobody on the way can read or change what `url` answers: https, or this very machine."""
    parts = urlsplit(url)
    try:
        here = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        here = False
    return parts.scheme == "https" or (parts.scheme == "http" and here)


def fetch_file(
    url: str, path: Path, *, size: int, digest: str, progress: Progress | None = None, timeout: float = 30
) -> Path:
    """Fetch `url` to `path`, `size` bytes with the SHA-256 `digest`, unless it is there; says so before it does.

    What has arrived is kept beside `path` as `.part`, and the next call goes on from there. `path` itself appears
    whole and checked, or not at all. `progress(bytes, size, text)` is called as they arrive; `timeout` is how many
    seconds the server may be silent.

    Raises ValueError for an address that is not https; ConnectionError when the file cannot be had, or not all of it;
    DamagedFile, with both checksums, when it is not the file expected (what was fetched is then deleted, a file found
    at `path` is not); BlockingIOError while another process fetches it; OSError when it cannot be written.

    >>> import hashlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "three.bin")
    ...     _ = path.write_bytes(b"abc")  # it is there already: checked, and not fetched
    ...     digest = hashlib.sha256(b"abc").hexdigest()
    ...     fetch_file("https://example.invalid/three.bin", path, size=3, digest=digest).name
    'three.bin'
    """
    if not _is_safe(url):
        raise ValueError(f"url is {url!r}; allowed: https://...")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        busy = f"another process is fetching {path} now; wait until it has finished"
        with exclusive(path.with_name(path.name + ".lock"), busy=busy):
            if not path.exists():
                _fetch(url, path, size, digest, progress, timeout)
    check_digest(path, digest, "move it away, then fetch it again")
    return path


def _fetch(url: str, path: Path, size: int, digest: str, progress: Progress | None, timeout: float) -> None:
    part = path.with_name(path.name + ".part")
    if _size(part) > size:
        part.unlink()
    if _size(part) < size:
        print(f"Fetching {path.name} ({size / 1e6:.0f} MB) from {url} to {path.parent}", flush=True)
        try:
            _complete(url, part, size, progress, timeout)
        except _Lost as reason:
            kept = f"{_size(part):,} bytes are kept and the same call goes on from there. " if _size(part) else ""
            raise ConnectionError(
                f"{path.name} was not fetched: {reason}. Asked for: {url} ({size:,} bytes). {kept}"
                f"You can also fetch it by other means and put it at {path}"
            ) from reason
    try:
        check_digest(part, digest, "it is deleted now; fetch it again")
    except DamagedFile:
        part.unlink()
        raise
    os.replace(part, path)


def _complete(url: str, part: Path, size: int, progress: Progress | None, timeout: float) -> None:
    """Append to `part` what it lacks of the `size` bytes; written anew where the server cannot go on."""
    with _ask(url, _size(part), timeout) as answer:
        goes_on = answer.status == 206
        have = _size(part) if goes_on else 0
        offered = answer.headers["Content-Range" if goes_on else "Content-Length"] or ""
        offered = offered.rpartition("/")[2]  # of all the file
        if offered.isdecimal() and int(offered) != size:
            raise _Lost(f"the file there has {int(offered):,} bytes")
        try:
            with part.open("ab" if goes_on else "wb") as file:
                while block := _read(answer):
                    have += len(block)
                    if have > size:
                        raise _Lost("more bytes came than the file has")
                    file.write(block)
                    if progress is not None:
                        progress(have, size, f"{have / 1e6:.0f} of {size / 1e6:.0f} MB")
        except OSError as error:  # no space left, say
            kept = f"{error.strerror or error}; what has arrived is kept, the same call goes on from there"
            raise OSError(error.errno, kept, str(part)) from error
    if have < size:
        raise _Lost(f"the connection ended after {have:,} bytes")


def _ask(url: str, have: int, timeout: float) -> HTTPResponse:
    """The server's answer from byte `have` on (status 206), or of the whole file."""
    headers = {"User-Agent": "lthedu"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        answer: HTTPResponse = _opener.open(Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        if error.code == 416 and have:  # the part fits nothing that the server has
            return _ask(url, 0, timeout)
        raise _Lost(f"the server answered {error.code} {error.reason}") from error
    except URLError as error:
        raise _Lost(error.reason) from error
    except (OSError, HTTPException) as error:
        raise _Lost(repr(error)) from error
    if answer.status == 206 and not (answer.headers["Content-Range"] or "").startswith(f"bytes {have}-"):
        answer.close()
        if not have:
            raise _Lost(f"the server sent {answer.headers['Content-Range']} of the file")
        return _ask(url, 0, timeout)
    return answer


def _read(answer: HTTPResponse) -> bytes:
    try:
        return answer.read(BLOCK)
    except (OSError, HTTPException) as error:
        raise _Lost(repr(error)) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
