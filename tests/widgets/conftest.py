"""What the explorers' tests share."""

from collections.abc import Callable

import ipywidgets
import pytest

Moves = list[tuple[ipywidgets.Widget, object]]


@pytest.fixture
def draws_each_anew() -> Callable[[ipywidgets.VBox, Moves], None]:
    """Set an explorer's controls, one after the other: each value draws another picture and tells another sentence."""

    def hold(explorer: ipywidgets.VBox, moves: Moves) -> None:
        *_, picture, words = explorer.children
        pictures, told = {bytes(picture.value)}, {words.value}
        for control, value in moves:
            control.value = value
            assert bytes(picture.value).startswith(b"\x89PNG")
            pictures.add(bytes(picture.value))
            told.add(words.value)
        assert len(pictures) == len(told) == 1 + len(moves)

    return hold
