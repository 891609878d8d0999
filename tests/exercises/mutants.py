"""Mutants of an exercise's reference: copies that differ in one place, which its check must tell from the reference.

A mutant's name is the expression that was changed and how: `flat > threshold: > -> >=`; of two places that read alike
the second ends in (2). Changes are made in the reference and in the functions of its module that it calls (their
names come first). Guards stay as they are, `if ...: raise` and `check_fits(...)`: no check gives what they refuse.
"""

import ast
import copy
import inspect
import math
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from exercises.wrapped import ignoring, otherwise_where_equal

Function = Callable[..., Any]
Change = tuple[ast.AST, ast.AST, str]  # what goes, what comes, in words

COMPARED = {
    ast.Lt: ast.LtE,
    ast.Gt: ast.GtE,
    ast.Eq: ast.NotEq,
    ast.In: ast.NotIn,
    ast.Is: ast.IsNot,
}
COMPUTED = {ast.Add: ast.Sub, ast.Mult: ast.Div, ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift}
BOTH_WAYS = {**COMPARED, **COMPUTED, ast.And: ast.Or}
EXCHANGED: dict[type, type] = {**BOTH_WAYS, **{b: a for a, b in BOTH_WAYS.items()}, ast.FloorDiv: ast.Div}
SIGNS = {
    **{ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in"},
    **{ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not", ast.Add: "+", ast.Sub: "-", ast.Mult: "*"},
    **{ast.Div: "/", ast.FloorDiv: "//", ast.BitAnd: "&", ast.BitOr: "|", ast.LShift: "<<", ast.RShift: ">>"},
    **{ast.And: "and", ast.Or: "or"},
}
PAIRS = (("min", "max"), ("minimum", "maximum"), ("amin", "amax"), ("argmin", "argmax"))
NAMES = {**dict(PAIRS), **{b: a for a, b in PAIRS}, "sum": "max"}
ROUNDED = {"round": "round({})", "floor": "math.floor({})", "ceil": "math.ceil({})"}


def mutants(reference: Function, first: tuple[Any, ...]) -> dict[str, Function]:
    """All mutants by name. `first` are the arguments of a check's first call: what kinds of values there are.

    >>> def least(a, b):
    ...     return a if a < b else b
    >>> sorted(name for name in mutants(least, (1, 2)) if "<" in name)
    ['a < b: < -> <=', 'a < b: negated']
    """
    reference = inspect.unwrap(reference)
    made = ignoring(reference, first) | otherwise_where_equal(reference, first)
    for part in parts(reference):
        tree, known = _definition(part), set()
        times: Counter[str] = Counter()
        for place, (old, new, words) in _changes(tree):
            changed = copy.deepcopy(tree, {id(old): new})  # a copy, with the new in the place of the old
            if (source := ast.unparse(changed)) in known:
                continue
            known.add(source)
            name = ("" if part is reference else f"{part.__name__}: ") + f"{_short(place)}: {words}"
            times[name] += 1
            made[name if times[name] == 1 else f"{name} ({times[name]})"] = _compiled(reference, changed)
    return made


def _definition(function: Function) -> ast.FunctionDef:
    """Its source, without decorators, docstring and annotations."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    tree.decorator_list, tree.returns = [], None
    for arg in (*tree.args.args, *tree.args.kwonlyargs):
        arg.annotation = None
    tree.body = tree.body[1:] if ast.get_docstring(tree) else tree.body
    return tree


def parts(function: Function) -> list[Function]:
    """The function, and those of its module that it calls."""
    function = inspect.unwrap(function)
    names = dict.fromkeys(n.id for n in ast.walk(_definition(function)) if isinstance(n, ast.Name))
    found = [inspect.unwrap(function.__globals__[n]) for n in names if callable(function.__globals__.get(n))]
    mine = [f for f in found if inspect.isfunction(f) and f.__module__ == function.__module__ and f is not function]
    return [function, *(f for f in mine if "check" not in f.__name__)]


def _compiled(reference: Function, changed: ast.FunctionDef) -> Function:
    """The reference with one function of its module, or itself, changed; the module itself stays as it is."""
    space = dict(reference.__globals__) | {"math": math, "np": np}
    others = [] if changed.name == reference.__name__ else [_definition(reference)]
    for tree in (changed, *others):
        module = ast.fix_missing_locations(ast.Module([tree], []))
        exec(compile(module, f"a mutant of {reference.__name__}", "exec"), space)
    return space[reference.__name__]


def _short(place: ast.AST) -> str:
    text = ast.unparse(place).partition("\n")[0]
    return text if len(text) <= 50 else f"{text[:30]} ... {text[-15:]}"


def _changes(tree: ast.FunctionDef) -> Iterator[tuple[ast.AST, Change]]:
    """Every change, with the expression in which it is made."""
    for statement in tree.body:
        for node, parent in _places(statement, statement):
            for change in _of(node):
                small = isinstance(change[0], ast.Constant | ast.Name | ast.Attribute) and change[0] is node
                yield parent if small else change[0], change


def _places(node: ast.AST, parent: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    match node:
        case ast.If(body=[*_, ast.Raise()]) | ast.JoinedStr() | ast.keyword(arg="strict"):
            return
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))) if "check" in name:
            return
    yield node, parent
    for child in ast.iter_child_nodes(node):
        yield from _places(child, node)


def _of(node: ast.AST) -> Iterator[Change]:
    """What can be changed at a node itself."""
    match node:
        case ast.Compare(left, ops, right):
            for i, op in enumerate(ops):
                if new := EXCHANGED.get(type(op)):
                    yield node, ast.Compare(left, [*ops[:i], new(), *ops[i + 1 :]], right), _arrow(type(op), new)
        case ast.BoolOp(op, values):
            yield node, ast.BoolOp(EXCHANGED[type(op)](), values), _arrow(type(op), EXCHANGED[type(op)])
        case ast.BinOp(left, op, right) if new := EXCHANGED.get(type(op)):
            yield node, ast.BinOp(left, new(), right), _arrow(type(op), new)
        case ast.AugAssign(target, op, value) if new := EXCHANGED.get(type(op)):
            yield node, ast.AugAssign(target, new(), value), _arrow(type(op), new)
        case ast.UnaryOp(ast.Not() | ast.USub() | ast.Invert(), operand):
            yield node, operand, "sign dropped"
        case ast.Constant(bool(value)):
            yield node, ast.Constant(not value), f"{value} -> {not value}"
        case ast.Constant(int(value) | float(value)) if value == int(value):
            for other in (value + 1, value - 1):
                yield node, _parsed(repr(other)), f"{value} -> {other}"
        case ast.Slice(lower, upper, step):
            for new in _moved(lower, "1"):
                yield node, ast.Slice(new, upper, step), f"begins at {ast.unparse(new)}"
            for new in _moved(upper, "-1"):
                yield node, ast.Slice(lower, new, step), f"ends at {ast.unparse(new)}"
        case ast.For(iter=items) | ast.comprehension(iter=items):
            yield items, _parsed(f"list({ast.unparse(items)})[1:]"), "first skipped"
            yield items, _parsed(f"list({ast.unparse(items)})[:-1]"), "last skipped"
        case ast.If(test) | ast.IfExp(test) | ast.While(test):
            yield test, ast.UnaryOp(ast.Not(), test), "negated"
        case ast.Call():
            yield from _of_call(node)
        case ast.Name(name) if name in NAMES:
            yield node, ast.Name(NAMES[name], ast.Load()), f"{name} -> {NAMES[name]}"
        case ast.Attribute(value, name) if name in NAMES:
            yield node, ast.Attribute(value, NAMES[name], ast.Load()), f"{name} -> {NAMES[name]}"
    if isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield test, ast.UnaryOp(ast.Not(), test), "negated"
            yield test, ast.Constant(True), "left out"


def _of_call(node: ast.Call) -> Iterator[Change]:
    function, args, keywords = node.func, node.args, node.keywords
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    for i, keyword in enumerate(keywords):
        if keyword.arg != "strict":
            yield node, ast.Call(function, args, keywords[:i] + keywords[i + 1 :]), f"without {keyword.arg}"
    if name == "range":
        begin, end = args if len(args) == 2 else (ast.Constant(0), args[0])
        for a, b in [*((new, end) for new in _moved(begin)), *((begin, new) for new in _moved(end))]:
            yield node, ast.Call(function, [a, b], []), f"range({ast.unparse(a)}, {ast.unparse(b)})"
    if name in ROUNDED and len(args) == 1:
        for other in ROUNDED.keys() - {name}:
            yield node, _parsed(ROUNDED[other].format(ast.unparse(args[0]))), f"{name} -> {other}"
    if name == "abs":
        yield node, args[0] if args else function.value, "abs dropped"  # type: ignore[attr-defined]
    if name == "sorted":
        backwards = ast.keyword("reverse", ast.Constant(True))
        yield node, ast.Call(function, args, [*keywords, backwards]), "the other way round"
    if name == "mean" and isinstance(function, ast.Attribute):
        of = args if ast.unparse(function.value) in ("np", "torch") else [function.value, *args]
        yield node, ast.Call(_parsed("np.median"), of, keywords), "mean -> median"


def _arrow(old: type, new: type) -> str:
    return f"{SIGNS[old]} -> {SIGNS[new]}"


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _moved(end: ast.expr | None, otherwise: str = "") -> list[ast.expr]:
    """An end one further and one less far, or `otherwise` where there is none."""
    text = ast.unparse(end) if end else ""
    return [_parsed(f"{text} + 1"), _parsed(f"{text} - 1")] if end else [_parsed(otherwise)]
