"""What all figures of the course share."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes

from lthedu.experiments.study import DENSE, RANDOM, REINIT, WINNING

Draw = TypeVar("Draw", bound=Callable[..., Any])

# Okabe and Ito's colours, each with a line style and a marker of its own: no arm is told by colour alone
LOOKS: Mapping[str, dict[str, Any]] = {
    DENSE: {"color": "#000000", "linestyle": ":", "marker": "s"},
    WINNING: {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    REINIT: {"color": "#D55E00", "linestyle": "--", "marker": "^"},
    RANDOM: {"color": "#009E73", "linestyle": "-.", "marker": "D"},
}


def use_style() -> None:
    """Set matplotlib's defaults for a lesson: one size, one dpi, a light grid."""
    mpl.rcParams.update(
        {
            "figure.figsize": (7.2, 4.2),
            "figure.dpi": 100,
            "savefig.dpi": 100,
            "axes.grid": True,
            "grid.alpha": 0.3,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "legend.handlelength": 3,
            "font.size": 11,
        }
    )


def percent(x: float) -> str:
    """A percentage as an axis writes it.

    >>> percent(20.0), percent(3.52)
    ('20', '3.5')
    """
    return f"{x:.0f}" if x >= 10 else f"{x:.1f}"


def guessed_percentage(value: Any) -> float | None:
    """The percentage that a learner wrote, or None where it is none.

    >>> guessed_percentage("80 %"), guessed_percentage(0.8), guessed_percentage(None)
    (80.0, None, None)
    """
    try:
        number = float(str(value).rstrip(" %"))
    except ValueError:
        return None
    return number if 1 < number <= 100 else None


def draw_guesses(
    ax: Axes, guess: Mapping[str, Any], at: float | Mapping[str, float], looks: Mapping[str, Mapping[str, Any]]
) -> str:
    """Draw the guesses that are percentages of known arms as stars at x = `at`; a sentence names the others.

    `at` is one place for all, or a place for each arm. `looks` gives each arm's colour. A guess never stops a lesson.
    """
    not_drawn = ""
    for arm, value in guess.items():
        number = guessed_percentage(value)
        place = at.get(arm) if isinstance(at, Mapping) else at
        if arm in looks and number is not None and place is not None:
            look = {"marker": "*", "ms": 15, "mfc": "none", "ls": "", "color": looks[arm]["color"]}
            ax.plot(place, number, label=f"your guess: {arm}", **look)
        elif value is not None:
            not_drawn += f" The guess {value!r} for {arm!r} is not drawn: give an arm a percentage."
    return not_drawn


def schematic(draw: Draw) -> Draw:
    """Mark a figure's function that draws an idea and nothing that was measured. Every lesson shows two or more.

    >>> @schematic
    ... def two_valleys(): ...
    >>> two_valleys.schematic
    True
    """
    draw.schematic = True  # type: ignore[attr-defined]
    return draw
