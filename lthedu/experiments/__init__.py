"""What every experiment is: settings at three sizes, and parts that are computed, or read back, here or on a client."""

from lthedu.experiments.base import (
    Client,
    Experiment,
    Found,
    Keep,
    Part,
    one_after_another,
    part_of,
    side_by_side,
    within,
)
from lthedu.experiments.kept import claimed, kept, moved
from lthedu.experiments.settings import Densities, Density, Seeded, Seeds, Settings, Sizes

__all__ = [
    "Client",
    "Densities",
    "Density",
    "Experiment",
    "Found",
    "Keep",
    "Part",
    "Seeded",
    "Seeds",
    "Settings",
    "Sizes",
    "claimed",
    "kept",
    "moved",
    "one_after_another",
    "part_of",
    "side_by_side",
    "within",
]
