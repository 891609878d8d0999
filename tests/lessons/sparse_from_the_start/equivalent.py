"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT: dict[str, dict[str, list[str]]] = {}
