"""An executed lesson as one HTML page that reads the same with the network off.

Nothing in it is fetched: styles and figures are embedded, formulas are MathML, which browsers draw themselves, and
a widget is the picture that it showed, for its controls need a kernel.
"""

import copy
import html
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from lthedu.course.boxes import Box

_VIEW = "application/vnd.jupyter.widget-view+json"
_PICTURES = ("image/png", "image/jpeg", "image/gif")
_NO_WORDS = "A picture without a description."
_STATE = "application/vnd.jupyter.widget-state+json"
MARK = "<!-- written by lthedu run -->"
# JupyterLab's page without what it would fetch: require.js, MathJax, Mermaid and the widgets' renderer
_TEMPLATE = f"""\
{{%- extends 'lab/index.html.j2' -%}}
{{%- block html_head_js -%}}{MARK}{{%- endblock -%}}
{{%- block jupyter_widgets -%}}{{%- endblock -%}}
{{%- block html_head_js_mathjax -%}}{{%- endblock -%}}
{{%- block html_head_js_mermaidjs -%}}{{%- endblock -%}}
{{%- block html_head_css -%}}
<style>
main {{ max-width: 74em; margin: 0 auto; padding: 1em }}
.jp-RenderedMarkdown {{ max-width: 60em }}
.jp-InputArea-editor {{ overflow-x: auto }}
.jp-OutputArea-output img {{ max-width: 100% }}
.control {{ display: inline-block; margin: 0 2em 0.4em 0 }}
math[display="block"] {{ margin: 0.6em 0 }}
</style>
{{%- endblock -%}}
"""


def page(notebook: NotebookNode, folder: Path) -> str:
    """The executed `notebook` as HTML; `folder` is where pictures that its text names are looked up.

    >>> from nbformat.v4 import new_markdown_cell, new_notebook
    >>> text = page(new_notebook(cells=[new_markdown_cell("# Lottery\\n\\nLet $x^2$ be.")]), Path("."))
    >>> "<title>Lottery</title>" in text, "<msup><mi>x</mi><mn>2</mn></msup>" in text
    (True, True)
    """
    shown = copy.deepcopy(notebook)
    describe(shown)
    states = shown.metadata.pop("widgets", {}).get(_STATE, {}).get("state", {})
    for cell in shown.cells:
        if cell.cell_type == "code":
            for output in cell.outputs:
                data = output.get("data", {})
                if _VIEW in data:
                    output.data = {"text/html": _still(data[_VIEW]["model_id"], states)}
                elif _kind(data):
                    output.data = {"text/html": _shown(output)}
    resources = {"metadata": {"name": _title(shown), "path": str(folder)}}
    text, _ = _Exporter(raw_template=_TEMPLATE, embed_images=True).from_notebook_node(shown, resources)
    return str(text)


def describe(notebook: NotebookNode) -> None:
    """Give each picture among the outputs the caption before it as alternative text, where tools look for it.

    Of several captions in a row the first is the first picture's: a cell shows what it drew when it ends.

    >>> from nbformat.v4 import new_code_cell, new_notebook, new_output
    >>> texts = {"text/plain": "Figure: a falling curve"}, {"image/png": "iVBO"}
    >>> outputs = [new_output("display_data", data=data) for data in texts]
    >>> describe(new_notebook(cells=[new_code_cell(outputs=outputs)]))
    >>> outputs[1].metadata
    {'image/png': {'alt': 'a falling curve'}}
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            _describe(cell.outputs)


def _describe(outputs: Iterable[dict[str, Any]]) -> None:
    waiting: list[str] = []
    alt = ""
    for output in outputs:
        data = output.get("data", {})
        if caption := _caption(data):
            waiting.append(caption)
        if kind := _kind(data):
            alt = waiting.pop(0) if waiting else alt
            if alt:
                marks = output.setdefault("metadata", {})
                marks[kind] = {**_dict(marks.get(kind)), "alt": alt}


def _title(notebook: NotebookNode) -> str:
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.search(r"^# +(.+)$", prose, re.MULTILINE)
    return found[1].strip() if found else "lthedu"


class _Renderer(IPythonRenderer):  # type: ignore[misc]
    """Markdown to HTML, formulas to MathML."""

    def inline_math(self, body: str) -> str:
        return _formula(body, "inline")

    def block_math(self, body: str) -> str:
        return _formula(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return _formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")


class _Exporter(HTMLExporter):  # type: ignore[misc]
    def markdown2html(self, context: Any, source: str) -> str:
        path = context.get("resources", {}).get("metadata", {}).get("path", "")
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = _Renderer(escape=False, attachments=attachments, embed_images=True, path=path)
        return str(MarkdownWithMath(renderer=renderer).render(source))

    markdown2html.__dict__.update(HTMLExporter.markdown2html.__dict__)  # jinja's mark: it wants the context


def _formula(source: str, display: str) -> str:
    try:
        return str(convert(source.strip(), display=display))
    except Exception:  # whatever it cannot read is shown as it was written
        return f"<code>{html.escape(source)}</code>"


def _caption(data: dict[str, Any]) -> str:
    """What `lthedu.course.lesson.caption` says about the figure that follows."""
    text = str(data.get("text/plain", ""))
    return text.removeprefix("Figure:").strip() if text.startswith("Figure:") else ""


def _kind(data: dict[str, Any]) -> str:
    """Which kind of picture an output is; "" for none."""
    return next((kind for kind in _PICTURES if kind in data), "")


def _shown(output: dict[str, Any]) -> str:
    """The picture of an output, with its alternative text: what `describe` noted, or what it says of itself."""
    data, kind = output["data"], _kind(output["data"])
    own = str(data.get("text/plain", ""))
    noted = _dict(output.get("metadata", {}).get(kind)).get("alt")
    return _picture(kind, str(data[kind]), str(noted or (own if own[:1] != "<" else "") or _NO_WORDS))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}  # a cell may display anything


def _picture(kind: str, base64: str, alt: str) -> str:
    return f'<img src="data:{kind};base64,{"".join(base64.split())}" alt="{html.escape(alt)}">'


def _still(model: str, states: dict[str, Any]) -> str:
    """The widget `model` as it stood when the run ended, and a word on where it moves."""
    note = Box(
        "note", "A widget, as it stood at the end of the run.", "Its controls work in JupyterLab, not on a page."
    )
    return f"{_widget(model, states)}{note._repr_html_()}"


def _widget(model: str, states: dict[str, Any]) -> str:
    """A widget's parts, one under the other: pictures, text, outputs, and the setting of each control."""
    found = states.get(model.removeprefix("IPY_MODEL_"), {})
    state, kind = found.get("state", {}), found.get("model_name", "")
    if kind == "ImageModel":
        pictures = [b["data"] for b in found.get("buffers", ()) if b["path"] == ["value"]]
        kind = f"image/{state.get('format', 'png')}"
        return "".join(_picture(kind, data, "A picture; its words follow.") for data in pictures)
    if kind in ("HTMLModel", "HTMLMathModel"):
        return f"<p>{state.get('value', '')}</p>"
    if kind == "OutputModel":
        _describe(state.get("outputs", ()))
        return "".join(_output(output) for output in state.get("outputs", ()))
    if "children" in state:
        return f"<div>{''.join(_widget(child, states) for child in state['children'])}</div>"
    options, chosen = state.get("_options_labels"), state.get("index")
    value = options[chosen] if options and isinstance(chosen, int) else state.get("value")
    if value is None or value == "":
        return ""
    word = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    label = state.get("description")
    return f'<span class="control">{html.escape(f"{label}: {word}" if label else word)}</span>'


def _output(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    if _kind(data):
        return _shown(output)
    if "text/html" in data:
        return str(data["text/html"])
    text = output.get("text") or data.get("text/plain") or "\n".join(output.get("traceback", ()))
    return f"<pre>{html.escape(strip_ansi(str(text)))}</pre>"
