"""How the function of a network looks, the pieces it is made of, and its loss, how it bends."""

from lthedu.landscape.hessian import (
    flat_loss,
    flatten,
    ggn,
    ggn_diagonal,
    hvp,
    probe_diagonal,
    sampled_diagonal,
    squared_gradients,
    unflatten,
)
from lthedu.landscape.lanczos import lanczos, largest, part_inside, top_eigenpairs
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
    "flat_loss",
    "flatten",
    "formulas",
    "ggn",
    "ggn_diagonal",
    "hvp",
    "lanczos",
    "largest",
    "local_formula",
    "most_pieces",
    "part_inside",
    "plane_through",
    "polygon_area",
    "probe_diagonal",
    "random_network",
    "regions",
    "sampled_diagonal",
    "split",
    "squared_gradients",
    "top_eigenpairs",
    "unflatten",
]
