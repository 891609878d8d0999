"""A notebook's source read, and never run: which statements an answer needs, and what else is to be seen in it.

This, too, happens where the answers run: source that is written to break a parser breaks only its writer's process.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lthedu.course.answer import free_names
from lthedu.course.grading.signs import root, signs

_MAGIC = re.compile(r"^\s*(%|!|\?)|^\s*[\w.]+\?{1,2}\s*$")
_CELL_MAGIC = re.compile(r"^\s*%%(\w+)")
TELLING = 40  # nodes of a tree below which two answers may well be alike by themselves


@dataclass(frozen=True)
class Answer:
    """What stands in a notebook for one exercise. `state` says whether there is an answer at all."""

    state: str  # "answered", "empty" (as handed out), "missing", "broken" (a cell that Python cannot read)
    cell: int = 0  # the place of the cell that defines it, from 1
    checked: bool = False  # whether its line with `check` is there
    source: str = ""  # of the definition
    slice: tuple[tuple[int, int, str], ...] = ()  # cell, first line, source: what is to be run for it, in order
    tree: str = ""  # digest of its tree, whatever names, comments and layout it has; "" for a small one
    error: str = ""


@dataclass(frozen=True)
class Read:
    """All that is read of one notebook."""

    answers: dict[str, Answer]
    broken: tuple[int, ...] = ()  # cells that Python cannot read
    signs: tuple[str, ...] = ()  # for a person's eye: "imports gc (cell 3)"
    identity: str = ""  # what the first cell was given as the student's id

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, plain: dict[str, Any]) -> "Read":
        """From what `plain` gave; raises of many kinds for anything else."""
        answers = {
            str(n): Answer(**{**a, "slice": tuple((int(c), int(k), str(s)) for c, k, s in a["slice"])})
            for n, a in plain["answers"].items()
        }
        return cls(answers, tuple(plain["broken"]), tuple(map(str, plain["signs"])), str(plain["identity"]))


@dataclass
class _Statement:
    cell: int
    node: ast.stmt
    text: str
    binds: set[str]
    uses: set[str] = field(default_factory=set)


def read(
    cells: Sequence[str], names: dict[str, str], given: dict[str, str], others: dict[str, list[str]] | None = None
) -> Read:
    """What the code cells' sources hold for each of `names`, exercise's numbers to function's names.

    `given` has each stub's body as it was handed out. `others` has, for the name of an exercise that is not assigned,
    its stub's body and the line that imports the course's function: as in the lesson, this stands in a stub's place.
    """
    written: list[tuple[int, ast.stmt]] = []
    statements: list[_Statement] = []
    broken: dict[int, str] = {}
    for place, source in enumerate(cells, 1):
        plain = without_magics(source)
        try:
            nodes = ast.parse(plain).body
            written += [(place, node) for node in nodes]
            statements += [_course_own(_statement(place, node, plain), others or {}) for node in nodes]
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            broken[place] = f"{getattr(error, 'msg', None) or error} (cell {place}{line})"
    answers = {number: _answer(statements, cells, broken, number, name, given) for number, name in names.items()}
    return Read(answers, tuple(broken), tuple(signs(written)), _identity(statements))


def without_magics(source: str) -> str:
    """The source with the lines that only IPython understands left empty, so that lines keep their numbers.

    >>> without_magics("%time x = 1\\ny = 2\\n!ls")
    '\\ny = 2\\n'
    """
    if _CELL_MAGIC.match(source):
        first, _, rest = source.partition("\n")
        return "\n" + rest if first.split()[0] in ("%%time", "%%timeit", "%%capture") else ""
    return "\n".join("" if _MAGIC.match(line) else line for line in source.split("\n"))


def _answer(
    statements: list[_Statement], cells: Sequence[str], broken: dict[int, str], number: str, name: str, given: Any
) -> Answer:
    checked = any(_checks(s.node, number) for s in statements)
    mine = [s for s in statements if name in s.binds and not _checks(s.node)]
    begun = [
        s for s in mine if not (isinstance(s.node, ast.FunctionDef) and body(s.node) in (given.get(number), EMPTY))
    ]
    for place, error in broken.items():
        if not begun and re.search(rf"\bdef\s+{name}\b|^{name}\s*=", cells[place - 1], re.MULTILINE):
            return Answer("broken", place, checked, cells[place - 1], error=error)
    if not begun:
        return Answer("empty" if mine else "missing", mine[-1].cell if mine else 0, checked)
    last = begun[-1]
    picked = needed(statements, last, name)
    tree = shape(last.node)
    return Answer(
        "answered",
        last.cell,
        checked,
        last.text,
        tuple((s.cell, s.node.lineno, s.text) for s in picked),
        tree,
    )


def needed(statements: list[_Statement], last: _Statement, name: str) -> list[_Statement]:
    """The statements that bind what the last one uses, and what these use, in their order.

    A name that is bound several times is taken from all of them; one that the functions use may be bound below.
    """
    wanted, kept = {name} | last.uses, [last]
    imported = {n for s in statements if isinstance(s.node, ast.Import | ast.ImportFrom) for n in s.binds}
    pending = [s for s in statements if s is not last and not _checks(s.node)]
    while True:
        more = [s for s in pending if (s.binds & wanted and not s.binds & {name}) or _star(s.node)]
        more += [s for s in pending if s not in more and _touches(s.node) & (wanted - imported - {name})]
        if not more:
            break
        kept += more
        pending = [s for s in pending if s not in more]
        wanted |= set().union(*(s.uses | s.binds for s in more))
    place = {id(s): i for i, s in enumerate(statements)}
    return sorted(kept, key=lambda s: place[id(s)])


def _statement(cell: int, node: ast.stmt, source: str) -> _Statement:
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    text = "\n".join(source.split("\n")[first - 1 : node.end_lineno])
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        binds = {node.name}
    elif isinstance(node, ast.Import | ast.ImportFrom):
        binds = {(a.asname or a.name).split(".")[0] for a in node.names}
    else:
        binds = _bound(node)
    return _Statement(cell, node, text, binds, free_names(text))


def _course_own(statement: _Statement, others: dict[str, list[str]]) -> _Statement:
    """The statement, or the import of the course's function where it is the stub of one of `others`."""
    node = statement.node
    if not (isinstance(node, ast.FunctionDef) and node.name in others):
        return statement
    given, line = others[node.name]
    if body(node) not in (given, EMPTY):
        return statement
    imports = ast.increment_lineno(ast.parse(line).body[0], node.lineno - 1)
    return _Statement(statement.cell, imports, line, {node.name})


def _bound(node: ast.stmt) -> set[str]:
    """Names that a statement binds at the top level, in loops and branches too; not those of functions inside it."""
    found: set[str] = set()
    for inner in _flat(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            found.add(inner.id)
        elif isinstance(inner, ast.FunctionDef | ast.ClassDef):
            found.add(inner.name)
        elif isinstance(inner, ast.alias):
            found.add((inner.asname or inner.name).split(".")[0])
        elif isinstance(inner, ast.Subscript | ast.Attribute) and isinstance(inner.ctx, ast.Store):
            found |= {root(inner)} - {""}
    return found


def _flat(node: ast.AST) -> Iterable[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _flat(child)


def _touches(node: ast.stmt) -> set[str]:
    """What a call that stands by itself may change, as in `found.append(1)`."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        return {root(node.value.func)} - {""}
    return set()


def _star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names)


def _checks(node: ast.stmt, number: str | None = None) -> bool:
    """Whether it is `name = check("N.M", name)` or `check("N.M", name)`, with this number or any.

    Without a number a result under another name does not count: later cells may stand on it.
    """
    value = node.value if isinstance(node, ast.Assign | ast.Expr) else None
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "check"):
        return False
    first = value.args[0] if value.args else None
    if number is None and isinstance(node, ast.Assign):
        names = [ast.unparse(one) for one in (*node.targets, *value.args[1:])]
        return isinstance(first, ast.Constant) and len(set(names)) == 1
    return isinstance(first, ast.Constant) and (number is None or first.value == number)


def body(node: ast.FunctionDef) -> str:
    """What a function's statements are, without docstring, comments and layout."""
    inside = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return "\n".join(ast.unparse(s) for s in inside) if any(not _nothing(s) for s in inside) else EMPTY


EMPTY = "..."


def _nothing(node: ast.stmt) -> bool:
    text = ast.unparse(node)
    return text in ("...", "pass", "return", "return None", "raise NotImplementedError", "raise NotImplementedError()")


def stub(source: str, name: str) -> str:
    """The body of the function `name` in a cell as it was handed out."""
    nodes = ast.parse(source).body
    return next((body(n) for n in nodes if isinstance(n, ast.FunctionDef) and n.name == name), EMPTY)


def shape(node: ast.stmt) -> str:
    """The digest of a function's tree with its own names numbered as they come; "" where the tree is small.

    >>> text = "def f({x}, n): return [max({x}[i] * n, i) for i in range(len({x})) if {x}[i] > n and i % 2]"
    >>> one, other = text.format(x="a"), text.format(x="b")
    >>> other = other.replace("[", "[  ").replace("def f", "def g")
    >>> shape(ast.parse(one).body[0]) == shape(ast.parse(other).body[0]) != ""
    True
    """
    if not isinstance(node, ast.FunctionDef):
        return ""
    tree = ast.parse(ast.unparse(node)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:] or [ast.Pass()]
    own = {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)} | {
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    tree.name, tree.decorator_list, tree.returns = "f", [], None
    number: dict[str, str] = {}
    for inner in ast.walk(tree):
        if isinstance(inner, ast.arg):
            inner.arg, inner.annotation = number.setdefault(inner.arg, f"v{len(number)}"), None
        elif isinstance(inner, ast.Name) and inner.id in own:
            inner.id = number.setdefault(inner.id, f"v{len(number)}")
    if sum(1 for _ in ast.walk(tree)) < TELLING:
        return ""
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def _identity(statements: list[_Statement]) -> str:
    """The text that the first call of `assignment` was given as the student's id."""
    for s in statements:
        for node in ast.walk(s.node):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "assignment":
                given = [k.value for k in node.keywords if k.arg == "student"] + node.args[1:2]
                return next((str(g.value) for g in given if isinstance(g, ast.Constant)), "")
    return ""


def imported(source: str) -> list[str]:
    """The modules that a source imports, by their full names.

    >>> imported("import numpy as np\\nfrom lthedu.networks import masks")
    ['numpy', 'lthedu.networks']
    """
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found
