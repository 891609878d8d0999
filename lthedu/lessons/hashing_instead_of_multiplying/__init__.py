"""The lesson "Hashing instead of multiplying"."""
