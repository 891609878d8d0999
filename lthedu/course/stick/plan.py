"""What goes on a stick: for each computer every wheel that the course needs there, and how many bytes they are.

The versions are those that are installed here: what was tried here is what runs there. pip alone decides, by its own
configuration, where wheels come from; but what a requirement means on another computer, it does not know.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import lthedu
from lthedu.course.stick.computers import Computer
from lthedu.data.download import size_of

Wanted = dict[str, str]  # a package: the requirement by which pip finds it
Report = Callable[[Computer, Wanted], list[dict[str, Any]]]


class NoWheel(ValueError):
    """pip finds no wheel of something for a computer."""


@dataclass(frozen=True)
class Wheel:
    """A file to fetch: its name, the requirement that names it, and its bytes, None where nobody tells them before."""

    name: str
    line: str
    size: int | None
    pythons: str = ""  # those that it is for, ">=3.11.5"


@dataclass(frozen=True)
class Plan:
    """What goes on the stick, and what cannot."""

    course: Wheel  # the course's own
    wheels: dict[Computer, list[Wheel]] = field(default_factory=dict)
    left_out: dict[Computer, str] = field(default_factory=dict)

    @property
    def files(self) -> list[Wheel]:
        """Every file once: many fit several computers."""
        return [*{wheel.name: wheel for some in self.wheels.values() for wheel in some}.values(), self.course]

    @property
    def size(self) -> int:
        """The bytes that are known."""
        return sum(wheel.size or 0 for wheel in self.files)

    def title(self, computer: Computer) -> str:
        """A computer for people, with the patch release of its Python that the wheels ask for."""
        patch = least_patch(computer, self.wheels[computer])
        return f"{computer}{f' ({computer.python}.{patch} or newer)' if patch else ''}"

    def __str__(self) -> str:
        """It, for the one who packs.

        >>> here, there = Computer("linux", "3.12"), Computer("windows", "3.99")
        >>> one = Wheel("a.whl", "a==1", 10**6, ">=3.12.4")
        >>> print(Plan(Wheel("lthedu.whl", "", 2 * 10**6), {here: [one]}, {there: "there is no wheel of a==1"}))
        lthedu ..., with the versions that are installed here:
          for Linux on x86_64 with glibc 2.28 or newer, Python 3.12 (3.12.4 or newer): 2 wheels, 3 MB
          not for Windows on x86-64, Python 3.99: there is no wheel of a==1
        Together 2 wheels, 3 MB.
        """
        lines = [f"lthedu {lthedu.__version__}, with the versions that are installed here:"]
        for computer, wheels in self.wheels.items():
            lines.append(f"  for {self.title(computer)}: {len(wheels) + 1} wheels, {_mb([*wheels, self.course])}")
        lines += [f"  not for {computer}: {why}" for computer, why in self.left_out.items()]
        return "\n".join([*lines, f"Together {len(self.files)} wheels, {_mb(self.files)}."])


def planned(computers: Sequence[Computer], course: Path) -> Plan:
    """What a stick for these computers would hold, with the course's own wheel `course`.

    Nothing is fetched but what pip reads of each wheel, and sizes.
    """
    plan = Plan(Wheel(course.name, "", course.stat().st_size))
    for computer in computers:
        try:
            plan.wheels[computer] = resolved(computer, report)
        except NoWheel as error:
            plan.left_out[computer] = str(error)
    return plan


def needed(computer: Computer, told: Mapping[str, list[str]]) -> Wanted:
    """Every package that the course needs on a computer, but the course itself.

    What a package asks for is read where it is installed, or from `told`: what the other computer's own wheels say. One
    that is not installed here is one that only the other needs.
    """
    found: Wanted = {}
    asked: dict[str, SpecifierSet] = {}
    seen, waiting = set(), [Requirement("lthedu")]
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        asked[name] = asked.get(name, SpecifierSet()) & one.specifier
        asks: list[str] = []
        try:
            there = importlib.metadata.distribution(name)
            found[name] = computer.torch(there.version) if name == "torch" else f"{name}=={there.version}"
            asks = there.requires or []
        except importlib.metadata.PackageNotFoundError:
            found[name] = f"{name}{asked[name]}"
        if (name, *sorted(one.extras)) not in seen:
            seen.add((name, *sorted(one.extras)))
            every = map(Requirement, told.get(name, asks))
            waiting += [each for each in every if computer.asks_for(each, one.extras)]
    del found["lthedu"]
    return dict(sorted(found.items()))


def resolved(computer: Computer, report: Report) -> list[Wheel]:
    """Every wheel for a computer: asked for until none of them asks for one more.

    Raises NoWheel, with what is missing, where there is none of something.
    """
    told: dict[str, list[str]] = {}
    while True:
        wanted = needed(computer, told)
        items = {str(canonicalize_name(item["metadata"]["name"])): item for item in report(computer, wanted)}
        told = {name: item["metadata"].get("requires_dist", []) for name, item in items.items()}
        if needed(computer, told).keys() == wanted.keys():
            break
    urls = [items[name]["download_info"]["url"] for name in wanted]
    lines = [f"{name}=={items[name]['metadata']['version']}" if "==" not in w else w for name, w in wanted.items()]
    with ThreadPoolExecutor(8) as several:
        sizes = list(several.map(_size, urls))
    names = [unquote(urlsplit(url).path.rpartition("/")[2]) for url in urls]
    pythons = [items[name]["metadata"].get("requires_python", "") for name in wanted]
    return [Wheel(*each) for each in zip(names, lines, sizes, pythons, strict=True)]


def least_patch(computer: Computer, wheels: Sequence[Wheel]) -> int:
    """The patch release of its Python from which on all wheels can be installed.

    >>> least_patch(Computer("linux", "3.11"), [Wheel("a.whl", "", 1, ">=3.8"), Wheel("b.whl", "", 1, ">=3.11.5")])
    5
    """
    asked = [SpecifierSet(wheel.pythons) for wheel in wheels]
    return next(n for n in range(100) if all(one.contains(f"{computer.python}.{n}") for one in asked))


def report(computer: Computer, wanted: Wanted) -> list[dict[str, Any]]:
    """What pip says that it would fetch: for each package its address and its metadata."""
    with tempfile.TemporaryDirectory() as aside:
        dry = ["--dry-run", "--ignore-installed", "--target", aside, "--report", f"{aside}/report.json"]
        pip("install", *dry, computer=computer, lines=list(wanted.values()))
        found: list[dict[str, Any]] = json.loads(Path(aside, "report.json").read_text(encoding="utf-8"))["install"]
    return found


def pip(verb: str, *options: str, computer: Computer, lines: Sequence[str]) -> None:
    """Let pip find the wheels that `lines` name, for a computer. Raises NoWheel in words where it does not."""
    usual = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    command = [sys.executable, "-P", "-m", "pip", verb, *usual, *computer.tags(), *options, *lines]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        raise NoWheel(_in_words(ended.stderr, lines))


def _in_words(said: str, lines: Sequence[str]) -> str:
    """What pip's errors come to."""
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    missing = next((line.removeprefix(_NONE) for line in errors if line.startswith(_NONE)), "")
    first = errors[0] if errors else (said.strip().splitlines() or ["it did not say why"])[-1]
    if any(line.startswith("torch") and line.endswith("+cpu") and line in (missing or first) for line in lines):
        return (
            "pip finds no PyTorch for the CPU alone; set PIP_EXTRA_INDEX_URL to the address that pytorch.org's "
            '"Get started" page shows for Pip and CPU, or pack the build for CUDA with --cuda'
        )
    return f"pip finds no wheel of {missing} for it" if missing else f"pip says: {first}"


_NONE = "No matching distribution found for "


def _size(url: str) -> int | None:
    """The bytes of the file at an address that pip gave."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = unquote(parts.path)
        return Path(path.removeprefix("/") if os.name == "nt" else path).stat().st_size
    return size_of(url)


def _mb(wheels: Sequence[Wheel]) -> str:
    unknown = sum(wheel.size is None for wheel in wheels)
    size = f"{sum(wheel.size or 0 for wheel in wheels) / 1e6:,.0f} MB"
    return f"{size} and {unknown} of a size not known before" if unknown else size
