"""A sheet of 28 by 28 pixels to draw a digit on, with the mouse, a finger or the keyboard."""

from pathlib import Path

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray
from PIL import Image

SIDE = 28
INNER = 20  # MNIST's digits fill a square of 20 by 20 pixels
BLANK = bytes(SIDE * SIDE)
HERE = Path(__file__).parent


class DigitPad(anywidget.AnyWidget):
    """The sheet. `pixels` are 784 bytes, row by row, 0 for paper and 255 for ink; `label` names what was put there.

    The browser sends `pixels` while somebody draws, and drawing on a sheet with a label clears it first. `value` is the
    same digit as the networks read it, see `like_mnist`.

    >>> pad = DigitPad()
    >>> pad.pixels = bytes([255, 0] * 392)
    >>> pad.value == like_mnist(pad.pixels)
    True
    """

    _esm = HERE / "digit_pad.js"
    _css = HERE / "digit_pad.css"
    pixels = traitlets.Bytes(BLANK).tag(sync=True, from_json=lambda sent, _: bytes(sent))
    label = traitlets.Unicode("").tag(sync=True)
    value = traitlets.Bytes(BLANK)

    @traitlets.validate("pixels")
    def _of_one_size(self, proposal: dict[str, bytes]) -> bytes:
        if len(proposal["value"]) != len(BLANK):
            raise traitlets.TraitError(f"pixels are {len(proposal['value'])} bytes; expected {len(BLANK)}")
        return proposal["value"]

    @traitlets.observe("pixels")
    def _read(self, change: dict[str, bytes]) -> None:
        self.value = like_mnist(change["new"])

    def put(self, pixels: bytes, label: str = "") -> None:
        """Show these 784 bytes, named `label`; without a label they are taken for a drawing."""
        self.label, self.pixels = label, pixels


def like_mnist(pixels: bytes) -> bytes:
    """A drawing of 784 bytes as MNIST would hold it: scaled to 20 by 20 pixels, its centre of mass in the middle.

    The longer side of what is drawn becomes 20 pixels, the shorter one keeps its proportion. Source: LeCun and others,
    the description of MNIST. An empty sheet stays empty.

    >>> sheet = np.zeros((28, 28), np.uint8)
    >>> sheet[:10, 0] = 255  # ten pixels down the left edge become twenty in the middle
    >>> rows, columns = np.nonzero(np.frombuffer(like_mnist(sheet.tobytes()), np.uint8).reshape(28, 28))
    >>> len(set(rows)), sorted(set(columns.tolist()))
    (20, [14, 15])
    """
    sheet = np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)
    rows, columns = np.flatnonzero(sheet.any(1)), np.flatnonzero(sheet.any(0))
    if not len(rows):
        return BLANK
    ink = sheet[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    longer = max(ink.shape)
    if longer != INNER:
        height, width = (max(1, round(INNER * n / longer)) for n in ink.shape)
        ink = np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.BILINEAR))
    return _centred(ink).tobytes()


def _centred(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The sheet with `ink`, at most 20 by 20, so placed that its centre of mass is in the middle or as near as fits."""
    mass = ink.sum(dtype=float) or 1.0
    corner = []
    for axis, size in enumerate(ink.shape):
        centre = (ink.sum(1 - axis) * np.arange(size)).sum() / mass
        corner.append(int(np.clip(round(SIDE / 2 - centre), 0, SIDE - size)))
    sheet = np.zeros((SIDE, SIDE), np.uint8)
    sheet[corner[0] : corner[0] + ink.shape[0], corner[1] : corner[1] + ink.shape[1]] = ink
    return sheet
