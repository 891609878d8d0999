"""What the checks hand on to later cells."""

import pytest
import torch

from lthedu.course.catalogue import find
from lthedu.landscape.lanczos import lanczos


@pytest.mark.parametrize("steps", [1, 5, 30])
def test_a_right_lanczos_hands_on_t_and_q_however_many_steps_it_takes(steps: int) -> None:
    values = torch.linspace(1, 2, 40)
    t, q = find("lanczos").handed_on(lanczos)(lambda v: values * v, torch.ones(40), steps)
    assert (t.shape, q.shape) == ((steps, steps), (40, steps))
    assert t.dtype == q.dtype == torch.float32


def test_numbers_handed_on_are_of_the_arguments_kind() -> None:
    hvp = find("hvp").handed_on(lambda loss, weights, vector: [2.0, 4.0])
    found = hvp(lambda w: (w**2).sum(), torch.ones(2), torch.tensor([1.0, 2.0]))
    assert found.dtype == torch.float32
