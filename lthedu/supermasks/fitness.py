"""The loss of masks over frozen networks, counted: what every search asks, and what it pays.

Masks are flat, (R, P, N): P masks at once for each of R networks, over the N weights of all their layers, biases apart.
"""

import math
import time
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lthedu.training import Replicates, pick

FORWARD, GRADIENT = 1.0, 3.0  # what an evaluation costs, in forward passes: a backward pass counts twice a forward one


@dataclass
class Fitness:
    """The loss of masks over frozen weights, and what asking for it has cost.

    `networks`: R of one architecture, with the weights that stay frozen; `x` (n, ...), `y` (n,); `budget`: forward
    passes over all n examples for each network. With `batch`, a loss is measured on that many examples, drawn anew at
    each call from `generator`, and costs as much of a forward pass. `history` holds a row for each call: cost so far,
    seconds so far, best loss so far of each network.

    >>> from lthedu.networks.models import MLP
    >>> one = Replicates.create(lambda: MLP([3, 2]), seeds=[0])
    >>> fitness = Fitness(one, torch.zeros(4, 3), torch.tensor([0, 1, 0, 1]), budget=2)
    >>> round(float(fitness(torch.ones(1, 2, 6, dtype=torch.bool))[0, 0]), 4), fitness.left
    (0.6931, 0.0)
    """

    networks: Replicates
    x: Tensor
    y: Tensor
    budget: float
    batch: int | None = None
    generator: torch.Generator | None = None
    spent: float = 0.0
    history: list[tuple[float, float, list[float]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.budget > 0:
            raise ValueError(f"budget is {self.budget}; it must be above 0")
        if self.batch is not None and not (1 <= self.batch <= len(self.x) and self.generator is not None):
            raise ValueError(f"batch is {self.batch}; allowed: 1 to the {len(self.x)} examples, with a generator")
        self.sizes = {name: m[0].numel() for name, m in self.networks.full_mask().items()}  # weights of each layer
        self.r, self.n = len(self.networks), sum(self.sizes.values())
        self.method = pick("auto", self.networks.model, self.x.device)
        self.best = torch.zeros(self.r, self.n, dtype=torch.bool)
        self.best_loss = torch.full((self.r,), math.inf)
        self.begun = time.perf_counter()

    @property
    def left(self) -> float:
        """What of the budget is left, in forward passes."""
        return self.budget - self.spent

    def price(self, masks: int) -> float:
        """What the losses of so many masks at once cost each network, in forward passes over all examples."""
        return FORWARD * masks * (1.0 if self.batch is None else self.batch / len(self.x))

    def __call__(self, population: Tensor) -> Tensor:
        """The losses (R, P) of masks (R, P, N). Raises ValueError when they cost more than is left."""
        self._pay(self.price(population.shape[1]))
        with torch.no_grad():
            found = self.loss(population.to(self.x.dtype), *self._examples())
        return self._noted(population, found)

    def gradient(self, population: Tensor) -> tuple[Tensor, Tensor]:
        """Losses (R, P) of masks (R, P, N) and their gradient by every entry of the masks, at `GRADIENT` each."""
        self._pay(GRADIENT * population.shape[1])
        leaf = population.to(self.x.dtype).requires_grad_()
        with torch.enable_grad():
            found = self.loss(leaf, self.x, self.y)
            (gradient,) = torch.autograd.grad(found.sum(), leaf)
        return self._noted(population, found.detach()), gradient

    def loss(self, population: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy (R, P) of masks given as numbers; costs nothing and is noted nowhere."""
        logits = self.logits(population, x)
        target = y.expand(len(logits), -1)
        return nn.functional.cross_entropy(logits, target, reduction="none").mean(1).view(population.shape[:2])

    def logits(self, population: Tensor, x: Tensor) -> Tensor:
        """Outputs (R * P, classes, n) of masks (R, P, N) given as numbers: R * P replicates of the engine."""
        p, pieces = population.shape[1], population.split_with_sizes(list(self.sizes.values()), dim=2)
        together = {n: t.repeat_interleave(p, 0) for n, t in self.networks.params.items()}
        for name, piece in zip(self.sizes, pieces, strict=True):
            together[name] = together[name] * piece.reshape(together[name].shape)
        return self.method.logits(self.networks.model, together, {}, x)

    def accuracy(self, x: Tensor, y: Tensor) -> Tensor:
        """The share (R,) of examples that the best masks read; costs nothing."""
        logits = self.logits(self.best[:, None].to(x.dtype), x)
        return (logits.argmax(1) == y).double().mean(1)

    def _examples(self) -> tuple[Tensor, Tensor]:
        if self.batch is None:
            return self.x, self.y
        chosen = torch.randperm(len(self.x), generator=self.generator)[: self.batch]
        return self.x[chosen], self.y[chosen]

    def _pay(self, cost: float) -> None:
        if cost > self.left + 1e-9:
            raise ValueError(f"this costs {cost:g} forward passes; {self.left:g} of {self.budget:g} are left")
        self.spent += cost

    def _noted(self, population: Tensor, found: Tensor) -> Tensor:
        low = found.min(1)
        better = low.values < self.best_loss
        self.best_loss = torch.where(better, low.values, self.best_loss)
        chosen = population.bool()[torch.arange(self.r), low.indices]
        self.best = torch.where(better[:, None], chosen, self.best)
        self.history.append((self.spent, time.perf_counter() - self.begun, self.best_loss.tolist()))
        return found
