"""What a new lesson begins with: a notebook that runs, one exercise with its mistakes, and what is to be written.

The beginnings are the files of `template/`: ordinary Python, and the notebook's cells as text.
"""

import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import lthedu
from lthedu.base.files import write_whole

TO_WRITE = "*To be written:*"  # no committed lesson has it
TEMPLATE = Path(__file__).parent / "template"


def new_lesson(number: str, title: str, here: Path) -> list[Path]:
    """Write the beginnings of lesson `number` into the checkout that the folder `here` is in; the files written.

    They are the notebook, the lesson's folder with its exercises and mistakes, and its tests' folder with the answers
    that they try. The notebook runs, its one exercise is checked by the tests as every other, and what a lesson must
    have and this one has not yet, the tests name. Raises ValueError, before anything is written, for a number that is
    none from 0 to 99 or is taken, for a title that gives no file name or is taken, and outside a checkout.
    """
    if not re.fullmatch(r"\d{1,2}", number):
        raise ValueError(f"the number is {number!r}; allowed: 0 to 99")
    if not re.fullmatch(r"[^\W_][^\n\r\"\\`*_<>]{0,70}", title):
        raise ValueError(f'the title is {title!r}; allowed: one line of up to 71 characters without " \\ ` * _ < >')
    n, name = int(number), "_".join(re.findall("[a-z0-9]+", title.lower()))
    if not re.match("[a-z]", name):
        raise ValueError(f"the title is {title!r}; its first word needs a Latin letter, from which the folder is named")
    root = _checkout(here)
    notebook = root / "lessons" / f"{n:02}_{name}.ipynb"
    lesson, tests = root / "lthedu" / "lessons" / name, root / "tests" / "lessons" / name
    taken = [*notebook.parent.glob(f"{n:02}_*.ipynb"), *notebook.parent.glob(f"[0-9][0-9]_{name}.ipynb")]
    taken += [path for path in (lesson, tests) if path.exists()]
    if taken:
        raise ValueError(f"{taken[0].relative_to(root)} is there already; choose another number and title")
    texts = {
        notebook: nbformat.writes(_notebook(n, title)) + "\n",
        lesson / "__init__.py": f'"""The lesson "{title}"."""\n',
        lesson / "exercises.py": _template("exercises.py", title),
        lesson / "mistakes.py": _template("mistakes.py", title),
        tests / "answers.py": _template("answers.py", title),
    }
    written: list[Path] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(exist_ok=True)
            write_whole(path, text)
            written.append(path)
    except OSError:
        for path in written:
            path.unlink(missing_ok=True)
        for folder in (lesson, tests):
            if folder.exists():
                folder.rmdir()
        raise
    return written


def _template(name: str, title: str) -> str:
    return (TEMPLATE / name).read_text(encoding="utf-8").replace("TITLE", title)


def next_steps(written: list[Path]) -> str:
    """What an author does with the files that `new_lesson` wrote.

    >>> print(next_steps([Path("lessons/07_a.ipynb"), Path("lthedu/lessons/a/exercises.py")]))
    ... # doctest: +ELLIPSIS
    Wrote lessons/07_a.ipynb
          lthedu/lessons/a/exercises.py
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
            f"2. pytest tests/test_lessons.py tests/test_told.py -k {lesson.stem}",
            "   It names what a lesson must have and this one has not: parts, headings, links, what is to be written.",
            "3. jupyter lab lessons",
            "   Write the lesson. CONTRIBUTING.md says how a lesson, an exercise and a mistake are made.",
            "4. Give the lesson a row in README.md and in lessons/INSTRUCTORS.md, a question in lessons/QUESTIONS.md,",
            "   and a line in CHANGELOG.md.",
        ]
    )


def _checkout(here: Path) -> Path:
    """The checkout of the course that `here` is in. Raises ValueError where it is in none, or the wrong one."""
    for root in (here.resolve(), *here.resolve().parents):
        if all((root / part).exists() for part in ("pyproject.toml", "lessons", "lthedu/lessons", "tests")):
            break
    else:
        raise ValueError(f"{here} is not in a checkout of the course: a lesson is written where its tests are")
    package = Path(lthedu.__file__).parent
    if not package.samefile(root / "lthedu"):
        raise ValueError(f"this lthedu is the one in {package.parent}, and {here} is in {root}: install that one first")
    return root


def _notebook(n: int, title: str) -> nbformat.NotebookNode:
    cells = []
    # "%% kind" begins a cell: prose, instructor (prose for teachers), code, varying (code whose output is not compared)
    for kind, text in re.findall(
        r"^%% (\w+)\n(.*?)\n(?=%% |\Z)", _template("notebook.txt", title), re.MULTILINE | re.DOTALL
    ):
        tags = {"instructor": ["instructor"], "varying": ["nbval-ignore-output"]}.get(kind)
        make = new_markdown_cell if kind in ("prose", "instructor") else new_code_cell
        source = text.strip("\n").replace('"0.1"', f'"{n}.1"').replace("Exercise 0.1 ", f"Exercise {n}.1 ")
        cells.append(make(source.replace("progress(0)", f"progress({n})"), metadata={"tags": tags} if tags else {}))
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})
