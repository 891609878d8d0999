"""The lesson "Sparse coding"."""
