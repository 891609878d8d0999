"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "kept_flops": {
        "Each layer has one number of places, so no two stand in a row.": [
            "places: otherwise where two entries are equal",
        ],
    },
    "to_csr": {
        "What is summed has one axis, which is the last as well.": [
            "torch.bincount(row, minlength= ... rix)).cumsum(0): 0 -> -1",
        ],
    },
    "fit_law": {
        "The equations are never short of rank: there are two different densities.": [
            "np.linalg.lstsq(np.column_stac ... )), rcond=None): without rcond",
        ],
    },
}
