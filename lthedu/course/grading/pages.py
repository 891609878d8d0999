"""What a lecturer reads after grading: grades.csv, a page for each student, one for the class, and plain sources.

Nothing in them depends on when, where or in which order submissions were graded.
"""

import csv
import hashlib
import html
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lthedu.base.files import write_whole
from lthedu.course.grading.flags import compared
from lthedu.course.grading.roster import absent, strangers

TABLE, CLASS, SOURCES = "grades.csv", "class.html", "sources"
COMMONEST = 5
Result = dict[str, Any]

_STYLE = (
    "body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em } "
    "table { border-collapse: collapse } th, td { border-bottom: 1px solid #ccc; padding: .3em .8em; text-align: left; "
    "vertical-align: top } td.n, th.n { text-align: right } pre { background: #f6f6f6; padding: .6em; overflow: auto } "
    ".right { border-left: 6px solid #009E73 } .not { border-left: 6px solid #D55E00 } "
    "section { padding: 0 1em; margin: 1em 0 }"
)


def stems(names: Iterable[str]) -> dict[str, str]:
    """A file's name for each student, no two alike even where upper and lower case are one.

    >>> stems(["Ada Lovelace", "a/b", "a_b"])
    {'Ada Lovelace': 'Ada_Lovelace', 'a/b': 'a_b-c14cddc0', 'a_b': 'a_b'}
    """
    found = {}
    for name in names:
        plain = unicodedata.normalize("NFC", name)
        stem = re.sub(r"[^\w-]+", "_", plain).strip("_").encode()[:80].decode(errors="ignore")  # a file's has 255 bytes
        same = plain.replace(" ", "_") == stem and plain == plain.lower()
        found[name] = stem if same or re.fullmatch(r"[\w -]+", plain) else f"{stem}-{_short(name)}"
    seen = Counter([CLASS.removesuffix(".html"), *(stem.casefold() for stem in found.values())])
    return {n: stem if seen[stem.casefold()] == 1 else f"{stem}-{_short(n)}" for n, stem in found.items()}


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


def write(
    out: Path,
    document: dict[str, Any],
    results: list[Result],
    names: dict[str, str],
    run: Any,
    roster: list[str] | None = None,
) -> None:
    """Write every page of a class that is graded. `roster` has the ids that there are."""
    flags = compared(results)
    unknown = strangers(results, roster) if roster else {}
    for result in results:
        result["flags"] = [*result["flags"], *flags[result["name"]], *unknown.get(result["name"], [])]
        stem = names[result["name"]]
        write_whole(out / f"{stem}.html", student_page(result, document))
        source = _source(result)
        if source:
            (out / SOURCES).mkdir(exist_ok=True)
            write_whole(out / SOURCES / f"{stem}.py", source)
    write_whole(out / CLASS, class_page(results, document, names, run, absent(results, roster or [])))
    write_whole(out / TABLE, table(results, document))


def _source(result: Result) -> str:
    """The student's functions as one plain file, for a program that compares sources."""
    parts = [e["source"].rstrip() for e in result["exercises"].values() if e["source"]]
    return "\n\n\n".join(parts) + "\n" if parts else ""


def table(results: list[Result], document: dict[str, Any]) -> str:
    """grades.csv: a row for each student, a column for each exercise, empty ones for what a person marks."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    exercises = document["exercises"]
    columns = [f"{e['number']} {name}" for name, e in exercises.items()]
    writer.writerow(["name", "id", *columns, *document["written"], "sum of exercises", "of", "flags"])
    for result in results:
        points = [result["exercises"][name]["points"] for name in exercises]
        row = [_cell(result["name"]), _cell(result["student"]), *(f"{p:g}" for p in points)]
        row += ["" for _ in document["written"]]
        most = sum(e["points"] for e in exercises.values())
        writer.writerow([*row, f"{sum(points):g}", f"{most:g}", _cell("; ".join(result["flags"]))])
    return made.getvalue()


def _cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    plain = " ".join(text.split())
    return f"'{plain}" if plain[:1] in ("=", "+", "-", "@") else plain


def student_page(result: Result, document: dict[str, Any]) -> str:
    """One student's page: each exercise with its verdict, and what a person should look at."""
    total = sum(e["points"] for e in result["exercises"].values())
    most = sum(e["of"] for e in result["exercises"].values())
    who = f" (id {_text(result['student'])})" if result["student"] else ""
    parts = [f"<h1>{_text(result['name'])}{who}</h1>", f"<p>Assignment {_text(document['assignment'])}: ", ""]
    parts[-1] = f"<strong>{total:g} of {most:g}</strong> for the exercises.</p>"
    for exercise in result["exercises"].values():
        parts.append(_exercise(exercise))
    parts += [_listed("For a person to look at", result["flags"]), _listed("Noted", result["notes"])]
    for name, text in result["written"].items():
        words = f"<pre>{_text(text)}</pre>" if text else "<p>Its cell is gone.</p>"
        parts.append(f"<h2>In their own words: {_text(name)} ({document['written'][name]:g})</h2>{words}")
    return _page(result["name"], parts)


def _exercise(found: dict[str, Any]) -> str:
    kind = "right" if found["word"] == "RIGHT" else "not"
    head = f"<h2>{_text(found['number'])} {_text(found['title'])}: {_text(found['word'])}</h2>"
    parts = [f'<section class="{kind}">', head, f"<p>{found['points']:g} of {found['of']:g}.</p>"]
    if found["contract"]:
        parts.append(f"<p>Asked of this student: {_text(found['contract'])}</p>")
    if found["sentence"]:
        parts.append(f"<p>{_text(found['sentence'])}</p>")
    if found["example"]:
        parts.append(f"<pre>{_text(found['example'])}</pre>")
    if found["source"]:
        parts.append(f"<details><summary>The answer, cell {found['cell']}</summary><pre>{_text(found['source'])}</pre>")
        parts.append("</details>")
    return "\n".join([*parts, "</section>"])


def class_page(
    results: list[Result], document: dict[str, Any], names: dict[str, str], run: dict[str, Any], missing: list[str]
) -> str:
    """The class: how many passed what, the commonest diagnoses, everybody's points and flags, and who is missing."""
    many = len(results)
    parts = [f"<h1>Assignment {_text(document['assignment'])}: {many} submission{'' if many == 1 else 's'}</h1>"]
    parts.append(f"<p>{_text(run['protection'])} Seed {run['seed']}.</p>")
    parts.append(
        '<table><tr><th>exercise</th><th class="n">right</th><th class="n">of</th><th>most often said</th></tr>'
    )
    for name, exercise in document["exercises"].items():
        found = [r["exercises"][name] for r in results]
        right = sum(f["word"] == "RIGHT" for f in found)
        said = Counter(f["sentence"] for f in found if f["sentence"])
        commonest = sorted(said.items(), key=lambda item: (-item[1], item[0]))[:COMMONEST]
        words = "<br>".join(f"{n} times: {_text(sentence[:300])}" for sentence, n in commonest)
        title = f"{exercise['number']} {name}"
        parts.append(
            f'<tr><td>{_text(title)}</td><td class="n">{right}</td><td class="n">{many}</td><td>{words}</td></tr>'
        )
    parts.append('</table><h2>Everybody</h2><table><tr><th>name</th><th class="n">points</th><th>flags</th></tr>')
    for result in results:
        points = sum(e["points"] for e in result["exercises"].values())
        link = f'<a href="{html.escape(names[result["name"]])}.html">{_text(result["name"])}</a>'
        flags = "<br>".join(map(_text, result["flags"]))
        parts.append(f'<tr><td>{link}</td><td class="n">{points:g}</td><td>{flags}</td></tr>')
    parts += ["</table>", _listed("On the roster, and in no submission", missing)]
    return _page(f"{document['assignment']}: the class", parts)


def _listed(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    return f"<h2>{title}</h2><ul>" + "".join(f"<li>{_text(line)}</li>" for line in lines) + "</ul>"


def _text(text: object) -> str:
    """Whatever a student wrote, as text of a page and nothing else."""
    plain = str(text).encode("utf-8", "replace").decode()
    return html.escape("".join(c if c.isprintable() or c in "\n\t" else "�" for c in plain))


def _page(title: str, parts: list[str]) -> str:
    head = f'<meta charset="utf-8"><title>{_text(title)}</title><style>{_STYLE}</style>'
    body = "\n".join(part for part in parts if part)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'
