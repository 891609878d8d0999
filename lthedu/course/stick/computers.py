"""The computers that a stick can be for: the tags of their wheels, and what requirements ask about them."""

import importlib.metadata
import platform
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.requirements import Requirement

from lthedu.course.stick.install import system_of


@dataclass(frozen=True)
class System:
    """A kind of computer: its name for people, its wheels' tags, and what requirements ask about it."""

    title: str
    tags: tuple[str, ...]
    markers: dict[str, str]


def _linux(machine: str) -> System:
    tags = (*(f"manylinux_2_{n}_{machine}" for n in range(28, 4, -1)), f"manylinux2014_{machine}", f"linux_{machine}")
    markers = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": machine}
    return System(f"Linux on {machine} with glibc 2.28 or newer", tags, markers)


SYSTEMS = {
    "linux": _linux("x86_64"),
    "linux-arm": _linux("aarch64"),
    "macos": System(
        "macOS 14 or newer on Apple silicon",
        ("macosx_14_0_arm64",),
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    ),
    "windows": System(
        "Windows on x86-64",
        ("win_amd64",),
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    ),
}


@dataclass(frozen=True)
class Computer:
    """A computer that the stick is for."""

    system: str  # of SYSTEMS
    python: str  # "3.12"
    cuda: bool = False

    def __str__(self) -> str:
        """It, for people.

        >>> print(Computer("windows", "3.12"))
        Windows on x86-64, Python 3.12
        """
        return f"{SYSTEMS[self.system].title}, Python {self.python}{', CUDA' * self.cuda}"

    def tags(self) -> list[str]:
        """What tells pip to look for this computer's wheels, for the last patch release of its Python.

        Told "3.11", pip would take 3.11.0, for which some packages have nothing new.
        """
        tags = [word for tag in SYSTEMS[self.system].tags for word in ("--platform", tag)]
        return ["--python-version", self.last, "--implementation", "cp", *tags]

    @property
    def last(self) -> str:
        """A version of its Python that is later than all there are."""
        return f"{self.python}.99"

    def asks_for(self, one: Requirement, extras: Iterable[str]) -> bool:
        """Whether a requirement of a package that is asked for with `extras` holds on this computer.

        pip itself would ask the computer that it runs on.

        >>> winpty = Requirement("pywinpty>=2.0.1; os_name == 'nt'")
        >>> [Computer(system, "3.12").asks_for(winpty, []) for system in ("linux", "windows")]
        [False, True]
        """
        about = {"python_version": self.python, "python_full_version": self.last}
        about |= {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
        about |= SYSTEMS[self.system].markers
        return one.marker is None or any(one.marker.evaluate({**about, "extra": extra}) for extra in ("", *extras))

    def torch(self, version: str) -> str:
        """The requirement that names this computer's build of PyTorch, of the `version` that is installed here.

        >>> Computer("linux", "3.12").torch("2.13.0"), Computer("windows", "3.12").torch("2.13.0+cpu")
        ('torch==2.13.0+cpu', 'torch==2.13.0')
        >>> Computer("linux", "3.12", cuda=True).torch("2.13.0+cpu")  # === is equal to the letter
        'torch===2.13.0'
        """
        public, _, build = version.partition("+")
        if self.cuda:
            return f"torch=={version}" if build.startswith("cu") else f"torch==={public}"
        return f"torch=={public}+cpu" if self.system.startswith("linux") else f"torch=={public}"


def computers(systems: str, pythons: str, cuda: bool | None = None) -> list[Computer]:
    """The computers that two lists name; "this" is the one here. `cuda` None: as the PyTorch installed here.

    CUDA is packed for Linux alone: for Windows its wheels have a name that only pytorch.org's own address knows.

    Raises ValueError for another word.

    >>> computers("windows,macos", "3.11")
    [Computer(system='windows', python='3.11', cuda=False), Computer(system='macos', python='3.11', cuda=False)]
    """
    own, python = system_of(platform.system(), platform.machine()), f"{sys.version_info[0]}.{sys.version_info[1]}"
    with_cuda, found = has_cuda() if cuda is None else cuda, []
    for word in systems.split(","):
        system = own if word == "this" else word
        if system not in SYSTEMS:
            raise ValueError(f"--platform has {word!r}; allowed, with commas between: {', '.join(['this', *SYSTEMS])}")
        for version in pythons.split(","):
            version = python if version == "this" else version
            if not re.fullmatch(r"3\.(1[1-9]|[2-9]\d)", version):
                raise ValueError(f"--python has {version!r}; allowed, with commas between: this, 3.11, 3.12 and later")
            found.append(Computer(system, version, with_cuda and system.startswith("linux")))
    return list(dict.fromkeys(found))


def has_cuda() -> bool:
    """Whether the PyTorch installed here is a build for CUDA, by its version.

    Of those without a mark ("2.13.0", and not "2.13.0+cpu") the one for Linux is.
    """
    _, mark, build = importlib.metadata.version("torch").partition("+")
    return build.startswith("cu") if mark else sys.platform == "linux"
