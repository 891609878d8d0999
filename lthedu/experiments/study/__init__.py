"""The study: iterative magnitude pruning and its controls, strung together, for two lessons and the papers' runs."""

from lthedu.experiments.study.settings import (
    CONTROLS,
    DENSE,
    LESSON,
    PAPER,
    RANDOM,
    REINIT,
    WINNING,
    Settings,
    scaled_settings,
)
from lthedu.experiments.study.study import Level, Study
from lthedu.experiments.study.tables import COLUMNS, final, final_accuracy, summary

__all__ = [
    "COLUMNS",
    "CONTROLS",
    "DENSE",
    "LESSON",
    "PAPER",
    "RANDOM",
    "REINIT",
    "WINNING",
    "Level",
    "Settings",
    "Study",
    "final",
    "final_accuracy",
    "scaled_settings",
    "summary",
]
