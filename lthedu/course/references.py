"""A lesson's references: the lines of the course's one list that it cites, written by `lthedu canonical`."""

import re
from pathlib import Path

from nbformat import NotebookNode

PAGE = "REFERENCES.md"  # beside the lessons
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
_SECTION = re.compile(r"(?<=^## References\n).*?(?=\n\n\[|\Z)", re.MULTILINE | re.DOTALL)


def cited(prose: str, page: str) -> list[str]:
    r"""The lines of `page`, the list of references, that a text cites, in the list's order.

    A paper is cited by a link to its address. One without an address is cited by a link to the page itself whose text
    has its first author's name and its year.

    >>> page = "- Gupta, M. (2017). [To Prune](https://a.org). ICLR.\n- Student (1908). *The Error*. Biometrika."
    >>> cited("A rule [of 2017](https://a.org)", page)
    ['- Gupta, M. (2017). [To Prune](https://a.org). ICLR.']
    >>> cited("A test ([Student, 1908](REFERENCES.md))", page)
    ['- Student (1908). *The Error*. Biometrika.']
    """
    links = _LINK.findall(prose)
    found = []
    for line in page.splitlines():
        entry = re.match(r"- (?:da )?([\w'-]+).* \((\d{4})\)\. (?:\[.+?\]\((https://\S+)\))?", line)
        if entry is None:
            continue
        author, year, address = entry.groups()
        if any(target == address or (target == PAGE and author in text and year in text) for text, target in links):
            found.append(line)
    return found


def cite(notebook: NotebookNode, path: Path) -> None:
    """Write what the lesson at `path` cites under its heading "References"; other lines that stand there stay."""
    page = path.parent / PAGE
    cells = [c for c in notebook.cells if c.cell_type == "markdown" and "instructor" not in c.metadata.get("tags", ())]
    if not page.is_file():
        return
    text = page.read_text(encoding="utf-8")
    prose = "\n\n".join(_SECTION.sub("", cell.source) for cell in cells)
    known = {address for _, address in _LINK.findall(text)}
    for cell in cells:
        cell.source = _SECTION.sub(lambda m: _written(m[0], cited(prose, text), known), cell.source)


def _written(section: str, lines: list[str], known: set[str]) -> str:
    others = "\n".join(line for line in section.splitlines() if not _is_a_paper(line, known)).strip("\n")
    between = "\n" if others.startswith("- ") else "\n\n"
    return "\n" + between.join(part for part in ("\n".join(lines), others) if part)


def _is_a_paper(line: str, known: set[str]) -> bool:
    linked = known & {address for _, address in _LINK.findall(line)}
    return line.startswith("- ") and bool(linked or re.search(r" \(\d{4}\)\. ", line))
