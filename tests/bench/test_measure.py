"""Every contender once a round, in turn."""

import pytest
import torch

from lthedu.bench.measure import measure


@pytest.mark.parametrize("warm_up", [False, True])
def test_contenders_run_in_turn_and_what_they_measure_comes_back(warm_up):
    ran = []
    found = measure({n: lambda n=n: ran.append(n) or len(ran) for n in "ab"}, rounds=3, warm_up=warm_up)
    assert "".join(ran) == "ab" * (3 + warm_up)
    first = 1 + 2 * warm_up
    assert found == {"a": [first, first + 2, first + 4], "b": [first + 1, first + 3, first + 5]}


def test_threads_are_as_asked_and_given_back_also_after_an_error():
    before = torch.get_num_threads()
    assert measure({"a": torch.get_num_threads}, rounds=1, threads=before + 1) == {"a": [before + 1]}
    with pytest.raises(ZeroDivisionError):
        measure({"a": lambda: 1 / 0}, rounds=1, threads=before + 1)
    assert torch.get_num_threads() == before
