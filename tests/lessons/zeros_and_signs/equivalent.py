"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "four_scores": {
        "There is one row only.": [
            "criterion(one, two)['w'][0]: 0 -> -1",
        ],
    },
    "sign_flip_test": {
        "Whole numbers give the same values and means as floats do.": [
            "np.asarray(a, dtype=float): without dtype",
            "np.asarray(b, dtype=float): without dtype",
        ],
        "Every sum comes twice, and the share of those that are far stays.": [
            "np.zeros(1): 1 -> 2",
        ],
        "Both tolerances are far above rounding and far below any difference.": [
            "np.abs(d).sum(): sum -> max",
        ],
    },
}
