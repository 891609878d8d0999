"""What a training step of a masked MLP costs in multiplications, as they are counted and not as they are clocked."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Whole


@typed
def step_cost(kept: Sequence[Whole], whole: Sequence[Whole] = ()) -> int:
    """Multiplications for one example in a training step with `kept` weights a layer, inputs first.

    Each kept weight is used once forward, once for its own gradient, and once for the gradient of its layer's
    inputs. The inputs of the first layer are the images and need none. With `whole`, the sizes of the layers, the
    gradient is computed for all weights, pruned ones included, as for a step at which weights are grown by it.
    Activations and the optimizer are not counted. (Compare Evci et al. 2020, arXiv:1911.11134, appendix, which takes
    three times the forward cost for every layer.) Raises ValueError for other layers in `whole` than in `kept`, or
    smaller ones.

    >>> step_cost([4, 3, 2]), step_cost([4, 3, 2], whole=[40, 30, 20])
    (23, 104)
    """
    if whole and (len(whole) != len(kept) or any(k > w for k, w in zip(kept, whole, strict=True))):
        raise ValueError(f"kept is {list(kept)} and whole {list(whole)}; allowed: as many layers, none above its size")
    return sum(kept) + sum(whole or kept) + sum(kept[1:])


@typed
def weight_steps(kept: Annotated[Sequence[tuple[Whole, Whole]], AtLeast(1)], steps: Whole) -> int:
    """The number of weights, added up over all steps of a training: 5 weights for 10 steps give 50.

    `kept` has pairs (steps finished, weights from then on), the first after 0 steps, in the order of time; changes at
    `steps` and later do not count. Divided by the weights of the dense network it is the integrated density, in dense
    steps. Raises ValueError for pairs in another order, and where the first one does not begin at 0.

    >>> weight_steps([(0, 10), (5, 4)], steps=8)
    62
    """
    begins = [begin for begin, _ in kept]
    if begins[0] != 0 or begins != sorted(begins):
        raise ValueError(f"kept changes after {begins} steps; allowed: 0 first, then later and later")
    ends = [*(min(begin, steps) for begin in begins), steps]
    return sum(weights * (end - begin) for (_, weights), (begin, end) in zip(kept, pairwise(ends), strict=True))
