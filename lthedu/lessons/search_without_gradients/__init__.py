"""The lesson "Search without gradients"."""
