"""What the figures of all lessons share: a style, the looks of arms, live figures under sliders, a sheet to draw on."""

from lthedu.figures.style import LOOKS, schematic, use_style

__all__ = ["LOOKS", "schematic", "use_style"]
