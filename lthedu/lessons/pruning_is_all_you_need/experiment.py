"""What the lesson builds: which targets, how exactly, and how often; and the controls that its tickets are held to."""

from dataclasses import dataclass, replace
from typing import Annotated

import torch
from torch import nn

from lthedu import experiments
from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count
from lthedu.base.streams import generator
from lthedu.data import Dataset
from lthedu.experiments import Seeds, Sizes
from lthedu.networks.masks import Mask
from lthedu.networks.models import MLP
from lthedu.proof import Ticket
from lthedu.training import Progress, Replicates, train

Eta = Annotated[float, Above(0, below=0.25)]


@typed
@dataclass(frozen=True)
class Settings(experiments.Settings):
    """The targets' training, and the tickets made of them; defaults are lesson size. Raises ValueError."""

    sizes: Annotated[tuple[Count, ...], AtLeast(2)] = (784, 300, 100, 10)  # LeNet-300-100
    seeds: Seeds = (0, 1, 2, 3, 4)  # a target and a source each
    steps: Count = 1404  # three passes through the 55,000 training images
    batch_size: Count = 128
    eta: Eta = 1e-3  # of one normalised weight
    etas: Annotated[tuple[Eta, ...], AtLeast(1)] = (0.1, 0.01, 0.001, 0.0001)  # the sweep


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(
        LESSON,
        sizes=(784, 12, 8, 10),
        seeds=(0, 1),
        steps=6,
        batch_size=32,
        etas=(0.1, 0.001),
    ),
    lesson=LESSON,
    paper=replace(  # the targets trained as long as in Frankle and Carbin 2019: 50,000 steps of 60 images
        LESSON,
        steps=50_000,
        batch_size=60,
        etas=(0.1, 0.03, 0.01, 0.003, 0.001, 0.0001, 0.00003),  # the last takes 40 candidates, the most searched
    ),
)
PAPER = SIZES.paper
scaled_settings = SIZES.now


@typed
def trained_targets(data: Dataset, settings: Settings, progress: Progress | None = None) -> list[nn.Module]:
    """The lesson's targets, one for each seed, trained on `data` and moved to the CPU."""
    start = Replicates.create(lambda: MLP(settings.sizes), seeds=settings.seeds, device=data.device)
    done = train(start, data, settings.steps, batch_size=settings.batch_size, progress=progress).replicates
    return [done.module(i).cpu().requires_grad_(False) for i in range(len(done))]


@typed
def other_choices(ticket: Ticket, seed: int = 0) -> Mask:
    """A control: the ticket's mask, its hidden neurons exchanged at random among those of one owner.

    Every target weight is then made of as many candidates as before, of the same owner, and of others.

    >>> from lthedu.proof import construct
    >>> ticket = construct(MLP([4, 3, 2]), eta=1e-2)
    >>> mask = other_choices(ticket)
    >>> [int(mask[name].sum() - ticket.mask[name].sum()) for name in ("layers.0.weight", "layers.1.weight")]
    [0, 0]
    """
    mask, coin = dict(ticket.mask), generator(seed, "other choices")
    for i in range(0, len(ticket.source.shapes()) // 2, 2):
        kept = torch.cat([mask[f"layers.{i}.weight"], mask[f"layers.{i}.bias"][:, None]], dim=1)
        neuron, column = kept.nonzero(as_tuple=True)  # at most one for each neuron
        owner = torch.full((len(kept),), -1).index_put((neuron,), column)
        shuffled = torch.randperm(len(owner), generator=coin)
        place = torch.empty_like(owner)  # the neuron that takes each one's part: both sorted by owner, one at random
        place[owner.sort(stable=True).indices] = shuffled[owner[shuffled].sort(stable=True).indices]
        mask[f"layers.{i + 1}.weight"] = mask[f"layers.{i + 1}.weight"][:, place]
    return mask
