"""What is read after grading: a page of each student and one of the class for the lecturer, and feedback for students.

Nothing in them depends on when, where or in which order submissions were graded.
"""

import hashlib
import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lthedu.base.files import write_whole
from lthedu.course.grading.flags import Group, compared
from lthedu.course.grading.marks import Marks, apply
from lthedu.course.grading.roster import absent, strangers
from lthedu.course.grading.table import TABLE, Result, printable, table

CLASS, SOURCES, FEEDBACK = "class.html", "sources", "feedback"
COMMONEST = 5

_STYLE = (
    "body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em } "
    "table { border-collapse: collapse } th, td { border-bottom: 1px solid #ccc; padding: .3em .8em; text-align: left; "
    "vertical-align: top } td.n, th.n { text-align: right } pre { background: #f6f6f6; padding: .6em; overflow: auto } "
    ".words { white-space: pre-wrap; overflow-wrap: anywhere } "
    ".bar { background: #0072B2; display: inline-block; height: .8em } "
    ".right { border-left: 6px solid #009E73 } .not { border-left: 6px solid #D55E00 } "
    "section { padding: 0 1em; margin: 1em 0 }"
)


def stems(names: Iterable[str]) -> dict[str, str]:
    """A file's name for each student, no two alike even where upper and lower case are one.

    >>> stems(["Ada Lovelace (1)", "a/b", "a_b"])
    {'Ada Lovelace (1)': 'Ada_Lovelace_1', 'a/b': 'a_b-c14cddc0', 'a_b': 'a_b'}
    """
    found = {}
    for name in names:
        plain = unicodedata.normalize("NFC", name)
        stem = re.sub(r"[^\w-]+", "_", plain).strip("_").encode()[:80].decode(errors="ignore")  # a file's has 255 bytes
        same = plain.replace(" ", "_") == stem and plain == plain.lower()
        found[name] = stem if same or re.fullmatch(r"[\w -]+( \(\d+\))?", plain) else f"{stem}-{_short(name)}"
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
    marks: Marks,
    roster: list[str] | None = None,
) -> None:
    """Write every page of a class that is graded. `roster` has the ids that there are."""
    flags, groups = compared(results)
    unknown = strangers(results, roster) if roster else {}
    apply(marks, results, document)
    for folder in (SOURCES, FEEDBACK):
        (out / folder).mkdir(exist_ok=True)
    for result in results:
        result["flags"] = [*result["flags"], *flags[result["name"]], *unknown.get(result["name"], [])]
        stem = names[result["name"]]
        write_whole(out / f"{stem}.html", student_page(result, document))
        write_whole(out / FEEDBACK / f"{stem}.html", student_page(result, document, feedback=True))
        source = out / SOURCES / f"{stem}.py"
        if text := _source(result):
            write_whole(source, text)
        else:
            source.unlink(missing_ok=True)  # of an earlier submission
    write_whole(out / CLASS, class_page(results, document, names, run, groups, absent(results, roster or [])))
    write_whole(out / TABLE, table(results, document))


def _source(result: Result) -> str:
    """The student's functions as one plain file, for a program that compares sources."""
    parts = [e["source"].rstrip() for e in result["exercises"].values() if e["source"]]
    return "\n\n\n".join(parts) + "\n" if parts else ""


def student_page(result: Result, document: dict[str, Any], *, feedback: bool = False) -> str:
    """One student's page: each exercise with its verdict, and what a person should look at.

    As `feedback` it is for that student: nothing of others, and no flag.
    """
    who = f" (id {_text(result['student'])})" if result["student"] else ""
    parts = [
        f"<h1>{_text(result['name'])}{who}</h1>",
        f"<p>Assignment {_text(document['assignment'])}: {_points(result)}</p>",
    ]
    parts.append(_listed("What was wrong with what was handed in", result["problems"]))
    for name, exercise in result["exercises"].items():
        parts.append(_exercise(exercise, result["why"].get(name)))
    if not feedback:
        parts += [_listed("For a person to look at", result["flags"]), _listed("Noted", result["notes"])]
    parts.append(_listed("Claims that were registered", claims(result)))
    for name, text in result["written"].items():
        words = f'<div class="words">{_text(text)}</div>' if text else "<p>Not answered.</p>"
        parts += [f"<h2>In your own words: {_text(name)}</h2>", _marked(result, name, document["written"][name]), words]
    return _page(result["name"], parts)


def claims(result: Result) -> list[str]:
    """What a notebook shows of each claim of the student's, and whether its text is known to be older than its run."""
    known = result.get("deposited", ())
    older, unknown = "its digest came in earlier, without a run", "whether it is older than its run is not known"
    return [f"{d}: {words}; {older if d in known else unknown}" for d, words in result.get("registered", {}).items()]


def _points(result: Result) -> str:
    got, most = (sum(e[key] for e in result["exercises"].values()) for key in ("points", "of"))
    return f"<strong>{got:g} of {most:g}</strong> for the exercises.{' Handed in late.' * result['late']}"


def _marked(result: Result, question: str, most: float) -> str:
    mark = result["marks"][question]
    points = f"{mark:g} of {most:g}." if mark is not None else f"Not marked yet; up to {most:g}."
    return f"<p>{points}{_by_hand(result['why'].get(question))}</p>"


def _by_hand(why: str | None) -> str:
    """What stands beside points that a person gave."""
    return "" if why is None else f" Marked by hand{': ' if why else '.'}{_text(why)}"


def _exercise(found: dict[str, Any], why: str | None) -> str:
    kind = "right" if found["word"] == "RIGHT" else "not"
    head = f"<h2>{_text(found['number'])} {_text(found['title'])}: {_text(found['word'])}</h2>"
    parts = [f'<section class="{kind}">', head, f"<p>{found['points']:g} of {found['of']:g}.{_by_hand(why)}</p>"]
    if found["contract"]:
        parts.append(f"<p>This student's contract: {_text(found['contract'])}</p>")
    if found["sentence"]:
        parts.append(f"<p>{_text(found['sentence'])}</p>")
    if found["example"]:
        parts.append(f"<pre>{_text(found['example'])}</pre>")
    if found["source"]:
        parts.append(f"<details><summary>The answer (code cell {found['cell']} from the top)</summary>")
        parts.append(f"<pre>{_text(found['source'])}</pre></details>")
    return "\n".join([*parts, "</section>"])


def class_page(
    results: list[Result],
    document: dict[str, Any],
    names: dict[str, str],
    run: dict[str, Any],
    groups: list[Group],
    missing: list[str],
) -> str:
    """The class: how many passed what, the commonest diagnoses, points, flags, who has the same, and who is missing."""
    many = f"{len(results)} student{'' if len(results) == 1 else 's'}"
    parts = [f"<h1>Assignment {_text(document['assignment'])}: {many}</h1>"]
    parts.append(f"<p>{_text(run['protection'])} Seed {run['seed']}.</p>")
    handed = [result for result in results if result["handed_in"]]
    parts.append(
        '<table><tr><th>exercise</th><th class="n">right</th><th class="n">of</th><th>most often said</th></tr>'
    )
    for name, exercise in document["exercises"].items():
        found = [r["exercises"][name] for r in handed]
        right = sum(f["word"] == "RIGHT" for f in found)
        said = Counter(f["sentence"] for f in found if f["sentence"])
        commonest = sorted(said.items(), key=lambda item: (-item[1], item[0]))[:COMMONEST]
        words = "<br>".join(f"{'once' if n == 1 else f'{n} times'}: {_text(s[:300])}" for s, n in commonest)
        title = f"{exercise['number']} {name}"
        parts.append(
            f'<tr><td>{_text(title)}</td><td class="n">{right}</td><td class="n">{len(found)}</td><td>{words}</td></tr>'
        )
    parts += ["</table>", _spread([_sum(result) for result in handed], document)]
    parts += [_listed("No notebook", [r["name"] for r in results if not r["handed_in"]])]
    parts += [_listed("On the roster, and in no submission", missing)]
    parts += [
        _listed("Who has the same, the fewest first", [f"{what} ({len(n)}): {', '.join(n)}" for what, n in groups])
    ]
    parts.append('<h2>Everybody</h2><table><tr><th>name</th><th class="n">points</th><th>problems and flags</th></tr>')
    for result in results:
        link = f'<a href="{html.escape(names[result["name"]])}.html">{_text(result["name"])}</a>'
        words = "<br>".join(map(_text, ["late"] * result["late"] + result["problems"] + result["flags"]))
        parts.append(f'<tr><td>{link}</td><td class="n">{_sum(result):g}</td><td>{words}</td></tr>')
    return _page(f"{document['assignment']}: the class", [*parts, "</table>"])


def _sum(result: Result) -> float:
    return sum(float(e["points"]) for e in result["exercises"].values())


def _spread(points: list[float], document: dict[str, Any]) -> str:
    """How many have how many points for the exercises."""
    if not points:
        return ""
    most = sum(e["points"] for e in document["exercises"].values())
    found = Counter(points)
    rows = "".join(
        f'<tr><td class="n">{p:g}</td><td class="n">{n}</td>'
        f'<td><span class="bar" style="width: {20 * n / max(found.values()):.2f}em"></span></td></tr>'
        for p, n in sorted(found.items())
    )
    head = f"<h2>Points for the exercises, of {most:g}: {sum(points) / len(points):.1f} on average</h2>"
    return f'{head}<table><tr><th class="n">points</th><th class="n">students</th><th></th></tr>{rows}</table>'


def _listed(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    return f"<h2>{title}</h2><ul>" + "".join(f"<li>{_text(line)}</li>" for line in lines) + "</ul>"


def _text(text: object) -> str:
    """Whatever a student wrote, as text of a page and nothing else."""
    return html.escape(printable(text))


def _page(title: str, parts: list[str]) -> str:
    head = f'<meta charset="utf-8"><title>{_text(title)}</title><style>{_STYLE}</style>'
    body = "\n".join(part for part in parts if part)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'
