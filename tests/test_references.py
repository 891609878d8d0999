"""Whatever a lesson, the library or a page cites has its line in the course's one list, lessons/REFERENCES.md."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
LIST = ROOT / "lessons" / "REFERENCES.md"
GLOSSARY = ROOT / "lessons" / "GLOSSARY.md"
ENTRY = re.compile(r"^- (?P<authors>.+?) \((?P<year>\d{4})\)\. (?:\[.+\]\(https://\S+\)|\*.+\*)")
NAME = r"(?:da )?[A-ZÖ][\w'-]+"
NAMES = rf"{NAME}(?:(?:, and|,| and) {NAME})*"
MORE = r"(?: et al\.| and others| and colleagues)"
YEAR = r"((?:19|20)\d\d)\b"
CITED = (
    rf"({NAMES}){MORE}? \({YEAR}",  # Name and Name (2019)
    rf"\(({NAMES}){MORE}?,? {YEAR}",  # (Name et al., 2019)
    rf"({NAME}{MORE}|{NAME}(?:, {NAME})* and {NAME}),? {YEAR}",  # Name and others, 2019
)


def entries() -> list[re.Match[str]]:
    lines = [line for line in LIST.read_text(encoding="utf-8").splitlines() if line.startswith("- ")]
    found = [ENTRY.match(line) for line in lines]
    assert None not in found, f"not in the form of the list: {lines[found.index(None)]}"
    return [entry for entry in found if entry]


def citations(text: str) -> set[tuple[tuple[str, ...], str]]:
    """The authors and the year of every paper that the text cites."""
    flat = re.sub(r"[\s#*_\]]+", " ", text)
    found = [match for pattern in CITED for match in re.findall(pattern, flat)]
    return {(tuple(re.findall(NAME, re.sub(rf"{MORE}|'s\b", "", names))), year) for names, year in found}


def arxiv(text: str) -> set[str]:
    return set(re.findall(r"arxiv(?::|\.org/\w+/)\s*(\d{4}\.\d{4,5})", text, re.IGNORECASE))


def has_entry(names: tuple[str, ...], year: str) -> bool:
    """Whether the list has a paper of that year, or printed in it, with these authors."""
    return any(
        year in entry.string and all(re.search(rf"\b{re.escape(name)}\b", entry["authors"]) for name in names)
        for entry in entries()
    )


def texts() -> dict[str, str]:
    """By file: what the course says, in lessons (their outputs apart), the library and the pages."""
    found = {path: path.read_text(encoding="utf-8") for path in (ROOT / "lthedu").rglob("*.py")}
    pages = [*ROOT.glob("*.md"), ROOT / "datasets" / "README.md", *(ROOT / "lessons").glob("*.md")]
    found |= {path: path.read_text(encoding="utf-8") for path in pages if path != LIST}
    for path in (ROOT / "lessons").glob("*.ipynb"):
        found[path] = "\n\n".join(cell.source for cell in nbformat.read(path, 4).cells)
    return {path.relative_to(ROOT).as_posix(): text for path, text in found.items()}


def test_every_citation_has_a_line_in_the_list() -> None:
    lacks = {
        f"{' and '.join(names)} {year} in {name}"
        for name, text in texts().items()
        for names, year in citations(text)
        if not has_entry(names, year)
    }
    assert not lacks


def test_every_arxiv_number_has_a_line_in_the_list() -> None:
    known = arxiv(LIST.read_text(encoding="utf-8"))
    assert not {f"{i} in {name}" for name, text in texts().items() for i in arxiv(text) - known}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("as Han et al. (2015) do", ("Han",)),
        ("a rule (Zhu and Gupta, 2017) for", ("Zhu", "Gupta")),
        ("See Zhou, Lan, Liu and\n    Yosinski (2019).", ("Zhou", "Lan", "Liu", "Yosinski")),
        ("shown by da Cunha and others, 2022", ("da Cunha",)),
        ("[Renda, Frankle and Carbin](https://arxiv.org/abs/2003.02389), 2020", ()),
        ("a discussion of 7 March 2020", ()),
    ],
)
def test_a_citation_is_recognised(text: str, names: tuple[str, ...]) -> None:
    assert {found for found, _ in citations(text)} == ({names} if names else set())


def test_the_list_is_sorted_and_names_no_paper_twice() -> None:
    order = [(entry["authors"].partition(",")[0].removeprefix("da ").casefold(), entry["year"]) for entry in entries()]
    assert [author for author, _ in order] == sorted(author for author, _ in order)
    assert len({entry.string for entry in entries()}) == len(order)


def test_a_word_stands_once_in_the_glossary_in_its_place_and_in_a_form_that_a_link_can_name() -> None:
    """Its heading is in small letters: so GitHub and JupyterLab make the same anchor of it."""
    words = re.findall(r"^### (.+)$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    assert words == sorted(set(words))
    assert not [word for word in words if not re.fullmatch(r"[a-z0-9 -]+", word)]
