"""The lesson "Pruning basics"."""
