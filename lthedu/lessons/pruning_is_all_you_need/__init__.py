"""The lesson "Pruning is all you need: the proof, built"."""
