"""From random numbers to a given network, by deleting: subset sums first, what is built of them later."""

from lthedu.proof.subset_sums import (
    Choose,
    all_sums,
    closest_subset,
    greedy_subset,
    meet_in_the_middle,
    subset_errors,
)

__all__ = ["Choose", "all_sums", "closest_subset", "greedy_subset", "meet_in_the_middle", "subset_errors"]
