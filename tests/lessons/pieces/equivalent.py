"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "split": {
        "Any empty array is read as no corners.": [
            "(0, 2): 2 -> 3",
            "(0, 2): 2 -> 1",
        ],
    },
}
