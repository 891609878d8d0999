"""The lights' callbacks; a browser test drives them by keyboard."""

import re

import numpy as np
import pytest

from lthedu.lessons.subset_sums.explorer import DRAWS, MOST, explorer
from lthedu.proof import all_sums
from lthedu.proof.laws import draw_pools


def number(pattern: str, words: str) -> float:
    return float(re.search(pattern, words)[1].replace("−", "-").replace(",", ""))


def test_the_best_choice_is_told_for_every_setting() -> None:
    many, aim, eta, draw, _, picture, words = explorer(6, target=0.2).children
    numbers = draw_pools("uniform", MOST, DRAWS)[0]
    seen = set()

    def agrees() -> None:
        row = numbers[draw.value - 1]
        off = [float(np.abs(all_sums(row[:n]) - aim.value).min()) for n in range(13)]
        told = number(r"off by ([\d.]+),", words.value)
        assert told == pytest.approx(off[many.value], abs=1e-8)
        assert number(r"Their sum is ([+−\d.]+), ", words.value) == pytest.approx(aim.value, abs=told + 1e-8)
        assert ("not within" in words.value) == (off[many.value] > eta.value)
        first = [n for n, e in enumerate(off) if e <= eta.value]
        assert f"The first {first[0]} would do" in words.value if first else "The first" in words.value
        assert f"There are {2**many.value:,} choices" in words.value
        assert bytes(picture.value).startswith(b"\x89PNG")
        seen.add(bytes(picture.value))

    agrees()
    many.value = 11
    agrees()
    aim.value = -0.35
    agrees()
    draw.value = 7
    agrees()
    eta.value = 0.1
    agrees()
    assert len(seen) == 5


def test_what_is_not_reached_is_said() -> None:
    _, _, eta, draw, _, _, words = explorer(4).children
    eta.value = 1e-7
    said = set()
    for draw.value in range(1, 5):
        said.add("Not even 24 would do" in words.value)
    assert said == {True, False}


@pytest.mark.parametrize(("n", "target"), [(1, 0.0), (25, 0.0), (8, 0.6)])
def test_lights_outside_their_range_are_refused(n: int, target: float) -> None:
    with pytest.raises(
        ValueError,
        match=r"n is .* a whole number from 2 to 24|target is 0.6; .* from -0.5 to 0.5",
    ):
        explorer(n, target)
