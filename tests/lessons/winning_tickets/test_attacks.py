"""What the lesson says of its attacks: the ticket's lead shrinks, and nothing that was tried takes all of it away."""

import pytest
from lessons.winning_tickets import attacks

from lthedu.experiments.study import DENSE, RANDOM, REINIT, WINNING
from lthedu.stats import paired_test

pytestmark = pytest.mark.full


def ahead(ticket, other) -> float:
    """The mean difference in points, where it is clear over the seeds, else 0."""
    gap, p = paired_test(list(ticket), list(other))
    return gap if p < 0.05 / 6 else 0.0


def test_at_own_rates_most_of_the_lead_over_new_initial_values_is_gone_and_not_all() -> None:
    base, own = attacks.at_the_lesson_s_rate(), attacks.own_rates()
    for arm in (REINIT, RANDOM):
        assert (own[WINNING] > own[arm]).all()
        assert (own[WINNING] - own[arm]).mean() < (base[WINNING] - base[arm]).mean()
    assert (own[WINNING] - own[REINIT]).mean() < (base[WINNING] - base[REINIT]).mean() / 2
    assert own[WINNING].mean() > own[DENSE].mean()


def test_equal_norms_give_the_controls_little() -> None:
    base, scaled = attacks.at_the_lesson_s_rate(), attacks.equal_norms()
    for arm in (REINIT, RANDOM):
        assert scaled[arm].mean() - base[arm].mean() < ahead(base[WINNING], scaled[arm]) / 2


def test_counts_alone_close_less_than_half_of_the_gap() -> None:
    base = attacks.at_the_lesson_s_rate()
    for counted in attacks.counts_per_pixel_and_neuron().values():
        assert counted.mean() - base[RANDOM].mean() < ahead(base[WINNING], counted) / 2


def test_every_layer_s_mask_matters_and_the_first_most() -> None:
    ticket = attacks.at_the_lesson_s_rate()[WINNING]
    first, second, last = (ahead(ticket, other) for other in attacks.one_layer_random().values())
    assert first > second > last > 0


def test_shuffled_images_cost_the_ticket_its_first_layer_s_mask_and_the_dense_network_nothing() -> None:
    base, moved = attacks.at_the_lesson_s_rate(), attacks.shuffled()
    first = attacks.one_layer_random()[attacks.FIRST]
    assert ahead(base[WINNING], moved[WINNING]) > (base[WINNING].mean() - base[RANDOM].mean()) / 2
    assert abs(moved[WINNING].mean() - first.mean()) < 0.5
    assert abs(moved[DENSE].mean() - base[DENSE].mean()) < 1


def test_four_times_the_steps_take_much_of_the_lead_and_not_all() -> None:
    base, longer = attacks.at_the_lesson_s_rate(), attacks.four_times_the_steps()
    assert 0 < ahead(longer[WINNING], longer[REINIT]) < ahead(base[WINNING], base[REINIT]) / 2


def test_at_its_own_rate_the_right_pixels_go_further_and_still_less_than_half_of_the_way() -> None:
    own, pixels = attacks.own_rates(), attacks.pixels_at_own_rate()["pixel"]
    closed = (pixels - own[RANDOM]).mean() / (own[WINNING] - own[RANDOM]).mean()
    base = attacks.at_the_lesson_s_rate()
    counted = attacks.counts_per_pixel_and_neuron()["pixel"]
    at_the_lesson_s = (counted - base[RANDOM]).mean() / (base[WINNING] - base[RANDOM]).mean()
    assert at_the_lesson_s < closed < 0.5


def test_new_values_with_the_ticket_s_signs_come_near_the_ticket() -> None:
    own, signs = attacks.own_rates(), attacks.same_signs()["same signs"]
    assert (signs - own[REINIT]).mean() > (own[WINNING] - signs).mean()
    assert signs.mean() > own[DENSE].mean()


def test_with_weight_decay_the_published_rule_lets_negative_weights_shrink() -> None:
    assert (attacks.weight_decay_under_the_published_rule()["left"] < 50).all()
