"""What a person marks stands in marks.csv beside the grades: `lthedu grade` applies it, and adds rows to be marked.

A row says who, which column of grades.csv, how many points, and why. It stands above what the check said.
"""

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lthedu.base.files import write_whole
from lthedu.course.grading.table import no_formula, printable

MARKS = "marks.csv"
COLUMNS = ("name", "column", "points", "why", "answer")
LONGEST = 20_000  # characters of an answer: a spreadsheet's cell holds 32,767
Row = dict[str, str]


@dataclass
class Marks:
    """The rows of marks.csv as they stand there, and those that have points, by student and exercise or question."""

    rows: list[Row] = field(default_factory=list)
    given: dict[tuple[str, str], tuple[float, Row]] = field(default_factory=dict)
    there: dict[tuple[str, str], Row] = field(default_factory=dict)
    delimiter: str = ","
    columns: list[str] = field(default_factory=lambda: list(COLUMNS))


def read_marks(path: Path, names: list[str], document: dict[str, Any]) -> Marks:
    """The marks in `path`; none where there is no such file.

    Raises ValueError, naming the line, for a student, a column or points that there cannot be, and for two marks of
    the same.
    """
    marks = Marks()
    if not path.exists():
        return marks
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8 ({error}); save it as CSV UTF-8") from error
    first = text.partition("\n")[0]
    marks.delimiter = max(",;\t", key=first.count)  # of a spreadsheet in another language
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=marks.delimiter, restval="")
    marks.columns = [name for name in reader.fieldnames or () if name]
    if lacking := [name for name in COLUMNS[:3] if name not in marks.columns]:
        raise ValueError(f"{path} has no column {lacking[0]!r}; it needs: {', '.join(COLUMNS[:4])}")
    for read in reader:
        row = {name: read[name] for name in marks.columns}
        if not any(cell.strip() for cell in row.values()):
            continue
        where = f"{path}, line {reader.line_num}"
        student, (column, most) = _student(row["name"], names, where), _column(row["column"], document, where)
        if (student, column) in marks.there:
            raise ValueError(f"{where}: {row['column']!r} of {row['name']!r} stands there twice; leave one row")
        marks.rows.append(row)
        marks.there[student, column] = row
        if row["points"].strip():
            marks.given[student, column] = _points(row["points"], most, where), row
    return marks


def _student(said: str, names: list[str], where: str) -> str:
    """The student meant: as in the pages' titles, or without the platform's number where this is enough."""
    wanted = said.strip().removeprefix("'")
    found = [name for name in names if wanted in (name, name.rpartition(" (")[0])]
    found = [name for name in found if name == wanted] or found
    if len(found) != 1:
        several = f"it is several: {', '.join(found)}" if found else "there is nobody of this name in the grades"
        raise ValueError(f"{where}: name is {said!r}; {several}")
    return found[0]


def _column(said: str, document: dict[str, Any], where: str) -> tuple[str, float]:
    for name, exercise in document["exercises"].items():
        if said.strip() in (name, exercise["number"], f"{exercise['number']} {name}"):
            return name, exercise["points"]
    if said.strip() in document["written"]:
        return said.strip(), document["written"][said.strip()]
    allowed = [e["number"] for e in document["exercises"].values()] + list(document["written"])
    raise ValueError(f"{where}: column is {said!r}; allowed: {', '.join(allowed)}")


def _points(said: str, most: float, where: str) -> float:
    try:
        points = float(said.strip().replace(",", "."))
    except ValueError:
        points = -1
    if not 0 <= points <= most:
        raise ValueError(f"{where}: points are {said!r}; allowed: a number from 0 to {most:g}")
    return points


def apply(marks: Marks, results: list[dict[str, Any]], document: dict[str, Any]) -> None:
    """Put into each result what is worth how much: by its verdict, or by hand.

    A question that nobody answered is worth nothing, and one that is not marked yet is None.
    """
    for result in results:
        name, result["why"] = result["name"], {}
        for exercise, found in result["exercises"].items():
            found["of"] = document["exercises"][exercise]["points"]
            found["points"] = found["of"] if found["word"] == "RIGHT" else 0
            if (name, exercise) in marks.given:
                found["points"], row = marks.given[name, exercise]
                result["why"][exercise] = row.get("why", "")
                if found["word"] == "RIGHT" and found["points"] < found["of"]:  # of an answer that came later, maybe
                    number = document["exercises"][exercise]["number"]
                    result["flags"].append(f"{number} is RIGHT, and has {found['points']:g} points by hand")
        result["marks"] = {question: None if text else 0 for question, text in result["written"].items()}
        for question, text in result["written"].items():
            if (name, question) in marks.given:
                result["marks"][question], row = marks.given[name, question]
                result["why"][question] = row.get("why", "")
                if row.get("answer", "").strip() and not _same(row["answer"], text):
                    result["flags"].append(f"{question}: the answer is no longer the one that was marked")


def _same(told: str, text: str) -> bool:
    return told.split() == _told(text).split()  # a spreadsheet may end lines in its own way


def _told(text: str) -> str:
    plain = no_formula(printable(text))
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]} [cut here: the whole is on the student's page]"


def write_marks(path: Path, marks: Marks, results: list[dict[str, Any]]) -> None:
    """Add a row for each answer in words that has none, and bring those up to date that are not marked."""
    before = [dict(row) for row in marks.rows]
    for result in results:
        for question, text in result["written"].items():
            key = result["name"], question
            if text and key not in marks.there:
                row = {"name": no_formula(result["name"]), "column": question, "answer": _told(text)}
                marks.rows.append(row)
            elif key in marks.there and key not in marks.given and marks.there[key].get("answer", "").strip():
                marks.there[key]["answer"] = _told(text)
    if marks.rows == before and path.exists():
        return
    made = io.StringIO()
    columns = list(dict.fromkeys([*marks.columns, *COLUMNS]))
    writer = csv.DictWriter(made, columns, restval="", delimiter=marks.delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(marks.rows)
    write_whole(path, "\ufeff" + made.getvalue())
