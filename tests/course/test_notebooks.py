"""What a front end may save: read alike by all that read notebooks, and written as a file can hold it."""

import json
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lthedu.course.copies import copy_lessons, digest, reset
from lthedu.course.notebooks import parsed, read_notebook, writable

BOM = b"\xef\xbb\xbf"


def content(*texts: str, **metadata: object) -> bytes:
    cells = [new_markdown_cell(texts[0]), *map(new_code_cell, texts[1:])]
    return json.dumps(new_notebook(cells=cells, metadata=metadata)).encode()


def test_a_byte_order_mark_is_no_difference(tmp_path: Path) -> None:
    plain = content("# T", "1")
    assert parsed(BOM + plain) == parsed(plain)
    assert digest("a.ipynb", BOM + plain) == digest("a.ipynb", plain) is not None
    (tmp_path / "course").mkdir()
    (tmp_path / "course/01_a.ipynb").write_bytes(plain)
    copy_lessons(tmp_path / "home", tmp_path / "course")
    mine = tmp_path / "home/01_a.ipynb"
    mine.write_bytes(BOM + mine.read_bytes())
    assert reset("01_a.ipynb", tmp_path / "home", tmp_path / "course").untouched


HALVES = {
    "a half in prose": ({"texts": ("# A \ud83d\nand more", "1")}, "# A �\nand more", ["cell 1 from the top (# A �)"]),
    "a half in code": ({"texts": ("# T", "1  # \ude00")}, "# T", ["cell 2 from the top (1  # �)"]),
    "several": ({"texts": ("# \ud83d\ud83d", "1", "'\ude00'")}, "# ��", ["cell 1 from", "cell 3 from"]),
    "in the metadata": ({"texts": ("# T",), "title": "\ud83d"}, "# T", ["its metadata"]),
    "whole, with a � of its own": ({"texts": ("# 😀 �",)}, "# 😀 �", []),
}


@pytest.mark.parametrize(("given", "source", "where"), HALVES.values(), ids=HALVES)
def test_half_a_character_is_replaced_and_told(given: dict, source: str, where: list[str]) -> None:
    notebook, told = writable(parsed(content(*given.pop("texts"), **given)))
    assert notebook.cells[0].source == source
    assert [words[: len(start)] for words, start in zip(told, where, strict=True)] == where
    json.dumps(notebook, ensure_ascii=False).encode()
    assert notebook.cells[0].cell_type == "markdown"


def test_two_halves_on_two_lines_are_one_character_again(tmp_path: Path) -> None:
    document = json.loads(content("", "1"))
    document["cells"][0]["source"] = ["# \ud83d", "\ude00"]
    (tmp_path / "a.ipynb").write_text(json.dumps(document))
    notebook, told = writable(read_notebook(tmp_path / "a.ipynb"))
    assert (notebook.cells[0].source, told) == ("# 😀", [])
