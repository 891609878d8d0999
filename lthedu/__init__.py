"""The lottery ticket hypothesis, as a course and as the small library under it."""

__version__ = "0.1.0"
