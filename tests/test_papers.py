"""The pages beside the lessons: their links lead somewhere, and what they say of the lessons and the runs is so."""

import re
from pathlib import Path

import nbformat
import pytest
from test_told import LESSONS, LINK, minutes

from lthedu.experiments import paper_results

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "lessons").glob("*.md"), ROOT / "datasets" / "README.md"]
PAGES += [ROOT / "lthedu" / "bench" / "SPEED.md"]


def anchors(page: Path) -> set[str]:
    """Those that GitHub makes of the page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        if "://" not in target:
            there = page.parent / name if name else page
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_the_readme_and_the_instructors_page_have_one_row_for_every_lesson(path: Path) -> None:
    title = nbformat.read(path, 4).cells[0].source.splitlines()[0].removeprefix("# ").partition(":")[0]
    shown = f"[{path.name[:2]} {title}]"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    row = rf"^\| {re.escape(shown)}\(lessons/{path.name}\) \| .+\? \| {minutes(path)} \|$"
    assert re.search(row, readme, re.MULTILINE), f"README.md has no row {shown} with {minutes(path)} minutes"
    assert readme.count(f"| {shown}(") == 1
    assert (ROOT / "lessons" / "INSTRUCTORS.md").read_text(encoding="utf-8").count(f"| {shown}({path.name}) |") == 1


def test_the_readme_s_numbers_are_those_of_the_stored_run() -> None:
    stored = paper_results.load("lenet")
    assert stored is not None
    table = stored.table
    few = table[table.density.between(0.04, 0.05)]
    means = {arm: 100 * group.test.mean() for arm, group in few.groupby("arm")}
    said = re.search(
        r"tickets with ([\d.]+) % of the weights read ([\d.]+) % of the digits\s+and the whole networks ([\d.]+) %; "
        r"the same few weights started from new random values read ([\d.]+) %",
        (ROOT / "README.md").read_text(encoding="utf-8"),
    )
    dense = 100 * table[table.arm == "dense"].test.mean()
    found = (100 * few.density.mean(), means["winning ticket"], dense, means["random reinitialisation"])
    assert said is not None
    assert said.groups() == tuple(f"{value:.1f}" for value in found)
