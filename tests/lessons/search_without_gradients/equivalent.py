"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "crossover": {
        "What both parents keep still comes first, and the draw among the others is as uniform.": [
            "places + noise: + -> -",
        ],
        "All parents keep equally many.": [
            "a[0]: 0 -> -1",
        ],
    },
    "best_within": {
        "Only the very end of the tolerance falls to the other side.": [
            "spent > budget + 1e-09: > -> >=",
        ],
    },
}
