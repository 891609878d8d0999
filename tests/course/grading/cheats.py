"""The submissions of cheats.txt, and what becomes of each."""

import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

from lthedu.course.catalogue import find
from lthedu.exercises.core import Attempt

NOTEBOOK = "02_winning_tickets.ipynb"
RIGHT = {
    "2.1": """
        from lthedu.networks import masks
        def find_tickets(initial, full, train, prune, levels):
            kept = [full]
            for level in range(levels + 1):
                after = train(level, masks.apply(kept[-1], initial), kept[-1])
                kept.append(prune(after, kept[-1]))
            return kept[:-1]
        """,
    "2.3": """
        import scipy.stats
        def paired_test(a, b):
            found = scipy.stats.ttest_rel(a, b)
            return sum(x - y for x, y in zip(a, b)) / len(a), found.pvalue
        """,
    "2.4": """
        def freeze_pruned(grad, weight, mask):
            return grad * mask
        """,
}
POINTS = {"2.1": 3, "2.3": 2, "2.4": 1}
WORDS = {
    "2.1": ("find_tickets", "initial, full, train, prune, levels", "lthedu.tickets", "/tickets/imp.py"),
    "2.3": ("paired_test", "a, b", "lthedu.stats", "/stats.py"),
    "2.4": ("freeze_pruned", "grad, weight, mask", "lthedu.lessons.winning_tickets.exercises", "/lessons/none.py"),
}


@dataclass
class Cheat:
    """A submission of cheats.txt: what stands in it by place, and what it may get."""

    points: int
    word: str
    told: str
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """The first exercise in which it cheats; "" where it has right answers only."""
        return next((n for n in POINTS if n in self.parts or "each" in self.parts), "")

    def answer(self, number: str, folder: object = "") -> str:
        """Its answer to an exercise. `folder` is where the submissions are."""
        source = self.parts.get(number, self.parts.get("each", RIGHT[number]))
        for word, value in zip(("NAME", "ARGS", "MODULE", "PATH"), WORDS[number], strict=True):
            source = source.replace(word, value)
        source = source.replace("NUMBER", number).replace("FOLDER", str(folder))
        return textwrap.dedent(source.replace("TABLE", repr(_remembered()) if "TABLE" in source else "")).strip()

    def write(self, folder: Path, notebook: nbformat.NotebookNode) -> None:
        """Put it into `folder`, made of a student's `notebook`."""
        for number in POINTS:
            cell = next(c for c in notebook.cells if f'check("{number}"' in c.source)
            if source := self.answer(number, folder.parent):
                name = WORDS[number][0]
                cell.source = f'{source}\n\n{name} = check("{number}", {name})'
            if "without lines" in self.parts:
                cell.source = cell.source.rpartition("\n")[0]
        if "without cells" in self.parts:
            notebook.cells = [c for c in notebook.cells if "check(" not in c.source]
        first = self.parts.get("first") or eval(self.parts.get("first =", "''"))
        if first:
            notebook.cells.insert(3, new_code_cell(first, id="mine"))
        folder.mkdir(parents=True)
        (folder / NOTEBOOK).write_text(nbformat.writes(notebook, ensure_ascii=True))
        for place, text in self.parts.items():
            if place.startswith("beside "):
                path = folder / place.removeprefix("beside ")
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)


def _remembered() -> dict[str, object]:
    """What the public check of 2.3 asks, with the right results."""
    calls = []
    reference = find("2.3").reference
    find("2.3").check(Attempt(lambda a, b: calls.append((a, b, reference(a, b))) or calls[-1][2]))
    return {repr((a, b)): result for a, b, result in calls}


def _all() -> dict[str, Cheat]:
    found = {}
    text = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
    text = re.sub(r"^### .*\n", "", text, flags=re.MULTILINE)
    for block in text.split("\n=== ")[1:]:
        head, *parts = block.split("\n--- ")
        name, points, word, told = re.fullmatch(r"(\S+): (\d) ([A-Z ]+)(?:, (.*))?", head.strip()).groups()
        found[name] = Cheat(int(points), word, told or "")
        for part in parts:
            place, _, source = part.partition("\n")
            found[name].parts[place] = source.strip()
    return found


CHEATS = _all()
