"""Iterative magnitude pruning with rewinding, its controls, and the study that strings them together."""

from lthedu.tickets.imp import Prune, Train, find_tickets
from lthedu.tickets.settings import (
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
from lthedu.tickets.study import Level, Study
from lthedu.tickets.tables import COLUMNS, final, final_accuracy, summary

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
    "Prune",
    "Settings",
    "Study",
    "Train",
    "final",
    "final_accuracy",
    "find_tickets",
    "scaled_settings",
    "summary",
]
