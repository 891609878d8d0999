"""An executed lesson as one HTML page that reads the same with the network off.

Nothing in it is fetched: styles and figures are embedded, formulas are MathML, which browsers draw themselves, and
a widget is the picture that it showed, for its controls need a kernel.
"""

import copy
import html
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from lthedu.course.boxes import Box
from lthedu.course.widgets import VIEW, Part, States, parts, states_of

_PICTURES = ("image/png", "image/jpeg", "image/gif")
_NO_WORDS = "A picture without a description."
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
    states = states_of(shown)
    shown.metadata.pop("widgets", None)
    for output in _outputs(shown):
        if VIEW in output.get("data", {}):
            output.data = {"text/html": _still(output.data[VIEW]["model_id"], states)}
    resources = {"metadata": {"name": _title(shown), "path": str(folder)}}
    exporter = _Exporter(raw_template=_TEMPLATE, embed_images=True, preprocessors=[Described])
    text, _ = exporter.from_notebook_node(shown, resources)
    return str(text)


class Described(Preprocessor):  # type: ignore[misc]
    """Takes each picture's alternative text into whatever HTML nbconvert makes of a notebook.

    Its own templates leave the text out. `lthedu lab` names this class to JupyterLab, for File > Save and Export.
    """

    def preprocess(self, notebook: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """nbconvert calls it, with a copy of the notebook."""
        describe(notebook)
        for output in _outputs(notebook):
            if _kind(output.get("data", {})):
                output.data = {"text/html": _shown(output)}
        return notebook, resources


def describe(notebook: NotebookNode) -> None:
    """Give each picture without alternative text the caption before it, where tools look for it.

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


def _outputs(notebook: NotebookNode) -> Iterator[NotebookNode]:
    return chain.from_iterable(cell.outputs for cell in notebook.cells if cell.cell_type == "code")


def _describe(outputs: Iterable[dict[str, Any]]) -> None:
    waiting: list[str] = []
    alt = ""
    for output in outputs:
        data = output.get("data", {})
        if caption := _caption(data):
            waiting.append(caption)
        kind = _kind(data)
        if kind and not _marks(output).get("alt"):
            alt = waiting.pop(0) if waiting else alt
            if alt:
                output.setdefault("metadata", {})[kind] = {**_marks(output), "alt": alt}


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
    marks = _marks(output)
    alt = marks.get("alt") or (own if own[:1] != "<" else "") or _NO_WORDS
    return _picture(kind, str(data[kind]), str(alt), marks.get("width"))


def _marks(output: dict[str, Any]) -> dict[str, Any]:
    """What the metadata say of the picture of an output: its alternative text, and the size at which it is shown."""
    marks = output.get("metadata", {}).get(_kind(output.get("data", {})))
    return marks if isinstance(marks, dict) else {}  # a cell may display anything


def _picture(kind: str, base64: str, alt: str, width: Any = None) -> str:
    size = f' width="{width}"' if isinstance(width, int) else ""
    return f'<img src="data:{kind};base64,{"".join(base64.split())}" alt="{html.escape(alt)}"{size}>'


def _still(model: str, states: States) -> str:
    """The widget `model` as it stood when the run ended, and a word on where it moves."""
    note = Box(
        "note", "A widget, as it stood at the end of the run.", "Its controls work in JupyterLab, not on a page."
    )
    return f"<div>{''.join(_part(part) for part in parts(model, states))}</div>{note._repr_html_()}"


def _part(part: Part) -> str:
    """A widget's part: a picture, text, an output, or the setting of a control."""
    if part.kind == "control":
        return f'<span class="control">{html.escape(part.content)}</span>'
    if part.kind == "text":
        return f"<p>{part.content}</p>"
    if part.kind == "outputs":
        _describe(part.content)
        return "".join(_output(output) for output in part.content)
    return _picture(part.kind, part.content, "A picture; its words follow.")


def _output(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    if _kind(data):
        return _shown(output)
    if "text/html" in data:
        return str(data["text/html"])
    text = output.get("text") or data.get("text/plain") or "\n".join(output.get("traceback", ()))
    return f"<pre>{html.escape(strip_ansi(str(text)))}</pre>"
