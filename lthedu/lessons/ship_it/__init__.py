"""The lesson "Ship it: a pruned network is no smaller and no faster until it is stored and run that way"."""
