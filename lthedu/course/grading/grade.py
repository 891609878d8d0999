"""`lthedu grade`: every submission through the same checks, each answer in a sandbox; what was graded stays graded."""

import hashlib
import json
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import lthedu
from lthedu.base.files import exclusive, refuse_changed, write_whole
from lthedu.course.assigning.assign import KEY
from lthedu.course.assigning.plan import as_json
from lthedu.course.assignment import FILE, read
from lthedu.course.grading import pages
from lthedu.course.grading.box import no_sandbox, protection
from lthedu.course.grading.groups import Limits
from lthedu.course.grading.marks import MARKS, read_marks, write_marks
from lthedu.course.grading.one import Assigned
from lthedu.course.grading.roster import read_roster
from lthedu.course.grading.submissions import Submission, collect
from lthedu.course.grading.table import TABLE
from lthedu.course.grading.workers import Kit, Submit, one, ready, workers
from lthedu.course.notebooks import whole
from lthedu.course.told import NOT_RUN

RUN = "run.json"
RESULTS = "results"
TABLE_AS_WRITTEN = "table.sha256"  # by which a table is known that somebody wrote into
Report = Callable[[int, int, str], None]  # (graded, in all, the name of the last)


@dataclass(frozen=True)
class Run:
    """How a class is graded. `seed` None draws one, once an answering process has begun.

    `cluster` is the address of a Dask scheduler: its workers grade, and `jobs` does not count. `roster` is a file with
    the ids that there are.
    """

    seed: int | None = None
    jobs: int = 1
    cluster: str | None = None
    protected: bool = True
    limits: Limits = field(default_factory=Limits)
    roster: Path | None = None


def load(folder: Path) -> Assigned:
    """The assignment that `lthedu assign` left in `folder`. Raises ValueError and OSError for what is none."""
    if not (folder / FILE).is_file():
        raise ValueError(f"{folder} holds no {FILE}; --assignment names the folder that `lthedu assign` made")
    document = read(folder / FILE)
    if document.get("lthedu") != lthedu.__version__:  # both processes must speak alike
        made = document.get("lthedu")
        raise ValueError(
            f"{folder} was made with lthedu {made}, this is {lthedu.__version__}; run `lthedu assign` again"
        )
    try:
        key = json.loads((folder / "instructor" / KEY).read_text(encoding="utf-8"))
        wheel, digest = folder / "sealed" / key["wheel"], key["sha256"]
        known = key["stubs"], key["others"], key["trees"], tuple(key["signs"]), tuple(key["warm"])
        assigned = Assigned(document, *known, wheel)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder} is not whole ({error}); run `lthedu assign` again") from error
    found = hashlib.sha256(wheel.read_bytes()).hexdigest() if wheel.is_file() else "missing"
    refuse_changed(wheel, found, digest, advice="run `lthedu assign` again")
    return assigned


def grade(
    places: list[Path],
    assignment: Path,
    out: Path,
    run: Run,
    said: Callable[[str], None] = print,
    report: Report = lambda done, in_all, name: None,
) -> Path:
    """Grade what was handed in at `places` and write grades.csv, a page for each student and one for the class.

    What an earlier run with the same assignment left in `out` is kept where the submission is still the same, with that
    run's seed. Raises ValueError, before anything is graded, where there is no sandbox and `run.protected`, for an
    assignment or submissions that are none, and for an `out` that holds something else.
    """
    why = no_sandbox()
    if run.protected and why:
        raise ValueError(
            f"no sandbox: {why}. Answers would run with your rights, see your files and use the network; "
            "--without-sandbox grades them all the same"
        )
    words = protection(run.limits, run.protected)
    said(words)
    assigned = load(assignment)
    roster = read_roster(run.roster) if run.roster else None
    submissions = {s.name: s for s in collect(places, assigned.wanted())}
    about = {"assignment": assigned.document["assignment"], "wheel": assigned.wheel.name, "of": assigned.digest()}
    known = _begun(out, about, run)
    earlier = _earlier(out)
    stems = pages.stems(sorted({*earlier, *submissions}))
    marks = read_marks(out / MARKS, list(stems), assigned.document)
    waiting = [s for s in submissions.values() if earlier.get(s.name, {}).get("submission") != _digest(s)]
    said(_told(submissions, earlier, waiting))
    kit = Kit(assigned, assigned.wheel.read_bytes(), run.limits, run.protected, words)
    with ExitStack() as stack:
        submit = stack.enter_context(workers(kit, min(run.jobs, len(waiting) or 1), run.cluster))
        out.mkdir(parents=True, exist_ok=True)
        stack.enter_context(exclusive(out / ".lock", busy=f"another `lthedu grade` writes to {out}"))
        if waiting:
            submit(ready).result()
        seed = known if known is not None else run.seed if run.seed is not None else secrets.randbits(48)
        document = about | {"seed": seed, "protection": words}
        write_whole(out / RUN, as_json(document | {"limits": asdict(run.limits)}))
        (out / RESULTS).mkdir(exist_ok=True)
        _moved(out, earlier, stems)
        _all(waiting, submit, seed, out, stems, report, earlier)
        found = _earlier(out)
        results = [found[name] for name in stems]
        _kept_aside(out, said)
        pages.write(out, assigned.document, results, stems, document, marks, roster)
        write_marks(out / MARKS, marks, results)
        write_whole(out / RESULTS / TABLE_AS_WRITTEN, _file_digest(out / TABLE))
    if empty := [result["name"] for result in results if not result["handed_in"]]:
        said(f"No notebook from {len(empty)} of {len(results)}: {', '.join(empty[:20])}{', ...' * (len(empty) > 20)}")
    if open_ := sum(None in result["marks"].values() for result in results):
        said(f"To be marked in {out / MARKS}: the answers in words of {open_}. Then run the same command again.")
    return out / TABLE


def _told(submissions: dict[str, Submission], earlier: dict[str, Any], waiting: list[Submission]) -> str:
    """How many there are, and what becomes of those that were graded before."""
    again = sum(s.name in earlier for s in waiting)
    kept = len(earlier.keys() - submissions.keys())
    words = f"{len(submissions)} submission{'' if len(submissions) == 1 else 's'}, {len(waiting)} to grade"
    words += f" ({again} in the place of an earlier one)" * bool(again)
    return words + (f"; {kept} others graded before stay in the grades." if kept else ".")


def _earlier(out: Path) -> dict[str, dict[str, Any]]:
    """The results that are in `out`, by name. Raises ValueError for one that is damaged."""
    found = {}
    for path in sorted((out / RESULTS).glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            found[str(result["name"])] = result | {"stem": path.stem}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is damaged ({error}); delete it and grade that submission again") from error
    return found


def _moved(out: Path, earlier: dict[str, dict[str, Any]], stems: dict[str, str]) -> None:
    """Give an earlier result another file, where a name like that student's has come in since."""
    for name, result in earlier.items():
        if result["stem"] != stems[name]:
            _result(out, result["stem"]).rename(_result(out, stems[name]))
            for page in ("{}.html", f"{pages.FEEDBACK}/{{}}.html", f"{pages.SOURCES}/{{}}.py"):
                (out / page.format(result["stem"])).unlink(missing_ok=True)


def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _kept_aside(out: Path, said: Callable[[str], None]) -> None:
    """A table that somebody wrote into is kept under another name."""
    written = out / RESULTS / TABLE_AS_WRITTEN
    if (out / TABLE).exists() and written.exists() and written.read_text() != _file_digest(out / TABLE):
        aside = next(p for n in count(1) if not (p := out / f"grades-changed-{n}.csv").exists())
        (out / TABLE).rename(aside)
        said(f"{TABLE} was changed by hand: that one is {aside} now. What you mark belongs into {out / MARKS}.")


def _begun(out: Path, about: dict[str, Any], run: Run) -> int | None:
    """The seed of an earlier run in `out`. Raises ValueError where it was another's."""
    path = out / RUN
    if not path.exists():
        if out.exists() and any(p.name not in (".lock", MARKS) for p in out.iterdir()):
            raise ValueError(f"{out} holds something else than grades; choose another folder with --out")
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        seed = int(found["seed"])
        same = all(found[key] == value for key, value in about.items())
        same = same and found["protection"] == protection(run.limits, run.protected)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}); choose another folder with --out") from error
    if not same or (run.seed is not None and run.seed != seed):
        raise ValueError(
            f"{out} holds grades of another assignment, seed, protection or limits; choose another folder with --out"
        )
    return seed


def _all(
    waiting: list[Submission],
    submit: Submit,
    seed: int,
    out: Path,
    stems: dict[str, str],
    report: Report,
    earlier: dict[str, dict[str, Any]],
) -> None:
    """Grade what is not graded yet; each result is written when it is there."""
    done: SimpleQueue[tuple[Submission, Any]] = SimpleQueue()
    futures = [submit(one, submission, seed) for submission in waiting]  # Dask drops what nobody holds
    for submission, future in zip(waiting, futures, strict=True):
        future.add_done_callback(lambda future, submission=submission: done.put((submission, future)))
    report(0, len(waiting), "")
    for left in reversed(range(len(waiting))):
        submission, future = done.get()
        result = future.result() | {"submission": _digest(submission)}
        result["deposited"] = deposited(result, earlier.get(submission.name, {}))
        write_whole(_result(out, stems[submission.name]), whole(as_json(result)))
        report(len(waiting) - left, len(waiting), submission.name)


def deposited(result: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """The digests of claims that stood in this student's earlier submission, where nothing was shown of their run.

    >>> deposited({"registered": {"a": "SUPPORTED by its rule", "b": "not run"}}, {"registered": {"a": "not run"}})
    ['a']
    """
    there = {d for d, words in before.get("registered", {}).items() if words == NOT_RUN}
    return sorted({*result["registered"]} & {*there, *before.get("deposited", ())})


def _result(out: Path, stem: str) -> Path:
    return out / RESULTS / f"{stem}.json"


def _digest(submission: Submission) -> str:
    return hashlib.sha256(json.dumps(asdict(submission), sort_keys=True).encode()).hexdigest()
