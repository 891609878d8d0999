"""The experiment behind the capstone's worked examples: small tickets, and what they are held against."""

from dataclasses import dataclass
from typing import Annotated, Any

import torch

from lthedu.base.arguments import typed
from lthedu.base.course_files import scale
from lthedu.base.ranges import Above, AtLeast, Count, Distinct
from lthedu.base.streams import derive, generator
from lthedu.experiments import Density, Experiment, Keep, Seeded
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP
from lthedu.pruning import magnitude, random_mask, select
from lthedu.tickets import find_tickets
from lthedu.training import Optimizer, Progress, Replicates, Trained

TICKET, DENSE, FRESH, SIGNS = "ticket", "dense", "fresh weights", "signs alone"
RANDOM = "random mask"
ARMS = (TICKET, DENSE, FRESH, SIGNS, RANDOM)
MEASURE = "percent right"


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What is trained; the defaults are the worked examples' size. Raises ValueError, naming value and range."""

    arms: Annotated[tuple[str, ...], AtLeast(1), Distinct()] = (TICKET, RANDOM)
    density: Density = 0.05  # of all weights
    levels: Count = 3  # rounds of training and pruning that find a ticket
    hidden: Count = 50  # neurons
    steps: Count = 150  # of each training
    batch_size: Count = 64
    rates: Annotated[tuple[Annotated[float, Above(0)], ...], AtLeast(1)] = (8e-3,)  # of Adam; each arm takes its best
    same_norms: bool = False  # every arm but the dense one starts with the ticket's norm in each layer
    same_inputs: bool = False  # a random mask keeps as many weights at each input as the ticket

    def __post_init__(self) -> None:
        super().__post_init__()
        for arm in self.arms:
            if arm not in ARMS:
                raise ValueError(f"arms names {arm!r}; allowed: {', '.join(ARMS)}")
        if self.seeds_per_part and len(self.rates) > 1:  # each part would choose a rate of its own
            raise ValueError(f"seeds_per_part is {self.seeds_per_part}, with {len(self.rates)} rates; allowed: None")


@typed
@dataclass(eq=False)
class Tickets(Experiment[Settings]):
    """Tickets of iterative magnitude pruning and other networks of the same sizes: percent of test images read right.

    All but "dense" keep as many weights as the ticket in each layer, and all see the minibatches of their seed. "fresh
    weights" has the ticket's mask and new weights, "signs alone" its mask and signs with one size in each layer,
    "random mask" the same initial weights at other places. Tickets are found at the first rate. Of several rates each
    arm is reported at the one whose networks read the validation split best on average over all seeds. Registered
    settings do not change with LTHEDU_SCALE; instead, at the size `tiny` each training has a fifteenth of its steps.
    """

    COLUMNS = ("arm", "replicate", "rate", MEASURE)
    stream = "capstone order"

    settings: Settings = Settings()

    def work(self, tick: Progress, keep: Keep) -> None:
        """Find the tickets, then train every arm at every rate."""
        s = self.settings
        dense = self.create(self._network)
        ticket = find_tickets(dense.params, dense.full_mask(), self._trained, self._pruned, s.levels)[-1]
        for i, arm in enumerate(s.arms):
            start, mask = self._start(arm, dense, ticket)
            found = {rate: self._train(start, mask, rate).history for rate in s.rates}
            validated = {rate: h.query("split == 'val'")["accuracy"].mean() for rate, h in found.items()}
            rate = max(validated, key=validated.__getitem__)
            right = 100 * found[rate].query("split == 'test'")["accuracy"].to_numpy()
            self.note({"arm": arm, "rate": rate}, **{MEASURE: right})
            tick(i + 1, len(s.arms), arm)

    def _network(self) -> MLP:
        return MLP([self.data.x_train[0].numel(), self.settings.hidden, 10])

    def _trained(self, level: int, start: Params, mask: Mask) -> Params:
        """The networks of one level; each level has minibatches of its own."""
        order = [derive(seed, "capstone level", level) for seed in self.settings.seeds]
        networks = self.create(self._network).with_params(start)
        return self._train(networks, mask, self.settings.rates[0], order=order).replicates.params

    def _train(self, networks: Replicates, mask: Mask, rate: float, **named: Any) -> Trained:
        steps = max(1, self.settings.steps // (15 if scale() == "tiny" else 1))
        return self.train(networks, mask=mask, steps=steps, optimizer=Optimizer(lr=rate), **named)

    def _pruned(self, trained: Params, mask: Mask) -> Mask:
        """Each network's largest weights, wherever they are, so that `levels` rounds lead to the density."""
        share = self.settings.density ** (1 / self.settings.levels)
        found = []
        for i in range(len(self.settings.seeds)):
            scores, within = magnitude(masks.unstack(trained, i)), masks.unstack(mask, i)
            found.append(select(scores, share, scope="global", within=within))
        return masks.stack(found)

    def _start(self, arm: str, dense: Replicates, ticket: Mask) -> tuple[Replicates, Mask]:
        """The networks of an arm before their training, and their mask."""
        seeds, params, mask = self.settings.seeds, dense.params, ticket
        if arm == DENSE:
            mask = dense.full_mask()
        elif arm == FRESH:
            params = self.create(self._network, [derive(seed, "capstone fresh") for seed in seeds]).params
        elif arm == SIGNS:
            params = {n: p.sign() * _root_mean_square(p, ticket[n]) if n in ticket else p for n, p in params.items()}
        elif arm == RANDOM:
            draw = same_inputs if self.settings.same_inputs else random_mask
            streams = [generator(seed, "capstone mask") for seed in seeds]
            mask = masks.stack([draw(masks.unstack(ticket, i), stream) for i, stream in enumerate(streams)])
        start = masks.apply(mask, params)
        if self.settings.same_norms and arm != DENSE:
            size = {
                n: _root_mean_square(dense.params[n], ticket[n]) / _root_mean_square(start[n], mask[n]) for n in mask
            }
            start = {n: p * size[n] if n in mask else p for n, p in start.items()}
        return dense.with_params(start), mask


@typed
def same_inputs(mask: Mask, generator: torch.Generator) -> Mask:
    """A random mask with exactly as many kept weights at every input of every layer as `mask` has there.

    >>> mask = {"w": torch.tensor([[True, False], [True, False], [False, True]])}  # 2 weights read input 0, 1 input 1
    >>> same_inputs(mask, torch.Generator().manual_seed(0))["w"].sum(0).tolist()
    [2, 1]
    """
    ranks = {name: torch.rand(m.shape, generator=generator).argsort(0).argsort(0) for name, m in mask.items()}
    return {name: ranks[name].to(m.device) < m.sum(0) for name, m in mask.items()}


def _root_mean_square(weights: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The root mean square of the kept weights of each network, (R, 1, 1): the same norm with equal sizes."""
    dims = (-2, -1)
    return ((weights**2 * mask).sum(dims, keepdim=True) / mask.sum(dims, keepdim=True).clamp(min=1)).sqrt()
