"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "tent_network": {
        "Where the weights lie is lost when they are replaced.": [
            "_linear: nn.Linear(len(weight[0]), len( ...  device='meta'): without device",
        ],
        "All rows are equally long.": [
            "_linear: weight[0]: 0 -> -1",
        ],
        "All numbers are exact in float32, too.": [
            "_linear: torch.tensor(weight, dtype=torch.float64): without dtype",
            "_linear: torch.tensor(bias, dtype=torch.float64): without dtype",
        ],
    },
    "least_units": {
        "A value at the level is not far from it.": [
            "value > level: > -> >=",
        ],
    },
}
