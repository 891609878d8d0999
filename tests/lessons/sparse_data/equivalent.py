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
        "What is taken is the only axis.": ["(:, 0): 0 -> -1", "neighbours: (:, 0): 0 -> -1"],
        "More padding does as well, also between images.": [
            "neighbours: [1, 1]: 1 -> 2",
            "neighbours: [1, 1]: 1 -> 2 (2)",
            "neighbours: active.ndim - 1: 1 -> 0",
        ],
        "Padding on one side serves both: a step to the left of a row ends in the padding of the row before, and one "
        "before the first row, whose number is negative, in that at the end.": ["neighbours: [1, 1]: 1 -> 0"],
        "Exercises are checked on the CPU, which is the default device.": [
            "neighbours: torch.full((padded.numel(),),  ... =active.device): without device",
            "neighbours: torch.arange(len(at), device=active.device): without device",
            "neighbours: torch.arange(-1, 2, device=active.device): without device",
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
