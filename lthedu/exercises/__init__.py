"""The exercises: reference functions, checks, hints, and the answers that people really give."""

from lthedu.exercises import lesson02
from lthedu.exercises.core import Exercise, Wrong, exercises, find

__all__ = ["Exercise", "Wrong", "exercises", "find", "lesson02"]
