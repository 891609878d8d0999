"""The line of links with which every lesson begins and ends, written by `lthedu canonical`."""

import re
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from lthedu.course.copies import PAGES
from lthedu.course.published import BEGINS, elsewhere

_LINE = re.compile(r"\[[^\]]+\]\([\w./-]+\)(?: · \[[^\]]+\]\([\w./-]+\))*")


def navigation(path: Path) -> str:
    """The links from the lesson at `path` to the one before, the contents, the course's pages, and the one after.

    The contents are in the first lesson. A file that is not beside the lesson gets no link.

    >>> from lthedu.base.course_files import course_path
    >>> print(navigation(course_path("lessons") / "00_what_is_a_lottery_ticket.ipynb"))
    [Glossary](GLOSSARY.md) · [Questions](QUESTIONS.md) · ... · [Lesson 01 →](01_pruning_basics.ipynb)
    """
    lessons = sorted(p.name for p in path.parent.glob("[0-9][0-9]_*.ipynb"))
    at = lessons.index(path.name) if path.name in lessons else None
    links = []
    if at:
        links = [f"[← Lesson {lessons[at - 1][:2]}]({lessons[at - 1]})", f"[Contents]({lessons[0]})"]
    links += [f"[{page[:-3].capitalize()}]({page})" for page in PAGES if (path.parent / page).is_file()]
    if at is not None and at + 1 < len(lessons):
        links.append(f"[Lesson {lessons[at + 1][:2]} →]({lessons[at + 1]})")
    return " · ".join(links)


def navigate(notebook: NotebookNode, path: Path) -> None:
    """Put the lesson's navigation under its title and at its end, in place of the one that is there.

    Under the first stands where the lesson can be opened without an installation, if anywhere (see `published`).
    """
    line = navigation(path)
    if not line or not notebook.cells or not notebook.cells[0].source.startswith("# "):
        return
    title, *rest = _without_line(notebook.cells[0].source)
    notebook.cells[0].source = "\n\n".join(filter(None, [title, line, elsewhere(path), *rest]))
    last = notebook.cells[-1]
    if last is notebook.cells[0] or last.cell_type != "markdown" or "instructor" in last.metadata.get("tags", ()):
        last = new_markdown_cell()
        notebook.cells.append(last)
    last.source = "\n\n".join([*_without_line(last.source), line])


def _without_line(source: str) -> list[str]:
    """The paragraphs of a cell, a title's own line among them, without what `navigate` writes."""
    parted = re.sub(r"\A(# .+)\n(?!\n)", r"\1\n\n", source)
    every = (part for part in parted.split("\n\n") if part)
    return [part for part in every if not _LINE.fullmatch(part.strip()) and not part.startswith(BEGINS)]
