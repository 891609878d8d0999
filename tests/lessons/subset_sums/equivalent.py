"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "meet_in_the_middle": {
        "Index -1 is the largest sum, which is never nearer than the smallest one there.": [
            "(above - 1).clip(min=0): without min",
            "min=0: 0 -> -1",
        ],
        "Of two choices that are equally close either may come.": [
            "np.abs(left[above] - wanted) < ... elow] - wanted): < -> <=",
        ],
        "Thirds do without all sums, too, though with more than halves do.": [
            "len(numbers) // 2: 2 -> 3",
        ],
        "It is negative only where the largest sum is the nearest.": [
            "np.abs(left[above] - wanted): abs dropped",
        ],
    },
    "worst_error": {
        "A middle at 1/2 is an end, which is tried anyway.": [
            "np.abs(middles) <= 0.5: <= -> <",
        ],
        "Index -1 is the largest sum, which is never nearer than the smallest one there.": [
            "(above - 1).clip(min=0): without min",
            "min=0: 0 -> -1",
        ],
    },
}
