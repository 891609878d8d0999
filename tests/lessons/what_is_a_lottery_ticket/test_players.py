"""The patient player never gets worse by starting more often, cannot beat the best choice, and counts its sums."""

import pytest

from lthedu import proof
from lthedu.base.streams import numpy_generator
from lthedu.lessons.what_is_a_lottery_ticket.players import patient_choice, sums_examined


def distance(kept: list[bool], numbers: list[float], target: float) -> float:
    return abs(sum(x for x, k in zip(numbers, kept, strict=True) if k) - target)


@pytest.mark.parametrize("n", [1, 3, 9])
def test_no_flip_of_one_or_two_numbers_improves_the_choice(n: int) -> None:
    draw = numpy_generator(n, "test of the patient player")
    for _ in range(20):
        numbers, target = draw.uniform(-1, 1, n).tolist(), float(draw.uniform(-0.5, 0.5))
        kept = patient_choice(numbers, target, starts=3)
        reached = distance(kept, numbers, target)
        for i in range(n):
            for j in range(i, n):
                flipped = [k is not (place in (i, j)) for place, k in enumerate(kept)]
                assert distance(flipped, numbers, target) >= reached - 1e-12
        best = distance(proof.closest_subset(numbers, target), numbers, target)
        assert best <= reached + 1e-12
        assert distance(patient_choice(numbers, target, starts=12), numbers, target) <= reached + 1e-12


def test_keeping_none_counts_too_and_no_start_is_refused() -> None:
    assert patient_choice([0.9, 0.8], 0.1) == [False, False]
    with pytest.raises(ValueError, match="starts is 0"):
        patient_choice([0.5], 0.1, starts=0)


def test_every_start_examines_each_flip_of_one_or_two_numbers_at_least_once() -> None:
    draw = numpy_generator(9, "test of the patient player")
    numbers = draw.uniform(-1, 1, 9).tolist()
    once, ten_times = (sums_examined(numbers, 0.2, starts=n) for n in (1, 10))
    assert once % 45 == ten_times % 45 == 0  # 9 single flips and 36 pairs
    assert ten_times >= once + 9 * 45
