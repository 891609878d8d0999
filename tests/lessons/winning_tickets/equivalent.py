"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "find_tickets": {
        "`full` holds True alone.": [
            "full ignored",
        ],
    },
    "paired_test": {
        "Whole numbers give the same values and means as floats do.": [
            "np.asarray(a, dtype=float): without dtype",
            "np.asarray(b, dtype=float): without dtype",
        ],
        "All differences are equal there, which the exercise does not ask for.": [
            "d.mean(): mean -> median",
            "error == 0: 0 -> 1",
            "error == 0: 0 -> -1",
            "d[0] == 0: negated",
            "d[0] == 0: == -> !=",
            "d[0]: 0 -> 1",
            "d[0]: 0 -> -1",
            "d[0] == 0: 0 -> 1",
            "d[0] == 0: 0 -> -1",
            "1.0 if d[0] == 0 else 0.0: 1.0 -> 2.0",
            "1.0 if d[0] == 0 else 0.0: 1.0 -> 0.0",
            "1.0 if d[0] == 0 else 0.0: 0.0 -> 1.0",
            "1.0 if d[0] == 0 else 0.0: 0.0 -> -1.0",
        ],
    },
    "freeze_pruned": {
        "The mask alone tells which weights are pruned.": [
            "weight ignored",
        ],
    },
}
