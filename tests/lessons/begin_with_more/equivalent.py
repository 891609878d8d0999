"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "by_rule": {
        "No case has a threshold that is an end of its interval: rounding would decide it.": [
            "word: low >= threshold: >= -> >",
            "word: high < threshold: < -> <=",
        ],
    },
}
