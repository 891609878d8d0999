"""The lesson "Begin with more"."""
