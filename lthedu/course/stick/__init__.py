"""A stick for a room without internet: which computer needs which wheels, and a program that installs them there."""
