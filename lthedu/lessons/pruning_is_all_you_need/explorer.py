"""The lesson's explorers: what an eta costs and buys, and a digit that target and ticket read side by side."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.data import Dataset
from lthedu.figures.live import live_plot
from lthedu.figures.pad import SIDE, DigitPad
from lthedu.proof import certificate, construct, largest_difference
from lthedu.proof.widths import block_size

Floats = NDArray[Any]
Row = dict[str, Any]
Setting = tuple[float, int]  # eta, and candidates for each weight; 0 where the rule says how many
ETAS = (0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4)
CANDIDATES = (4, 8, 12, 16, 20, 24, 28, 32)
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#999999"
BY_RULE = "by the rule"


@typed
def explorer(
    target: nn.Module, data: Dataset, *, etas: Sequence[float] = ETAS, candidates: Sequence[int] = CANDIDATES
) -> ipywidgets.VBox:
    """Build the ticket of `target` at an eta of your choice, and see what it costs and how near it comes.

    `target` is a network of Linear layers and ReLU, trained on `data`, whose test inputs lie between 0 and 1. The first
    slider chooses eta, the second how many candidates there are for each weight; both move with the arrow keys, and the
    construction begins when a slider comes to rest. Points that were visited stay in the picture. Raises ValueError for
    inputs outside [0, 1], and for no eta.

    >>> from lthedu.networks.models import MLP
    >>> x, y = torch.rand(4, 5), torch.tensor([0, 1, 1, 0])
    >>> explorer = explorer(MLP([5, 3, 2]), Dataset(x, y, x, y, x, y), etas=[0.1, 0.01])
    >>> explorer.children[-1].value
    '...At eta = 0.1, candidates per weight: ...none was missed...of the 4 test inputs...'
    """
    if not etas:
        raise ValueError("there are no etas; expected one or more")
    x = _pixels(data).double().numpy()
    seen: dict[Setting, Row] = {}
    wide = {"style": {"description_width": "13em"}, "layout": ipywidgets.Layout(width="38em")}
    eta = ipywidgets.SelectionSlider(
        options=[(f"{e:g}", e) for e in etas],
        value=etas[len(etas) // 3],  # at the largest most weights are smaller than eta, and nothing is kept
        description="eta",
        continuous_update=False,
        **wide,
    )
    many = ipywidgets.SelectionSlider(
        options=[*((str(n), n) for n in candidates), (BY_RULE, 0)],
        value=0,
        description="candidates per weight",
        continuous_update=False,
        **wide,
    )
    figure = Figure(figsize=(10.4, 3.4), dpi=100, layout="constrained")

    def draw(eta: float, many: int) -> str:
        key = eta, many
        if key not in seen:
            seen[key] = _build(target, x, eta, many)
        _compare(figure, seen, key, etas)
        return _in_words(seen[key])

    return live_plot(figure, draw, {"eta": eta, "many": many})


def _build(target: nn.Module, x: Floats, eta: float, many: int) -> Row:
    """One construction, measured; of the ticket itself nothing stays."""
    ticket = construct(target, eta=eta, per_weight=many or None)
    ours, theirs = ticket.folded(x), ticket.target_logits(x)
    return ticket.summary() | {
        "target": ticket.target_size,
        "candidates": many or block_size("free", eta, ticket.target_size),
        "found": largest_difference(ticket, x),
        "certificate": certificate(ticket),
        "differ": int((ours.argmax(1) != theirs.argmax(1)).sum()),
        "inputs": len(x),
    }


def _compare(figure: Figure, seen: Mapping[Setting, Row], now: Setting, etas: Sequence[float]) -> None:
    """Counts of the present ticket; its errors, and its answers that differ, among those seen so far."""
    figure.clear()
    counts, errors, answers = figure.subplots(1, 3, width_ratios=(1.15, 1, 1))
    row = seen[now]
    names = {"random\nsource": row["random"], "ticket\nkeeps": row["kept"], "target": row["target"]}
    bars = counts.barh(list(names), list(names.values()), color=[BLUE, ORANGE, GREY], hatch=["", "//", ".."])
    counts.bar_label(bars, [f"{n:,}" for n in names.values()], padding=3, fontsize=9)
    counts.set_xscale("log")
    counts.set_xlim(row["target"] / 300, 100 * row["random"])
    counts.set_xlabel("weights and biases")
    counts.invert_yaxis()
    for key, point in seen.items():
        _mark(errors, 1 / key[0], point["certificate"], key == now, "^", GREEN, "certificate")
        _mark(errors, 1 / key[0], point["found"], key == now, "o", ORANGE, "worst input found")
        _mark(answers, 1 / key[0], point["differ"], key == now, "s", BLUE, "")
    errors.set_yscale("log")
    errors.set_ylim(*_decades([point[key] for point in seen.values() for key in ("found", "certificate")]))
    errors.set_ylabel("distance between the logits")
    errors.legend(loc="lower center", bbox_to_anchor=(0.45, 1), ncols=2, fontsize=9, frameon=False, columnspacing=0.8)
    answers.set_yscale("symlog", linthresh=1)
    answers.set_ylim(-0.2, 2 * row["inputs"])
    answers.set_yticks(ticks := [0, *(10**k for k in range(len(str(row["inputs"]))))], [f"{t:,}" for t in ticks])
    answers.set_ylabel(f"answers that differ, of {row['inputs']:,}")
    for ax in (errors, answers):
        ax.set_xscale("log")
        ax.set_xlim(1 / max(etas) / 1.5, 1.5 / min(etas))
        ax.set_xlabel("1 / eta (filled: now; hollow: before)")
        ax.grid(alpha=0.3)


def _decades(values: Sequence[float]) -> tuple[float, float]:
    """Powers of ten below and above all values but zero, so that a logarithmic axis has two labels or more."""
    known = [math.log10(v) for v in values if v > 0] or [0.0]
    return 10.0 ** (math.ceil(min(known)) - 1), 10.0 ** (math.floor(max(known)) + 1)


def _mark(ax: Axes, x: float, y: float, now: bool, marker: str, color: str, label: str) -> None:
    ax.plot(x, y, marker, ms=9, mfc=color if now else "none", mec=color, label=label if now else None, clip_on=False)


def _in_words(row: Row) -> str:
    missed = f"{row['missed']:,} were missed" if row["missed"] else "none was missed"
    same = row["inputs"] - row["differ"]
    return (
        f"At eta = {row['eta']:g}, candidates per weight: {row['candidates']}. The source has {row['random']:,} random "
        f"weights and biases, {row['random per weight']:.0f} for each of the target's {row['target']:,}; the mask "
        f"keeps {row['kept']:,}. Of the target's weights, {missed}. The logits are {_number(row['found'])} apart on "
        f"the worst input found; no input can bring them further apart than {_number(row['certificate'])}, says the "
        f"certificate. Target and ticket answer alike on {same:,} of the {row['inputs']:,} test inputs."
    )


def _number(x: float) -> str:
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


@typed
def draw_a_digit(
    target: nn.Module, ticket: nn.Module, scale: float, data: Dataset, *, examples: int = 20
) -> ipywidgets.VBox:
    """Draw a digit, and two networks say what they see in it: the trained target, and the ticket.

    `target` and `ticket` read rows of 784 pixels between 0 and 1; the ticket's logits are `scale` times its output.
    Draw with the mouse or a finger, or with arrow keys and Space; Delete clears. A button shows the first `examples`
    of the test digits of `data`, one after the other. A drawing is centred and scaled as MNIST's digits are before it
    is read. Raises ValueError for inputs outside [0, 1], and for fewer than 1 example, or more than there are.

    >>> from lthedu.networks.models import MLP
    >>> x, y = torch.rand(4, 784), torch.tensor([0, 1, 2, 3])
    >>> net = MLP([784, 5, 10])
    >>> drawing = draw_a_digit(net, net, 1.0, Dataset(x, y, x, y, x, y), examples=2)
    >>> drawing.children[-1].value
    '...Test digit 1, labelled 0: the target reads ..., the ticket ... too. Their logits are at most 0 apart...'
    """
    if not 1 <= examples <= len(data.x_test):
        raise ValueError(f"examples is {examples}; allowed: 1 to {len(data.x_test)}, the test digits there are")
    images = (255 * _pixels(data)[:examples]).round().to(torch.uint8).numpy()
    pad, turn = DigitPad(), itertools.cycle(range(examples))

    def example(_: Any = None) -> None:
        i = next(turn)
        pad.put(images[i].tobytes(), f"test digit {i + 1}, labelled {int(data.y_test[i])}")

    example()
    buttons = [ipywidgets.Button(description=text) for text in ("clear", "a test digit")]
    buttons[0].on_click(lambda _: pad.put(bytes(SIDE * SIDE)))
    buttons[1].on_click(example)
    figure = Figure(figsize=(6.0, 3.2), dpi=100, layout="constrained")

    def draw(read: bytes) -> str:
        image = torch.frombuffer(bytearray(read), dtype=torch.uint8) / 255
        with torch.no_grad():
            logits = [target(image[None])[0].numpy(), scale * ticket(image[None])[0].numpy()]
        _answers(figure, image.numpy(), logits)
        if not any(read):
            return "The sheet is empty: draw a digit, or press “a test digit”."
        return _reading(pad.label or "your drawing, centred and scaled as MNIST's digits are", logits)

    drawn = live_plot(figure, draw, {"read": pad})
    _, names, picture, words = drawn.children
    hint = ipywidgets.HTML("Draw with the mouse or a finger; or Tab to the sheet, then arrow keys, Space and Delete.")
    left = ipywidgets.VBox([pad, ipywidgets.HBox(buttons)], layout=ipywidgets.Layout(flex="0 0 auto"))
    drawn.children = (
        hint,
        ipywidgets.HBox([left, picture], layout=ipywidgets.Layout(flex_flow="row wrap")),
        names,
        words,
    )
    return drawn


def _answers(figure: Figure, image: Floats, logits: Sequence[Floats]) -> None:
    """What the networks get to see, and ten logits of each."""
    figure.clear()
    sheet, ax = figure.subplots(1, 2, width_ratios=(1, 2.6))
    sheet.imshow(image.reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
    sheet.set_title("what they read", fontsize=10)
    sheet.set_xticks([])
    sheet.set_yticks([])
    digits = np.arange(10)
    looks = (("target (trained)", -0.2, BLUE, ""), ("ticket (only pruned)", 0.2, ORANGE, "//"))
    for (label, shift, color, hatch), values in zip(looks, logits, strict=True):
        label = f"{label}: {int(values.argmax())}" if image.any() else label
        ax.bar(digits + shift, values, 0.38, color=color, hatch=hatch, edgecolor="white", lw=0, label=label)
    ax.axhline(0, color="black", lw=0.8)
    ax.set_xticks(digits)
    ax.set_xlabel("digit")
    ax.set_ylabel("logit")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False, fontsize=9)


def _reading(what: str, logits: Sequence[Floats]) -> str:
    ours, theirs = (int(values.argmax()) for values in logits)
    apart = float(np.abs(logits[0] - logits[1]).max())
    second = f"the ticket {theirs} too" if ours == theirs else f"the ticket reads {theirs}: they DIFFER"
    return (
        f"{what[0].upper()}{what[1:]}: the target reads {ours}, {second}. Their logits are at most {apart:.2g} apart."
    )


def _pixels(data: Dataset) -> Tensor:
    """The test inputs, in rows; an error unless they lie between 0 and 1."""
    x = data.x_test.detach().cpu().reshape(len(data.x_test), -1)
    low, high = float(x.min()), float(x.max())
    if not 0 <= low <= high <= 1:
        raise ValueError(f"the test inputs reach from {low:g} to {high:g}; allowed: 0 to 1")
    return x
