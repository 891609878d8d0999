"""Exercises of this lesson in other contracts, for assignments. Nothing in the course stands on them."""

from lthedu.exercises.core import variant


@variant("cubic", "Give the sparsity, 1 - density, and not the density. `final` is still the density at the end.")
def cubic_sparsity(step: int, begin: int, end: int, final: float) -> float:
    """Sparsity at `step` on the cubic schedule, from 0 at step `begin`.

    >>> [round(cubic_sparsity(step, 100, 200, final=0.1), 4) for step in (50, 150, 250)]
    [0.0, 0.7875, 0.9]
    """
    progress = min(max((step - begin) / (end - begin), 0.0), 1.0)
    return (1 - final) * (1 - (1 - progress) ** 3)


@variant("cubic", "The exponent is 2 and not 3, so that less is pruned at the beginning.")
def quadratic(step: int, begin: int, end: int, final: float) -> float:
    """Density at `step` on the quadratic schedule, from 1 at step `begin` to `final` at step `end`.

    >>> [round(quadratic(step, 100, 200, final=0.1), 4) for step in (50, 150, 250)]
    [1.0, 0.325, 0.1]
    """
    progress = min(max((step - begin) / (end - begin), 0.0), 1.0)
    return final + (1 - final) * (1 - progress) ** 2


@variant("matching_width", "The dense network has no biases at all, neither in its hidden layer nor at its outputs.")
def width_without_biases(total: int, inputs: int, outputs: int) -> int:
    """The widest hidden layer of a dense inputs-h-outputs network without biases, of at most `total` weights.

    >>> width_without_biases(27_000, 784, 10)
    34
    """
    return total // (inputs + outputs)
