"""A learner's answer as text: whether it was begun, what tells it from another, and which of its lines raised."""

import ast
import hashlib
import inspect
import re
import symtable
import textwrap
import traceback
from collections.abc import Callable
from typing import Any

from lthedu.exercises.core import Exercise


def source_of(function: Callable[..., Any]) -> str:
    """The function as a learner would write it: without the decorator that holds its arguments to their types."""
    source = textwrap.dedent(inspect.getsource(function))
    return "".join(source.splitlines(keepends=True)[ast.parse(source).body[0].lineno - 1 :])  # the line of its `def`


def digest(function: Callable[..., Any]) -> str:
    """What tells one answer from another: its code, whatever its comments, docstring and layout."""
    body = _body(function)
    if body is None:
        code = getattr(inspect.unwrap(function), "__code__", None)
        constants = re.sub(r" at 0x\w+", "", repr(code.co_consts)) if code else ""  # an address is another every time
        body = [repr((code.co_code, code.co_names)), constants] if code else [repr(type(function))]
    return hashlib.sha256("\n".join(body).encode()).hexdigest()[:16]


def is_stub(function: Callable[..., Any], exercise: Exercise) -> bool:
    """Whether the function's source is still what the notebook gave: an empty body, or the code with the bug."""
    body = _body(function)
    return body in _EMPTY or (exercise.given is not None and body is not None and body == _body(exercise.given))


def _body(function: Callable[..., Any]) -> list[str] | None:
    """The statements of the function without its docstring, or None where there is no source of a `def`."""
    try:
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    if not isinstance(node, ast.FunctionDef):
        return None
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return [ast.unparse(statement) for statement in body]


_EMPTY: tuple[list[str], ...] = (
    [],
    ["..."],
    ["pass"],
    ["return"],
    ["raise NotImplementedError"],
    ["raise NotImplementedError()"],
)


def free_names(source: str) -> set[str]:
    """The names that the definition `source` takes from around it: globals, annotations, decorators, defaults.

    >>> sorted(free_names("def f(x: Tensor, k=K):\\n    y = [g(i) for i in x]\\n    return torch.stack(y)[:k]"))
    ['K', 'Tensor', 'g', 'torch']
    """
    top = symtable.symtable(source, "reference", "exec")
    found = {s.get_name() for s in top.get_symbols() if s.is_referenced() and not s.is_assigned()}
    scopes = top.get_children()
    while scopes:
        scope = scopes.pop()
        found |= {s.get_name() for s in scope.get_symbols() if s.is_global()}
        scopes += scope.get_children()
    return found


def line_of(error: BaseException, function: Callable[..., Any]) -> str:
    """The learner's line that raised, and its number in their cell."""
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    mine = [f for f in frames if code is not None and f.filename == code.co_filename]
    if not mine:
        return ""
    at = mine[-1]
    return f"line {at.lineno} of your cell: {at.line}" if at.line else f"line {at.lineno} of your cell"
