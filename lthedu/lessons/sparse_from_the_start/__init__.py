"""The lesson "Sparse from the start"."""
