"""How a lesson is told: what a learner finds in every lesson, at the same place and under the same name."""

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from test_references import LIST, citations, entries

from lthedu.course.catalogue import exercises
from lthedu.course.navigation import navigation
from lthedu.course.references import cited

FOLDER = Path(__file__).parents[1] / "lessons"
LESSONS = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
CODE = Path(__file__).parents[1] / "lthedu" / "lessons"

FIXED = ("Claim card", "Predict", "Verdict", "What you now know", "Honesty box", "References")
SAYS_NOTHING = re.compile(r"(Look|Build)( \d+)?(:.*)?|Explore|Explain|Results?|(Run )?[Tt]he experiment|The claim")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
AGAIN = "To go on another day, click where you stopped and choose *Run > Run All Above Selected Cell*."
WORDS = {"an": 1, "one": 1, "two": 2, "three": 3}


@dataclass(frozen=True)
class Lesson:
    """A lesson as a learner gets it."""

    path: Path

    @cached_property
    def cells(self) -> list[NotebookNode]:
        cells = nbformat.read(self.path, 4).cells
        return [cell for cell in cells if "instructor" not in cell.metadata.get("tags", ())]

    @cached_property
    def prose(self) -> list[str]:
        return [cell.source for cell in self.cells if cell.cell_type == "markdown"]

    @cached_property
    def code(self) -> list[str]:
        return [cell.source for cell in self.cells if cell.cell_type == "code"]

    @cached_property
    def headings(self) -> list[tuple[int, str]]:
        """The level and text of each heading, from the top."""
        found = re.findall(r"^(#{1,4}) (.+)$", "\n\n".join(self.prose), re.MULTILINE)
        return [(len(marks), text.strip()) for marks, text in found]

    def under(self, heading: str) -> str:
        """The text below the heading that begins so, up to the next one; empty where it is missing."""
        parts = re.split(r"^#{1,4} (.+)$", "\n\n".join(self.prose), flags=re.MULTILINE)
        return next((text for head, text in zip(parts[1::2], parts[2::2], strict=True) if head.startswith(heading)), "")

    @cached_property
    def schematics(self) -> set[str]:
        """The names of the schematics that the lesson shows, of those that its folder has."""
        name = self.path.stem[3:]
        files = [path for path in (CODE / name).glob("*.py") if path.stem in ("figures", "schematics")]
        modules = [importlib.import_module(f"lthedu.lessons.{name}.{path.stem}") for path in files]
        drawn = {draw for module in modules for draw, f in vars(module).items() if hasattr(f, "schematic")}
        nodes = [node for source in self.code for node in ast.walk(ast.parse(source))]
        return drawn & {node.attr for node in nodes if isinstance(node, ast.Attribute)}

    def calls(self, name: str) -> Iterator[ast.Call]:
        for source in self.code:
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                    yield node


def minutes(path: Path) -> int:
    """The time that the lesson's first cell states, as "about 90 minutes" or "about two hours"; 0 where it does not."""
    said = re.search(r"\*\*Time:\*\* about (?:(\d+) minutes|(\w+) hours?)", Lesson(path).prose[0])
    return 0 if said is None else int(said[1]) if said[1] else 60 * WORDS[said[2]]


def the_navigation(lesson: Lesson) -> Iterator[str]:
    line = navigation(lesson.path)
    if line not in lesson.cells[0].source.split("\n\n")[1:2] or lesson.cells[-1].source.split("\n\n")[-1] != line:
        yield "no navigation under the title and at the end: run `lthedu canonical`"


def the_links(lesson: Lesson) -> Iterator[str]:
    for text in lesson.prose:
        for target in LINK.findall(text):
            there = lesson.path.parent / target.partition("#")[0]
            if "://" not in target and target[0] != "#" and not there.is_file():
                yield f"a link to {target}, which is not there"
        bare = LINK.sub("", text)
        yield from (f"{said!r} without a link" for said in re.findall(r"\b[Ll]essons? \d\d\b", bare))
        if not re.search(r"^## References", text, re.MULTILINE):
            yield from (f"{' and '.join(names)} {year} without a link" for names, year in citations(bare))


def the_references(lesson: Lesson) -> Iterator[str]:
    if not lesson.headings[-1][1].startswith("References"):
        yield "a last heading that is not 'References'"
    listed = [line for line in lesson.under("References").splitlines() if line.startswith("- ")]
    text = "\n\n".join(lesson.prose).replace(lesson.under("References"), "")
    expected = cited(text, LIST.read_text(encoding="utf-8"))
    for entry in entries():
        if (entry.string in expected) != (entry.string in listed):
            yield f"{'no' if entry.string in expected else 'an idle'} line in its references: {entry.string}"


def the_summary(lesson: Lesson) -> Iterator[str]:
    text = LINK.sub("", lesson.under("What you now know"))
    said = re.findall(r"^- ", text, re.MULTILINE) or re.findall(r"[.!?](?=\s|$|\*)", text)
    if not 4 <= len(said) <= 6:
        yield f"{len(said)} points under 'What you now know', not four to six"


def the_headings(lesson: Lesson) -> Iterator[str]:
    texts = [text for _, text in lesson.headings]
    yield from (f"no heading {fixed!r}" for fixed in FIXED if not any(text.startswith(fixed) for text in texts))
    yield from (f"a heading that does not say what is found: {t!r}" for t in texts if SAYS_NOTHING.fullmatch(t))
    if sum("your own" in text for text in texts) != 1:
        yield "not one open task, with 'your own' in its heading"


def the_formulas(lesson: Lesson) -> Iterator[str]:
    for text in lesson.prose:
        plain = re.sub(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)", " ", text, flags=re.DOTALL)
        found = re.findall(r"\w*\^\S+|√\S+|\S*\|\|\S*|\S* [<>]= \S*|\\[a-z]+\b|\$", plain)
        yield from (f"{formula!r} outside of LaTeX" for formula in found)


def the_minutes(lesson: Lesson) -> Iterator[str]:
    optional, core = {}, 0
    for level, text in lesson.headings:
        optional = {above: said for above, said in optional.items() if above < level}
        optional[level] = "optional" in text.lower()
        number = re.match(r"Exercise ([\d.]+) ·", text)
        core += sum(e.minutes for e in exercises() if number and e.number == number[1] and not any(optional.values()))
    stated = minutes(lesson.path)
    if not stated:
        yield "no '**Time:** about N minutes' in its first cell"
    elif 2 * core > stated:
        yield f"{core} minutes of core exercises, more than half of the {stated} that it states"


def the_other_day(lesson: Lesson) -> Iterator[str]:
    if sum(AGAIN in " ".join(text.split()) for text in lesson.prose) != 1:
        yield f"not once {AGAIN!r}"


def the_claims(lesson: Lesson) -> Iterator[str]:
    claims = len(list(lesson.calls("claim")))
    if claims > 6:
        yield f"{claims} claims, not at most six"


def the_captions(lesson: Lesson) -> Iterator[str]:
    if list(lesson.calls("caption")):
        yield "`caption(...)` in place of `figure(...)`"
    for call in lesson.calls("figure"):
        said = call.args[1].value if len(call.args) > 1 and isinstance(call.args[1], ast.Constant) else ""
        if len(said.split()) > 25:
            yield f"a caption of more than 25 words: {said!r}"


def the_schematics(lesson: Lesson) -> Iterator[str]:
    if len(lesson.schematics) < 2:
        yield f"fewer than two schematics (functions marked @schematic): {lesson.schematics or 'none'}"


def the_beginning(lesson: Lesson) -> Iterator[str]:
    lines = [line for line in lesson.code[0].splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) > 3:
        yield f"{len(lines)} lines of set-up in its first code cell, not at most three"


RULES: tuple[Callable[[Lesson], Iterator[str]], ...] = (
    the_navigation,
    the_links,
    the_references,
    the_summary,
    the_headings,
    the_formulas,
    the_minutes,
    the_other_day,
    the_claims,
    the_captions,
    the_schematics,
    the_beginning,
)


def faults(path: Path) -> list[str]:
    return [fault for rule in RULES for fault in rule(Lesson(path))]


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_it_keeps_the_rules(path: Path) -> None:
    found = faults(path)
    assert not found, f"{path.name} has\n" + "\n".join(found)


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_it_tells_instructors_of_at_least_three_attacks_that_are_there(path: Path) -> None:
    told = [c.source for c in nbformat.read(path, 4).cells if "instructor" in c.metadata.get("tags", ())]
    (note,) = [text for text in told if "How we tried to break this" in text]
    attacks = ast.parse((Path(__file__).parent / "lessons" / path.stem[3:] / "attacks.py").read_text(encoding="utf-8"))
    there = {node.name for node in attacks.body if isinstance(node, ast.FunctionDef)}
    assert len(there & set(re.findall(r"`(\w+)", note))) >= 3, f"attacks.py has {', '.join(sorted(there))}"


GOOD = [
    "# Good\n\nNAVIGATION\n\n**Time:** about 20 minutes with the exercises.\n\n" + AGAIN,
    "```import torch",
    "## Claim card\n\n[Zhu and Gupta (2017)](https://arxiv.org/abs/1710.01878) say. See [Lesson 00](00_first.ipynb).",
    "## Predict\n\nHow many of $2^n$?\n\n### Exercise 2.2 · A random mask\n\n*10 minutes.*",
    "```claim('It holds', True)\nfigure(schematics.two_networks(), 'A caption')",
    "```drawn = schematics.stored_as_csr(left)",
    "## A figure of your own\n\n## Verdict\n\n## Honesty box\n\n- One network.",
    "## What you now know\n\n- One.\n- Two.\n- Three.\n- Four.\n\n## References\n\nENTRY\n\nNAVIGATION",
]


def written(folder: Path, sources: list[str]) -> Path:
    for name in ("00_first.ipynb", "01_pruning_basics.ipynb", "GLOSSARY.md"):
        (folder / name).touch()
    path = folder / "01_pruning_basics.ipynb"
    (entry,) = [entry.string for entry in entries() if "1710.01878" in entry.string]
    texts = [text.replace("NAVIGATION", navigation(path)).replace("ENTRY", entry) for text in sources]
    cells = [new_code_cell(t[3:]) if t.startswith("```") else new_markdown_cell(t) for t in texts]
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_a_lesson_that_keeps_every_rule_has_no_fault(tmp_path: Path) -> None:
    assert faults(written(tmp_path, GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("\n\nNAVIGATION\n\n**", "\n\n**", "no navigation"),
        ("ENTRY\n\nNAVIGATION", "ENTRY", "no navigation"),
        ("[Lesson 00](00_first.ipynb)", "lesson 00", "'lesson 00' without a link"),
        ("(00_first.ipynb)", "(00_last.ipynb)", "a link to 00_last.ipynb"),
        ("say.", "say, and Han and others (2015).", "Han 2015 without a link"),
        ("ENTRY\n\n", "", "no line in its references"),
        ("[Zhu and Gupta (2017)](https://arxiv.org/abs/1710.01878)", "They", "an idle line in its references"),
        ("ENTRY", "ENTRY\n\n## Where to go on", "a last heading that is not 'References'"),
        ("- Four.\n", "", "3 points"),
        ("## Verdict", "", "no heading 'Verdict'"),
        ("## Predict", "## Predict\n\n## Build 1: the loop", "a heading that does not say what is found"),
        ("your own", "mine", "not one open task"),
        ("$2^n$", "2^n", "'2^n?' outside of LaTeX"),
        ("about 20", "about 19", "10 minutes of core exercises"),
        ("**Time:**", "Time:", "no '**Time:**"),
        ("To go on another day, click", "Tomorrow, click", "not once 'To go on another day"),
        ("claim('It holds', True)", "\n".join(7 * ["claim('It holds', True)"]), "7 claims"),
        ("figure(schematics.two_networks(), 'A caption')", "schematics.two_networks(); caption('A')", "`caption(...)`"),
        ("stored_as_csr", "two_networks", "fewer than two schematics"),
        ("'A caption'", repr("word " * 26), "a caption of more than 25 words"),
        ("import torch", "\n".join(4 * ["import torch"]), "4 lines of set-up"),
    ],
)
def test_a_lesson_that_breaks_one_rule_is_told_so(tmp_path: Path, old: str, new: str, fault: str) -> None:
    changed = [text.replace(old, new) for text in GOOD]
    assert changed != GOOD
    found = faults(written(tmp_path, changed))
    assert len(found) == 1
    assert found[0].startswith(fault)


def test_optional_exercises_do_not_count(tmp_path: Path) -> None:
    for heading in ("· A random mask · optional", "· A random mask (optional)"):
        short = [text.replace("about 20", "about 19").replace("· A random mask", heading) for text in GOOD]
        assert faults(written(tmp_path, short)) == []
    part = [
        text.replace("about 20", "about 19").replace("## Predict", "## Predict\n\n## Optional: more") for text in GOOD
    ]
    assert faults(written(tmp_path, part)) == []
