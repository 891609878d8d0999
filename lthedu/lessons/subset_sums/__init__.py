"""The lesson "Subset sums: hitting a number with random numbers"."""
