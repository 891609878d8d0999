"""The papers' own settings, run for hours: what `lthedu paper` does."""
