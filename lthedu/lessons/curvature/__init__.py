"""The lesson "Curvature"."""
