"""Every lesson begins and ends with its links and lists what it cites, however often it is written."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lthedu.base.course_files import course_path
from lthedu.course import published
from lthedu.course.navigation import navigate, navigation
from lthedu.course.references import cite

PAPERS = (("Abe", 2019), ("Bly", 2020), ("Cox", 2021))
TEXT = "# A title\n\nAfter this lesson you will be able to read [a page](https://example.org)."


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    for name in ("00_start.ipynb", "04_middle.ipynb", "11_end.ipynb", "GLOSSARY.md"):
        (tmp_path / name).touch()
    return tmp_path


def test_it_links_the_lessons_that_there_are_and_the_pages_beside_them(lessons: Path) -> None:
    middle = navigation(lessons / "04_middle.ipynb")
    links = [
        "[← Lesson 00](00_start.ipynb)",
        "[Contents](00_start.ipynb)",
        "[Glossary](GLOSSARY.md)",
        "[Lesson 11 →](11_end.ipynb)",
    ]
    assert middle == " · ".join(links)
    assert navigation(lessons / "11_end.ipynb").endswith("[Glossary](GLOSSARY.md)")
    assert navigation(lessons / "00_start.ipynb") == "[Glossary](GLOSSARY.md) · [Lesson 04 →](04_middle.ipynb)"


@pytest.mark.parametrize("title", [TEXT, TEXT.replace("\n\n", "\n"), "# A title"])
@pytest.mark.parametrize("last", ["## References\n\n- One", None])
def test_it_stands_under_the_title_and_at_the_end_and_is_replaced(lessons: Path, title: str, last: str | None) -> None:
    path = lessons / "04_middle.ipynb"
    cells = [new_markdown_cell(title), new_code_cell("1"), *([new_markdown_cell(last)] if last else [])]
    notebook = new_notebook(cells=cells)
    navigate(notebook, path)
    once = [cell.source for cell in notebook.cells]
    line = navigation(path)
    assert once[0].split("\n\n")[:2] == ["# A title", line]
    assert once[0].replace(f"\n\n{line}", "").split() == title.split()
    assert once[-1] == (f"{last}\n\n{line}" if last else line)
    (lessons / "11_end.ipynb").rename(lessons / "12_end.ipynb")
    navigate(notebook, path)
    assert [cell.source.replace("12_", "11_").replace("Lesson 12", "Lesson 11") for cell in notebook.cells] == once
    assert "Lesson 12" in notebook.cells[0].source


def test_where_the_course_is_published_a_lesson_can_be_opened_elsewhere(lessons: Path, monkeypatch) -> None:
    path = lessons / "04_middle.ipynb"
    notebook = new_notebook(cells=[new_markdown_cell(TEXT), new_markdown_cell("The end.")])
    navigate(notebook, path)
    before = [cell.source for cell in notebook.cells]
    assert "Colab" not in before[0]
    monkeypatch.setattr(published, "PUBLISHED", "ada/lottery/blob/v1")
    for _ in range(2):
        navigate(notebook, path)
    title, links, line, *rest = notebook.cells[0].source.split("\n\n")
    assert [title, links, *rest] == before[0].split("\n\n")
    assert notebook.cells[1].source == before[1]
    addresses = re.findall(r"\]\((\S+)\)", line)
    assert addresses == [
        "https://colab.research.google.com/github/ada/lottery/blob/v1/lessons/04_middle.ipynb",
        "https://www.kaggle.com/kernels/welcome?src=https://github.com/ada/lottery/blob/v1/lessons/04_middle.ipynb",
    ]
    assert "`%pip install git+https://github.com/ada/lottery@v1`" in line
    monkeypatch.setattr(published, "PUBLISHED", "")
    navigate(notebook, path)
    assert [cell.source for cell in notebook.cells] == before


@pytest.mark.parametrize("path", sorted(course_path("lessons").glob("[0-9][0-9]_*.ipynb")), ids=lambda p: p.stem)
def test_the_lessons_have_the_line_that_belongs_to_where_the_course_is(path: Path) -> None:
    paragraphs = nbformat.read(path, 4).cells[0].source.split("\n\n")
    line = published.elsewhere(path)
    assert [part for part in paragraphs if part.startswith(published.BEGINS)] == ([line] if line else [])


def test_what_only_teachers_see_is_not_the_end(lessons: Path) -> None:
    note = new_markdown_cell("A note.", metadata={"tags": ["instructor"]})
    notebook = new_notebook(cells=[new_markdown_cell(TEXT), note])
    navigate(notebook, lessons / "00_start.ipynb")
    assert [cell.source for cell in notebook.cells[1:]] == ["A note.", navigation(lessons / "00_start.ipynb")]


def test_the_references_are_the_list_s_lines_of_what_is_cited(lessons: Path) -> None:
    one, two, three = (f"- {name}, A. ({year}). [On masks](https://{name}.org). ICLR." for name, year in PAPERS)
    (lessons / "REFERENCES.md").write_text(f"# References\n\n{one}\n{two}\n{three}\n")
    text = "See [Abe (2019)](https://Abe.org) and ([Cox, 2021](https://Cox.org))."
    before = f"## References\n\n{two}\n- [Cox 2021](https://Cox.org), mine\n- [An issue](https://github.com/a/b)"
    notebook = new_notebook(cells=[new_markdown_cell(TEXT), new_markdown_cell(text), new_markdown_cell(before)])
    for _ in range(2):
        navigate(notebook, lessons / "04_middle.ipynb")
        cite(notebook, lessons / "04_middle.ipynb")
        *_, last = (cell.source for cell in notebook.cells)
        lines = [one, three, "- [An issue](https://github.com/a/b)", "", navigation(lessons / "04_middle.ipynb")]
        assert last.split("\n") == ["## References", "", *lines]
    assert notebook.cells[1].source == text
