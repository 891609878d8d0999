"""Notebooks as front ends save them: the one reader of the course."""

import json
import warnings
from pathlib import Path

import nbformat
from nbformat import NotebookNode


def parsed(content: bytes) -> NotebookNode:
    """The notebook with this content, with or without a byte-order mark; raises of many kinds for what is none."""
    text = content.decode("utf-8-sig")
    _ = json.loads(text)["nbformat"]  # nbformat takes anything without it for a notebook of 2011
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about ids of cells
        notebook = nbformat.reads(text, as_version=4)
    _ = notebook.metadata, [(cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]
    return notebook


def read_notebook(path: Path) -> NotebookNode:
    """The notebook in `path`. Raises ValueError, naming `path`, for what is none."""
    content = path.read_bytes()
    try:
        return parsed(content)
    except Exception as error:  # of many kinds
        why = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise ValueError(f"{path} is no Jupyter notebook, or a damaged one ({why})") from error


def writable(notebook: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """The notebook as a file can hold it, and in which of its parts a � stands for half a character now.

    An emoji is two halves in the texts of a browser; a program that cuts such texts by length leaves one behind. Two
    halves that stand together again are the character.

    >>> from nbformat.v4 import new_markdown_cell, new_notebook
    >>> notebook, where = writable(new_notebook(cells=[new_markdown_cell("# A half: \\ud83d")]))
    >>> notebook.cells[0].source, where
    ('# A half: �', ['cell 1 from the top (# A half: �)'])
    """
    text = _text(notebook)
    if whole(text) == text:
        return notebook, []
    parts = {"its metadata": notebook.metadata}
    parts |= {f"cell {n} from the top ({_first_line(cell)})": cell for n, cell in enumerate(notebook.cells, 1)}
    where = [name for name, part in parts.items() if _text(part).count("�") < whole(_text(part)).count("�")]
    return nbformat.from_dict(json.loads(whole(text))), where


def _text(part: NotebookNode) -> str:
    return json.dumps(part, ensure_ascii=False)


def whole(text: str) -> str:
    """The text with a � in the place of each half of a character.

    >>> whole("\\ud83d\\ude00 and \\ud83d")
    '😀 and �'
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _first_line(cell: NotebookNode) -> str:
    return whole(cell.source.strip().partition("\n")[0])
