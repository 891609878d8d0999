"""The pages beside the lessons: their links lead somewhere, and what they say of the lessons and the runs is so."""

import re
from pathlib import Path

import nbformat
import pytest
from test_told import LESSONS, LINK, Lesson, minutes

from lthedu.experiments import paper_results

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "lessons").glob("*.md"), ROOT / "datasets" / "README.md"]
PAGES += [ROOT / "lthedu" / "bench" / "SPEED.md"]


def anchors(page: Path) -> set[str]:
    """Those that GitHub makes of a page's headings, and JupyterLab of a lesson's."""
    if page.suffix == ".ipynb":
        return {text.replace(" ", "-") for _, text in Lesson(page).headings}
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


def test_the_instructors_plans_give_a_lesson_the_minutes_that_its_first_cell_says() -> None:
    page = (ROOT / "lessons" / "INSTRUCTORS.md").read_text(encoding="utf-8")
    planned = re.findall(r"\b(\d\d) \((\d+)(?: minutes)?\)", page)
    said = {path.name[:2]: str(minutes(path)) for path in LESSONS}
    assert {number for number, _ in planned} >= {f"{n:02}" for n in range(19)}  # the seminar has them all
    assert not [plan for plan in planned if plan not in said.items()]


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


QUESTIONS = ROOT / "lessons" / "QUESTIONS.md"
SECTIONS = re.split(r"^### ", QUESTIONS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
ANSWERS = [re.split(r"\n\n(?:## .+\n\n)?", section.strip() + "\n\n") for section in SECTIONS]
NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?!\w)(?: %| dB| points)?")


def told(path: Path) -> str:
    """All that a lesson says to a learner, but what differs between machines."""
    cells = Lesson(path).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    shown = [output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs]
    return re.sub(r"‹[^›]*›", "", "\n".join([*(cell.source for cell in cells), *shown]))


def test_every_lesson_answers_a_question() -> None:
    assert {target.partition("#")[0] for _, _, links, _ in ANSWERS for target in LINK.findall(links)} == {
        path.name for path in LESSONS
    }


@pytest.mark.parametrize("answered", ANSWERS, ids=lambda a: a[0][:30])
def test_an_answer_has_at_most_three_sentences_and_no_number_that_its_lessons_lack(answered: list[str]) -> None:
    _, answer, links, _ = answered  # a question, one paragraph, and a line of links
    assert len(re.findall(r"[.!?]\)?(?=\s|$)", answer)) <= 3
    targets = LINK.findall(links)
    assert targets
    assert all("#" in target for target in targets)
    lessons = "\n".join(told(QUESTIONS.parent / target.partition("#")[0]) for target in targets)
    numbers = re.sub(r"lesson \d\d", "", " ".join(LINK.sub("", answer).split()))
    assert set(NUMBER.findall(numbers)) <= set(NUMBER.findall(lessons))
