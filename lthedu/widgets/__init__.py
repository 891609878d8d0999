"""Explorers: the course's figures under a slider."""

from lthedu.widgets.live import live_plot
from lthedu.widgets.statements import Statement, statement_quiz
from lthedu.widgets.tickets import ticket_explorer

__all__ = ["Statement", "live_plot", "statement_quiz", "ticket_explorer"]
