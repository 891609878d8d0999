"""A pretended machine for the check of a clock: time passes only where its two functions are called."""

from collections.abc import Callable, Sequence
from typing import Any


class _Moves:
    """A function that does nothing but move a clock: by its own seconds for the window in which it is called."""

    def __init__(self, machine: dict[str, float], seconds: Sequence[float], said: str) -> None:
        self.machine, self.seconds, self.said = machine, seconds, said

    def __call__(self) -> None:
        window = int(self.machine["calls"]) // 2 - 1  # the first call of each, which compiles, comes before window 0
        at = min(max(window, 0), len(self.seconds) - 1)
        self.machine["now"] += 100.0 if window < 0 else self.seconds[at]
        self.machine["calls"] += 1

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Moves":
        return self  # both functions and the timer go on moving one clock


def pretended(dense: Sequence[float], sparse: Sequence[float]) -> Callable[[], tuple[Any, ...]]:
    """Arguments for `speed_up` on a machine whose windows take so many seconds each; made anew for each call."""

    def arguments() -> tuple[Any, ...]:
        machine = {"now": 0.0, "calls": 0.0}
        said = f"dense takes {_listed(dense)} and sparse {_listed(sparse)} seconds (and the first call of each 100)"
        return _Moves(machine, dense, said), _Moves(machine, sparse, said), len(dense), lambda: machine["now"]

    return arguments


def _listed(seconds: Sequence[float]) -> str:
    return ", ".join(f"{one:g}" for one in seconds)
