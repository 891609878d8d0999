"""The learner's copies of the lessons: handed out, brought up to date while nothing was written in them, kept after.

What was handed out is remembered by digest, so that work can be told from a copy nobody wrote in. Nothing that a
learner wrote is ever replaced, and even a replaced copy without a word of theirs is kept aside.
"""

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import nbformat

from lthedu.base.course_files import course_path
from lthedu.base.files import write_whole
from lthedu.course.folder import MANIFEST, OWN_FOLDER, locked, unused
from lthedu.course.notebooks import parsed, read_notebook

FORMAT = 1
PAGES = ("GLOSSARY.md", "QUESTIONS.md", "REFERENCES.md")  # what the lessons link to, beside them
REPLACED = "replaced"  # in OWN_FOLDER: unanswered copies that gave way to a newer version


@dataclass(frozen=True)
class Copied:
    """What `copy_lessons` did: names of lessons, sorted, in the learner's folder."""

    folder: Path
    new: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    refreshed: tuple[str, ...] = ()  # nothing was written in them and the course has changed
    outdated: tuple[str, ...] = ()  # of those kept: the course has a newer version
    stuck: tuple[str, ...] = ()  # of those kept: they would have been refreshed, but the system did not allow it

    @property
    def first(self) -> str | None:
        """The lesson to open: the first there is.

        >>> Copied(Path("x"), new=("02_b.ipynb",), kept=("01_a.ipynb",)).first
        '01_a.ipynb'
        """
        return min(self.new + self.kept + self.refreshed, default=None)

    def __str__(self) -> str:
        """What was done, for the learner: one line, and another for each lesson that the course has changed.

        >>> print(Copied(Path("work"), new=("02_b.ipynb",), kept=("01_a.ipynb",), outdated=("01_a.ipynb",)))
        Your lessons are in work: 1 copied, 1 kept as you left it.
        01_a.ipynb: the course has a newer version. Yours stays as you left it; `lthedu reset 01_a --folder work`
        puts the new one beside it.
        """
        parts = []
        if self.new:
            parts.append(f"{len(self.new)} copied")
        if self.refreshed:
            parts.append(f"{len(self.refreshed)} brought up to date")
        if self.kept:
            parts.append(f"{len(self.kept)} kept as you left {'it' if len(self.kept) == 1 else 'them'}")
        lines = [f"Your lessons are in {self.folder}: {', '.join(parts) or 'none to copy yet'}."]
        aside = Path(OWN_FOLDER) / REPLACED
        lines += [
            f"{name}: now in the course's newer version; you had written nothing in it. The old one is in {aside}."
            for name in self.refreshed
        ]
        lines += [
            f"{name}: the course has a newer version. Yours stays as you left it; `{self._reset(name)}` "
            "puts the new one beside it."
            for name in self.outdated
        ]
        lines += [
            f"{name}: the course has a newer version, but the file is read-only or open in another program. "
            f"`{self._reset(name)}` puts the new one beside it."
            for name in self.stuck
        ]
        return "\n".join(lines)

    def _reset(self, name: str) -> str:
        folder = str(self.folder)
        return f"lthedu reset {Path(name).stem} --folder " + (f'"{folder}"' if " " in folder else folder)


@dataclass(frozen=True)
class Fresh:
    """What `reset` did: the fresh copy, and the name under which the old one is kept."""

    lesson: Path
    kept: Path | None
    untouched: bool = False  # the copy was as it was handed out, so nothing was done

    def __str__(self) -> str:
        """What was done, for the learner.

        >>> print(Fresh(Path("work/02_b.ipynb"), Path("work/02_b-mine-2026-11-24.ipynb")))
        Fresh copy:      work/02_b.ipynb
        Your old one:    work/02_b-mine-2026-11-24.ipynb
        Your progress (`lthedu progress`) stays as it is.
        """
        if self.untouched:
            return f"{self.lesson} is as it was handed out; there is nothing to reset."
        lines = [f"Fresh copy:      {self.lesson}"]
        if self.kept:
            lines.append(f"Your old one:    {self.kept}")
        return "\n".join([*lines, "Your progress (`lthedu progress`) stays as it is."])


def learner_copy(lesson: Path) -> str:
    """The notebook `lesson` as a learner first meets it, as text.

    Outputs and execution counts are gone, for they would answer what the learner is asked to
    predict; so are the cells tagged `instructor`.
    """
    notebook = nbformat.read(lesson, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "instructor" not in cell.metadata.get("tags", ())]
    for name in ("widgets", "lthedu"):  # the state of widgets is output too; so is what outputs were made with
        notebook.metadata.pop(name, None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return str(nbformat.writes(notebook))


def copy_lessons(folder: Path, lessons: Path | None = None) -> Copied:
    """Give `folder` a learner's copy of every lesson, and of the files that the lessons' texts name.

    `lessons` is the folder to copy from (default: the course's own). A file that is not there is written, also one that
    the learner deleted or renamed. A copy in which nothing was written since it was handed out (other outputs count as
    nothing) gives way to the course's newer version and is kept in `.lthedu/replaced`. Every other file stays as it is.

    Raises FileNotFoundError when the course has no lessons folder, ValueError when `folder` is that folder itself, and
    OSError when writing fails.
    """
    source = lessons or course_path("lessons")
    _refuse_the_course(folder, source)
    contents = handed_out(source)
    folder.mkdir(parents=True, exist_ok=True)
    done: dict[str, list[str]] = {word: [] for word in ("new", "kept", "refreshed", "outdated", "stuck", "current")}
    with locked(folder):
        known = _manifest(folder)
        for name, content in contents.items():
            done[_bring(folder / name, content, known.get(name), folder)].append(name)
        written = [*done["new"], *done["refreshed"], *done["current"]]
        _remember(folder, known, {name: contents[name] for name in written})
    done["kept"] += done["outdated"] + done["stuck"] + done.pop("current")
    lessons_of = {word: tuple(sorted(n for n in names if n.endswith(".ipynb"))) for word, names in done.items()}
    return Copied(folder, **lessons_of)


def reset(lesson: str, folder: Path, lessons: Path | None = None) -> Fresh:
    """Put a fresh copy of the lesson with file name `lesson` into `folder`; the old one is kept beside it.

    The old one is renamed, to `02_name-mine-2026-11-24.ipynb` for example, never over another file. Raises ValueError
    for a folder to which no lessons were handed out, and for a lesson that the course does not have.
    """
    source = lessons or course_path("lessons")
    _refuse_the_course(folder, source)
    if not (folder / OWN_FOLDER / MANIFEST).is_file():
        raise ValueError(f"no lessons were handed out to {folder} yet; `lthedu lab` does that, --folder names another")
    if not (source / lesson).is_file():
        there = ", ".join(path.stem for path in sorted(source.glob("[0-9][0-9]_*.ipynb")))
        raise ValueError(f"{lesson} is not the name of a lesson; the lessons are: {there}")
    content, target = learner_copy(source / lesson).encode(), folder / lesson
    with locked(folder):
        if _has_no_work(target, digest(lesson, content)):
            return Fresh(target, None, untouched=True)
        kept = None
        if os.path.lexists(target):
            kept = unused(target.with_name(f"{target.stem}-mine-{date.today().isoformat()}.ipynb"))
            os.rename(target, kept)
        write_whole(target, content)
        _remember(folder, _manifest(folder), {lesson: content})
    return Fresh(target, kept)


def handed_out(source: Path) -> dict[str, bytes]:
    """What a learner gets of the folder `source`, by relative path: lessons' copies, what they name, the pages."""
    lessons = sorted(source.glob("[!.]*.ipynb"))
    found = {lesson.name: learner_copy(lesson).encode() for lesson in lessons}
    found |= {page: (source / page).read_bytes() for page in PAGES if (source / page).is_file()}
    for lesson in lessons:
        found |= named_files(lesson)
    return found


def named_files(lesson: Path) -> dict[str, bytes]:
    """The files beside `lesson` that a learner's copy of it names, such as pictures, by relative path."""
    text, found = learner_copy(lesson), {}
    for path in sorted(lesson.parent.rglob("*")):
        name = path.relative_to(lesson.parent).as_posix()
        if path.suffix != ".ipynb" and path.is_file() and name in text:
            found[name] = path.read_bytes()
    return found


def digest(name: str, content: bytes) -> str | None:
    """What tells one version of a file from another; None for a notebook that cannot be read.

    Of a notebook only the cells' kinds and sources count: not outputs, not counts, not how lines end.
    """
    if not name.endswith(".ipynb"):
        return hashlib.sha256(content).hexdigest()
    try:
        cells = parsed(content).cells
        sources = [[cell.cell_type, "\n".join(cell.source.splitlines()).rstrip()] for cell in cells]
    except Exception:  # nbformat raises of many kinds for what is no notebook
        return None
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def _bring(target: Path, content: bytes, handed: str | None, folder: Path) -> str:
    """Do with one file what is right, and return the word for it."""
    if not os.path.lexists(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, content)
        return "new"
    name = target.relative_to(folder).as_posix()
    found, fresh = _digest_of(target, name), digest(name, content)
    if found == fresh:
        return "current"
    if handed is None or handed == fresh:
        return "kept"
    if found != handed:
        return "outdated"
    try:
        if not target.stat().st_mode & stat.S_IWUSR:
            return "stuck"
        aside = unused(folder / OWN_FOLDER / REPLACED / f"{target.stem}-{date.today().isoformat()}{target.suffix}")
        aside.parent.mkdir(parents=True, exist_ok=True)
        write_whole(aside, target.read_bytes())
        write_whole(target, content)
    except PermissionError:
        return "stuck"
    return "refreshed"


def _digest_of(path: Path, name: str) -> str | None:
    """The digest of an ordinary file that can be read, else None: a link, a folder, a locked file is the learner's."""
    try:
        return None if path.is_symlink() or not path.is_file() else digest(name, path.read_bytes())
    except OSError:
        return None


def _has_no_work(path: Path, fresh: str | None) -> bool:
    """Whether the notebook is the fresh copy, without any outputs."""
    if _digest_of(path, path.name) != fresh:
        return False
    return not any(cell.get("outputs") for cell in read_notebook(path).cells)


def _refuse_the_course(folder: Path, source: Path) -> None:
    if folder.is_dir() and folder.samefile(source):
        raise ValueError(f"{folder} is the course's own folder of lessons; choose another with --folder")


def _manifest(folder: Path) -> dict[str, str]:
    """What was handed out, by name. One that cannot be read counts as empty: then every file is the learner's."""
    try:
        document = json.loads((folder / OWN_FOLDER / MANIFEST).read_text(encoding="utf-8"))
        names = document["handed out"]
        return {name: value for name, value in names.items() if type(value) is str}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _remember(folder: Path, known: dict[str, str], written: dict[str, bytes]) -> None:
    """Write the manifest: what was known, and the digests of what was written."""
    handed = known | {name: digest(name, content) for name, content in written.items()}
    path = folder / OWN_FOLDER / MANIFEST
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"lthedu lessons": FORMAT, "handed out": handed}, indent=1))
