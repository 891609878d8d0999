"""A widget without its kernel: the parts that it showed, and a picture of them for the committed notebook."""

import base64
import html
import io
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import nbformat
from matplotlib.font_manager import findfont
from nbformat import NotebookNode
from PIL import Image, ImageDraw, ImageFont

VIEW = "application/vnd.jupyter.widget-view+json"
_STATE = "application/vnd.jupyter.widget-state+json"
NOTE = "A widget, as it stood when the lesson was run. Its controls work in JupyterLab."
_WIDTH, _SIZE, _GAP = 720, 14, 8  # pixels: of the picture at least, of a letter, around a part
_LETTERS = 80  # in a line of _WIDTH pixels

States = dict[str, Any]  # of the widgets of a notebook, by their ids


@dataclass(frozen=True)
class Part:
    """One thing that a widget shows.

    `kind` is "control" (its label and setting), "text" (HTML), "outputs" (a list of a notebook's outputs) or a
    picture's media type (base64).
    """

    kind: str
    content: Any


def states_of(notebook: NotebookNode) -> States:
    """The states that were saved with the notebook; nothing where none were."""
    return dict(notebook.metadata.get("widgets", {}).get(_STATE, {}).get("state", {}))


def parts(model: str, states: States) -> Iterator[Part]:
    """What the widget `model` showed, from top to bottom.

    >>> slider = {"model_name": "IntSliderModel", "state": {"description": "level", "value": 3}}
    >>> box = {"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_a"]}}
    >>> list(parts("b", {"a": slider, "b": box}))
    [Part(kind='control', content='level: 3')]
    """
    found = states.get(model.removeprefix("IPY_MODEL_"), {})
    state, kind = found.get("state", {}), found.get("model_name", "")
    if kind == "ImageModel":
        media = f"image/{state.get('format', 'png')}"
        yield from (Part(media, b["data"]) for b in found.get("buffers", ()) if b["path"] == ["value"])
    elif kind in ("HTMLModel", "HTMLMathModel"):
        yield Part("text", state.get("value", ""))
    elif kind == "OutputModel":
        yield Part("outputs", state.get("outputs", ()))
    elif "children" in state:
        for child in state["children"]:
            yield from parts(child, states)
    elif setting := _setting(state):
        yield Part("control", setting)


def _setting(state: dict[str, Any]) -> str:
    """A control's label and what it is set to; "" where it is set to nothing."""
    options, chosen = state.get("_options_labels"), state.get("index")
    value = options[chosen] if options and isinstance(chosen, int) else state.get("value")
    if value is None or value == "":
        return ""
    word = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    label = state.get("description")
    return f"{label}: {word}" if label else word


def photographed(output: NotebookNode, states: States) -> NotebookNode | None:
    """The output, a widget replaced by a picture of how it stood; None for one that shows nothing.

    Its words are the picture's alternative text.
    """
    if VIEW not in output.get("data", {}):
        return output
    shown = list(parts(output.data[VIEW]["model_id"], states))
    if not shown:
        return None
    words = " ".join(line for part in shown for line in _lines(part))
    data = {"image/png": base64.b64encode(_drawn(shown)).decode(), "text/plain": NOTE}
    return nbformat.from_dict({**output, "data": data, "metadata": {"image/png": {"alt": f"{NOTE} {words}".strip()}}})


def _drawn(shown: list[Part]) -> bytes:
    """The parts on one sheet: settings and texts in letters, pictures as they are."""
    rows = [_written([NOTE], "#666666")]
    for settings, group in groupby(shown, key=lambda part: part.kind == "control"):
        if settings:
            together = "     ".join(part.content.replace(" ", "\u00a0") for part in group)  # no break within one
            rows.append(_written(textwrap.wrap(together, _LETTERS, break_on_hyphens=False)))
        else:
            rows += [_picture(part) if part.kind.startswith("image/") else _written(_lines(part)) for part in group]
    width, height = max(row.width for row in rows), sum(row.height for row in rows)
    sheet, top = Image.new("RGB", (width, height), "white"), 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    written = io.BytesIO()
    sheet.save(written, "png")
    return written.getvalue()


def _picture(part: Part) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(part.content))).convert("RGB")


def _written(lines: list[str], colour: str = "black") -> Image.Image:
    font = ImageFont.truetype(findfont("DejaVu Sans"), _SIZE)  # matplotlib's own
    step = round(1.4 * _SIZE)
    row = Image.new("RGB", (_WIDTH, step * len(lines) + _GAP if lines else 0), "white")
    draw = ImageDraw.Draw(row)
    for number, line in enumerate(lines):
        draw.text((_GAP, number * step + _GAP / 2), line, colour, font)
    return row


def _lines(part: Part) -> list[str]:
    """A part's words in lines: HTML without its tags, a control's setting; none of a picture and of outputs."""
    if part.kind not in ("text", "control"):
        return []
    words = html.unescape(re.sub(r"<[^>]+>", "", part.content)).strip()
    return textwrap.wrap(words, _LETTERS)
