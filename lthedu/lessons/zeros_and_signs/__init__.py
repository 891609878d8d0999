"""The lesson "Zeros, signs and what a mask knows"."""
