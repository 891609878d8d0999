"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

FIRST_AND_ONLY = "What least squares gives, or which rows there are, has one column, which is the last as well."

EQUIVALENT = {
    "omp": {
        FIRST_AND_ONLY: ["(:, 0): 0 -> -1"],
        "What is left is at right angles to the chosen atoms, so they never come first.": [
            "alike[chosen] = 0: 0 -> -1",
        ],
        "It stops where nothing is left, and nothing of size is near that bound.": [
            "alike.max() <= 1e-06 * x.norm(): <= -> <",
            "1e-06 * x.norm(): * -> /",
        ],
    },
    "refit": {
        FIRST_AND_ONLY: ["(:, 0): 0 -> -1"],
        "No case has atoms that are nearly the same.": [
            "torch.linalg.lstsq(chosen, x.d ... ], rcond=1e-06): without rcond"
        ],
    },
    "update_atom": {
        FIRST_AND_ONLY: ["(:, 0): 0 -> -1"],
        "Only the first direction is read, and it is the same in both forms.": [
            "torch.linalg.svd(left, full_matrices=False): without full_matrices",
            "full_matrices=False: False -> True",
        ],
    },
}
