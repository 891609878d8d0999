"""Messages between two processes: a word and a value each, within limits of size and time."""

import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from lthedu.course.grading.codec import MOST_HEADER, MOST_JSON, MOST_NUMBERS, Finder, Functions, Malformed, packed
from lthedu.course.grading.codec import unpacked as read

MOST_IN_ALL = 2**28  # bytes that one side takes of the other; objects made of JSON are about so many times as large:
_SWELLS = 16
_LOOK = 1.0  # seconds
_LENGTHS = struct.Struct(">II")


class LineClosed(OSError):
    """The other side is gone, or sends what no message is."""


class Line:
    """One end of a socket. Waiting raises TimeoutError after the moment `until` on the monotonic clock.

    So it does where the other side was `asleep` at `idle` looks, of which there is one a second while it waits.

    >>> here, there = map(Line, socket.socketpair())
    >>> here.send("call", (1, 2.5))
    >>> there.receive()
    ('call', (1, 2.5))
    """

    def __init__(
        self,
        end: socket.socket,
        until: float = float("inf"),
        asleep: Callable[[], bool] = lambda: False,
        idle: int = 0,
    ) -> None:
        self.end, self.until, self.asleep, self.idle = end, until, asleep, idle
        self.received = self.slept = 0
        self.refused = ""  # why a message was

    def send(self, word: str, value: Any = None, functions: Functions | None = None) -> None:
        """Raises TooLarge, before anything is sent, and LineClosed and TimeoutError."""
        words, numbers = packed((word, value), functions)
        self._in_time()
        try:
            self.end.sendall(_LENGTHS.pack(len(words), len(numbers)) + words + numbers)
        except TimeoutError:
            raise
        except OSError as error:
            raise LineClosed(str(error)) from error

    def receive(self, functions: Finder | None = None) -> tuple[str, Any]:
        """The next message. Raises LineClosed and TimeoutError."""
        words, numbers = _LENGTHS.unpack(self._bytes(_LENGTHS.size))
        if words > MOST_JSON or numbers > MOST_NUMBERS + MOST_HEADER:
            raise self.refusal("a message is too long")
        self.received += numbers + _SWELLS * words
        if self.received > MOST_IN_ALL:  # whoever asked may still hold what came before
            raise self.refusal("more than all answers together need")
        try:
            message = read(self._bytes(words), self._bytes(numbers), functions)
        except Malformed as error:
            raise self.refusal(str(error)) from error
        if not (isinstance(message, tuple) and len(message) == 2 and isinstance(message[0], str)):
            raise self.refusal("a value that is no message")
        return message

    def refusal(self, why: str) -> LineClosed:
        """The error to raise for a message that nobody of ours sends."""
        self.refused = why
        return LineClosed(why)

    def close(self) -> None:
        self.end.close()

    def _bytes(self, many: int) -> bytes:
        found = bytearray()
        while len(found) < many:
            self._in_time(_LOOK if self.idle else float("inf"))
            try:
                part = self.end.recv(min(many - len(found), 2**20))
            except TimeoutError:
                self.slept += self.asleep()
                if self.slept >= self.idle or time.monotonic() >= self.until:
                    raise
                continue
            except OSError as error:
                raise LineClosed(str(error)) from error
            if not part:
                raise LineClosed("the other side is gone")
            found += part
        return bytes(found)

    def _in_time(self, most: float = float("inf")) -> None:
        left = min(self.until - time.monotonic(), most)
        if left <= 0:
            raise TimeoutError
        self.end.settimeout(None if left == float("inf") else left)
