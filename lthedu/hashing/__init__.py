"""Hashing in the place of multiplying: codes of vectors, tables of rows, and a softmax over the rows that are found."""

from lthedu.hashing.active_softmax import Network, Spent, active_rows, active_softmax, corrected, rebuild_times, train
from lthedu.hashing.finders import Hashed, Largest, Nothing, centre, centre_nothing
from lthedu.hashing.simhash import chance_found, random_planes, same_bit, simhash, simhash_all
from lthedu.hashing.tables import build_tables, look_up
from lthedu.hashing.wta import random_orders, same_symbol, wta

__all__ = [
    "Hashed",
    "Largest",
    "Network",
    "Nothing",
    "Spent",
    "active_rows",
    "active_softmax",
    "build_tables",
    "centre",
    "centre_nothing",
    "chance_found",
    "corrected",
    "look_up",
    "random_orders",
    "random_planes",
    "rebuild_times",
    "same_bit",
    "same_symbol",
    "simhash",
    "simhash_all",
    "train",
    "wta",
]
