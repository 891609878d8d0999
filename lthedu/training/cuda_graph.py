"""A training step as one CUDA graph: on a GPU, small networks wait for launches and not for arithmetic."""

from collections.abc import Callable

import torch
from torch import Tensor

EAGER = 3  # calls before the capture: lazy set-up (workspaces, the optimizer's state) must not be captured


class Captured:
    """Calls `step(x, y)` three times as it is, captures the fourth call and replays it ever after.

    A step works in place on tensors that it keeps, and every call does the same work on the same ones, so the numbers
    are those of calling `step`. Inputs of all calls must have the shapes and types of the first. A step that cannot be
    captured (it waits for a number on the CPU) is called as it is; so is every step on a device without CUDA.

    >>> total = torch.zeros(1)
    >>> step = Captured(lambda x, y: total.add_(x.sum() * y))
    >>> for _ in range(5):
    ...     step(torch.ones(2), torch.ones(1))
    >>> total
    tensor([10.])
    """

    def __init__(self, step: Callable[[Tensor, Tensor], None]) -> None:
        self.step = step
        self.calls = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.captures = True  # until it turns out that it does not

    def __call__(self, x: Tensor, y: Tensor) -> None:
        self.calls += 1
        if not (x.is_cuda and self.captures):
            self.step(x, y)
        elif self.calls <= EAGER:  # pragma: no cover (a GPU's, like all below; held by the tests marked cuda)
            self._aside(x, y)
        else:  # pragma: no cover
            if self.graph is None:
                self._capture(x, y)
            if self.graph is None:
                self.step(x, y)
            else:
                self.x.copy_(x)
                self.y.copy_(y)
                self.graph.replay()

    def _aside(self, x: Tensor, y: Tensor) -> None:  # pragma: no cover
        """The call on a stream of its own, as the capture will be."""
        side = torch.cuda.Stream(x.device)  # type: ignore[no-untyped-call]
        here = torch.cuda.current_stream(x.device)
        side.wait_stream(here)
        with torch.cuda.stream(side):
            self.step(x, y)
        here.wait_stream(side)

    def _capture(self, x: Tensor, y: Tensor) -> None:  # pragma: no cover
        self.x, self.y = x.clone(), y.clone()  # where every replay reads
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self.step(self.x, self.y)
        except RuntimeError:
            self.captures = False
        else:
            self.graph = graph
