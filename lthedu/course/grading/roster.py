"""Which ids there are: a file with one on each line, by which a wrong or missing id of a submission is seen."""

from pathlib import Path

from lthedu.course.assignment import identity


def read_roster(path: Path) -> list[str]:
    """The ids of a class, in the file's order. Raises ValueError, naming the file, where it holds none, or one twice.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "ids.txt").write_text("S1\\n\\nS2\\n")
    ...     read_roster(Path(folder, "ids.txt"))
    ['S1', 'S2']
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}") from error
    first: dict[str, int] = {}
    for place, line in enumerate(lines, 1):
        if line.strip():
            before = first.setdefault(identity(line), place)
            if before != place:
                raise ValueError(f"{path}: {line.strip()!r} stands there twice, on the lines {before} and {place}")
    if not first:
        raise ValueError(f"{path} holds no id; allowed: one on each line")
    return [lines[place - 1].strip() for place in first.values()]


def strangers(results: list[dict[str, str]], roster: list[str]) -> dict[str, list[str]]:
    """For each student by name what is wrong with the id; nothing where it is on the roster.

    >>> strangers([{"name": "ada", "student": "s1"}, {"name": "bob", "student": "S3"}], ["S1"])
    {'ada': [], 'bob': ["the id 'S3' is not on the roster"]}
    """
    known = {identity(one) for one in roster}
    flags: dict[str, list[str]] = {}
    for result in results:
        student = result["student"].strip()
        wrong = f"the id {student!r} is not on the roster" if student else "the id is missing"
        flags[result["name"]] = [] if identity(student) in known else [wrong]
    return flags


def absent(results: list[dict[str, str]], roster: list[str]) -> list[str]:
    """The ids on the roster that no submission has.

    >>> absent([{"student": "s1"}], ["S1", "S2"])
    ['S2']
    """
    here = {identity(result["student"]) for result in results}
    return [one for one in roster if identity(one) not in here]
