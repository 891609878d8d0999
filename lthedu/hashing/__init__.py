"""Hashing in the place of multiplying: codes of vectors, tables of rows, and a softmax over the rows that are found."""
