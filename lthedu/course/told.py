"""What a notebook tells that was run: which exercises were right, what is missing of the lesson, what was replaced."""

import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from lthedu.base.course_files import course_path
from lthedu.base.fingerprint import digest_of
from lthedu.course.copies import learner_copy
from lthedu.course.notebooks import parsed
from lthedu.exercises.surroundings import REPLACED

REGISTERED, BY, RULED, AFTER = "Registered: ", "Registration: ", " by its own rule:", "After the attacks: "
UNANSWERED, NOT_RUN = "Not answered: ", "not run"
_CHECK = re.compile(r'^\s*(?:\w+ = )?check\("([\d.]+)"', re.MULTILINE)


def exercises(notebook: NotebookNode) -> tuple[int, int]:
    """How many exercises the run went on with the learner's function, and how many with the reference.

    Only what a cell with a line `check("N.M", …)` shows of that exercise counts: any cell can show such words.
    """
    outcomes: dict[str, bool] = {}
    for cell in notebook.cells:
        numbers = _CHECK.findall(cell.source)
        for output in cell.get("outputs", ()):
            said = re.match(r"Exercise ([\w.]+): ([A-Z]+)", _shown(output))
            if said and said[1] in numbers:
                outcomes[said[1]] = said[2] == "RIGHT"
    right = sum(outcomes.values())
    return right, len(outcomes) - right


def replaced(notebook: NotebookNode) -> tuple[str, ...]:
    """What the notebook's checks found replaced."""
    found: list[str] = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            head, _, rest = _shown(output).partition(REPLACED)
            if not head and rest:
                found += rest.partition(": it is")[0].split(",")
    return tuple(dict.fromkeys(name.strip() for name in found))


def registered(name: str, notebook: NotebookNode) -> dict[str, str]:
    """The claims that a notebook shows as registered, by digest, and what it shows of each: its run, the attacks.

    Of several verdicts on one claim the last counts, and the others are named. Claims of the course's own lesson with
    this file name are left out. Anybody can write an output, so this is what the notebook says and not what is known;
    whether a card has its digest is computed.
    """
    lesson = course_path("lessons") / name
    ours = lesson.read_text(encoding="utf-8") if lesson.is_file() else ""
    found: dict[str, _Claim] = {}
    for text in (_shown(output) for cell in notebook.cells for output in cell.get("outputs", ())):
        head, _, rest = text.partition("\n")
        if card := re.fullmatch(rf"{REGISTERED}([0-9a-f]{{32}})", head):
            if card[1] not in ours:
                fits = bool(rest.strip()) and digest_of(rest) == card[1]
                found.setdefault(card[1], _Claim(fits))
            continue
        of = re.search(rf"^{BY}([0-9a-f]{{32}})$", text, re.MULTILINE)
        if of and of[1] in found:
            ruled, after = re.match(rf"([A-Z]{{1,10}}){RULED}", head), re.fullmatch(rf"{AFTER}([A-Z]{{1,10}})", head)
            unanswered = re.search(rf"^{UNANSWERED}([a-z, ]{{1,100}})$", text, re.MULTILINE)
            if ruled:
                found[of[1]].verdicts.append(ruled[1])
            elif after:
                left = unanswered[1] if unanswered else "unknown"
                found[of[1]].attacks = f"; after the attacks {after[1]}, not answered: {left}"
    return {digest: claim.words for digest, claim in found.items()}


@dataclass
class _Claim:
    """What a notebook shows of one claim."""

    fits: bool  # its card has its digest
    verdicts: list[str] = field(default_factory=list)
    attacks: str = ""

    @property
    def words(self) -> str:
        run = f"{self.verdicts[-1]} by its rule" if self.verdicts else NOT_RUN
        others = ", ".join(dict.fromkeys(v for v in self.verdicts if v != self.verdicts[-1]))
        misfit = "" if self.fits else ", and the card shown with it does not have this digest"
        return f"{run}{f' (shown before: {others})' * bool(others)}{misfit}{self.attacks}"


def _shown(output: NotebookNode) -> str:
    return str(output.get("data", {}).get("text/plain", ""))


def against_the_course(name: str, notebook: NotebookNode) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Of the lesson with this file name: the exercises that no cell checks, and the cells that differ."""
    lesson = course_path("lessons") / name
    if not lesson.is_file():
        return (), ()
    given = parsed(learner_copy(lesson).encode())
    sources = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    there = set(_CHECK.findall(sources))
    wanted = [n for cell in given.cells if cell.cell_type == "code" for n in _CHECK.findall(cell.source)]
    here = {" ".join(cell.source.split()) for cell in notebook.cells}
    changed = [
        place
        for place, cell in enumerate(given.cells, 1)
        if " ".join(cell.source.split()) not in here and not _CHECK.search(cell.source)
    ]
    return tuple(n for n in wanted if n not in there), tuple(changed)
