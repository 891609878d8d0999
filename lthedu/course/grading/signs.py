"""What seldom stands in an answer and is worth a look: no fault by itself, and no bar to anything."""

import ast
from collections.abc import Iterable

_STRANGE = {
    *("gc", "inspect", "ctypes", "sys", "subprocess", "socket", "os", "signal", "importlib", "builtins", "threading"),
    *("multiprocessing", "shutil", "pickle", "urllib", "requests", "linecache", "traceback"),
}
_STRANGE_NAMES = {"exec", "eval", "compile", "__import__", "globals", "open", "setattr", "delattr", "vars"}
_STRANGE_PARTS = {
    *("__globals__", "__closure__", "__code__", "__self__", "__subclasses__", "__builtins__", "f_back", "f_locals"),
    *("f_globals", "tb_frame", "_getframe", "reference", "__wrapped__"),
}


def signs(statements: list[tuple[int, ast.stmt]]) -> list[str]:
    """What seldom stands in an answer: each for a person's eye, and none of them a fault by itself."""
    found: dict[str, int] = {}
    imports = [node for _, node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}
    for cell, statement in statements:
        for node in ast.walk(statement):
            for sign in _signs(node, modules):
                found.setdefault(sign, cell)
    return [f"{sign} (cell {cell})" for sign, cell in found.items()]


def _signs(node: ast.AST, modules: set[str]) -> Iterable[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        origin = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        yield from (f"imports {o}" for o in origin if o.split(".")[0] in _STRANGE)
        yield from (f"imports {o}" for o in origin if ".exercises" in o or ".mistakes" in o or "catalogue" in o)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del) and root(node) in modules:
        yield f"changes {ast.unparse(node)[:60]}"
    elif isinstance(node, ast.Attribute) and node.attr in _STRANGE_PARTS:
        yield f"reads .{node.attr}"
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in _STRANGE_NAMES:
        yield f"uses {node.id}"
    elif isinstance(node, ast.FunctionDef) and node.name in ("check", "claim", "verdict"):
        yield f"defines its own {node.name}"
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in ("check", "claim", "verdict"):
        yield f"defines its own {node.id}"


def root(node: ast.AST) -> str:
    """The name at the beginning, as torch in `torch.nn.functional`; "" where there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
