"""How the function of a network looks: the pieces it is made of."""

from lthedu.landscape.patterns import activation_pattern, local_formula, most_pieces
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
    "activation_pattern",
    "formulas",
    "local_formula",
    "most_pieces",
    "plane_through",
    "polygon_area",
    "random_network",
    "regions",
    "split",
]
