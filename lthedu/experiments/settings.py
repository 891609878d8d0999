"""The settings of an experiment, with their ranges in their annotations, and the three sizes that they come in."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Generic, TypeVar

from lthedu.base.arguments import typed
from lthedu.base.course_files import scale
from lthedu.base.ranges import Above, AtLeast, Count, Distinct

S = TypeVar("S")
Seeds = Annotated[tuple[int, ...], AtLeast(1), Distinct()]
Density = Annotated[float, Above(0, below=1)]
Densities = Annotated[tuple[Density, ...], AtLeast(1)]


@dataclass(frozen=True)
class Settings:
    """What an experiment does. Sequences become tuples and numpy's numbers Python's, so that JSON can hold them."""

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _plain(getattr(self, field.name)))


@typed
@dataclass(frozen=True)
class Seeded(Settings):
    """The settings of an experiment with one replicate for each seed.

    Networks that are trained together and one at a time are not equal to the last bit. So `seeds_per_part` says how
    many are, whatever the machine and however many workers there are; None is all of them.

    >>> Seeded(seeds=(1, 1))
    Traceback (most recent call last):
    ValueError: Seeded: seeds is (1, 1); allowed: a sequence of whole numbers, one or more, each once
    """

    seeds: Seeds = (0, 1, 2, 3, 4)  # one replicate each
    seeds_per_part: Count | None = None  # trained together, and kept together


@dataclass
class Sizes(Generic[S]):
    """The settings of one experiment at its three sizes.

    >>> Sizes(tiny=3, lesson=40, paper=50_000).now()
    40
    """

    tiny: S  # seconds, for tests: every line runs, and nothing is shown
    lesson: S
    paper: S

    def now(self) -> S:
        """The settings at the size that LTHEDU_SCALE asks for. Raises ValueError for a word that is no size."""
        found: S = getattr(self, scale())
        return found


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # numpy's and torch's
        value = value.tolist()
    if hasattr(value, "__len__") and not isinstance(value, str | Mapping):
        return tuple(_plain(item) for item in value)
    return value
