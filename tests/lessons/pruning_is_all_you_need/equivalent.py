"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "normalise": {
        "A layer of zeros alone is not asked for.": [
            "float(size) or 1.0: 1.0 -> 2.0",
            "float(size) or 1.0: 1.0 -> 0.0",
        ],
    },
    "subset_width": {
        "One number is never enough, nor are two.": [
            "(math.log2(instances / delta), 1.0): 1.0 -> 2.0",
        ],
        "No number is never enough.": [
            "(math.log2(instances / delta), 1.0): 1.0 -> 0.0",
        ],
    },
    "error_bound": {
        "No network has a layer without inputs.": [
            "_norm: float(np.linalg.norm(matrix, 2 ... x.size else 0.0: 0.0 -> 1.0",
            "_norm: float(np.linalg.norm(matrix, 2 ... x.size else 0.0: 0.0 -> -1.0",
        ],
    },
}
