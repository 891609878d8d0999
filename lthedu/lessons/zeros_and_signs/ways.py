"""The lesson's arms by name: criteria, what kept weights start from, what pruned ones hold; norms and signals."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.networks import masks
from lthedu.networks.masks import Params
from lthedu.supermasks.criteria import CRITERIA, Criterion, different_sign, large_final, same_sign
from lthedu.tickets.rewinding import match_norms

AS_THEY_WERE = "initial values"  # of untrained networks
CONSTANT = "own signs, one size a layer"
RANDOM = "random"  # a mask of the same counts
CONTROL = "large_final, other network"  # the mask of the next seed's network
PLACES = "random mask, norm restored"  # the ticket's layer counts and norms at random places
TICKET = "rewound"
ONE_SIZE = ("constant, sign kept, norm restored", "constant, sign lost, norm restored")
KEPT: Mapping[str, tuple[str, bool, bool]] = {  # of a retrained network: action, whether it keeps signs, and norms
    TICKET: ("", True, False),
    "reshuffled, sign kept": ("reshuffled", True, False),  # the ticket's own sizes, so its norms too
    "reshuffled, sign lost": ("reshuffled", False, False),
    "reinitialised, sign kept": ("reinitialised", True, False),
    "reinitialised, sign lost": ("reinitialised", False, False),
    "reinitialised, sign kept, norm restored": ("reinitialised", True, True),
    "reinitialised, sign lost, norm restored": ("reinitialised", False, True),
    "constant, sign kept": ("constants", True, False),
    "constant, sign lost": ("constants", False, False),
    ONE_SIZE[0]: ("constants", True, True),
    ONE_SIZE[1]: ("constants", False, True),
    PLACES: ("", False, True),
}
OWN_AND_OTHER = (  # own against other signs, with the ticket's norms and each kind of size
    ("reshuffled, sign kept", "reshuffled, sign lost"),
    ONE_SIZE,
    ("reinitialised, sign kept, norm restored", "reinitialised, sign lost, norm restored"),
)
_SIZES = {"reshuffled": "own sizes reshuffled", "reinitialised": "drawn sizes", "constants": "one size a layer"}
PRUNED = ("zero", "frozen at init", "zero if moved to zero", "zero if moved away", "zero at random")


def every_criterion() -> dict[str, Criterion]:
    """The criteria by name, with large_final among weights that kept, and that changed, their sign.

    >>> list(every_criterion())[:3]
    ['large_final', 'large_final_same_sign', 'large_final_different_sign']
    """
    first = {
        "large_final": large_final,
        "large_final_same_sign": same_sign(large_final),
        "large_final_different_sign": different_sign(large_final),
        "magnitude_increase_same_sign": same_sign(CRITERIA["magnitude_increase"]),
    }
    return first | {name: c for name, c in CRITERIA.items() if name not in first}


def in_words(way: str) -> str:
    """A start of `KEPT` as the lesson calls it.

    >>> in_words("constant, sign lost, norm restored")
    'other signs, one size a layer, norm restored'
    """
    action, kept, restored = KEPT[way]
    if not action:
        return "the ticket" if way == TICKET else "random mask, initial values"
    return f"{'own' if kept else 'other'} signs, {_SIZES[action]}{', norm restored' * restored}"


def accuracies(table: pd.DataFrame, stage: str, way: str) -> np.ndarray:
    """Test accuracies of one way in percent, one for each seed, in their order.

    >>> rows = {"stage": ["kept"] * 2, "action": ["rewound"] * 2, "replicate": [1, 0], "accuracy": [0.5, 0.25]}
    >>> accuracies(pd.DataFrame(rows), "kept", "rewound").tolist()
    [25.0, 50.0]
    """
    rows = table[(table["stage"] == stage) & (table["action"] == way)]
    return 100 * rows.sort_values("replicate")["accuracy"].to_numpy()


def lead(table: pd.DataFrame, one: str, other: str) -> float:
    """By how many points one start is ahead of another after retraining, on the mean.

    >>> rows = {"stage": ["kept"] * 2, "action": ["a", "b"], "replicate": [0, 0], "accuracy": [0.75, 0.5]}
    >>> lead(pd.DataFrame(rows), "a", "b")
    25.0
    """
    return float((accuracies(table, "kept", one) - accuracies(table, "kept", other)).mean())


@typed
def restore_norms(start: Params, ticket: Params) -> Params:
    """`start` with every weight layer scaled, by one factor, to the norm that the layer has in `ticket`.

    Both are stacked, (R, ...) by name, with pruned weights at zero; each network has factors of its own.

    >>> restore_norms({"w": torch.tensor([[[1.0, 0.0]]])}, {"w": torch.tensor([[[3.0, 4.0]]])})
    {'w': tensor([[[5., 0.]]])}
    """
    alone = []
    for i in range(len(next(iter(ticket.values())))):
        one, like = masks.unstack(start, i), masks.unstack(ticket, i)
        alone.append(match_norms(one, masks.full(one), like))
    return masks.stack(alone)


@typed
def signal(params: Params, images: Tensor) -> Tensor:
    """The root mean square of each layer's outputs, before the ReLU, over `images`: (R, layers).

    `params` are those of stacked MLPs, (R, ...) by name; `images` is (n, inputs).

    >>> params = {"layers.0.weight": torch.ones(1, 1, 2), "layers.0.bias": torch.zeros(1, 1)}
    >>> signal(params, torch.tensor([[1.0, 2.0], [4.0, 0.0]]))
    tensor([[3.5355]])
    """
    x, found = images.expand(len(next(iter(params.values()))), -1, -1), []  # (R, n, inputs)
    for name in masks.prunable(masks.unstack(params, 0)):
        out = torch.baddbmm(params[name.replace("weight", "bias")][:, None], x, params[name].mT)
        found.append(out.square().mean((1, 2)).sqrt())
        x = out.relu()
    return torch.stack(found, 1)
