"""What only shows between submissions. A flag asks a person to look; it never costs a point."""

from collections import defaultdict
from typing import Any

FEW = 5  # names that a flag tells
Group = tuple[str, list[str]]  # what they have in common, and who


def compared(results: list[dict[str, Any]]) -> tuple[dict[str, list[str]], list[Group]]:
    """For each student by name what others have too, and all such groups, the smallest first.

    >>> both = [{"name": n, "identity": "7", "exercises": {"f": {"tree": "ab", "number": "2.1"}}} for n in ("a", "b")]
    >>> flags, groups = compared([one | {"who": one["name"]} for one in both])
    >>> flags["a"]
    ['2.1: the same code as b', 'the same id as b']
    >>> groups
    [('2.1: the same code', ['a', 'b']), ('the same id', ['a', 'b'])]
    """
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result in results:
        for found in result["exercises"].values():
            if found["tree"]:
                alike[f"{found['number']}: the same code", found["tree"]].append(result["name"])
        if result["identity"]:
            alike["the same id", result["identity"]].append(result["name"])
        alike["the same name", result["who"]].append(result["name"])
    groups = [(what, names) for (what, _), names in alike.items() if len(names) > 1]
    flags: dict[str, list[str]] = {result["name"]: [] for result in results}
    for what, names in groups:
        for name in names:
            others = [n for n in names if n != name]
            many = ", ".join(others) if len(others) <= FEW else f"{len(others)} others (class.html names them)"
            flags[name].append(f"{what} as {many}")
    return flags, sorted(groups, key=lambda group: len(group[1]))
