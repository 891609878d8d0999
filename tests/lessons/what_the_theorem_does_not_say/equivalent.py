"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "tent_network": {
        "Where the weights lie is lost when they are replaced.": [
            "_linear: nn.Linear(len(weight[0]), len( ...  device='meta'): without device",
        ],
        "All rows are equally long.": [
            "_linear: weight[0]: 0 -> -1",
        ],
    },
    "least_units": {
        "A value at the level is not far from it.": [
            "value > level: > -> >=",
        ],
    },
    "split": {
        "Any empty array is read as no corners.": [
            "(0, 2): 2 -> 3",
            "(0, 2): 2 -> 1",
        ],
    },
}
