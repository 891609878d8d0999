"""The lesson "Supermasks: training without moving a weight"."""
