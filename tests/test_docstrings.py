"""What a public function says of itself: an example that doctest runs, and what it raises."""

import ast
import re
from pathlib import Path

import pytest

import lthedu

PACKAGE = Path(lthedu.__file__).parent
FIRST = "lessons/what_is_a_lottery_ticket"
ALL_CAN_FAIL = [f"{FIRST}/figures.py", f"{FIRST}/explorer.py", "data/download.py", "course/running.py"]  # on bad input
HELD = [*ALL_CAN_FAIL, "base/files.py", "base/machine.py"]


def public(name: str) -> list[ast.FunctionDef]:
    tree = ast.parse((PACKAGE / name).read_text(encoding="utf-8"))
    found = [f for f in tree.body if isinstance(f, ast.FunctionDef) and not f.name.startswith("_")]
    assert found
    return found


@pytest.mark.parametrize("name", HELD)
def test_every_public_function_has_an_example(name: str) -> None:
    without = [f.name for f in public(name) if ">>> " not in (ast.get_docstring(f) or "")]
    assert without == []


@pytest.mark.parametrize("name", ALL_CAN_FAIL)
def test_every_public_function_says_what_it_raises(name: str) -> None:
    without = [f.name for f in public(name) if not re.search(r"\bRaises\b", ast.get_docstring(f) or "")]
    assert without == []
