"""Fetch one file and hold it against its checksum: the only module of the package that uses the network."""

from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pooch
import requests

from lthedu.base.files import DamagedFile
from lthedu.data.dataset import Progress, check_digest

ALLOWED = ("https://",)  # what an address begins with: nobody on the way can read what is asked for
BLOCK = 1 << 16  # bytes
HEADERS = {"User-Agent": "lthedu", "Accept-Encoding": "identity"}  # the bytes of the file, not packed once more


def fetch_file(
    url: str, path: Path, *, size: int, digest: str, progress: Progress | None = None, timeout: float = 30
) -> Path:
    """Fetch `url` to `path`, `size` bytes with the SHA-256 `digest`, unless it is there; says so before it does.

    `path` appears whole and checked, or not at all; a file that is there is checked and never written over.
    `progress(bytes, size, text)` is called as they arrive; `timeout` is how many seconds the server may be silent.

    Raises ValueError for an address that is not https; ConnectionError when the file cannot be had, or not all of it;
    DamagedFile, with both checksums, when it is not the file expected; OSError when it cannot be written.

    >>> import hashlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "three.bin")
    ...     _ = path.write_bytes(b"abc")  # it is there already: checked, and not fetched
    ...     digest = hashlib.sha256(b"abc").hexdigest()
    ...     fetch_file("https://example.invalid/three.bin", path, size=3, digest=digest).name
    'three.bin'
    """
    if not url.startswith(ALLOWED):
        raise ValueError(f"url is {url!r}; allowed: https://...")
    if not path.exists():
        print(f"Fetching {path.name} ({size / 1e6:.0f} MB) from {url} to {path.parent}", flush=True)
        pooch.get_logger().setLevel("WARNING")
        bar = _Bar(size, progress) if progress else False
        safe = {"response": _stay_safe}
        http = pooch.HTTPDownloader(bar, BLOCK, timeout=timeout, headers=HEADERS, hooks=safe)
        try:
            pooch.retrieve(url, f"sha256:{digest}", path.name, path.parent, downloader=http)
            path.chmod(0o644)  # pooch lets its owner alone read it; a class may share one folder
        except requests.RequestException as reason:
            raise ConnectionError(
                f"{path.name} was not fetched: {reason}. Asked for: {url} ({size:,} bytes). "
                f"You can also fetch it by other means and put it at {path}"
            ) from reason
        except ValueError as reason:  # both checksums are in its words
            raise DamagedFile(f"{path} was not fetched: {reason}") from reason
        except OSError as reason:  # of a disk that is full the system names no file
            raise OSError(reason.errno, reason.strerror or str(reason), reason.filename or str(path)) from reason
    check_digest(path, digest, "move it away, then fetch it again")
    return path


def size_of(url: str, timeout: float = 10) -> int | None:
    """The bytes of the file at `url`, which is not fetched. Raises nothing: None where nobody there tells.

    >>> size_of("http://example.invalid/three.bin") is None  # not https: it is not asked
    True
    """
    if not url.startswith(ALLOWED):
        return None
    try:
        asked = requests.head(
            url, headers=HEADERS, timeout=timeout, allow_redirects=True, hooks={"response": _stay_safe}
        )
    except requests.RequestException:
        return None
    told = asked.headers.get("Content-Length", "")
    return int(told) if asked.ok and told.isdecimal() else None


def _stay_safe(answer: requests.Response, **_: Any) -> None:
    """Called with every answer: no redirection to an address that is not allowed is followed."""
    to = urljoin(answer.url, answer.headers.get("Location", ""))
    if not to.startswith(ALLOWED):
        raise requests.RequestException(f"the server sends on to {to}, which is not https")


class _Bar:
    """A `progress` callback as pooch wants it."""

    def __init__(self, size: int, progress: Progress) -> None:
        self.size, self.progress, self.total, self.done = size, progress, size, 0

    def update(self, more: int) -> None:
        if self.done < self.size:
            self.done = min(self.done + more, self.size)
            self.progress(self.done, self.size, f"{self.done / 1e6:.0f} of {self.size / 1e6:.0f} MB")

    def reset(self) -> None:
        """Before pooch says at the end how much it was in all, which is known here."""

    def close(self) -> None:
        self.update(self.size)
