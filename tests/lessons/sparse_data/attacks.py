"""How the verdict of the lesson on sparse data was attacked. Each function takes less than a minute.

Those that measure give medians over five windows of how many times as fast as the best dense way something is, with 16
channels in and out and a kept rule book unless they say otherwise. Times belong to the machine, so the tests hold what
they are made of and not what they are.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from lthedu import data
from lthedu.base.threads import one_thread
from lthedu.lessons.sparse_data import clock, dense, experiment, scenes
from lthedu.sparsity import from_grid, neighbours, rule_book, shortest, submanifold_conv, to_grid
from lthedu.sparsity.submanifold import by_table, kernel_first

Found = dict[str, float]
Call = Callable[[], object]
SLOT = 0.01


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def times(ways: list[Call], ours: dict[str, list[Call]], windows: int = 5) -> Found:
    """Medians of dense time over time, in processor seconds of one thread; of several ways the fastest counts."""

    def fastest(calls: list[Call]) -> float:
        return min(shortest(call, SLOT, time.process_time) for call in calls)

    found: dict[str, list[float]] = {name: [] for name in ours}
    with one_thread():
        best = [min(ways, key=lambda way: shortest(way, SLOT, time.process_time))]
        for _ in range(windows):
            yardstick = fastest(best)
            for name, calls in ours.items():
                found[name].append(yardstick / fastest(calls))
    return {name: round(median(one), 2) for name, one in found.items()}


def skipping(calls: dict[str, list[Any]]) -> list[Call]:
    return [*calls["rules"], *calls["table"]]


def other_shapes() -> Found:
    """Places in blobs and scattered ones beside thin ones, each in pictures and volumes, at 10 and 30 %."""
    found = {}
    for shape in scenes.SHAPES:
        for dimension, grid in clock.GRIDS.items():
            for share in (0.1, 0.3):
                calls = clock.ready(scenes.field(shape, grid, share, rng()), 16, 16, rng())
                name = f"{shape}, {dimension}-D, {100 * share:.0f} %"
                found |= times(calls["dense"], {name: skipping(calls)}, windows=3)
    return found


def by_slices(x: Tensor, weight: Tensor) -> Call:
    """Each layer of the volume is an image: the sum of three convolutions, of it and of its two neighbours."""
    n, depth = len(x), x.shape[2]
    images = x.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
    above, middle, below = (w.contiguous(memory_format=torch.channels_last) for w in weight.unbind(2))

    def call() -> Tensor:
        out, up, down = (conv2d(images, w, padding=1).unflatten(0, (n, depth)) for w in (middle, above, below))
        out[:, 1:] += up[:, :-1]
        out[:, :-1] += down[:, 1:]
        return out.transpose(1, 2)

    return call


def by_stacks(x: Tensor, weight: Tensor) -> Call:
    """Each layer of the volume is an image with its two neighbours as further channels: one convolution of images."""
    n, depth = len(x), x.shape[2]
    padded = torch.nn.functional.pad(x, (0, 0, 0, 0, 1, 1))
    kernel = weight.transpose(1, 2).flatten(1, 2).contiguous(memory_format=torch.channels_last)

    def call() -> Tensor:
        stacks = torch.cat([padded[:, :, k : k + depth] for k in range(3)], 1).transpose(1, 2).flatten(0, 1)
        out = conv2d(stacks.contiguous(memory_format=torch.channels_last), kernel, padding=1)
        return out.unflatten(0, (n, depth)).transpose(1, 2)

    return call


def dense_ways() -> Found:
    """Volumes with 16 channels: torch's own conv3d, and two ways by conv2d, beside its fast kernel called by hand."""
    found = {}
    for images, side in ((1, 32), (2, 32), (1, 40)):
        x = torch.randn(images, 16, side, side, side, generator=rng())
        weight = torch.randn(16, 16, 3, 3, 3, generator=rng(1))
        ours = {"own": [*dense.own(x, weight)], "slices": [by_slices(x, weight)], "stacks": [by_stacks(x, weight)]}
        assert all(
            torch.allclose(way(), dense.own(x, weight)[0](), atol=1e-3) for ways in ours.values() for way in ways
        )
        made = times([*dense.by_hand(x, weight)], ours, windows=3)
        found |= {f"{images} of {side}, {name}": value for name, value in made.items()}
    return found


def small_tiles(size: int = 4) -> Found:
    """5 % active, thin and in blobs: beside dense on those tiles of 4 places each way that hold something.

    Tiles come with a place more on each side, ready to be multiplied: to gather them is not charged.
    """
    found = {}
    for shape in ("thin", "blobs"):
        for dimension, grid in clock.GRIDS.items():
            active = scenes.field(shape, grid, 0.05, rng())
            x = torch.randn(grid[0], 16, *grid[1:], generator=rng()) * active[:, None]
            weight = torch.randn(16, 16, *[3] * dimension, generator=rng(1))
            tiles, held = torch.nn.functional.pad(x, [1] * (2 * dimension)), active
            for axis in range(1, dimension + 1):
                tiles, held = tiles.unfold(axis + 1, size + 2, size), held.unfold(axis, size, size)
            some = held.flatten(1 + dimension).any(-1)  # (images, tiles, tiles, ...)
            chosen = tiles.movedim(1, 1 + dimension)[some]  # (n, channels, size + 2, ...)
            last: Any = {2: torch.channels_last, 3: torch.channels_last_3d}[dimension]
            convolve: Any = {2: conv2d, 3: torch.nn.functional.conv3d}[dimension]
            pairs = [(chosen, weight), tuple(one.contiguous(memory_format=last) for one in (chosen, weight))]
            ways = [lambda x=x, w=w, f=convolve: f(x, w) for x, w in pairs]
            right = from_grid(convolve(x, weight, padding=1), active)
            made = ways[0]().movedim(1, -1)[held[some]]  # the same places in another order
            assert torch.allclose(made.flatten().sort().values, right.flatten().sort().values, atol=1e-3)
            name = f"{shape}, {dimension}-D"
            found |= times(ways, {name: skipping(clock.ready(active, 16, 16, rng()))}, windows=3)
    return found


def more_channels() -> Found:
    """Thin pictures of which 20 % is active, with 4 to 128 channels in and out."""
    active = scenes.field("thin", clock.GRIDS[2], 0.2, rng())
    found = {}
    for channels in (4, 16, 64, 128):
        calls = clock.ready(active, channels, channels, rng())
        found |= times(calls["dense"], {f"{channels} channels": skipping(calls)}, windows=3)
    return found


def everything_counted() -> Found:
    """Thin pictures, 5 % active: the layer alone, with the rule book, and from a dense grid back to a dense grid."""
    active = scenes.field("thin", clock.GRIDS[2], 0.05, rng())
    images, *sides = active.shape
    x = torch.randn(images, 16, *sides, generator=rng()) * active[:, None]
    weight = torch.randn(16, 16, 3, 3, generator=rng())
    features, kernel, table = from_grid(x, active), kernel_first(weight), neighbours(active)
    ours: dict[str, list[Call]] = {
        "kept": [lambda: by_table(features, kernel, table)],
        "rebuilt": [lambda: by_table(features, kernel, neighbours(active))],
        "grid to grid": [lambda: to_grid(by_table(from_grid(x, active), kernel, neighbours(active)), active)],
    }
    return times([*dense.every(x, weight)], ours)


def forward_and_back() -> Found:
    """A training step of one layer, with its gradients, at 5 and at 20 % active."""
    found = {}
    for share in (0.05, 0.2):
        active = scenes.field("thin", clock.GRIDS[2], share, rng())
        x = (torch.randn(8, 16, 64, 64, generator=rng()) * active[:, None]).requires_grad_()
        weight = torch.randn(16, 16, 3, 3, generator=rng(), requires_grad=True)
        features, rules = from_grid(x.detach(), active).requires_grad_(), rule_book(active)

        def step(make: Callable[[], Tensor]) -> Call:
            return lambda: make().sum().backward()

        ways = [step(way) for way in dense.own(x, weight)]
        ours = {f"{100 * share:.0f} %": [step(lambda f=features, w=weight, r=rules: submanifold_conv(f, w, r))]}
        found |= times(ways, ours, windows=3)
    return found


def with_relu() -> Found:
    """Thin pictures, 5 % active: convolution and ReLU, which dense applies to all places and skipping to few."""
    active = scenes.field("thin", clock.GRIDS[2], 0.05, rng())
    calls = clock.ready(active, 16, 16, rng())
    ways = [lambda way=way: way().relu() for way in calls["dense"]]  # type: ignore[attr-defined, misc]
    ours = [lambda way=way: way().relu() for way in skipping(calls)]  # type: ignore[attr-defined, misc]
    return times(ways, {"with ReLU": ours})


def threshold_of_zero() -> Found:
    """Digits of which every pixel above 0 counts as active, in place of above 0.5: the share, and the times."""
    strokes = data.unit_pixels(data.load("mnist", device="cpu")).x_test[:64].view(-1, 28, 28)
    found = {}
    for threshold in (0.0, 0.5):
        active = strokes > threshold
        calls = clock.ready(active, 16, 16, rng())
        about = {f"above {threshold:g}: active": round(float(active.float().mean()), 3)}
        ours = {f"above {threshold:g}": skipping(calls)}
        found |= about | times(calls["dense"], ours)
        found |= times(calls.get("cropped", calls["dense"]), {f"above {threshold:g}, cropped": skipping(calls)})
    return found


def three_layers() -> Found:
    """How far three submanifold layers with ReLU are from dense ones, by whether dense is masked after each."""
    active = scenes.field("thin", (4, 32, 32), 0.1, rng())
    x = torch.randn(4, 8, 32, 32, generator=rng()) * active[:, None]
    weights = [0.1 * torch.randn(8, 8, 3, 3, generator=rng(seed)) for seed in range(3)]
    ours, rules = from_grid(x, active), rule_book(active)
    plain = masked = x
    for weight in weights:
        ours = submanifold_conv(ours, weight, rules).relu()
        plain = conv2d(plain, weight, padding=1).relu()
        masked = conv2d(masked, weight, padding=1).relu() * active[:, None]
    most = float(ours.abs().max())
    grids = {"masked": masked, "plain": plain}
    return {name: float((ours - from_grid(grid, active)).abs().max()) / most for name, grid in grids.items()}


def read(**changes: Any) -> Any:
    """The lesson's networks with other settings, of two seeds: mean test accuracies in percent, by arm and rate."""
    some = data.load("mnist", device="cpu").first(55_000, 500, 4_000)
    table = experiment.Reading(some, replace(experiment.SEARCH, seeds=(0, 1), **changes)).run()
    return 100 * table.groupby(["arm", "lr"])["accuracy"].mean().astype(float)


def a_hundred_steps() -> Found:
    """Dense, dense on strokes alone and submanifold after 100 steps, at two rates."""
    arms = (experiment.DENSE, experiment.STROKES, experiment.SKIPS)
    found = read(arms=arms, rates=(1.6e-2, 3.2e-2), steps=100)
    return {f"{arm} at {lr:g}": round(value, 1) for (arm, lr), value in found.items()}


def ten_times_the_steps() -> Found:
    """The same after 1,000 steps, at the rate 0.008."""
    found = read(arms=(experiment.DENSE, experiment.STROKES, experiment.SKIPS), rates=(8e-3,))
    return {arm: round(value, 2) for (arm, _), value in found.items()}


def controls() -> Found:
    """Dense masked one place wider, dense on the cropped grid and a small one there: 1,000 steps at 0.008."""
    found = read(arms=(experiment.GROWS, experiment.CROPPED, experiment.SMALL), rates=(8e-3,))
    return {arm: round(value, 2) for (arm, _), value in found.items()}


def other_sizes() -> Found:
    """Thin scenes of which 30 % is active, on small and large grids: the same share, and other times."""
    found = {}
    for grid in ((1, 64, 64), (8, 64, 64), (32, 64, 64), (1, 16, 16, 16), (1, 32, 32, 32)):
        calls = clock.ready(scenes.field("thin", grid, 0.3, rng(7)), 16, 16, rng())
        found |= times(calls["dense"], {" x ".join(map(str, grid)): skipping(calls)}, windows=3)
    return found


def in_blocks(rows: int = 1024) -> Found:
    """Thin scenes, 30 % active: all neighbours gathered at once, and in blocks of so many places."""
    found = {}
    for dimension, grid in clock.GRIDS.items():
        active = scenes.field("thin", grid, 0.3, rng(7))
        calls = clock.ready(active, 16, 16, rng())
        kernel = kernel_first(torch.randn(16, 16, *[3] * dimension, generator=rng()))
        features, table = torch.randn(int(active.sum()), 16, generator=rng()), neighbours(active)
        padded, flat = torch.cat([features, features.new_zeros(1, 16)]), kernel.flatten(0, 1)

        def blocks(padded: Tensor = padded, flat: Tensor = flat, table: Tensor = table) -> Tensor:
            return torch.cat([padded[part].flatten(1) @ flat for part in table.split(rows)])

        assert torch.allclose(blocks(), by_table(features, kernel, table), atol=1e-3)
        ours = {f"{dimension}-D at once": skipping(calls), f"{dimension}-D in blocks": [blocks]}
        found |= times(calls["dense"], ours, windows=3)
    return found
