"""How long a lesson runs: measured once, beside the speed of the machine that did, and scaled to another machine."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lthedu.base.files import write_whole

FILE = "times.json"  # beside the lessons


@dataclass(frozen=True)
class Time:
    """A measured run: `seconds` from the kernel's start to its end, on a machine of `rate` steps per second."""

    seconds: float
    rate: float
    machine: str

    def estimate(self, rate: float) -> float:
        """Seconds on a machine of `rate` steps per second, as if a lesson did nothing but train.

        >>> Time(60.0, rate=50.0, machine="the authors'").estimate(25.0)
        120.0
        """
        return self.seconds * self.rate / rate


def read(lessons: Path) -> dict[str, Time]:
    """The times of the folder `lessons`, by the lesson's name; none where nothing was measured.

    Raises ValueError, naming the file, for one that does not hold times.
    """
    path = lessons / FILE
    if not path.is_file():
        return {}
    try:
        return {name: Time(**entry) for name, entry in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} does not hold the lessons' times: {error}") from error


def write(lessons: Path, name: str, time: Time) -> None:
    """Put the time of the lesson `name` in its file; the others stay."""
    times = {**read(lessons), name: time}
    text = json.dumps({name: asdict(times[name]) for name in sorted(times)}, indent=1, ensure_ascii=False)
    write_whole(lessons / FILE, f"{text}\n")
