"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "from_bits": {
        "All numbers stored are float32, as zeros are.": [
            "torch.zeros(places, dtype=values.dtype): without dtype",
        ],
    },
    "to_levels": {
        "One bit is a case apart; the exercise asks for 2 or more.": [
            "at_scale: -1: 1 -> 0",
            "at_scale: -1: 1 -> 2",
            "at_scale: -1: sign dropped",
            "at_scale: bits == 1: 1 -> 0",
            "at_scale: torch.where(weights < 0, -1, 1): 1 -> 0",
            "at_scale: torch.where(weights < 0, -1, 1): 1 -> 2",
            "at_scale: weights < 0: 0 -> -1",
            "at_scale: weights < 0: 0 -> 1",
            "at_scale: weights < 0: < -> <=",
            "row_scale: -1: 1 -> 0",
            "row_scale: -1: 1 -> 2",
            "row_scale: -1: sign dropped",
            "row_scale: bits == 1: 1 -> 0",
            "row_scale: keepdim=True: True -> False",
            "row_scale: size.mean(-1, keepdim=True): without keepdim",
        ],
        "With a row's own scale no code is beyond the outermost level.": [
            "at_scale: 2 ** (bits - 1) - 1: - -> +",
            "at_scale: 2 ** (bits - 1) - 1: 1 -> 0",
            "at_scale: 2 ** (bits - 1): 2 -> 3",
            "at_scale: bits - 1: - -> +",
            "at_scale: bits - 1: 1 -> 0",
        ],
        "No row is all zeros, whose scale would be 0.": [
            "at_scale: scale > 0: 0 -> -1",
            "at_scale: scale > 0: > -> >=",
        ],
        "The last axis of a matrix is axis 1.": [
            "row_scale: -1: sign dropped (2)",
        ],
    },
    "early_bird": {
        "The newest mask is at no distance from itself.": [
            "newest - window + 1:newest: ends at newest + 1",
        ],
    },
}
