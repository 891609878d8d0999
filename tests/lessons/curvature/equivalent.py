"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "lanczos": {
        "The loop leaves at its last step by itself.": ["range(steps): range(0, steps + 1)"],
        "Taking the parts off once is enough for what is asked, and more often changes nothing.": [
            "range(2): first skipped",
            "range(2): last skipped",
            "range(2): range(0 + 1, 2)",
            "range(2): range(0 - 1, 2)",
            "range(2): range(0, 2 + 1)",
            "range(2): range(0, 2 - 1)",
            "range(2): 2 -> 3",
            "range(2): 2 -> 1",
        ],
        "No case runs out of directions before its last step.": [
            "beyond[i] <= 1e-06 * along[:i + 1].abs().max(): <= -> <",
            "1e-06 * along[:i + 1].abs().max(): * -> /",
            "along[:i + 1].abs().max(): max -> min",
            "along[:i + 1].abs(): abs dropped",
        ],
        "What is not filled yet is zero, and nothing lies past the end.": [
            ":i + 1: ends at i + 1 + 1 (3)",
            "i + 1: 1 -> 2 (4)",
            ":i + 1: ends at i + 1 + 1 (4)",
            "i + 1: 1 -> 2 (6)",
            ":i + 1: ends at i + 1 + 1 (5)",
            "i + 1: 1 -> 2 (7)",
        ],
    },
    "obs_update": {
        "Nobody deletes a weight twice.": ["gone: otherwise where two entries are equal"],
        "The cases are on the CPU.": ["torch.as_tensor(list(gone), device=weights.device): without device"],
    },
}
