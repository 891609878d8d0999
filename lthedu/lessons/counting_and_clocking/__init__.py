"""The lesson "Counting and clocking: a FLOP saved is not a second saved"."""
