"""What only shows between submissions. A flag asks a person to look; it never costs a point."""

from collections import defaultdict
from typing import Any

FEW = 5  # names that a flag tells


def compared(results: list[dict[str, Any]]) -> dict[str, list[str]]:
    """For each student by name: who has the same tree in an exercise, and who gave the same id.

    >>> both = [{"name": n, "identity": "7", "exercises": {"f": {"tree": "ab", "number": "2.1"}}} for n in ("a", "b")]
    >>> compared(both)["a"]
    ['2.1 has the same tree as that of b', 'the id is that of b, too']
    """
    flags: dict[str, list[str]] = {result["name"]: [] for result in results}
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    ids: dict[str, list[str]] = defaultdict(list)
    for result in results:
        for found in result["exercises"].values():
            if found["tree"]:
                alike[found["number"], found["tree"]].append(result["name"])
        if result["identity"]:
            ids[result["identity"]].append(result["name"])
    for (number, _), names in alike.items():
        for name in names:
            if others := [n for n in names if n != name]:
                flags[name].append(f"{number} has the same tree as that of {_told(others)}")
    for names in ids.values():
        for name in names:
            if others := [n for n in names if n != name]:
                flags[name].append(f"the id is that of {_told(others)}, too")
    return flags


def _told(names: list[str]) -> str:
    shown = ", ".join(names[:FEW])
    return shown + (f" and {len(names) - FEW} others" if len(names) > FEW else "")
