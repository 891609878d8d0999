"""Grading what came in: the check in one process, the answer in another, plain data between them."""
