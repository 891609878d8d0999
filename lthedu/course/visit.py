"""What a check of `lthedu doctor` is given, and what it gives back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Line:
    """One thing found: the report's text, and where it is a problem what is wrong and what to do about it."""

    text: str = ""
    wrong: str = ""
    do: str = ""
    stops: bool = True  # a problem that would stop a lesson


class Unanswered(Exception):
    """What a lesson's kernel was asked and did not answer."""


@dataclass
class Visit:
    """What the checks share: the folder asked for, what a lesson's kernel answered, and the problems so far."""

    folder: Path | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    wrong: list[Line] = field(default_factory=list)
    seconds: float = 5.0  # for which the speed is measured

    def answer(self, name: str) -> Any:
        """What the kernel answered. Raises Unanswered where it did not."""
        found = self.answers.get(name, "it was not asked")
        if isinstance(found, Exception | str):
            raise Unanswered(str(found))
        return found


Check = Callable[[Visit], Iterator[Line]]
