"""The exercises: reference functions, checks, hints, and the answers that people really give.

Every module `lessonNN` beside this file is imported here and registers its exercises; `lessonNN_answers` is for the
tests alone.
"""

import importlib
import pkgutil
import re

from lthedu.exercises.core import Exercise, Wrong, exercises, find

for _module in pkgutil.iter_modules(__path__):
    if re.fullmatch(r"lesson\d\d", _module.name):
        importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["Exercise", "Wrong", "exercises", "find"]
