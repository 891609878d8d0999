"""The papers' own settings: `lthedu paper` runs them, and `load` reads what they gave and the course stores."""

from lthedu.paper.results import PaperResult, load

__all__ = ["PaperResult", "load"]
