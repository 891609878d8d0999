"""grades.csv: what `lthedu grade` writes anew each time, for spreadsheets and programs."""

import csv
import io
from typing import Any

TABLE = "grades.csv"
Result = dict[str, Any]


def table(results: list[Result], document: dict[str, Any]) -> str:
    """A row for each student and a column for each exercise and question; a total where everything is marked."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    exercises = document["exercises"]
    columns = [f"{e['number']} {name}" for name, e in exercises.items()]
    sums = ["sum of exercises", "of", "total", "of all"]
    writer.writerow(["name", "number", "id", *columns, *document["written"], *sums, "late", "problems", "flags"])
    most = sum(e["points"] for e in exercises.values())
    for result in results:
        points = [result["exercises"][name]["points"] for name in exercises]
        written = [result["marks"][name] for name in document["written"]]
        total = "" if None in written else f"{sum(points) + sum(written):g}"
        row = [_cell(result["who"]), result["number"], _cell(result["student"]), *(f"{p:g}" for p in points)]
        row += ["" if mark is None else f"{mark:g}" for mark in written]
        row += [f"{sum(points):g}", f"{most:g}", total, f"{most + sum(document['written'].values()):g}"]
        writer.writerow([*row, "late" * result["late"], *(_cell("; ".join(result[k])) for k in ("problems", "flags"))])
    return "\ufeff" + made.getvalue()  # by which Excel knows UTF-8


def _cell(text: str) -> str:
    return no_formula(" ".join(printable(text).split()))


def no_formula(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    >>> no_formula("=1+1"), no_formula("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def printable(text: object) -> str:
    """Whatever a student wrote, as a file can hold and a person can read it.

    >>> printable("a\\x00b\\nc")
    'a\ufffdb\\nc'
    """
    plain = str(text).encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in plain)
