"""The callbacks of what can be played with; a browser test drives them by keyboard."""

import itertools
import re

import pytest
import torch

from lthedu.data import Dataset
from lthedu.lessons.what_is_a_lottery_ticket.explorer import NumberButtons, explorer, fading, number_game
from lthedu.networks import models
from lthedu.training import Replicates, train


def number(pattern: str, words: str) -> float:
    return float(re.search(pattern, words)[1].replace("−", "-").replace(",", ""))


def test_edges_fade_as_the_slider_moves(draws_each_anew) -> None:
    box = fading()
    assert "21 of 42 edges are left" in box.children[-1].value
    draws_each_anew(box, [(box.children[0], 0), (box.children[0], 90)])
    assert "4 of 42 edges are left" in box.children[-1].value


def test_buttons_say_with_a_sign_whether_their_number_is_kept() -> None:
    buttons = NumberButtons([0.5, -0.25])
    assert buttons.value == (True, True)
    assert [b.description for b in buttons.children] == ["✓ +0.500", "✓ −0.250"]
    buttons.children[0].value = False
    assert buttons.value == (False, True)
    assert buttons.children[0].description == "✗ +0.500"
    assert "press to keep" in buttons.children[0].tooltip
    buttons.deal([0.125])
    assert buttons.value == (True,)


def test_the_sum_and_the_distance_follow_every_button_and_slider() -> None:
    game = number_game(n=5, target=0.25)
    many, deal, aim, buttons, _, _, picture, words = game.children
    numbers = [number("(.*)", b.description[2:]) for b in buttons.children]
    assert len(numbers) == 5

    def agrees() -> None:
        shown = [number("(.*)", b.description[2:]) for b in buttons.children]
        total = sum(itertools.compress(shown, buttons.value))
        assert number(r"their sum is ([+−\d.]+)\.", words.value) == pytest.approx(total, abs=0.01)
        assert number(r"off by ([\d.]+)\.", words.value) == pytest.approx(abs(total - aim.value), abs=0.01)
        assert f"There are {2 ** len(shown)} choices" in words.value
        assert bytes(picture.value).startswith(b"\x89PNG")

    agrees()
    before = bytes(picture.value)
    buttons.children[2].value = False
    assert "You keep 4 of 5 numbers" in words.value
    assert bytes(picture.value) != before
    agrees()
    aim.value = -0.4
    agrees()
    many.value = 7
    assert len(buttons.children) == 7
    assert [number("(.*)", b.description[2:]) for b in buttons.children][:5] == numbers
    agrees()
    deal.value = 2
    assert [number("(.*)", b.description[2:]) for b in buttons.children][:5] != numbers
    agrees()


def test_the_best_choice_is_shown_only_when_asked_for_and_is_the_best() -> None:
    _, _, aim, buttons, reveal, _, _, words = number_game(n=8, target=0.1).children
    assert "The best" not in words.value
    reveal.value = True
    numbers = [number("(.*)", b.description[2:]) for b in buttons.children]
    best = min(abs(sum(s) - aim.value) for k in range(9) for s in itertools.combinations(numbers, k))
    assert number(r"The best of them is off by ([\d.]+);", words.value) == pytest.approx(best, abs=0.005)
    kept = [float(x.replace("−", "-")) for x in re.findall(r"[+−]\d\.\d{3}", words.value.split("it keeps")[1])]
    assert abs(sum(kept) - aim.value) == pytest.approx(best, abs=0.005)


@pytest.mark.parametrize(("n", "target"), [(1, 0.0), (17, 0.0), (8, 0.6)])
def test_a_game_outside_its_range_is_refused(n: int, target: float) -> None:
    with pytest.raises(
        ValueError,
        match=r"n is .* a whole number from 2 to 16|target is 0.6; .* from -0.5 to 0.5",
    ):
        number_game(n, target)


@pytest.fixture(scope="module")
def trained(mnist) -> Replicates:
    return train(
        Replicates.create(models.lenet_300_100, seeds=[0, 1]), mnist.first(5000, 500, 500), steps=60
    ).replicates


def test_deleting_weights_makes_the_network_read_worse(trained: Replicates, mnist) -> None:
    percent, way, _, picture, words = explorer(trained, mnist.first(100, 100, 500)).children
    assert "266,200 of 266,200 weights are kept" in words.value
    assert "of the 500 test digits" in words.value
    all_kept = number(r"([\d]+) % of the", words.value)
    seen = {bytes(picture.value)}
    percent.value = 50
    half = number(r"([\d]+) % of the", words.value)
    seen.add(bytes(picture.value))
    way.value = "at random"
    at_random = number(r"([\d]+) % of the", words.value)
    assert "133,100 of 266,200" in words.value
    percent.value = 2
    seen.add(bytes(picture.value))
    assert number(r"([\d]+) % of the", words.value) < 50
    assert at_random < half <= all_kept + 5
    assert all_kept > 70
    assert len(seen) > 1  # the words under the digits have changed


def test_the_explorer_leaves_the_network_alone(trained: Replicates, mnist) -> None:
    before = {name: p.clone() for name, p in trained.params.items()}
    percent, *_ = explorer(trained, mnist.first(100, 100, 100)).children
    percent.value = 10
    assert all(torch.equal(before[name], p) for name, p in trained.params.items())


@pytest.mark.parametrize("digits", [0, -1, 5])
def test_digits_that_are_not_there_are_refused(digits: int) -> None:
    images, labels = torch.zeros(4, 784), torch.tensor([0, 1, 2, 3])
    few = Dataset(images, labels, images, labels, images, labels)
    with pytest.raises(ValueError, match=f"digits is {digits}; allowed: 1 to 4"):
        explorer(Replicates.create(models.lenet_300_100, seeds=[0]), few, digits=digits)
