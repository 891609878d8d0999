"""How long libraries lasted: months by hand, what is still alive, and how the two ways to read the record differ."""

import pytest

from lthedu.sparsity import lasted, libraries, months_between

CHECKED = "2026-11-30"


@pytest.mark.parametrize(
    ("earlier", "later", "months"),
    [("2020-03-07", "2020-03-31", 0), ("2020-03-31", "2020-04-01", 1), ("2020-12", "2021-01-15", 1)],
)
def test_months_are_counted_by_year_and_month(earlier: str, later: str, months: int) -> None:
    assert months_between(earlier, later) == months
    assert months_between(later, earlier) == -months


def test_the_latest_sign_counts_in_any_order() -> None:
    signs = ["2023-03-22", "2021-05-21", "2022-01"]
    assert lasted(signs, "2020-03-07", CHECKED) == lasted(sorted(signs), "2020-03-07", CHECKED) == (36, True)


@pytest.mark.parametrize(
    ("sign", "found"), [("2025-11-01", (80, False)), ("2025-10-31", (67, True)), ("2019-04", (-11, True))]
)
def test_what_had_a_sign_within_a_year_lasts_until_the_check_at_least(sign: str, found: tuple[int, bool]) -> None:
    assert lasted([sign], "2020-03-07", CHECKED) == found


def test_a_sign_more_never_makes_a_life_shorter() -> None:
    for one in libraries().libraries:
        signs = [date for date in (one.last_release, one.last_commit) if date]
        if len(signs) == 2:
            assert all(lasted(signs, "2020-03-07", CHECKED)[0] >= lasted([s], "2020-03-07", CHECKED)[0] for s in signs)


def test_what_the_record_calls_alive_is_censored() -> None:
    record = libraries()
    for one in record.libraries:
        signs = [date for date in (one.last_release, one.last_commit) if date]
        if signs and one.status_observed in ("alive", "quiet"):
            assert lasted(signs, "2020-03-07", record.checked_on)[1] == (one.status_observed == "quiet"), one.name
