"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "share_out": {
        "What the function refuses is not asked.": ["w > 0: left out", "w > 0: > -> >=", "w > 0: 0 -> -1"],
        "A place that wants nothing gets a share of 0 in any case.": [
            "enumerate(wants): first skipped",
            "enumerate(wants): last skipped",
            "w == 0: 0 -> -1",
        ],
        "A place whose share is just its room gets that share, filled first or not.": ["share[i] > room[i]: > -> >="],
        "More places have a fraction than ones are left, so the last in order gets none, nor does a full one.": [
            "by_rest: last skipped",
            "found[i] < room[i]: left out",
            "found[i] < room[i]: < -> <=",
        ],
    },
    "drop_and_grow": {
        "Weights and scores are of different kinds, and nobody compares them.": [
            "weights, scores: otherwise where they are equal in a place"
        ],
        "A count that is too large is not asked.": ["grow: mask.numel() - _kept(mask, scores): - -> +"],
    },
    "drop_by_sign": {
        "No weight that is kept is exactly 0.": ["weights > 0: > -> >=", "weights < 0: < -> <="],
    },
}
