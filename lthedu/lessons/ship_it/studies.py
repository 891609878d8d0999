"""What the stored run computes, each study by its name."""

from dataclasses import replace

from lthedu.lessons.ship_it import files, middle
from lthedu.lessons.ship_it.experiment import HALF, PAPER

SHARES = (0.4, 0.2, 0.1, 0.05, 0.025)
SHRUNK = {
    "pruned": replace(PAPER, ways=tuple((HALF, d) for d in SHARES)),
    "few bits": replace(PAPER, ways=tuple((b, 1.0) for b in (HALF, 8, 4, 3, 2, 1))),
    "both": replace(PAPER, ways=tuple((4, d) for d in SHARES)),
    "small": replace(
        PAPER,
        ways=(),
        rates=(2e-3, 4e-3, 8e-3),
        widths=((20, 0), (40, 0), (80, 0), (20, 1), (40, 1), (68, 1), (120, 1), (200, 1)),
    ),
}
MIDDLE, FILES = middle.SIZES.paper, files.SIZES.paper
