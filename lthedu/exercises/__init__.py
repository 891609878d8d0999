"""What an exercise is: its check, cases, mistakes and hints, and how a learner's function is called with care."""
