"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "early_bird": {
        "The newest mask is at no distance from itself.": [
            "newest - window + 1:newest: ends at newest + 1",
        ],
    },
}
