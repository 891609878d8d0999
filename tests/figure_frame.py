"""What is asked of every figure that a test draws: names on its axes, and a description."""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from matplotlib.axis import Axis


def is_named(axis: Axis, others: list[Axis]) -> bool:
    """Whether an axis says what it shows: by its label or a neighbour's, or by words at its ticks."""
    ticks = "".join(text.get_text() for text in axis.get_ticklabels())
    words = not ticks or any(letter.isalpha() for letter in ticks)
    return words or not axis.get_visible() or any(other.get_label_text() for other in [axis, *others])


def checked(figure: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """What the figure's function gives, once its axes and its description are looked at."""
    drawn = figure(*args, **named)
    if isinstance(drawn, tuple) and isinstance(drawn[-1], str):
        axes, alt = np.ravel(drawn[0])[0].figure.axes, drawn[-1]
        assert len(alt) > 20
        assert alt.endswith("."), alt
        for ax in axes:
            if ax.axison:
                assert is_named(ax.xaxis, [other.xaxis for other in ax.get_shared_x_axes().get_siblings(ax)])
                assert is_named(ax.yaxis, [other.yaxis for other in axes])
    return drawn


def drawn_by(module: ModuleType) -> list[str]:
    """The names of a module's figures: functions of its own that others may call and that describe what they draw."""
    own = [(n, f) for n, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == module.__name__]
    return [n for n, f in own if n[0] != "_" and "str]" in str(inspect.signature(f).return_annotation)]
