"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "keep_largest": {
        "A column of places picks the same places as a row of them.": [
            "(flat == threshold).nonzero().squeeze(1): 1 -> 0",
        ],
    },
    "select_globally": {
        "A column of places picks the same places as a row of them.": [
            "keep_largest: (flat == threshold).nonzero().squeeze(1): 1 -> 0",
        ],
        "It only refuses scores that are no numbers in an order.": [
            "scores.items(): first skipped",
            "scores.items(): last skipped",
        ],
    },
    "cubic": {
        "`begin` must come before `end`.": [
            "begin, end: otherwise where they are equal in a place",
        ],
    },
    "matching_width": {
        "A network has more numbers than inputs.": [
            "total, inputs: otherwise where they are equal in a place",
        ],
        "A network has more numbers than outputs.": [
            "total, outputs: otherwise where they are equal in a place",
        ],
    },
}
