"""Explorers: the course's figures under a slider."""

from lthedu.widgets.live import live_plot
from lthedu.widgets.tickets import ticket_explorer

__all__ = ["live_plot", "ticket_explorer"]
