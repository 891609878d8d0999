"""The lesson "Pieces: what a network is made of, before and after pruning"."""
