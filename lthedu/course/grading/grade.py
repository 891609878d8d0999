"""`lthedu grade`: every submission through the same checks, each answer in a sandbox; what was graded stays graded."""

import hashlib
import json
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
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
from lthedu.course.grading.one import Assigned
from lthedu.course.grading.roster import read_roster
from lthedu.course.grading.submissions import Submission, collect
from lthedu.course.grading.workers import Kit, Submit, one, ready, workers
from lthedu.course.notebooks import whole

RUN = "run.json"
RESULTS = "results"
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
    submissions = collect(places, assigned.wanted())
    about = {"assignment": assigned.document["assignment"], "wheel": assigned.wheel.name, "of": assigned.digest()}
    known = _begun(out, about, run)
    kit = Kit(assigned, assigned.wheel.read_bytes(), run.limits, run.protected, words)
    with ExitStack() as stack:
        submit = stack.enter_context(workers(kit, min(run.jobs, len(submissions) or 1), run.cluster))
        out.mkdir(parents=True, exist_ok=True)
        stack.enter_context(exclusive(out / ".lock", busy=f"another `lthedu grade` writes to {out}"))
        (out / RESULTS).mkdir(exist_ok=True)
        stems = pages.stems([s.name for s in submissions])
        waiting = [s for s in submissions if not _is_done(_result(out, stems[s.name]), s)]
        if waiting:
            submit(ready).result()
        seed = known if known is not None else run.seed if run.seed is not None else secrets.randbits(48)
        document = about | {"seed": seed, "protection": words}
        write_whole(out / RUN, as_json(document | {"limits": asdict(run.limits)}))
        _all(waiting, len(submissions), submit, seed, out, stems, report)
        results = [json.loads(_result(out, stems[s.name]).read_text(encoding="utf-8")) for s in submissions]
        pages.write(out, assigned.document, results, stems, document, roster)
    return out / pages.TABLE


def _begun(out: Path, about: dict[str, Any], run: Run) -> int | None:
    """The seed of an earlier run in `out`. Raises ValueError where it was another's."""
    path = out / RUN
    if not path.exists():
        if out.exists() and any(p.name != ".lock" for p in out.iterdir()):
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
    in_all: int,
    submit: Submit,
    seed: int,
    out: Path,
    stems: dict[str, str],
    report: Report,
) -> None:
    """Grade what is not graded yet; each result is written when it is there."""
    done: SimpleQueue[tuple[Submission, Any]] = SimpleQueue()
    futures = [submit(one, submission, seed) for submission in waiting]  # Dask drops what nobody holds
    for submission, future in zip(waiting, futures, strict=True):
        future.add_done_callback(lambda future, submission=submission: done.put((submission, future)))
    report(in_all - len(waiting), in_all, "")
    for left in reversed(range(len(waiting))):
        submission, future = done.get()
        result = future.result() | {"submission": _digest(submission)}
        write_whole(_result(out, stems[submission.name]), whole(as_json(result)))
        report(in_all - left, in_all, submission.name)


def _result(out: Path, stem: str) -> Path:
    return out / RESULTS / f"{stem}.json"


def _digest(submission: Submission) -> str:
    return hashlib.sha256(json.dumps(asdict(submission), sort_keys=True).encode()).hexdigest()


def _is_done(path: Path, submission: Submission) -> bool:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["submission"] == _digest(submission))
    except (OSError, ValueError, KeyError, TypeError):
        return False
