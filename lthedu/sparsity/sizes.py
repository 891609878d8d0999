"""How wide a dense network may be that has as many weights and biases as a sparse one."""

from collections.abc import Sequence
from itertools import pairwise

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count


@typed
def matching_width(total: int, inputs: Count, outputs: Count) -> int:
    """The widest hidden layer of a dense inputs-h-outputs network of at most `total` weights and biases.

    Raises ValueError where not even h = 1 fits.

    >>> matching_width(27_000, 784, 10)
    33
    """
    width = (total - outputs) // (inputs + 1 + outputs)
    if width < 1:
        raise ValueError(f"total is {total}; even one hidden unit takes {inputs + 1 + 2 * outputs} numbers")
    return width


@typed
def bottleneck_width(total: int, inputs: Count, outputs: Count) -> int:
    """The same for inputs-h-(h // 3)-outputs, LeNet-300-100's proportions; the second layer has 4 units or more.

    Raises ValueError where not even h = 1 fits.

    >>> bottleneck_width(27_000, 784, 10)
    33
    """
    width = matching_width(total, inputs, outputs)
    while _size([inputs, width, max(width // 3, 4), outputs]) > total:
        width -= 1
    if width < 1:
        raise ValueError(f"total is {total}; even one hidden unit takes {_size([inputs, 1, 4, outputs])} numbers")
    return width


def _size(sizes: Sequence[int]) -> int:
    return sum((a + 1) * b for a, b in pairwise(sizes))
