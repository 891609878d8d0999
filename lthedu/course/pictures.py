"""The pictures that a committed notebook holds: in few colours, and the stored one where a new one looks the same."""

import base64
import io
from collections import defaultdict

import numpy as np
from nbformat import NotebookNode
from numpy.typing import NDArray
from PIL import Image

COLOURS = 256
SAME = 1.0  # grey levels between two pictures, on average over pixels and colours, that nobody sees
SPOT = 8  # pixels: the side of a square that holds a part of one letter
SAME_SPOT = 45.0  # grey levels in a square: more than where a line moved by a pixel, less than where a letter changed

Stored = dict[str, list[bytes]]  # the pictures of the cells with this source, from first to last


def stored(notebook: NotebookNode) -> Stored:
    """The PNGs among the outputs of each cell, by the cell's source.

    >>> from nbformat.v4 import new_code_cell, new_notebook, new_output
    >>> picture = new_output("display_data", data={"image/png": base64.b64encode(b"PNG").decode()})
    >>> dict(stored(new_notebook(cells=[new_code_cell("draw()", outputs=[picture])])))
    {'draw()': [b'PNG']}
    """
    found: Stored = defaultdict(list)
    for source, output in _pictures(notebook):
        found[source].append(base64.b64decode(output.data["image/png"]))
    return found


def settle(notebook: NotebookNode, before: Stored) -> None:
    """Reduce each new PNG to a palette, or put back the one that was stored where nobody could tell the two apart."""
    old = {source: iter(pictures) for source, pictures in before.items()}
    for source, output in _pictures(notebook):
        new = reduced(base64.b64decode(output.data["image/png"]))
        kept = next(old.get(source, iter(())), None)
        output.data["image/png"] = base64.b64encode(kept if kept and alike(kept, new) else new).decode()


def reduced(png: bytes) -> bytes:
    """The picture, on white, as a PNG of at most 256 colours.

    >>> written = io.BytesIO()
    >>> Image.radial_gradient("L").convert("RGBA").save(written, "png")
    >>> Image.open(io.BytesIO(reduced(written.getvalue()))).mode
    'P'
    """
    drawn = Image.open(io.BytesIO(png)).convert("RGBA")
    drawn = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB")
    written = io.BytesIO()
    # the nearest colours, so that a thin line keeps its own; no dithering, which would hide what is even
    few = drawn.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(written, "png", optimize=True)
    return written.getvalue()


def alike(one: bytes, other: bytes) -> bool:
    """Whether both pictures have a palette, the same size, and pixels that differ by less than a grey level on average.

    In no small square may they differ by much: another letter is little on average.

    >>> def grey(level: int) -> bytes:
    ...     written = io.BytesIO()
    ...     Image.new("L", (8, 8), level).save(written, "png")
    ...     return reduced(written.getvalue())
    >>> alike(grey(100), grey(100)), alike(grey(100), grey(102))
    (True, False)
    """
    pictures = [Image.open(io.BytesIO(png)) for png in (one, other)]
    if any(picture.mode != "P" for picture in pictures) or pictures[0].size != pictures[1].size:
        return False
    a, b = (_levels(picture) for picture in pictures)
    apart = np.abs(a - b).mean(2)  # (height, width)
    return float(apart.mean()) < SAME and _worst_spot(apart) < SAME_SPOT


def _worst_spot(apart: NDArray[np.float64]) -> float:
    """The largest average over a square of the grid, whose last squares are filled up with zeros."""
    height, width = (-side % SPOT for side in apart.shape)
    filled = np.pad(apart, ((0, height), (0, width)))
    squares = filled.reshape(filled.shape[0] // SPOT, SPOT, filled.shape[1] // SPOT, SPOT)
    return float(squares.mean((1, 3)).max())


def _levels(picture: Image.Image) -> NDArray[np.int16]:
    return np.asarray(picture.convert("RGB"), np.int16)  # (height, width, 3)


def _pictures(notebook: NotebookNode) -> list[tuple[str, NotebookNode]]:
    """Each output with a PNG, after the source of its cell."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(c.source.rstrip("\n"), o) for c in code for o in c.outputs if "image/png" in o.get("data", {})]
