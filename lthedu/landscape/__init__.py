"""How the function of a network looks: the pieces it is made of, and how deep it may be and still train."""

from lthedu.landscape.depth import accuracy_by_depth, scaled_settings
from lthedu.landscape.regions import (
    SQUARE,
    Plane,
    Region,
    formulas,
    plane_through,
    polygon_area,
    random_network,
    regions,
    split,
)

__all__ = [
    "SQUARE",
    "Plane",
    "Region",
    "accuracy_by_depth",
    "formulas",
    "plane_through",
    "polygon_area",
    "random_network",
    "regions",
    "scaled_settings",
    "split",
]
