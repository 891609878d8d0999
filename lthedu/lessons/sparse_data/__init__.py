"""The lesson "Sparse data"."""
