"""Exercises of this lesson in other contracts, for assignments. Nothing in the course stands on them."""

from torch import Tensor, tensor  # noqa: F401 (the examples use tensor)

from lthedu.exercises.core import variant


@variant(
    "compare_logits",
    "Give the share of inputs that the two answer differently, and the mean size of the differences, not the largest.",
)
def differences(target: Tensor, ticket: Tensor) -> tuple[float, float]:
    """The share of inputs that two networks answer differently, and the mean size of the differences of all logits.

    >>> differences(tensor([[1.0, 2.0], [3.0, 0.0]]), tensor([[0.5, 2.0], [3.0, 3.5]]))
    (0.5, 1.0)
    """
    differ = (target.argmax(1) != ticket.argmax(1)).double().mean()
    return float(differ), float((target.double() - ticket.double()).abs().mean())


@variant(
    "compare_logits",
    "An input counts as answered alike where the ticket's answer is the target's first or second choice (its largest "
    "or second largest logit).",
)
def among_two(target: Tensor, ticket: Tensor) -> tuple[float, float]:
    """The share of inputs whose answer by `ticket` is one of the two best of `target`, and the largest difference.

    >>> among_two(tensor([[1.0, 2.0, 0.0], [3.0, 1.0, 0.0]]), tensor([[1.0, 0.5, 0.0], [3.0, 3.0, 3.5]]))
    (0.5, 3.5)
    """
    best = target.topk(2, dim=1).indices
    alike = (best == ticket.argmax(1, keepdim=True)).any(1).double().mean()
    return float(alike), float((target.double() - ticket.double()).abs().max())
