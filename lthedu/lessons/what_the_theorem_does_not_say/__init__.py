"""The lesson "What the theorem does not say"."""
