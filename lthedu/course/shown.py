"""What a lesson shows of an experiment: figures with a caption, rounded numbers, and measured values."""

import base64
import io
import math
import os
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from lthedu.base.arguments import shown, typed
from lthedu.base.ranges import Range, Text
from lthedu.course.boxes import Box, Caption, in_notebook, show_box

MOST_WORDS = 25  # of a caption
DPI = 200  # shown at half size: sharp on every screen
IN_PLACE = "A figure; its caption and its description follow."  # where a front end shows no pictures


@typed
def figure(drawn: tuple[Any, Text], caption: Text) -> None:
    """Show a figure, the caption below it, and its description folded away.

    `drawn` is what the functions in a lesson's `figures.py` give: a Figure, or Axes of one, and a description for those
    who cannot see it. The description is the picture's alternative text, too. The caption says what to look for, in at
    most 25 words. Elsewhere than in a notebook the words are printed. The figure is closed. Raises ValueError for more
    words and for empty texts, and TypeError where there is no figure.

    >>> drawn = Figure().subplots(), "test accuracy (%) against the percentage of weights kept: two falling lines."
    >>> figure(drawn, "Where does the lower line leave the upper one?")
    Where does the lower line leave the upper one?
        Description: test accuracy (%) against the percentage of weights kept: two falling lines.
    """
    many = len(caption.split())
    if many > MOST_WORDS:
        raise ValueError(f"the caption has {many} words; allowed: at most {MOST_WORDS}")
    picture, description = _figure_of(drawn[0]), drawn[1]
    if in_notebook():
        show_picture(_png(picture), description)
    plt.close(picture)
    show_box(Caption(caption, description))


@typed
def measured(value: float, digits: Annotated[int, Range(0, 20)] = 1) -> str:
    """A measured value of something trained, between ‹ and ›, for a claim's evidence and for tables.

    What stands between the two marks may differ on another machine, and comparing a lesson's outputs leaves it out;
    all else is compared. Raises ValueError for digits outside 0 to 20.

    >>> measured(93.2187), measured(1234.5, 0), measured(-0.01)
    ('‹93.2›', '‹1,234›', '‹0.0›')
    """
    return f"‹{value:z,.{digits}f}›"


@typed
def show(label: Text, value: float, digits: Annotated[int, Range(0, 20)] = 0, unit: str = "") -> None:
    """Print a rounded number, for what training did not touch.

    While a lesson is authored (LTHEDU_AUTHORING=1) a value within 5 % of a rounding edge raises ValueError: on
    another machine it might print differently. Raises ValueError for no label and for digits outside 0 to 20.

    >>> show("weights kept", 0.12613, 3)
    weights kept: 0.126
    """
    scaled = value * 10**digits
    if os.environ.get("LTHEDU_AUTHORING") and scaled != round(scaled):
        edge = abs(scaled - math.floor(scaled) - 0.5)
        if edge < 0.05:
            raise ValueError(f"{label} is {value}, too near a rounding edge at {digits} digits; show other digits")
    print(f"{label}: {value:,.{digits}f}{' ' + unit if unit else ''}")


@typed
def caption(alt: Text) -> None:
    """Show the description of the figure that follows, for those who cannot see it or would rather read.

    Raises ValueError for an empty description.

    >>> caption("accuracy against density")
    Figure: accuracy against density
    """
    show_box(Box("plain", "Figure:", alt))


def show_picture(png: bytes, alt: str) -> None:
    """Show a picture at half its size, with alternative text where nbconvert and `lthedu run` look for it."""
    width, height = (round(pixels / 2) for pixels in Image.open(io.BytesIO(png)).size)
    data = {"image/png": base64.b64encode(png).decode(), "text/plain": IN_PLACE}
    display(data, raw=True, metadata={"image/png": {"width": width, "height": height, "alt": alt}})


def _png(figure: Figure) -> bytes:
    """On white, whatever the theme: labels are dark."""
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=DPI, bbox_inches="tight", facecolor="white")
    return written.getvalue()


def _figure_of(drawn: Any) -> Figure:
    """The figure itself, or that of its Axes, or of the first of many Axes."""
    first = drawn if isinstance(drawn, Figure) else getattr(next(iter(np.ravel(drawn)), None), "figure", None)
    if not isinstance(first, Figure):
        raise TypeError(f"drawn[0] is {shown(drawn)}; allowed: a Figure, or Axes of one")
    return first
