"""Two photographs that scikit-learn ships, in grey: one to learn from, and another to be tested on."""

from functools import cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from lthedu.base.arguments import typed

LUMA = (0.299, 0.587, 0.114)  # how much red, green and blue count in a grey picture (ITU-R BT.601)


@typed
def photograph(name: Literal["china", "flower"]) -> Tensor:
    """The photograph (427, 640) as grey levels from 0 to 255, float32.

    "china" is by danielbuechele and "flower" by vultilion, both on Flickr, under CC BY 2.0; scikit-learn ships them
    (`sklearn.datasets.load_sample_images`). They are turned grey here. Raises ValueError for another name.

    >>> flower = photograph("flower")
    >>> tuple(flower.shape), bool(flower.min() >= 0), bool(flower.max() <= 255)
    ((427, 640), True, True)
    """
    return _grey(name).clone()


@cache
def _grey(name: str) -> Tensor:
    from sklearn.datasets import load_sample_image  # it takes longer to import than the rest of lthedu.data

    colours = load_sample_image(f"{name}.jpg").astype(np.float64)  # (427, 640, 3)
    return torch.from_numpy(colours @ np.array(LUMA)).float()
