"""Training a mask and nothing else: the weights are frozen, every one of them has a score, and the scores are trained.

Both methods go where `lthedu.training.train` takes a way to compute gradients (`by`): what it trains, and calls the
replicates' parameters, are then the scores. The derivative of the mask by its score is zero or does not exist, so both
pass the mask's gradient on as if it were the score's (straight through; Bengio et al. 2013, arXiv:1308.3432).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Fraction
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.supermasks.topk import apply_top, keep_top
from lthedu.training import Method


@typed
def bernoulli_mask(scores: Tensor, generator: torch.Generator) -> Tensor:
    """A drawn mask as numbers 0 and 1, through which gradients pass to its chances sigmoid(scores).

    `scores` of one layer, any shape, on a CPU; a weight is kept with probability sigmoid(score). Source: Zhou et al.
    (2019), arXiv:1905.01067.

    >>> scores = torch.tensor([-50.0, 50.0, 0.0], requires_grad=True)
    >>> mask = bernoulli_mask(scores, torch.Generator().manual_seed(0))
    >>> mask.sum().backward()
    >>> mask[:2].tolist(), [round(g, 4) for g in scores.grad.tolist()]
    ([0.0, 1.0], [0.0, 0.0, 0.25])
    """
    chances = scores.sigmoid()
    drawn = (torch.rand(scores.shape, generator=generator, dtype=scores.dtype) < chances).to(scores.dtype)
    return drawn + (chances - chances.detach())  # the bracket is exactly zero


@typed
def rescaled_by_count(params: Params, mask: Mask) -> Params:
    """`params` under `mask`, each layer's kept weights times n / kept, replicate by replicate.

    `params` and `mask` are (R, ...) by name. The dynamic weight rescaling of Zhou et al. (2019), arXiv:1905.01067: a
    layer that keeps half of its weights passes on about the same sum. A layer that keeps nothing stays zero.

    >>> rescaled_by_count({"w": torch.ones(1, 1, 4)}, {"w": torch.tensor([[[True, False, False, False]]])})
    {'w': tensor([[[4., 0., 0., 0.]]])}
    """
    out = masks.apply(mask, params)
    for name, m in mask.items():
        out[name] *= _factor(m, out[name].dtype)
    return out


def _factor(m: Tensor, dtype: torch.dtype) -> Tensor:
    """n / kept of each replicate, (R, 1, ...); n where nothing is kept."""
    kept = m.flatten(1).sum(1).clamp_min(1).to(dtype)
    return (m[0].numel() / kept).view(-1, *[1] * (m.ndim - 1))


@typed
@dataclass(frozen=True)
class EdgePopup:
    """In every layer the `density` of the weights with the largest scores is kept; the others are zero.

    `weights`: frozen, (R, ...) by name, biases too; `inner` computes the gradients of the weights that are in force.
    The gradient of a score is the gradient of its weight in force times the frozen weight. Source: Ramanujan,
    Wortsman, Kembhavi, Farhadi and Rastegari (2020), "What's hidden in a randomly weighted neural network?",
    arXiv:1911.13299. Raises ValueError for a density outside [0, 1] and for
    a layer without weights.

    >>> from lthedu.training.gradients import BatchedLinear
    >>> weights = {"w": torch.tensor([[[5.0, -5.0]]])}
    >>> EdgePopup(weights, BatchedLinear([("w", None)]), density=0.5).effective({"w": torch.tensor([[[0.1, 0.2]]])})
    {'w': tensor([[[ 0., -5.]]])}
    """

    weights: Params
    inner: Method
    density: Fraction = 0.5
    own_density: Mapping[str, Fraction] = field(default_factory=dict)  # of single layers
    _near: dict[str, list[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(list), init=False, repr=False, compare=False
    )  # of each layer; see `apply_top`

    def __post_init__(self) -> None:
        if unknown := [name for name in self.own_density if name not in self.weights]:
            raise ValueError(f"own_density names {unknown[0]!r}; allowed: {', '.join(self.weights)}")

    @property
    def draws(self) -> bool:
        """Whether the network draws (dropout); the mask does not."""
        return self.inner.draws

    def mask(self, scores: Params) -> Mask:
        """The mask of these scores, (R, ...) by name."""
        return {n: keep_top(s, self._share(n)) for n, s in scores.items()}

    def _share(self, name: str) -> float:
        return self.own_density.get(name, self.density)

    def effective(self, scores: Params) -> Params:
        """The weights in force: frozen ones where the mask keeps, zeros elsewhere, biases as they are."""
        return {
            n: apply_top(p, scores[n], self._share(n), self._near[n]) if n in scores else p
            for n, p in self.weights.items()
        }

    def logits(self, model: nn.Module, params: Params, buffers: Params, x: Tensor) -> Tensor:
        """Outputs (R, classes, n) of the masked networks; `params` are the scores."""
        return self.inner.logits(model, self.effective(params), buffers, x)

    def gradients(self, model: nn.Module, params: Params, buffers: Params, x: Tensor, y: Tensor, out: Params) -> None:
        """Write the gradient of the scores `params` into `out`."""
        through = _scratch(self.weights, out)
        self.inner.gradients(model, self.effective(params), buffers, x, y, through)
        for name, g in out.items():
            g.mul_(self.weights[name])  # `through` has written the weight's gradient here


@typed
@dataclass(frozen=True)
class Bernoulli:
    """Every weight is kept with probability sigmoid(score), drawn anew at every step, for each replicate on its own.

    With `rescale` a layer's kept weights are multiplied by n / kept (see `rescaled_by_count`), a factor that is held
    fixed in the gradient. Evaluated is the network of the likelier choice of every weight; `sample` draws one. Source:
    Zhou, Lan, Liu and Yosinski (2019), "Deconstructing lottery tickets", arXiv:1905.01067.

    >>> from lthedu.training.gradients import BatchedLinear
    >>> weights = {"w": torch.tensor([[[5.0, -5.0]]])}
    >>> Bernoulli(weights, BatchedLinear([("w", None)])).effective({"w": torch.tensor([[[-1.0, 1.0]]])})
    {'w': tensor([[[  0., -10.]]])}
    """

    weights: Params
    inner: Method
    rescale: bool = True
    draws: bool = True

    def mask(self, scores: Params) -> Mask:
        """The likelier choice of every weight: kept from probability 1/2 on."""
        return {n: s >= 0 for n, s in scores.items()}

    def sample(self, scores: Params, generator: torch.Generator) -> Mask:
        """One draw of the masks, (R, ...) by name."""
        return {
            n: torch.rand(s.shape, generator=generator, dtype=s.dtype).to(s.device) < s.sigmoid()
            for n, s in scores.items()
        }

    def in_force(self, mask: Mask) -> Params:
        """The frozen weights under `mask`, rescaled if they are to be, biases as they are."""
        return rescaled_by_count(self.weights, mask) if self.rescale else masks.apply(mask, self.weights)

    def effective(self, scores: Params) -> Params:
        """The weights in force under the likelier choices."""
        return self.in_force(self.mask(scores))

    def logits(self, model: nn.Module, params: Params, buffers: Params, x: Tensor) -> Tensor:
        """Outputs (R, classes, n) of the networks of the likelier choices; `params` are the scores."""
        return self.inner.logits(model, self.effective(params), buffers, x)

    def gradients(self, model: nn.Module, params: Params, buffers: Params, x: Tensor, y: Tensor, out: Params) -> None:
        """Draw the masks from torch's random state and write the gradient of the scores `params` into `out`."""
        chances = {n: s.sigmoid() for n, s in params.items()}
        mask = {n: torch.rand_like(p) < p for n, p in chances.items()}
        through = _scratch(self.weights, out)
        self.inner.gradients(model, self.in_force(mask), buffers, x, y, through)
        for name, g in out.items():
            p = chances[name]
            g.mul_(self.weights[name]).mul_(p * (1 - p))
            if self.rescale:
                g.mul_(_factor(mask[name], g.dtype))


def _scratch(weights: Params, out: Params) -> Params:
    """Where the gradients of the weights in force go: those of scored weights into `out`, the biases' beside it."""
    return {n: out[n] if n in out else torch.empty_like(p) for n, p in weights.items()}
