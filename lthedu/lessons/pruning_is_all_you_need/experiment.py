"""What the lesson builds: which targets, how exactly, and how often."""

from dataclasses import dataclass, replace
from typing import Annotated

from lthedu import experiments
from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count, Range
from lthedu.experiments import Seeds, Sizes

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
    growth_etas: Annotated[tuple[Eta, ...], AtLeast(2)] = (0.1, 0.03, 0.01, 0.003, 0.001)
    draws: Annotated[int, Range(10)] = 40  # of target and source, for each point of the comparison of widths


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(
        LESSON,
        sizes=(784, 12, 8, 10),
        seeds=(0, 1),
        steps=6,
        batch_size=32,
        etas=(0.1, 0.001),
        growth_etas=(0.1, 0.05),
        draws=10,
    ),
    lesson=LESSON,
    paper=replace(  # the targets trained as long as in Frankle and Carbin 2019: 50,000 steps of 60 images
        LESSON,
        steps=50_000,
        batch_size=60,
        etas=(0.1, 0.03, 0.01, 0.003, 0.001, 0.0001, 0.00003),  # the last takes 40 candidates, the most searched
        growth_etas=(0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001),
        draws=200,
    ),
)
PAPER = SIZES.paper
scaled_settings = SIZES.now
