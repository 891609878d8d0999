"""The tests' own answers: right ones written differently, and wrong ones that no mistake of the course describes.

Each lesson's stand in a module of their own, which registers them here when it is imported.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

Answer = Callable[..., Any]
RIGHT: dict[str, list[Answer]] = {}  # by the exercise's name
TOLD: list[tuple[str, Answer, str]] = []  # (exercise's name, answer, what its maker is told, in part)


def right(name: str) -> Callable[[Answer], Answer]:
    """Register the decorated function as another right answer to the exercise `name`."""

    def register(answer: Answer) -> Answer:
        RIGHT.setdefault(name, []).append(answer)
        return answer

    return register


def told(name: str, words: str) -> Callable[[Answer], Answer]:
    """Register the decorated function as a wrong answer whose maker is told `words`, among others."""

    def register(answer: Answer) -> Answer:
        TOLD.append((name, answer, words))
        return answer

    return register


for _path in sorted((Path(__file__).parent / "lessons").glob("*/answers.py")):
    _spec = importlib.util.spec_from_file_location(f"answers_to_{_path.parent.name}", _path)
    assert _spec
    assert _spec.loader
    _spec.loader.exec_module(importlib.util.module_from_spec(_spec))
