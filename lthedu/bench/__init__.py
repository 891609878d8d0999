"""`lthedu bench`: how fast the engine, the supermasks and the proof's subset sums are on this machine."""
