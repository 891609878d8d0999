"""How the verdict of the lesson on sparse coding was attacked. Each function takes less than a minute.

Those about LISTA give how far codes are above the lowest loss, after five steps or layers. The others give PSNR in dB,
means over the six crops of "china" and, unless they say otherwise, five draws of the noise.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import mean
from unittest import mock

import pandas as pd
import scipy.ndimage
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from lthedu.base.streams import generator
from lthedu.coding import LISTA, dct_atoms, fista, hard_threshold, ista_step, lasso_loss, psnr, steepness, with_noise
from lthedu.coding.patches import averaged, patches
from lthedu.data.photographs import photograph
from lthedu.experiments import paper_results
from lthedu.lessons.sparse_coding import arms, experiment, searches
from lthedu.lessons.sparse_coding.experiment import CHOOSE, PAPER, TEST, at_best, noisy_crop, train
from lthedu.lessons.sparse_coding.searches import PENALTY, above_lowest, centred, lowest_loss, to_test

Found = dict[str, float]
Denoise = Callable[[Tensor], Tensor]
ATOMS = arms.OVERCOMPLETE


def quality(estimate: Denoise, split: str = "test", seeds: int = 5, sigma: float = 25.0) -> float:
    """The mean PSNR over crops and draws of the noise."""
    found = []
    for crop in TEST if split == "test" else CHOOSE:
        for seed in range(seeds):
            noisy, clean = noisy_crop(split, crop, seed, sigma)
            with torch.no_grad():
                found.append(psnr(estimate(noisy), clean))
    return round(mean(found), 2)


def steps_of(x: Tensor, many: int, longer: float = 1.0) -> Tensor:
    code = torch.zeros(len(x), len(ATOMS))
    for _ in range(many):
        code = ista_step(code, x, ATOMS, PENALTY, steepness(ATOMS) / longer)
    return code


def lista(seed: int, steps: int, lr: float, learn: Tensor, longer: float = 1.0) -> LISTA:
    """Five layers after so many steps, as the notebook trains them; they begin as steps of ISTA, `longer` as long."""
    torch.manual_seed(seed)
    network = LISTA(ATOMS, PENALTY, 5)
    c = steepness(ATOMS) / longer
    with torch.no_grad():
        network.encode.copy_(ATOMS.T / c)
        network.mix.copy_(torch.eye(len(ATOMS)) - ATOMS @ ATOMS.T / c)
        network.threshold.fill_(PENALTY / c)
    adam = torch.optim.Adam(network.parameters(), lr=lr)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for _ in range(steps):
        batch = learn[torch.randint(len(learn), (256,))]
        adam.zero_grad()
        lasso_loss(network(batch), batch, ATOMS, PENALTY).mean().backward()
        adam.step()
        slower.step()
    return network.requires_grad_(False)


# LISTA -------------------------------------------------------------------------------------------------------


def longer_steps() -> Found:
    """Five steps of ISTA, each so many times as long as 1 / c, at one draw of the noise."""
    x = to_test(0)
    lowest = lowest_loss(x)
    return {
        f"{longer:g}": round(above_lowest(steps_of(x, 5, longer), x, lowest), 2) for longer in (1, 1.5, 1.9, 2.2, 3)
    }


def other_rates(steps: int = 150) -> Found:
    """LISTA at several learning rates, on patches of the flower's right half, and on those of the test."""
    learn, x = searches.to_learn(0), to_test(0)
    own = torch.cat([centred(noisy_crop("choose", crop, 0)[0])[::7] for crop in CHOOSE])
    found = {}
    for lr in (1e-3, 2e-3, 3e-3, 4.5e-3):
        network = lista(0, steps, lr, learn)
        for name, one in (("flower", own), ("china", x)):
            found[f"{name}, {lr:g}"] = round(above_lowest(network(one), one), 3)
    return found


def ten_times_the_training() -> Found:
    """LISTA after 1,500 steps, beside five steps of ISTA that are 1.9 times as long."""
    x = to_test(0)
    lowest, network = lowest_loss(x), lista(0, 1500, 2e-3, searches.to_learn(0))
    return {
        "LISTA": round(above_lowest(network(x), x, lowest), 2),
        "longer steps": round(above_lowest(steps_of(x, 5, 1.9), x, lowest), 2),
        "FISTA, 8 steps": round(above_lowest(fista(x, ATOMS, PENALTY, 8), x, lowest), 2),
    }


def layers_from_longer_steps() -> Found:
    """Layers that begin at steps 1.9 times as long, after 150 steps of training, beside those steps themselves."""
    found = {}
    for seed in (0, 1):
        x, learn = to_test(seed), searches.to_learn(seed)
        lowest = lowest_loss(x)
        ends = {"layers": lista(seed, 150, 3e-3, learn, 1.9)(x), "longer steps": steps_of(x, 5, 1.9)}
        found |= {f"{name}, draw {seed}": round(above_lowest(code, x, lowest), 2) for name, code in ends.items()}
    return found


def on_its_own_photograph() -> Found:
    """LISTA and longer steps on crops of the flower's right half, the photograph that it learned from."""
    x = torch.cat([centred(noisy_crop("choose", crop, 0)[0])[::7] for crop in CHOOSE])
    lowest, network = lowest_loss(x), lista(0, 150, 3e-3, searches.to_learn(0))
    return {
        "LISTA": round(above_lowest(network(x), x, lowest), 2),
        "longer steps": round(above_lowest(steps_of(x, 5, 1.9), x, lowest), 2),
    }


# denoising ---------------------------------------------------------------------------------------------------


def stored() -> pd.DataFrame:
    found = paper_results.load("sparse_coding")
    assert found is not None
    return found.table


def trained(arm: str, lr: float, steps: int = 300) -> Found:
    """One network of an arm, its mean PSNR on the flower's crops and on the test's, first seed."""
    network = train(arms.made(arm, 25.0, 0), replace(PAPER, steps=steps), lr, 0, arm == arms.FIVE_SAME)
    return {"flower": quality(network, "choose", 1), "china": quality(network, seeds=1)}


def convolutions_for_as_many_seconds() -> Found:
    """Plain convolutions for 7,600 steps: one of theirs takes .0074 processor seconds, one of five layers .0188."""
    return trained(arms.CNN, 2e-3, 7600)


def in_more_sizes() -> Found:
    """Five layers that saw the flower also shrunk by 2, 3 and 4, and with .5 to 3.5 times the contrast. First seed."""
    flower = photograph("flower")[:, : experiment.LEARN]
    sizes, rng = [flower, *(avg_pool2d(flower[None], k)[0] for k in (2, 3, 4))], generator(0, "squares")

    def squares(settings: experiment.Settings, seed: int, same: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            image = sizes[int(torch.randint(len(sizes), (), generator=rng))]
            top, left = (int(torch.randint(n - settings.side, (), generator=rng)) for n in image.shape)
            clean = image[top : top + settings.side, left : left + settings.side]
            clean = clean.mean() + (clean - clean.mean()) * (0.5 + 3 * float(torch.rand((), generator=rng)))
            yield with_noise(clean, settings.sigma, rng), clean

    with mock.patch.object(experiment, "squares", squares):
        return trained(arms.FIVE, 2e-3, 3000)


def the_same_photograph() -> Found:
    """Five layers that learned from other parts of the photograph on which they are tested, for the longer training."""
    return trained(arms.FIVE_SAME, 1e-3, 3000)


def penalties_and_values() -> Found:
    """FISTA at several penalties, as found and with its values put right. One draw."""
    ways = {"found": arms.UNTRAINED[arms.FISTA], "put right": arms.UNTRAINED[arms.REFIT]}
    return {
        f"{name}, {penalty:g}": quality(lambda n, w=way, v=25 * penalty: arms.denoised(n, lambda p: w(p, v)), seeds=1)
        for penalty in (1.75, 2.5, 3.25)
        for name, way in ways.items()
    }


def clipped() -> Found:
    """From the stored run: the means with pictures held to 0 to 255 first."""
    means = at_best(stored()).groupby("arm")["clipped"].mean()
    return {str(arm): round(float(value), 2) for arm, value in means.items()}


def blurred() -> Found:
    """A Gaussian blur, its width tuned on the flower: does any method do more than smooth?"""
    blur = lambda width: lambda noisy: torch.from_numpy(scipy.ndimage.gaussian_filter(noisy.numpy(), width))  # noqa: E731
    best = max((0.6, 0.8, 1.0, 1.2, 1.5), key=lambda width: quality(blur(width), "choose"))
    return {"width": best, "blur": quality(blur(best))}


def other_patches() -> Found:
    """The sliding DCT with other sizes of patches, at the same threshold."""

    def by(size: int) -> Denoise:
        waves = dct_atoms(size, size)

        def estimate(noisy: Tensor) -> Tensor:
            x = patches(noisy, size)
            mean = x.mean(1, keepdim=True)
            kept = hard_threshold((x - mean) @ waves.T, 2.75 * 25)
            return averaged(kept @ waves + mean, (noisy.shape[0], noisy.shape[1]))

        return estimate

    return {f"{size} x {size}": quality(by(size)) for size in (4, 6, 8, 12, 16)}


def two_passes() -> Found:
    """A sliding DCT whose second pass weighs each wave by what the first one found of it (Wiener). Trains nothing.

    Its one number, the noise that the second pass reckons with, is tuned on the flower. Three draws.
    """
    waves = arms.ORTHONORMAL

    def passes(share: float) -> Denoise:
        def estimate(noisy: Tensor) -> Tensor:
            first = arms.denoised(noisy, lambda p: arms.UNTRAINED[arms.HARD](p, 2.75 * 25))
            power = ((patches(first, 8) @ waves.T) ** 2)[:, 1:]
            x = patches(noisy, 8)
            mean = x.mean(1, keepdim=True)
            code = (x - mean) @ waves.T
            code[:, 1:] *= power / (power + (share * 25) ** 2)
            return averaged(code @ waves + mean, (noisy.shape[0], noisy.shape[1]))

        return estimate

    best = max((0.4, 0.55, 0.7, 0.85, 1.0), key=lambda share: quality(passes(share), "choose", 3))
    return {"share": best, "flower": quality(passes(best), "choose", 3), "china": quality(passes(best), seeds=3)}


def without_means(steps: int = 5) -> Found:
    """ISTA on patches whose means are not taken off, after 5 and after 100 steps. One draw."""
    atoms = experiment.arms.OVERCOMPLETE

    def raw(many: int) -> Denoise:
        def estimate(noisy: Tensor) -> Tensor:
            x = patches(noisy, 8) / 25
            code = torch.zeros(len(x), len(atoms))
            for _ in range(many):
                code = ista_step(code, x, atoms, 1.25, steepness(atoms))
            return averaged(25 * code @ atoms, (noisy.shape[0], noisy.shape[1]))

        return estimate

    return {
        "with, 5": quality(lambda n: arms.denoised(n, lambda p: arms.UNTRAINED[arms.ISTA5](p, 1.25 * 25)), seeds=1)
    } | {f"without, {many}": quality(raw(many), seeds=1) for many in (steps, 20 * steps)}
