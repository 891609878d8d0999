"""What the lesson on curvature says of the attacks on its verdicts, held by the attacks themselves."""

import pytest
from lessons.curvature import attacks

from lthedu.lessons.curvature.experiment import BATCHES, BULK, DOMINANT, FULL

pytestmark = pytest.mark.full


@pytest.mark.parametrize("attack", [attacks.pixels_from_0_to_1, attacks.two_hidden_layers])
def test_without_noise_the_share_is_gone_with_other_pixels_and_networks_too(attack) -> None:
    found = attack()
    assert found[BATCHES][-1] > 50
    assert found[FULL][-1] < 10


def test_steps_beside_do_the_work_however_long() -> None:
    found = attacks.ten_times_the_steps()
    assert found[BULK] > 80
    assert found[DOMINANT] < 20


def test_leaving_out_random_directions_changes_nothing() -> None:
    found = attacks.random_directions()
    assert found[BULK] > 90
    assert found[DOMINANT] < 10


def test_the_control_holds_most_at_other_seeds() -> None:
    assert min(attacks.masks_at_other_seeds().values()) > 70


def test_obs_chooses_better_at_other_seeds() -> None:
    found = attacks.obs_at_other_seeds()
    assert found["OBS"][0] < 0.6 * found["magnitude"][0]
    assert found["OBS"][1] < 0.7 * found["magnitude"][1]
    assert found["OBS score, no update"][1] < 0.8 * found["magnitude"][1]
    assert abs(found["OBD, then update"][1] / found["OBD"][1] - 1) < 0.15
