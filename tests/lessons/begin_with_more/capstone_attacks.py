"""What might overturn the capstone's worked examples: mean and 95 % interval, in points, and the verdict."""

from dataclasses import replace
from typing import Any

from lessons.begin_with_more.registered import DIGITS, FRESH, PLACE, SIZES

from lthedu.experiments.registration import Registration
from lthedu.lessons.begin_with_more.capstone import Tickets

Found = tuple[float, float, float, str]
RATES = (0.008, 0.011, 0.016, 0.022, 0.032)
MORE_RATES = (*RATES, 0.0056, 0.045)


def judged(claim: Registration, **changes: Any) -> Found:
    """The claim with these settings, by its own rule. Tickets are found at the first rate."""
    claim = replace(claim, settings=replace(claim.settings, **changes))
    found = claim.run(Tickets(DIGITS, claim.settings), claim.digest)
    return round(found.value, 2), round(found.low, 2), round(found.high, 2), found.verdict


def other_seeds() -> dict[str, Found]:
    """All three, and what reversed the third, on eight seeds that had no part in anything."""
    seeds = tuple(range(300, 308))
    return {
        "place": judged(PLACE, seeds=seeds),
        "sizes": judged(SIZES, seeds=seeds),
        "fresh": judged(FRESH, seeds=seeds),
        "fresh, own rates": judged(FRESH, seeds=seeds, rates=MORE_RATES),
        "fresh, longer": judged(FRESH, seeds=seeds, steps=500),
    }


def ten_times_as_long() -> dict[str, Found]:
    """The first two with 1,500 steps in place of 150."""
    return {"place": judged(PLACE, steps=1500), "sizes": judged(SIZES, steps=1500)}


def norms_and_inputs_at_once() -> Found:
    """The random mask with the ticket's norms, counts in each layer and counts at each input."""
    return judged(PLACE, same_norms=True, same_inputs=True)


def other_densities() -> dict[str, Found]:
    """The first two with 2 and with 10 % of the weights."""
    return {
        f"{name}, {density:.0%}": judged(claim, density=density)
        for name, claim in (("place", PLACE), ("sizes", SIZES))
        for density in (0.02, 0.1)
    }


def longer_at_own_rates() -> Found:
    """The third with ten times the steps, each arm at its own rate."""
    return judged(FRESH, steps=500, rates=MORE_RATES)
