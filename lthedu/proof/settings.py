"""What lesson 09 builds: which targets, how exactly, and how often."""

from dataclasses import dataclass

from lthedu.base import course_files


@dataclass(frozen=True)
class Settings:
    """The targets' training, and the tickets made of them; defaults are lesson size."""

    sizes: tuple[int, ...] = (784, 300, 100, 10)  # LeNet-300-100
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)  # a target and a source each
    steps: int = 1404  # three passes through the 55,000 training images
    batch_size: int = 128
    eta: float = 1e-3  # of one normalised weight
    etas: tuple[float, ...] = (0.1, 0.01, 0.001, 0.0001)  # the sweep
    growth_etas: tuple[float, ...] = (0.1, 0.03, 0.01, 0.003, 0.001)
    draws: int = 40  # of target and source, for each point of the comparison of widths


LESSON = Settings()
# the targets trained as long as in Frankle and Carbin 2019: 50,000 steps of 60 images
PAPER = Settings(
    steps=50_000,
    batch_size=60,
    etas=(0.1, 0.03, 0.01, 0.003, 0.001, 0.0001, 0.00003),  # the last takes 40 candidates, the most that are searched
    growth_etas=(0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001),
    draws=200,
)


def scaled_settings() -> Settings:
    """Lesson size, or the papers' where LTHEDU_SCALE is "paper". Raises ValueError for any other word.

    >>> scaled_settings().steps
    1404
    """
    return PAPER if course_files.at_paper_scale() else LESSON
