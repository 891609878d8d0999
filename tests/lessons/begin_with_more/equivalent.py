"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "through": {
        "The exercise has no two points alike.": ["points: otherwise where two entries are equal"],
    },
    "weight_steps": {"The exercise has no two entries alike.": ["kept: otherwise where two entries are equal"]},
    "strongest_pairs": {
        "The exercise has no two scores that are equal, so it is open which of them stays.": [
            "scores[rows, columns].argsort( ... e, stable=True): without stable",
            "stable=True: True -> False",
        ],
    },
    "by_rule": {
        "No case has a threshold that is an end of its interval: rounding would decide it.": [
            "word: low >= threshold: >= -> >",
            "word: high < threshold: < -> <=",
        ],
    },
}
