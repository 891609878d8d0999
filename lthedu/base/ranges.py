"""What an annotation may ask of a value beside its type: `Annotated[float, Range(0, 1)]`; the usual ones have names."""

from dataclasses import dataclass
from math import inf
from typing import Annotated, Any


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`, both allowed (None: no bound there). NaN lies in no range."""

    low: float | None = None
    high: float | None = None

    def __contains__(self, value: Any) -> bool:
        below = self.low is not None and value < self.low
        above = self.high is not None and value > self.high
        return bool(value == value) and not below and not above

    def __str__(self) -> str:
        if self.high is None:
            return "that is not NaN" if self.low is None else f"from {self.low} up"
        return f"up to {self.high}" if self.low is None else f"from {self.low} to {self.high}"


@dataclass(frozen=True)
class Above:
    """The numbers above `low` (itself not allowed), up to `high`, or below `below`, where they are named.

    >>> 1 in Above(0, high=1), 1 in Above(0, below=1), f"{Above(0, high=1)}; {Above(0, below=1)}; {Above(0)}"
    (True, False, 'above 0 to 1; above 0 and below 1; above 0')
    """

    low: float
    high: float | None = None
    below: float | None = None

    def __contains__(self, value: Any) -> bool:
        fits = self.high is None or value <= self.high
        return bool(value > self.low and fits and (self.below is None or value < self.below))

    def __str__(self) -> str:
        upper = "" if self.high is None else f" to {self.high}"
        if self.below is not None:
            upper += " and finite" if self.below == inf else f" and below {self.below}"
        return f"above {self.low}{upper}"


@dataclass(frozen=True)
class Columns:
    """A table with these columns, named in one text, and at least so many rows.

    >>> class Table(list):
    ...     columns = ("arm", "accuracy")
    >>> Table([1]) in Columns("arm"), Table() in Columns("arm"), Table([1]) in Columns("arm level")
    (True, False, False)
    """

    names: str
    rows: int = 1

    def __contains__(self, table: Any) -> bool:
        return set(self.names.split()) <= set(table.columns) and len(table) >= self.rows

    def __str__(self) -> str:
        return f"with the columns {', '.join(self.names.split())}" + (" and one row or more" if self.rows else "")


@dataclass(frozen=True)
class Filled:
    """A text with something in it.

    >>> "a" in Filled(), " " in Filled()
    (True, False)
    """

    def __contains__(self, text: Any) -> bool:
        return bool(text.strip())

    def __str__(self) -> str:
        return "with something in it"


Count = Annotated[int, Range(1)]
Whole = Annotated[int, Range(0)]
Fraction = Annotated[float, Range(0, 1)]
Number = Annotated[float, Range()]
Positive = Annotated[float, Above(0)]
Share = Annotated[float, Above(0, below=1)]
Text = Annotated[str, Filled()]
