"""How long a library lasted after a date, as far as one can know: some are still alive."""

from collections.abc import Sequence

from lthedu.base.arguments import typed
from lthedu.sparsity.libraries import DATE

QUIET = 12  # months without a release or a commit, after which nothing more is expected


@typed
def months_between(earlier: str, later: str) -> int:
    """Whole months from one date to another, by year and month alone; negative where `later` is the earlier one.

    Raises ValueError for what is no date such as 2026-11-30 or 2026-11.

    >>> months_between("2020-03-07", "2021-01")
    10
    """
    for date in (earlier, later):
        if not DATE.fullmatch(date):
            raise ValueError(f"the date is {date!r}; allowed: one such as 2026-11-30 or 2026-11")
    (y, m), (v, n) = (map(int, date.split("-")[:2]) for date in (earlier, later))
    return 12 * (v - y) + n - m


@typed
def lasted(signs: Sequence[str], since: str, checked_on: str) -> tuple[int, bool]:
    """How many months a library lasted after `since`, and whether its end was seen.

    `signs` are the dates of its signs of life, such as its last release and its last commit. The latest counts. If it
    lies more than 12 months before `checked_on`, the library ended there. If not, it is still alive, and all we know is
    that it lasted at least until `checked_on`: the months up to then, and False. Raises ValueError for no sign, for
    one after `checked_on`, and as `months_between` does.

    >>> lasted(["2021-05-21", "2023-03-22"], "2020-03-07", "2026-11-30")
    (36, True)
    >>> lasted(["2026-08-10"], "2020-03-07", "2026-11-30")
    (80, False)
    """
    if not signs:
        raise ValueError(f"signs is {list(signs)}; allowed: one date or more")
    ago = min(months_between(sign, checked_on) for sign in signs)
    if ago < 0:
        raise ValueError(f"signs is {list(signs)}; allowed: dates up to {checked_on}, the day of the check")
    whole = months_between(since, checked_on)
    return (whole - ago, True) if ago > QUIET else (whole, False)
