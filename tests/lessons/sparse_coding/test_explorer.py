"""The explorer of one patch: its callbacks; a browser test drives the same widget by keyboard."""

import re

import pytest
import torch

from lthedu.coding import omp
from lthedu.lessons.sparse_coding.experiment import noisy_crop
from lthedu.lessons.sparse_coding.explorer import NARROW, WAYS, WIDE, explorer


def test_every_control_draws_another_picture_and_says_so(draws_each_anew) -> None:
    shown = explorer(4, "roof")
    atoms, way, crop, row, column, *_ = shown.children
    draws_each_anew(shown, [(atoms, 5), (way, "soft"), (crop, "trees"), (row, 3), (column, 17)])


def test_what_it_says_is_what_omp_gives() -> None:
    shown = explorer(3, "roof")
    row, column = (shown.children[i].value for i in (3, 4))
    noisy, clean = (p[row : row + 8, column : column + 8].reshape(-1) for p in noisy_crop("test", "roof", 0))
    found = omp(noisy - noisy.mean(), WIDE, 3) @ WIDE + noisy.mean()
    said = [float(number) for number in re.findall(r"(\d+\.\d) ", shown.children[-1].value)]
    assert said[:2] == pytest.approx([float(((found - to) ** 2).mean()) ** 0.5 for to in (noisy, clean)], abs=0.06)


def test_the_soft_way_shrinks_what_the_hard_way_keeps() -> None:
    x = torch.randn(64, generator=torch.Generator().manual_seed(0))
    hard, soft = ((WAYS[name](x, 5) @ NARROW.T) for name in ("hard", "soft"))
    kept = hard.abs() > 1e-4
    assert int(kept.sum()) == 5
    next_size = float((NARROW @ x).abs().sort(descending=True).values[5])
    assert torch.allclose(hard[kept].abs() - soft[kept].abs(), torch.full((5,), next_size), atol=1e-4)
    assert float(soft[~kept].abs().max()) < 1e-4


@pytest.mark.parametrize(("named", "words"), [({"crop": "lake"}, "crop is 'lake'"), ({"atoms": 99}, "atoms is 99")])
def test_what_there_is_not_is_refused(named, words) -> None:
    with pytest.raises(ValueError, match=words):
        explorer(**named)
