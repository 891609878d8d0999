"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "build_tables": {
        "A check does not ask for an order within a bucket.": ["np.argsort(column, kind='stable'): without kind"],
    },
}
