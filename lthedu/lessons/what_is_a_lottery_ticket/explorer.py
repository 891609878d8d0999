"""Play with deleting: edges of a drawn network, numbers that shall hit a target, and a digit reader's weights."""

from collections.abc import Sequence
from typing import Annotated

import ipywidgets
import torch
import traitlets
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Range
from lthedu.base.streams import generator
from lthedu.data import Dataset
from lthedu.figures.live import live_plot
from lthedu.lessons.what_is_a_lottery_ticket.figures import digit_row, fading_network
from lthedu.networks import masks
from lthedu.proof import meet_in_the_middle
from lthedu.pruning import magnitude, random_scores, select
from lthedu.training import Replicates, evaluate

MOST = 16  # numbers in the game
DEALS = 20


def fading() -> ipywidgets.VBox:
    """A small drawn network whose edges fade, the smallest weights first, as the slider moves; it Raises nothing.

    >>> fading().children[-1].value
    '...21 of 42 edges are left...'
    """
    figure = Figure(figsize=(5.6, 3.0), dpi=100, layout="constrained")
    keep = ipywidgets.SelectionSlider(
        options=[(f"{p} %", p) for p in range(0, 100, 10)], value=50, description="delete"
    )

    def draw(percent: int) -> str:
        figure.clear()
        fading_network(1 - percent / 100, figure=figure)
        return f"{figure.axes[0].get_title()}; those with the smallest weights are deleted first."

    return live_plot(figure, draw, {"percent": keep})


class NumberButtons(ipywidgets.Box):  # type: ignore[misc]
    """A row of toggle buttons, one a number; `value` says which are kept.

    >>> buttons = NumberButtons([0.5, -0.25])
    >>> buttons.children[1].value = False
    >>> buttons.value, buttons.children[1].description
    ((True, False), '✗ −0.250')
    """

    value = traitlets.Tuple()

    def __init__(self, numbers: Sequence[float]) -> None:
        super().__init__(layout=ipywidgets.Layout(flex_flow="row wrap"))
        self.deal(numbers)

    def deal(self, numbers: Sequence[float]) -> None:
        """Buttons for other numbers, all kept."""
        buttons = [ipywidgets.ToggleButton(True, layout=ipywidgets.Layout(width="6.5em")) for _ in numbers]
        for button, x in zip(buttons, numbers, strict=True):
            _name(button, x)
            button.observe(lambda change, x=x: self._toggled(change["owner"], x), names="value")
        self.children = buttons
        self.value = (True,) * len(buttons)

    def _toggled(self, button: ipywidgets.ToggleButton, x: float) -> None:
        _name(button, x)
        self.value = tuple(b.value for b in self.children)


def _name(button: ipywidgets.ToggleButton, x: float) -> None:
    """The button says in words and with a sign, not by colour alone, whether its number is kept."""
    button.description = f"{'✓' if button.value else '✗'} {_signed(x)}"
    button.tooltip = "kept; press to delete it" if button.value else "deleted; press to keep it"


def _signed(x: float) -> str:
    return f"{x:+.3f}".replace("-", "−")


@typed
def number_game(
    n: Annotated[int, Range(2, MOST)] = 12, target: Annotated[float, Range(-0.5, 0.5)] = 0.3
) -> ipywidgets.VBox:
    """Delete some of `n` random numbers (2 to 16) so that the sum of the others hits the target.

    Every number is a button, every slider moves with the arrow keys; one button reveals the best choice there is.
    Raises ValueError for another n, or a target outside [-1/2, 1/2].

    >>> number_game(3).children[-1].value
    '...You keep 3 of 3 numbers; their sum is...There are 8 choices...'
    """
    deals = [
        (2 * torch.rand(MOST, generator=generator(deal, "number game"), dtype=torch.float64) - 1).tolist()
        for deal in range(1, DEALS + 1)
    ]
    wide = {"style": {"description_width": "8em"}, "layout": ipywidgets.Layout(width="32em")}
    many = ipywidgets.IntSlider(value=n, min=2, max=MOST, description="how many", **wide)
    deal = ipywidgets.IntSlider(value=1, min=1, max=DEALS, description="which numbers", **wide)
    aim = ipywidgets.FloatSlider(value=target, min=-0.5, max=0.5, step=0.01, description="target", **wide)
    buttons = NumberButtons(deals[0][:n])
    reveal = ipywidgets.ToggleButton(description="reveal the best choice", layout=ipywidgets.Layout(width="16em"))
    for control in (many, deal):  # before live_plot, which must find the new buttons
        control.observe(lambda _: buttons.deal(deals[deal.value - 1][: many.value]), names="value")
    figure = Figure(figsize=(9.6, 3.9), dpi=100, layout="constrained")

    def draw(many: int, deal: int, target: float, kept: tuple[bool, ...], reveal: bool) -> str:
        numbers = deals[deal - 1][:many]
        total = _steps(figure, numbers, kept, target)
        said = (
            f"You keep {sum(kept)} of {many} numbers; their sum is {_signed(total)}. The target is {_signed(target)}: "
            f"you are off by {abs(total - target):.5f}. There are {2**many:,} choices."
        )
        if not reveal:
            return said
        best = meet_in_the_middle(numbers, target)
        off = abs(sum(x for x, k in zip(numbers, best, strict=True) if k) - target)
        those = ", ".join(_signed(x) for x, k in zip(numbers, best, strict=True) if k) or "none at all"
        return f"{said} The best of them is off by {off:.5f}; it keeps {those}."

    return live_plot(figure, draw, {"many": many, "deal": deal, "target": aim, "kept": buttons, "reveal": reveal})


def _steps(figure: Figure, numbers: Sequence[float], kept: Sequence[bool], target: float) -> float:
    """Draw the sum as a staircase, a stair for every number kept, beside the target; return the sum."""
    figure.clear()
    ax = figure.add_subplot()
    total = 0.0
    for row, (x, k) in enumerate(zip(numbers, kept, strict=True)):
        if k:
            ax.barh(row, x, left=total, height=0.7, color="#0072B2")
            total += x
        else:
            ax.barh(row, x, left=total, height=0.7, fill=False, edgecolor="#999999", linestyle=":")
    ax.axvline(target, color="#D55E00", linestyle="--", lw=2, label="target")
    ax.plot(total, len(numbers), marker="v", ms=10, color="black", ls="", label="your sum")
    ax.use_sticky_edges = False
    ax.set_ylim(len(numbers) + 0.8, -0.8)
    ax.set_yticks(range(len(numbers)), [_signed(x) for x in numbers], fontsize=8)
    ax.set_xlabel("running sum; filled: kept, dotted outline: deleted")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return total


@typed
def explorer(trained: Replicates, data: Dataset, digits: int = 10) -> ipywidgets.VBox:
    """Delete weights of the first of the `trained` networks and watch how it reads the first test digits.

    `trained` are networks that read rows of 784 pixels; `digits` of the test digits of `data` are shown, all of them
    are counted. The slider moves with the arrow keys; the buttons choose which weights go first. Raises ValueError for
    fewer than 1 digit, or more than `data` has.

    >>> from lthedu.networks.models import MLP
    >>> images, labels = torch.zeros(4, 784), torch.tensor([0, 1, 2, 3])
    >>> few = Dataset(images, labels, images, labels, images, labels)
    >>> pruner = explorer(Replicates.create(lambda: MLP([784, 5, 10]), seeds=[0]), few, digits=4)
    >>> pruner.children[-1].value
    '...3,970 of 3,970 weights are kept, the others deleted smallest first...'
    """
    if not 1 <= digits <= len(data.x_test):
        raise ValueError(f"digits is {digits}; allowed: 1 to {len(data.x_test)}, the test digits there are")
    weights = masks.unstack(trained.params, 0)
    figure = Figure(figsize=(9.6, 1.4), dpi=100, layout="constrained")
    scores = {"smallest first": magnitude(weights), "at random": random_scores(weights, generator(0, "digit pruner"))}

    def draw(percent: int, way: str) -> str:
        mask = select(scores[way], percent / 100, scope="global")
        pruned = trained.take([0]).with_params(masks.stack([masks.apply(mask, weights)]))
        accuracy = 100 * float(evaluate(pruned, data)[1][0])
        images, labels = data.x_test[:digits], data.y_test[:digits].tolist()
        with torch.no_grad():
            reads = pruned.module(0)(images).argmax(1).tolist()
        figure.clear()
        digit_row(images, [_verdict(*pair) for pair in zip(reads, labels, strict=True)], ax=figure.add_subplot())
        kept, of = sum(masks.counts(mask).values()), sum(m.numel() for m in mask.values())
        right = sum(r == label for r, label in zip(reads, labels, strict=True))
        return (
            f"{kept:,} of {of:,} weights are kept, the others deleted {way}. The network reads {right} of these "
            f"{len(labels)} digits correctly, and {accuracy:.0f} % of the {len(data.y_test):,} test digits."
        )

    return live_plot(
        figure,
        draw,
        {
            "percent": ipywidgets.SelectionSlider(
                options=[(f"{p} %", p) for p in (100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 5, 2)],
                value=100,
                description="keep",
            ),
            "way": ipywidgets.ToggleButtons(options=list(scores), description="delete"),
        },
    )


def _verdict(read: int, label: int) -> str:
    return f"{read} ✓" if read == label else f"{read} ✗"
