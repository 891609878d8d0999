"""What a new lesson begins with: a notebook that runs, one exercise with its answers, and what is to be written."""

import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import lthedu
from lthedu.base.files import write_whole

TO_WRITE = "*To be written:*"  # no committed lesson has it


def new_lesson(number: str, title: str, here: Path) -> list[Path]:
    """Write the beginnings of lesson `number` into the checkout that the folder `here` is in; the files written.

    They are the notebook, the module of its exercises and that of the answers the tests try. The notebook runs, its one
    exercise is checked by the tests as every other, and whatever a lesson must have and this one has not yet, the tests
    name. Raises ValueError, before anything is written, for a number that is no number from 0 to 99 or is taken, for a
    title that gives no file name or is taken, and outside a checkout.
    """
    if not re.fullmatch(r"\d{1,2}", number):
        raise ValueError(f"the number is {number!r}; allowed: 0 to 99")
    if not re.fullmatch(r"[^\W_][^\n\r\"\\`*_<>]{0,70}", title):
        raise ValueError(f'the title is {title!r}; allowed: one line of up to 71 characters without " \\ ` * _ < >')
    n, name = int(number), "_".join(re.findall("[a-z0-9]+", title.lower()))
    if not name:
        raise ValueError(f"the title is {title!r}; it needs a Latin letter or a digit, from which the file is named")
    root = _checkout(here)
    exercises = root / "lthedu" / "exercises"
    notebook = root / "lessons" / f"{n:02}_{name}.ipynb"
    module, answers = exercises / f"lesson{n:02}.py", exercises / f"lesson{n:02}_answers.py"
    taken = [*notebook.parent.glob(f"{n:02}_*.ipynb"), *notebook.parent.glob(f"[0-9][0-9]_{name}.ipynb")]
    taken += [path for path in (module, answers) if path.exists()]
    if taken:
        raise ValueError(f"{taken[0].relative_to(root)} is there already; choose another number and title")
    texts = {
        notebook: nbformat.writes(_notebook(n, title)) + "\n",
        module: _MODULE.replace("{NN}", f"{n:02}").replace("{N}", str(n)).replace("{TITLE}", title),
        answers: _ANSWERS.replace("{NN}", f"{n:02}").replace("{N}", str(n)),
    }
    written: list[Path] = []
    try:
        for path, text in texts.items():
            write_whole(path, text)
            written.append(path)
    except OSError:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return written


def next_steps(written: list[Path]) -> str:
    """What an author does with the files that `new_lesson` wrote.

    >>> print(next_steps([Path("lessons/07_a.ipynb"), Path("lesson07.py"), Path("lesson07_answers.py")]))
    ... # doctest: +ELLIPSIS
    Wrote lessons/07_a.ipynb
          lesson07.py
          lesson07_answers.py
    Next:
    1. lthedu canonical lessons/07_a.ipynb
    ...
    """
    lesson = written[0]
    return "\n".join(
        [
            "Wrote " + "\n      ".join(str(path) for path in written),
            "Next:",
            f"1. lthedu canonical {lesson}",
            "   It runs the lesson and stores its outputs; do so after every change.",
            f"2. pytest tests/test_lessons.py -k {lesson.stem}",
            "   It names what a lesson must have and this one has not: cells, words, exercises, what is to be written.",
            "3. jupyter lab lessons",
            "   Write the lesson. CONTRIBUTING.md says how a lesson, an exercise and a planted wrong answer are made.",
            "4. Give the lesson a row in README.md and a line in CHANGELOG.md.",
        ]
    )


def _checkout(here: Path) -> Path:
    """The checkout of the course that `here` is in. Raises ValueError where it is in none, or the wrong one."""
    for root in (here.resolve(), *here.resolve().parents):
        if all((root / part).exists() for part in ("pyproject.toml", "lessons", "lthedu/exercises/core.py", "tests")):
            break
    else:
        raise ValueError(f"{here} is not in a checkout of the course: a lesson is written where its tests are")
    package = Path(lthedu.__file__).parent
    if not package.samefile(root / "lthedu"):
        raise ValueError(f"this lthedu is the one in {package.parent}, and {here} is in {root}: install that one first")
    return root


def _notebook(n: int, title: str) -> nbformat.NotebookNode:
    cells = []
    for kind, text in re.findall(r"^%% (\w+)\n(.*?)\n(?=%% |\Z)", _LESSON, re.MULTILINE | re.DOTALL):
        text = text.replace("{N}", str(n)).replace("{TITLE}", title).replace("{TO_WRITE}", TO_WRITE).strip("\n")
        tags = {"instructor": ["instructor"], "varying": ["nbval-ignore-output"]}.get(kind)
        make = new_markdown_cell if kind in ("prose", "instructor") else new_code_cell
        cells.append(make(text, metadata={"tags": tags} if tags else {}))
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


# "%% kind" begins a cell: prose, instructor (prose for teachers), code, varying (code whose output is not compared)
_LESSON = '''%% prose
# {TITLE}

After this lesson you will be able to

- {TO_WRITE} three to five things, each with a verb.

**Time:** {TO_WRITE} minutes with the exercises, and the seconds that `lthedu canonical` took.

**Needs first:** {TO_WRITE} what a learner must know.
%% prose
## The claim

> **Claim card, in our words.** {TO_WRITE} the claim or question, its source and date.
>
> **Verdict:** computed at the end of this notebook, from your own run.
%% prose
## How this notebook works

It runs from top to bottom even if you answer nothing: wherever an exercise is open, the course's own function steps in,
and a box says so. Write your function, run its cell, and everything below runs on **your** code.

Stuck? Run `hint("{N}.1")` in a new cell, up to three times. `solution("{N}.1")` opens once you pass, or after three
tries.
%% code
import torch

from lthedu.course.lesson import check, claim, hint, progress, show, solution, verdict
%% prose
## Predict

{TO_WRITE} what to guess before the experiment runs.
%% code
my_guess = None
%% instructor
**Instructor note.** {TO_WRITE} how long it takes, the usual misconceptions, a question to ask.
%% prose
## Build
%% prose
### Exercise {N}.1 · The share that a mask keeps
*5 minutes, warm-up.* A mask says for every weight whether it is kept (`True`). Which share of them does it keep?
%% code
def kept_share(mask):
    """The share of a mask's entries that are True.

    tensor([[True, False], [False, False]]) gives 0.25.
    """
    ...

kept_share = check("{N}.1", kept_share)
%% prose
## Run the experiment

{TO_WRITE} the experiment, its controls, and five replicates or more of each.
%% code
masks = [torch.rand(100, generator=torch.Generator().manual_seed(seed)) < 0.5 for seed in range(5)]
shares = [kept_share(mask) for mask in masks]
show("masks", len(masks))
%% prose
## Look

{TO_WRITE} a figure with its caption, and an explorer.
%% code
between = all(0 < share < 1 for share in shares)
claim("No mask of 100 coin tosses kept all or nothing", between, f"{len(shares)} masks")
%% prose
## Explain

{TO_WRITE} questions to answer in one's own words, each with its answer to open.
%% prose
## Verdict
%% code
verdict("open", "Nothing was measured for the claim yet")
%% prose
> **Honesty box: what this shows, and what it does not.**
> - {TO_WRITE} everything that a careful reader would object.
%% prose
## Where you stand
%% varying
progress({N})
'''

_MODULE = '''"""Checks of lesson {NN}: {TITLE}."""

import math

import torch
from torch import Tensor

from lthedu.exercises.core import Attempt, Wrong, brief, exercise


def kept_share(mask: Tensor) -> float:
    """The share of a mask's entries that are True.

    `mask`: bool, of any shape, not empty.

    >>> kept_share(torch.tensor([[True, False], [False, False]]))
    0.25
    """
    return int(mask.sum()) / mask.numel()


@exercise(
    "{N}.1",
    "The share that a mask keeps",
    minutes=5,
    level=1,
    hints=(
        "How many entries are True, and how many are there?",
        "`mask.sum()` counts the True entries, whatever the shape. What counts all of them?",
        "return mask.sum().item() / mask.numel()",
    ),
    reference=kept_share,
)
def check_kept_share(attempt: Attempt) -> None:
    """The share of small masks; a wrong one is recognised by what it is."""
    for mask in (
        torch.tensor([[True, False, False], [False, False, False]]),
        torch.tensor([[True, True], [True, False]]),
        torch.ones(3, 1, dtype=torch.bool),
        torch.zeros(4, dtype=torch.bool),
    ):
        got = attempt(mask)
        try:
            share = float(got)
        except (TypeError, ValueError, RuntimeError):
            raise Wrong(f"it returned {brief(got)}; expected a number") from None
        expected = kept_share(mask)
        if not math.isclose(share, expected, abs_tol=1e-6):
            raise Wrong(_which(share, mask), f"{brief(mask)}: got {share:.4g}, expected {expected:.4g}")


def _which(share: float, mask: Tensor) -> str:
    """What a wrong share most likely is."""
    kept = int(mask.sum())
    known = [
        (kept, "this is the number of True entries; divide it by the number of all"),
        (1 - kept / mask.numel(), "this is the share that is pruned"),
        (100 * kept / mask.numel(), "this is in percent; return a share between 0 and 1"),
        (kept / len(mask), "this divides by the number of rows; a mask has rows and columns"),
    ]
    for value, words in known:
        if math.isclose(share, value, abs_tol=1e-6):
            return words
    return "this is not the share of entries that are True"
'''

_ANSWERS = '''"""Answers to lesson {NN} that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

from torch import Tensor

from lthedu.exercises.core import alternative, planted

# {N}.1 ---------------------------------------------------------------------------------------------------------


@alternative("{N}.1")
def by_the_mean(mask: Tensor) -> float:
    return mask.float().mean().item()


@alternative("{N}.1")
def by_counting(mask: Tensor) -> float:
    entries = mask.flatten().tolist()
    return entries.count(True) / len(entries)


@planted("{N}.1", "number of True entries")
def counts(mask: Tensor) -> int:
    return int(mask.sum())


@planted("{N}.1", "share that is pruned")
def the_other_share(mask: Tensor) -> float:
    return 1 - mask.float().mean().item()


@planted("{N}.1", "in percent")
def in_percent(mask: Tensor) -> float:
    return 100 * mask.float().mean().item()


@planted("{N}.1", "number of rows")
def divides_by_rows(mask: Tensor) -> float:
    return mask.sum().item() / len(mask)


@planted("{N}.1", "expected a number")
def returns_nothing(mask: Tensor) -> None:
    mask.float().mean()
'''
