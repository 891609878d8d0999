"""What a loss costs: its callbacks; a browser test drives the same widget by keyboard."""

import pytest

from lthedu import data
from lthedu.lessons.search_without_gradients.experiment import ANNEALING, Contest, Settings, reached
from lthedu.lessons.search_without_gradients.explorer import MULTIPLICATIONS, explorer


@pytest.fixture(scope="module")
def table(mnist):
    settings = Settings(seeds=(0, 1), sizes=(49, 8, 10), images=50, budget=400, batch=5)
    return Contest(data.pooled(data.pooled(mnist.first(100, 50, 50))), settings).run()


def test_every_slider_draws_another_picture_and_says_so(table, draws_each_anew):
    shown = explorer(table, {ANNEALING: 0.01})
    goal, counted, *_ = shown.children
    draws_each_anew(shown, [(goal, 2.0), (counted, MULTIPLICATIONS)])


def test_it_tells_what_the_goal_cost_by_either_count(table):
    shown = explorer(table, {ANNEALING: 0.5})
    goal, counted, *_, words = shown.children
    goal.value = 2.2
    cost = reached(table, 2.2)[ANNEALING].median()
    assert f"{ANNEALING} {cost:,.0f}" in words.value
    counted.value = MULTIPLICATIONS
    assert f"{ANNEALING} {cost / 2:,.0f}" in words.value


def test_what_nobody_reached_is_said(table):
    goal, *_, words = explorer(table, {}).children
    goal.value = 0.95
    assert "none reached it" in words.value
    assert "7 of 7 searchers did not reach it" in words.value
