"""Iterative magnitude pruning with rewinding, and what tickets are compared by."""

from lthedu.tickets.imp import Prune, Train, find_tickets

__all__ = ["Prune", "Train", "find_tickets"]
