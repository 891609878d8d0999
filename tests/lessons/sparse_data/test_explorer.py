"""The explorer of active places: its callbacks; a browser test drives the same widget by keyboard."""

import pytest
import torch

from lthedu.lessons.sparse_data.explorer import explorer, work

IMAGES = torch.rand(3, 28, 28, generator=torch.Generator().manual_seed(0))


def test_every_control_draws_another_picture_and_says_so(draws_each_anew) -> None:
    shown = explorer(IMAGES)
    digit, threshold, layers, *_ = shown.children
    draws_each_anew(shown, [(digit, 2), (threshold, 0.9), (layers, 1)])


def test_what_it_says_is_what_is_active() -> None:
    image = torch.zeros(1, 10, 10)
    image[0, 4:6, 4:6] = 1.0
    *_, words = explorer(image).children
    assert "4 % of the places are active. After 3 ordinary layers it is 64 %" in words.value
    assert "After 3 submanifold layers it is still 4 %, and the next makes 2 %" in words.value
    assert work(image > 0.5) == 16 / 900


def test_images_without_a_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"images has shape \(4, 4\); allowed: \(n, height, width\)"):
        explorer(torch.rand(4, 4))
