"""How long a lesson runs: measured once, beside the speed of the machine that did, and scaled to another machine."""

import json
import os
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from lthedu.base.course_files import course_path
from lthedu.base.files import write_whole

FILE = "times.json"  # beside the lessons


@dataclass(frozen=True)
class Time:
    """A measured run: `seconds` from the kernel's start to its end, where the loops that it uses are compiled."""

    seconds: float
    cold: float  # seconds that the first run takes more, which compiles them
    threads: int  # always 1: what more of them save depends on what else runs
    rate: float  # steps per second of one thread of that machine, see `lthedu.bench.train.steps_per_second`
    machine: str

    def estimate(self, rate: float) -> tuple[float, float]:
        """`seconds` and `cold` on a machine of `rate` steps per second, as if a lesson did nothing but train.

        >>> Time(60.0, cold=5.0, threads=1, rate=50.0, machine="the authors'").estimate(25.0)
        (120.0, 10.0)
        """
        return self.seconds * self.rate / rate, self.cold * self.rate / rate


def read(lessons: Path) -> dict[str, Time]:
    """The times of the folder `lessons`, by the lesson's name; none where nothing was measured.

    Raises ValueError, naming the file, for one that does not hold times, or not those of one thread.
    """
    path = lessons / FILE
    if not path.is_file():
        return {}
    try:
        return {name: _time(name, entry) for name, entry in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} does not hold the lessons' times: {error}: delete it, and measure with `lthedu canonical --times`"
        ) from error


def _time(name: str, entry: dict[str, Any]) -> Time:
    needed = [field.name for field in fields(Time)]
    if set(entry) != set(needed):
        raise ValueError(f"{name} has {', '.join(entry) or 'nothing'}; allowed: {', '.join(needed)}")
    if entry["threads"] != 1:
        raise ValueError(f"threads of {name} is {entry['threads']}; allowed: 1")
    return Time(**entry)


def write(lessons: Path, name: str, time: Time) -> None:
    """Put the time of the lesson `name` in its file; the others stay."""
    times = {**read(lessons), name: time}
    text = json.dumps({name: asdict(times[name]) for name in sorted(times)}, indent=1, ensure_ascii=False)
    write_whole(lessons / FILE, f"{text}\n")


def lesson_at_work() -> str:
    """The name of the lesson whose notebook JupyterLab runs in this kernel, "winning_tickets"; "" where none is."""
    name = Path(os.environ.get("JPY_SESSION_NAME", "")).stem
    return name[3:] if name[:2].isdigit() else ""


@cache
def lesson_here(lesson: str) -> str:
    """What the cells of `lesson` take on this machine, in words; "" for one that was not measured.

    How fast the machine trains is measured for a second, at the first call in a process.
    """
    time = read(course_path("lessons")).get(lesson)
    if time is None or os.environ.get("LTHEDU_SCALE", "lesson") != "lesson":
        return ""
    from lthedu.bench.train import steps_per_second

    try:
        seconds, _ = time.estimate(steps_per_second(1.0))
    except KeyboardInterrupt:  # in words of its own, it would be told as if it were the lesson's training
        raise KeyboardInterrupt from None
    return f"All cells of this lesson together take about {duration(seconds)} on this machine."


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(40), duration(480)
    ('40 s', '8 min')
    """
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
