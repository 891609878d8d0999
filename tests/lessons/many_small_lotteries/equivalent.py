"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "expected_best": {
        "Whole numbers give the same values and means as floats do.": [
            "np.asarray(chosen_by, dtype=float): without dtype",
            "np.asarray(reported, dtype=float): without dtype",
        ],
        "In what order equal scores stand is lost in their mean.": [
            "np.argsort(score, kind='stable'): without kind",
        ],
    },
}
