"""What became of libraries for sparse networks: a record with a date, a source for each entry, and a schema."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from lthedu.base.arguments import typed

Status = Literal["alive", "quiet", "ended", "removed"]
ReleaseKind = Literal["wheel", "sdist", "git only"]
Index = Literal["PyPI", "own"]
DATE = re.compile(r"20\d\d-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?")  # a month where no day was seen
SOURCES = ("https://github.com/", "https://docs.", "https://pytorch.org/docs", "https://apple.github.io/")


@typed
@dataclass(frozen=True)
class Library:
    """One library, or the sparse part of one. None is what was not looked up.

    What a project says of itself and what is seen differ: a README that says "active" can be six years old. "alive" had
    a release or a commit within a year of the check, "quiet" none, "ended" is what its authors gave up or left for more
    than three years, and "removed" is a part that was taken out of a library that lives.
    """

    name: str
    kind: str
    named_in_2020: bool  # in the discussion that the course grew from
    last_commit: str | None  # its date
    commit: str | None  # its hash, shortened
    last_release: str | None  # its date, which may be years before the last commit
    version: str | None
    last_release_kind: ReleaseKind | None
    index: Index
    status_claimed: str
    status_observed: Status
    successor: str | None
    source: str  # a repository, an issue or a documentation page


@typed
@dataclass(frozen=True)
class Record:
    """All libraries, and the day on which they were looked up."""

    checked_on: str
    about: str
    libraries: list[Library]


def libraries() -> Record:
    """The record that comes with the course.

    >>> {one.status_observed for one in libraries().libraries} == {"alive", "quiet", "ended", "removed"}
    True
    """
    return read_record(json.loads((Path(__file__).parent / "libraries.json").read_text(encoding="utf-8")))


@typed
def read_record(record: Mapping[str, Any]) -> Record:
    """A record as JSON holds it, checked against the schema.

    Raises ValueError that names the library and the field for an entry that is missing, unknown, no date, later than
    the day of the check, or no source that is allowed.
    """
    _same_names("the record", record, Record)
    if not DATE.fullmatch(str(record["checked_on"])):
        raise ValueError(f"checked_on is {record['checked_on']!r}; allowed: a date such as 2026-11-30")
    found = [_library(entry, record["checked_on"]) for entry in record["libraries"]]
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is in the record {names.count(name)} times; allowed: once")
    return Record(checked_on=record["checked_on"], about=record["about"], libraries=found)


def _library(entry: Mapping[str, Any], checked_on: str) -> Library:
    name = str(entry.get("name"))
    _same_names(name, entry, Library)
    for field in ("last_commit", "last_release"):
        date = entry[field]
        if date is not None and not DATE.fullmatch(str(date)):
            raise ValueError(f"{name}: {field} is {date!r}; allowed: a date such as 2026-11-30 or 2026-11, or null")
        if date is not None and date > checked_on:
            raise ValueError(f"{name}: {field} is {date}, after the day of the check, {checked_on}")
    if not str(entry["source"]).startswith(SOURCES):
        raise ValueError(f"{name}: source is {entry['source']!r}; allowed: one that begins with {', '.join(SOURCES)}")
    allowed = get_args(Status)
    if entry["status_observed"] not in allowed:
        raise ValueError(f"{name}: status_observed is {entry['status_observed']!r}; allowed: {', '.join(allowed)}")
    return Library(**entry)


def _same_names(what: str, entry: Mapping[str, Any], kind: type) -> None:
    wanted = {field.name for field in fields(kind)}
    for name in sorted(wanted - entry.keys()):
        raise ValueError(f"{what} holds {', '.join(entry) or 'nothing'} and lacks {name!r}")
    for name in sorted(entry.keys() - wanted):
        raise ValueError(f"{what} has the field {name!r}; allowed: {', '.join(sorted(wanted))}")
