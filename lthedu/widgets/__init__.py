"""Explorers: the course's figures under a slider."""

from lthedu.widgets.contest import population_explorer
from lthedu.widgets.deconstruction import keep_region
from lthedu.widgets.limits import regions_explorer
from lthedu.widgets.live import live_plot
from lthedu.widgets.lottery import lottery_explorer
from lthedu.widgets.numbers import digit_pruner, number_game
from lthedu.widgets.proof import draw_a_digit, eta_explorer
from lthedu.widgets.pruning import pruning_explorer
from lthedu.widgets.rewinding import line_explorer
from lthedu.widgets.statements import statement_quiz
from lthedu.widgets.subset_sums import subset_lights
from lthedu.widgets.supermasks import degree_explorer
from lthedu.widgets.tickets import ticket_explorer

__all__ = [
    "degree_explorer",
    "digit_pruner",
    "draw_a_digit",
    "eta_explorer",
    "keep_region",
    "line_explorer",
    "live_plot",
    "lottery_explorer",
    "number_game",
    "population_explorer",
    "pruning_explorer",
    "regions_explorer",
    "statement_quiz",
    "subset_lights",
    "ticket_explorer",
]
