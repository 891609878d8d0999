"""The course without what is assigned: references, hints, checks, mistakes and contracts of these exercises, no more.

A reference is a function of the library, and other exercises stand on it. So only the assigned ones are sealed: such a
function keeps its name and arguments, and raises. What only sealed code used goes with it.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import lthedu
from lthedu.base.course_files import course_path
from lthedu.course.copies import handed_out
from lthedu.exercises.core import Exercise

PACKAGE = Path(lthedu.__file__).parent
LESSON_FILES = ("exercises.py", "mistakes.py", "variants.py")
_MARKS = ("mistake", "variant")  # what registers something for an exercise by its name
SEALED = ("hints", "returns")  # of an exercise's decorator
Edits = dict[tuple[int, int], str]  # first and last line -> what stands there instead


def sealed_course(exercises: Iterable[Exercise], name: str) -> dict[str, bytes]:
    """Every file of the course sealed for the assignment `name`, by its path in a wheel."""
    sealed = list(exercises)
    files = {
        path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes()
        for path in sorted(PACKAGE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and "_course" not in path.parts
    }
    names = {e.name for e in sealed}
    for path in sorted({_path_of(e.reference) for e in sealed} | {p for e in sealed for p in _lesson_files(e)}):
        inside = path.relative_to(PACKAGE.parent).as_posix()
        keep = _imported(files, inside) if path.name in LESSON_FILES else _public
        files[inside] = seal_source(path.read_text(encoding="utf-8"), names, name, keep).encode()
    files |= {f"lthedu/_course/lessons/{n}": content for n, content in handed_out(course_path("lessons")).items()}
    data = course_path("datasets")
    files |= {
        f"lthedu/_course/datasets/{path.relative_to(data).as_posix()}": path.read_bytes()
        for path in sorted(data.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    return files


def _path_of(function: object) -> Path:
    return Path(inspect.getsourcefile(inspect.unwrap(function)) or "")  # type: ignore[arg-type]


def _lesson_files(exercise: Exercise) -> list[Path]:
    return [p for p in (PACKAGE / "lessons" / exercise.lesson).glob("*.py") if p.name in LESSON_FILES]


def _public(name: str) -> bool:
    return not name.startswith("_")


def _imported(files: dict[str, bytes], module: str) -> Callable[[str], bool]:
    """Whether a name of this module of a lesson is imported by any other."""
    origin = module.removesuffix(".py").replace("/", ".").encode()
    words = rb"from " + re.escape(origin) + rb" import (\([^)]*\)|[^\n]*)"
    found = b" ".join(m for n, text in files.items() if n.endswith(".py") for m in re.findall(words, text)).decode()
    return set(re.findall(r"\w+", found)).__contains__


def seal_source(source: str, names: set[str], assignment: str, keep: Callable[[str], bool]) -> str:
    """A module's source without what is sealed of the exercises `names`, for the assignment of that name.

    `keep` says which definitions stay though nothing in the module uses them any more: those that others import.

    >>> source = "def _a(): ...\\n@typed\\ndef f(x: int) -> int:\\n    return _a()\\n"
    >>> print(seal_source(source, {"f"}, "ps1", str.isalpha))
    @typed
    def f(x: int) -> int:
        raise RuntimeError("sealed for ps1")
    """
    tree = ast.parse(source)
    lines = source.split("\n")
    edits: Edits = {}
    gone: list[ast.stmt] = []  # as a whole, or but for their head
    heads: list[ast.FunctionDef] = []
    words = f"sealed for {assignment}"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            edits |= _body(node, words)
            heads.append(node)
        elif isinstance(node, ast.FunctionDef) and (call := _check_of(node, names)):
            edits |= _body(node, words) | _decorator(call, words)
            heads.append(node)
        elif _registers(node, names):
            edits[_lines(node)] = ""
            gone.append(node)
    left = [node for node in tree.body if node not in gone and node not in heads]
    edits |= _left_over(_used(tree.body), left, [_head(node) for node in heads], keep)
    for (first, last), text in sorted(edits.items(), reverse=True):
        lines[first - 1 : last] = text.split("\n") if text else []
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines))


def _lines(node: ast.stmt) -> tuple[int, int]:
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    return first, node.end_lineno or first


def _body(node: ast.FunctionDef, words: str) -> Edits:
    return {(node.body[0].lineno, node.end_lineno or 0): f'    raise RuntimeError("{words}")'}


def _check_of(node: ast.FunctionDef, names: set[str]) -> ast.Call | None:
    """The call of `exercise` that makes this function the check of one of `names`."""
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "exercise":
            first = call.args[0] if call.args else None
            if isinstance(first, ast.Name) and first.id in names:
                return call
    return None


def _decorator(call: ast.Call, words: str) -> Edits:
    """The decorator without hints, and without what reads an answer."""
    kept = [k for k in call.keywords if k.arg not in SEALED]
    hints = ast.keyword("hints", ast.Tuple([ast.Constant(words)] * 3, ast.Load()))
    text = ast.unparse(ast.Call(call.func, call.args, [*kept, hints]))
    return {(call.lineno, call.end_lineno or 0): f"@{text}"}


def _registers(node: ast.stmt, names: set[str]) -> bool:
    """Whether a statement registers a mistake or a contract of one of `names`, in a loop too."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _MARKS and call.args:
            first = call.args[0]
            if isinstance(first, ast.Constant) and first.value in names:
                return True
    return False


def _left_over(before: set[str], left: list[ast.stmt], heads: list[ast.stmt], keep: Callable[[str], bool]) -> Edits:
    """Definitions that only sealed code used."""
    edits: Edits = {}
    while True:
        unused = before - _used([*left, *heads])
        more = [n for n in left if (names := _defines(n)) and names <= unused and not any(map(keep, names))]
        if not more:
            return edits
        edits |= {_lines(node): "" for node in more}
        left = [node for node in left if node not in more]


def _head(node: ast.FunctionDef) -> ast.FunctionDef:
    """The function as it stays: without its body, and what of its check is sealed."""
    decorators = [
        ast.Call(d.func, d.args, [k for k in d.keywords if k.arg not in SEALED]) if isinstance(d, ast.Call) else d
        for d in node.decorator_list
    ]
    return ast.FunctionDef(node.name, node.args, [ast.Pass()], decorators, node.returns)


def _defines(node: ast.stmt) -> set[str]:
    """What a statement defines: functions, classes, constants and what is added to one."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name} if not node.decorator_list or isinstance(node, ast.ClassDef) else set()
    if isinstance(node, ast.AnnAssign | ast.AugAssign):
        return {node.target.id} if isinstance(node.target, ast.Name) else set()
    targets = node.targets if isinstance(node, ast.Assign) else []
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    return names if len(names) == len(targets) else set()


def _used(nodes: list[ast.stmt]) -> set[str]:
    """Names that are read; a definition that reads its own keeps nothing in use."""
    found: set[str] = set()
    for node in nodes:
        own = {node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef) else set()
        found |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} - own
    return found
