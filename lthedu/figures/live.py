"""A figure under controls: the one way in which the course draws beneath a slider."""

import html
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
from matplotlib.figure import Figure

from lthedu.base.arguments import typed

Draw = Callable[..., str]  # draws on the figure, returns what it shows in words


class Names(anywidget.AnyWidget):
    """Tells screen readers the names of sliders, and that a picture is described below it.

    It is seen only when the kernel is gone, as on the next day: then it says how the widgets beside it move again.
    """

    _esm = Path(__file__).parent / "names.js"
    _css = Path(__file__).parent / "names.css"


@typed
def live_plot(figure: Figure, draw: Draw, controls: Mapping[str, ipywidgets.Widget]) -> ipywidgets.VBox:
    """A picture that follows its controls: on every change `draw(**values)` draws on `figure` once more.

    `draw` returns a sentence, shown under the picture and read out by screen readers. An error while drawing
    becomes that sentence and leaves the last picture standing, so a widget never stops a lesson.

    >>> figure = Figure()
    >>> def draw(n: int) -> str:
    ...     figure.gca().plot(range(n))
    ...     return f"{n} points"
    >>> box = live_plot(figure, draw, {"n": ipywidgets.IntSlider(value=3)})
    >>> box.children[-1].value
    '<span aria-live="polite">3 points</span>'
    """
    picture = ipywidgets.Image(format="png", layout=ipywidgets.Layout(max_width="100%", align_self="flex-start"))
    words = ipywidgets.HTML()

    def redraw(_: Any = None) -> None:
        try:
            said = draw(**{name: control.value for name, control in controls.items()})
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png")
            picture.value = buffer.getvalue()
        except Exception as error:
            said = f"This picture could not be drawn ({type(error).__name__}: {error}); the lesson goes on without it."
        words.value = f'<span aria-live="polite">{html.escape(said)}</span>'

    for control in controls.values():
        control.observe(redraw, names="value")
    redraw()
    return ipywidgets.VBox([*controls.values(), Names(), picture, words])
