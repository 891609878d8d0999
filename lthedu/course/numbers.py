"""The numbers inside a notebook, written by the course: a lesson is moved by renaming its file.

Outside the notebooks a lesson's number stands in its file's name alone, and an exercise's second number is its place
among its lesson's exercises. What a notebook says of itself follows from the two.
"""

import re
from pathlib import Path

from nbformat import NotebookNode

from lthedu.course.catalogue import exercises
from lthedu.exercises.core import Exercise

_CHECK = re.compile(r'^(\w+) = check\("([\d.]+)", \w+\)$', re.MULTILINE)
_NUMBERED = re.compile(r'((?:hint|solution)\(")([\d.]+)(?="\))|(\bexercises? )(\d+\.\d+)\b', re.IGNORECASE)
_HEADING = re.compile(r"^(### Exercise )[\d.]+( · (.+?))(?=[ ·(]+optional\)?$|$)", re.MULTILINE)
_LINK = re.compile(r"\[((?:[^\]\d]*[^\]\d.])?)(\d\d)?([^\]]*)\]\((\d\d)_(\w+)\.ipynb((?:#[^)]*)?)\)")


def renumber(notebook: NotebookNode, path: Path) -> list[str]:
    """Write the right numbers into the cells of the lesson at `path`, and say what was wrong.

    They are those in headings of exercises, in `check`, `hint`, `solution` and `progress`, in sentences that name an
    exercise of this lesson, and in links to other lessons (whose text may begin with the number, as "Lesson 03").
    """
    mine = {e.name: e for e in exercises()}
    here = [e for e in mine.values() if e.lesson == path.stem[3:]]
    code = [c.source for c in notebook.cells if c.cell_type == "code"]
    now = {number: mine[name].number for c in code for name, number in _CHECK.findall(c) if name in mine}
    files = {p.name[3:-6]: p.name[:2] for p in path.parent.glob("[0-9][0-9]_*.ipynb")}
    wrong = []
    for i, cell in enumerate(notebook.cells):
        text = _CHECK.sub(lambda m: _checked(m, mine), cell.source)
        text = _NUMBERED.sub(lambda m: (m[1] or m[3]) + now.get(m[2] or m[4], m[2] or m[4]), text)
        if lesson := re.match(r"\d\d(?=_)", path.name):
            text = re.sub(r"\bprogress\(\d+\)", f"progress({int(lesson[0])})", text)
        if cell.cell_type == "markdown":
            text = _HEADING.sub(lambda m: _headed(m, here), text)
            text = _LINK.sub(lambda m: _linked(m, files), text)
        for before, after in zip(cell.source.splitlines(), text.splitlines(), strict=True):
            if before != after:
                wrong.append(f"cell {i}: {before.strip()!r} should be {after.strip()!r}")
        cell.source = text
    return wrong


def _checked(match: re.Match[str], mine: dict[str, Exercise]) -> str:
    return match[0].replace(f'"{match[2]}"', f'"{mine[match[1]].number}"') if match[1] in mine else match[0]


def _headed(match: re.Match[str], here: list[Exercise]) -> str:
    numbers = [e.number for e in here if e.title == match[3]]
    return match[1] + numbers[0] + match[2] if numbers else match[0]


def _linked(match: re.Match[str], files: dict[str, str]) -> str:
    before, number, after, old, name, anchor = match.groups()
    new = files.get(name, old)
    return f"[{before}{new if number else ''}{after}]({new}_{name}.ipynb{anchor})"
