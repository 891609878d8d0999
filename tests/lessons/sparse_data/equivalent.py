"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

_ONE_CHANNEL = "There is one channel, so the first is the last."
_NO_TIES = "Sums of products do not treat equal entries apart."
EQUIVALENT = {
    "grown": {
        "The exercise is about pictures; volumes are not asked for.": [
            "{3: functional.max_pool2d, 4:  ... nal.max_pool3d}: 4 -> 5",
            "{3: functional.max_pool2d, 4:  ... nal.max_pool3d}: 4 -> 3",
        ],
        _ONE_CHANNEL: ["(:, 0): 0 -> -1"],
    },
    "rule_book": {
        _ONE_CHANNEL: ["(:, 0): 0 -> -1"],
        "Exercises are checked on the CPU, which is the default device.": [
            "neighbours: torch.full(active.shape, n, device=active.device): without device",
            "neighbours: torch.arange(n, device=active.device): without device",
        ],
    },
    "submanifold_conv": {
        _NO_TIES: [
            "features: otherwise where two entries are equal",
            "rules: otherwise where two entries are equal",
        ],
    },
    "lasted": {
        "Dates have no sign.": ["signs ignored"],
        "These only refuse what is no date, and every date of the exercise is one.": [
            "months_between: (earlier, later): first skipped",
            "months_between: (earlier, later): last skipped",
        ],
    },
}
