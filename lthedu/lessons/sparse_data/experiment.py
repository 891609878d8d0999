"""Does a network that skips the empty places read digits as well as a dense one? Each arm at its own learning rate."""

from dataclasses import dataclass, replace
from typing import Annotated

import pandas as pd
from torch import Tensor, nn
from torch.nn import functional

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Columns, Count
from lthedu.data import Dataset
from lthedu.experiments import Experiment, Keep, Seeded, Seeds
from lthedu.experiments.small_cnn import pictures
from lthedu.lessons.sparse_data.scenes import BOX, STROKE, centred
from lthedu.sparsity import grown, neighbours
from lthedu.training import Optimizer, Progress, RateSchedule, Trained, evaluate

DENSE, STROKES = "dense", "dense, strokes only"
SKIPS, GROWS = "submanifold", "masked one place wider"
CROPPED, SMALL = "dense, cropped to 20 x 20", "dense, cropped, 2 and 6 channels"
ARMS = (DENSE, STROKES, SKIPS, GROWS, CROPPED, SMALL)


@typed
class Reader(nn.Module):
    """Convolutions of 3 x 3, each followed by ReLU and a 2 x 2 maximum, and a linear layer on what is left.

    Places are active where an input pixel is above 0.5. With `strokes` all other pixels are 0. With `masked` the result
    of each convolution is 0 outside the active places, so that the network is a submanifold one; `wider` adds a
    ring of places around these. After a maximum a place is active where one of its four was. `side` is the images'
    height and width.
    """

    def __init__(
        self,
        channels: Annotated[tuple[Count, ...], AtLeast(1)],
        strokes: bool = False,
        masked: bool = False,
        wider: bool = False,
        side: Count = 28,
    ) -> None:
        super().__init__()
        widths = (1, *channels)
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(widths, channels, strict=False))
        self.output = nn.Linear(channels[-1] * (side // 2 ** len(channels)) ** 2, 10)
        self.strokes, self.masked, self.wider = strokes, masked, wider

    def forward(self, x: Tensor) -> Tensor:
        active = (x > STROKE).to(x.dtype)  # (n, 1, height, width)
        x = x * active if self.strokes else x
        for convolution in self.convolutions:
            x = convolution(x).relu()
            if self.masked:
                x = x * (functional.max_pool2d(active, 3, 1, 1) if self.wider else active)
            x, active = functional.max_pool2d(x, 2), functional.max_pool2d(active, 2)
        return self.output(x.flatten(1))  # type: ignore[no-any-return]

    def multiplications(self, images: Tensor) -> float:
        """How many the convolutions make for one of these images, on average, where empty places are skipped."""
        active, total = images[:, 0] > STROKE, 0
        for convolution in self.convolutions:
            table = neighbours(grown(active) if self.wider else active)
            pairs = int((table < len(table)).sum()) if self.masked else 9 * active.numel()
            total += pairs * convolution.weight[:, :, 0, 0].numel()  # type: ignore[index]
            active = functional.max_pool2d(active.float(), 2) > 0
        return total / len(images)


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What is trained; the defaults are the search for each arm's rate. Raises ValueError, naming value and range."""

    seeds: Seeds = (20,)
    arms: Annotated[tuple[str, ...], AtLeast(1)] = (DENSE, SKIPS, SMALL)
    rates: Annotated[tuple[Annotated[float, Above(0)], ...], AtLeast(1)] = (4e-3, 8e-3, 1.6e-2, 3.2e-2)
    steps: Count = 1000
    batch_size: Count = 64
    channels: Annotated[tuple[Count, ...], AtLeast(1)] = (8, 8)  # of all arms but the small one

    def __post_init__(self) -> None:
        super().__post_init__()
        for arm in self.arms:
            if arm not in ARMS:
                raise ValueError(f"arms names {arm!r}; allowed: {'; '.join(ARMS)}")


SEARCH, TINY = Settings(), Settings(seeds=(0, 1), arms=ARMS, rates=(8e-3,), steps=4, batch_size=10, channels=(2, 2))
FINAL: Seeds = (10, 11, 12, 13, 14)  # had no part in choosing the rates


@typed
@dataclass(eq=False)
class Reading(Experiment[Settings]):
    """Every arm at every rate, trained for the same steps by Adam: accuracies (fractions), and multiplications.

    All arms but the small one have the same convolutions. `cost` is the mean number of multiplications that these make
    for one of 1,000 test images, in millions; for masked arms at the places that are not skipped.
    """

    COLUMNS = ("arm", "lr", "steps", "replicate", "val", "accuracy", "cost")
    stream = "sparse data order"

    settings: Settings = SEARCH

    def __post_init__(self) -> None:
        images = pictures(self.data)
        self.inputs = {DENSE: images}
        if {CROPPED, SMALL} & {*self.settings.arms}:
            made = {name: centred(getattr(images, name)) for name in ("x_train", "x_val", "x_test")}
            self.inputs |= dict.fromkeys((CROPPED, SMALL), replace(images, **made))

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train every arm at every rate."""
        s = self.settings
        plan = [(arm, lr) for arm in s.arms for lr in s.rates]
        for i, (arm, lr) in enumerate(plan):
            tick(i, len(plan), f"{arm} at {lr:g}")
            data = self.inputs.get(arm, self.inputs[DENSE])
            self.run_arm(arm, lr, data)
        tick(len(plan), len(plan), "done")

    def run_arm(self, arm: str, lr: float, data: Dataset) -> None:
        """Train the networks of one arm, and note how good they are."""
        start = self.create(lambda: reader(arm, self.settings.channels))
        named = {"optimizer": Optimizer(lr=lr, schedule=RateSchedule("cosine")), "data": data}
        done: Trained = self.train(start, **named)
        val, test = (evaluate(done.replicates, data, split)[1].tolist() for split in ("val", "test"))
        cost = reader(arm, self.settings.channels).multiplications(data.x_test[:1000].cpu()) / 1e6
        self.note({"arm": arm, "lr": lr, "steps": self.settings.steps}, val=val, accuracy=test, cost=[cost] * len(val))


@typed
def reader(arm: str, channels: tuple[Count, ...]) -> Reader:
    """The network of an arm, as it is drawn."""
    side, masked = BOX if arm in (CROPPED, SMALL) else 28, arm in (SKIPS, GROWS)
    widths = (2, 6) if arm == SMALL else channels
    return Reader(widths, strokes=masked or arm == STROKES, masked=masked, wider=arm == GROWS, side=side)


@typed
def own_rates(table: Annotated[pd.DataFrame, Columns("arm lr val")]) -> dict[str, float]:
    """For every arm the rate at which its mean validation accuracy is highest.

    >>> rows = [{"arm": "dense", "lr": lr, "val": val} for lr, val in [(0.1, 0.8), (0.2, 0.9)]]
    >>> own_rates(pd.DataFrame(rows))
    {'dense': 0.2}
    """
    means = table.groupby(["arm", "lr"], sort=False)["val"].mean().unstack("lr")
    return {str(arm): float(lr) for arm, lr in means.idxmax(axis=1).items()}
