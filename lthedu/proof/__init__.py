"""From random numbers to a given network, by deleting: subset sums, and what the proof builds of them.

A value of another type raises TypeError in all of these; what else they raise, each says.
"""

from lthedu.proof.certificate import certificate, compare_logits, error_bound, largest_difference
from lthedu.proof.construct import Construction, construct, same_predictions
from lthedu.proof.gadgets import first_mask, one_weight
from lthedu.proof.shallow import Shallow, construct_shallow
from lthedu.proof.solvers import Subsets, best_subsets, hashed_subsets, solve
from lthedu.proof.source import Source
from lthedu.proof.subset_sums import (
    Choose,
    all_sums,
    closest_subset,
    greedy_subset,
    meet_in_the_middle,
    subset_errors,
)
from lthedu.proof.target import normalise, normalise_rows
from lthedu.proof.ticket import Ticket
from lthedu.proof.ticket_file import checksum, fewest_bytes, load_ticket, save_ticket

__all__ = [
    "Choose",
    "Construction",
    "Shallow",
    "Source",
    "Subsets",
    "Ticket",
    "all_sums",
    "best_subsets",
    "certificate",
    "checksum",
    "closest_subset",
    "compare_logits",
    "construct",
    "construct_shallow",
    "error_bound",
    "fewest_bytes",
    "first_mask",
    "greedy_subset",
    "hashed_subsets",
    "largest_difference",
    "load_ticket",
    "meet_in_the_middle",
    "normalise",
    "normalise_rows",
    "one_weight",
    "same_predictions",
    "save_ticket",
    "solve",
    "subset_errors",
]
