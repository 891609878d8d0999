"""`lthedu bench`: how fast the engine, its paths, the supermasks and the proof's subset sums are on this machine."""
