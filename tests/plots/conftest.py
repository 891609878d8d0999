"""Every figure that a test draws has names on its axes and a description, and is closed."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axis import Axis

from lthedu.figures import __all__

mpl.use("agg")


WITHOUT = ("sawtooths",)  # functions from [0, 1] to [0, 1]: a title names each, and nothing the axis of its values


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
        for ax in axes if figure.__name__ not in WITHOUT else ():
            if ax.axison:
                assert is_named(ax.xaxis, [other.xaxis for other in ax.get_shared_x_axes().get_siblings(ax)])
                assert is_named(ax.yaxis, [other.yaxis for other in axes])
    return drawn


@pytest.fixture
def held() -> Callable[..., Any]:
    return checked


@pytest.fixture(autouse=True)
def figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in __all__:
        if callable(figure := getattr(figures, name)):
            monkeypatch.setattr(figures, name, functools.partial(checked, figure))
    yield
    plt.close("all")
