"""This lesson's figures of what was coded, trained and measured. Each returns a Figure and its description."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Number, Text
from lthedu.coding import PEAK, psnr
from lthedu.figures import use_style as use_style
from lthedu.lessons.sparse_coding.arms import HARD
from lthedu.lessons.sparse_coding.experiment import TEST, Table

Drawn = tuple[Figure, str]
GREY = "#777777"
LOOKS: Mapping[str, dict[str, Any]] = {
    "ISTA": {"color": "#0072B2", "ls": "-", "marker": "o"},
    "FISTA": {"color": "#009E73", "ls": "--", "marker": "s"},
    "LISTA": {"color": "#D55E00", "ls": "-.", "marker": "*"},
    "LISTA trained for longer": {"color": "black", "ls": "-.", "marker": "*"},
    "a longer step": {"color": "#CC79A7", "ls": ":", "marker": "v"},
}
MARKS = dict(zip(TEST, "ovs^DP", strict=True))


def _grey(ax: Axes, picture: Tensor, title: str, low: float = 0, high: float = PEAK) -> None:
    ax.imshow(picture.numpy(), cmap="gray", vmin=low, vmax=high)
    ax.set_title(title, fontsize=10)
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)


@typed
def pictures(shown: Mapping[str, Tensor], clean: Tensor) -> Drawn:
    """Pictures (h, w) side by side under their names, and how near each is to `clean`."""
    figure, axes = plt.subplots(1, len(shown), figsize=(2.5 * len(shown), 2.9), layout="constrained")
    for ax, (name, picture) in zip(np.atleast_1d(axes), shown.items(), strict=True):
        same = picture is clean or bool((picture == clean).all())
        _grey(ax, picture, name if same else f"{name}\n{psnr(picture, clean):.1f} dB")
    figure.suptitle("The same part of a photograph, by different ways", fontsize=12)
    return figure, f"The same picture several times, side by side: {', '.join(shown)}."


@typed
def adding_atoms(patch: Tensor, sums: Mapping[int, Tensor]) -> Drawn:
    """A patch (pixels,), what sums of more and more atoms make of it, and under each what is left."""
    side = round(len(patch) ** 0.5)
    figure, axes = plt.subplots(2, len(sums) + 1, figsize=(1.75 * (len(sums) + 1), 3.7), layout="constrained")
    wide = float(patch.abs().max())
    _grey(axes[0, 0], patch.view(side, side), "the patch", -wide, wide)
    axes[1, 0].axis("off")
    axes[1, 0].text(0.5, 0.5, "what is left", ha="center", va="center", fontsize=11)
    for (many, found), (above, below) in zip(sums.items(), axes[:, 1:].T, strict=True):
        _grey(above, found.view(side, side), f"{many} atom{'s' * (many > 1)}", -wide, wide)
        left = patch - found
        share = 100 * float((left**2).sum() / (patch**2).sum())
        _grey(below, left.view(side, side), f"{share:.0f} % of the patch, squared", -wide, wide)
        below.title.set_fontsize(8.5)
    figure.suptitle("Each atom takes away the largest part of what is left", fontsize=12)
    said = ", ".join(map(str, sums))
    return figure, f"A patch of 8 by 8 pixels, its sums of {said} atoms, and below each what is left of the patch."


@typed
def descent(curves: Mapping[str, Mapping[int, Number]], title: Text, ylabel: Text) -> Drawn:
    """A quantity by the number of steps or layers: a curve {steps: value} for each way to search."""
    figure, ax = plt.subplots(figsize=(7.2, 4.0), layout="constrained")
    for name, curve in curves.items():
        look = LOOKS.get(name.split(",")[0], LOOKS["a longer step"])
        alone = {"ms": 13, "ls": "", "zorder": 5} if len(curve) == 1 else {"ms": 5}
        ax.plot(list(curve), list(curve.values()), label=name, **(look | alone))
    ax.set(xlabel="steps, or layers", ylabel=ylabel, yscale="log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_title(title, fontsize=12)
    ax.legend()
    return figure, f"{ylabel}, on a logarithmic axis, against the number of steps, for {'; '.join(curves)}."


@typed
def gains(best: Table, order: Sequence[str], guess: Any = None) -> Drawn:
    """How far each arm is from the sliding DCT with a hard threshold, for every crop, and the mean over crops.

    `best` has one length for each arm; `guess`, a learner's, a number of dB for some of the arms, each drawn as a
    star. Raises ValueError where an arm of `order` or the DCT is missing.
    """
    means = best.groupby(["arm", "crop"])["psnr"].mean().unstack()
    if missing := {HARD, *order} - {*means.index}:
        raise ValueError(f"best lacks {', '.join(sorted(missing))}; allowed: a table with these arms")
    apart = means.sub(means.loc[HARD])
    figure, ax = plt.subplots(figsize=(8.4, 0.42 * len(order) + 1.7), layout="constrained")
    ax.axvline(0, color=GREY, lw=1.2)
    for y, arm in enumerate(reversed(order)):
        for crop, mark in MARKS.items():
            label = crop if y == 0 else None
            ax.plot(float(apart[crop][arm]), y, mark, mfc="none", mec="#555555", ms=6, label=label)
        ax.plot(apart.loc[arm].mean(), y, "|", color="#D55E00", ms=16, mew=3, label="mean" if y == 0 else None)
        value = guess.get(arm) if isinstance(guess, Mapping) else None
        if isinstance(value, int | float) and abs(value) < 100:
            ax.plot(value, y, "*", ms=14, mfc="none", mec="black", label="your guess")
    ax.set_yticks(range(len(order)), list(reversed(order)))
    ax.set_xlabel("dB above (right) or below (left) the sliding DCT with a hard threshold")
    ax.set_title("Which way to search comes nearest to the photograph?", fontsize=12)
    ax.legend(fontsize=8.5, loc="center left", bbox_to_anchor=(1.0, 0.5))
    said = ", ".join(f"{arm} {apart.loc[arm].mean():+.1f}" for arm in order)
    return figure, f"For each way to search, its distance in dB from the sliding DCT, a mark a crop; means: {said}."


@typed
def mosaics(dictionaries: Mapping[str, Tensor], columns: int = 16) -> Drawn:
    """Dictionaries (m, pixels) as mosaics of their atoms, in their own order."""
    figure, axes = plt.subplots(1, len(dictionaries), figsize=(4.3 * len(dictionaries), 4.6), layout="constrained")
    for ax, (name, atoms) in zip(np.atleast_1d(axes), dictionaries.items(), strict=True):
        side, rows = round(atoms.shape[1] ** 0.5), -(-len(atoms) // columns)
        sheet = np.ones((rows * (side + 1), columns * (side + 1)))
        for i, atom in enumerate(atoms.numpy()):
            y, x = (side + 1) * (i // columns), (side + 1) * (i % columns)
            low, high = atom.min(), atom.max()
            sheet[y : y + side, x : x + side] = ((atom - low) / (high - low if high > low else 1)).reshape(side, side)
        ax.imshow(sheet, cmap="gray", vmin=0, vmax=1)
        ax.set_title(name, fontsize=11)
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
    figure.suptitle("What the atoms look like, each scaled from black to white", fontsize=12)
    return figure, f"Mosaics of small squares, the atoms of: {', '.join(dictionaries)}."


@typed
def pruned_atoms(shares: Sequence[Number], curves: Mapping[str, Sequence[Number]]) -> Drawn:
    """The PSNR by the share of the atoms that is kept, a curve for each rule that chooses them."""
    figure, ax = plt.subplots(figsize=(6.6, 3.8), layout="constrained")
    looks = [("#0072B2", "-", "o"), ("#D55E00", "--", "^"), ("#009E73", "-.", "s")]
    for (name, values), (colour, line, mark) in zip(curves.items(), looks, strict=False):
        ax.plot([100 * share for share in shares], values, color=colour, ls=line, marker=mark, label=name)
    ax.set(xlabel="atoms kept (%)", ylabel="PSNR (dB)")
    ax.set_title("How many of the 256 atoms are needed?", fontsize=12)
    ax.legend()
    return figure, f"PSNR in dB against the share of atoms kept, for {', '.join(curves)}."
