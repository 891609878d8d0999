"""Mutants of this lesson's references that give the same for all that the exercises ask, by the reason why."""

EQUIVALENT = {
    "popup_mask": {
        "There is one row only.": [
            "keep_top(scores[None], density, scores.dtype)[0]: 0 -> -1",
        ],
        "`dtype` is that of the scores.": [
            "keep_top: torch.full_like(scores, bool(k), dtype=dtype): without dtype",
        ],
    },
    "bernoulli_mask": {
        "A draw equals its chance once in 16 million draws.": [
            "torch.rand(scores.shape, gener ... type) < chances: < -> <=",
        ],
        "A number drawn in float32 changes a chance by less than 1e-7.": [
            "torch.rand(scores.shape, gener ... e=scores.dtype): without dtype",
        ],
    },
    "rescaled_by_count": {
        "All replicates have the same number of weights.": [
            "_factor: m[0]: 0 -> -1",
        ],
    },
    "fingerprint": {
        "A text turned round is as good a fingerprint.": [
            "params: otherwise where two entries are equal",
        ],
        "Any fixed order of names does.": [
            "sorted(params): the other way round",
        ],
    },
}
