"""A notebook with one of everything that lessons are made of, and seconds of work."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
CELLS = [
    "# A tour\n\nOf $n$ random numbers there are $$2^n$$ choices.",
    """
import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from ipywidgets import IntSlider, ToggleButtons
from matplotlib.figure import Figure

from lthedu.course.bar import ProgressBar
from lthedu.course.lesson import check, claim, figure, hint, progress, show, solution, verdict
from lthedu.figures import use_style
from lthedu.figures.live import live_plot
from lthedu.networks import masks

use_style()
""",
    'def find_tickets(initial, full, train, prune, levels):\n    ...\n\nfind_tickets = check("2.1", find_tickets)',
    'def random_mask(mask, generator):\n    ...\n\nrandom_mask = check("2.2", random_mask)',
    'def paired_test(a, b):\n    ...\n\npaired_test = check("2.3", paired_test)',
    'def freeze_pruned(grad, weight, mask):\n    ...\n\nfreeze_pruned = check("2.4", freeze_pruned)',
    """
bar, counts = ProgressBar(), []
ticket = {"w": torch.arange(12).reshape(3, 4) < 5}
for draw in range(20):
    control = random_mask(ticket, torch.Generator().manual_seed(draw))
    counts.append(masks.counts(control)["w"])
    time.sleep(0.1)
    bar(draw + 1, 20, f"draw {draw + 1} of 20")
show("masks drawn", len(counts))
claim("Every random mask keeps as many weights as the ticket", set(counts) == {5}, "20 of 20")
""",
    "pd.DataFrame({'kept': counts}).describe()",
    """
_, ax = plt.subplots()
ax.plot(range(1, 21), counts)
ax.set(xlabel="draw", ylabel="weights kept", title="Always five")
figure((ax, "weights kept against draws: a level line at 5."), "Does any mask keep more than five?")
""",
    """
def draw(power, sign):
    sheet.clear()
    x = np.linspace(-1, 1, 50)
    sheet.subplots().plot(x, (1 if sign == "plus" else -1) * x**power)
    return f"{sign} x to the power of {power}"

sheet = Figure(figsize=(6, 3))
controls = {"power": IntSlider(value=1, min=1, max=5, description="power")}
controls["sign"] = ToggleButtons(options=["plus", "minus"], description="sign")
explorer = live_plot(sheet, draw, controls)
explorer
""",
    'verdict("supported", "a tour")',
]


def write(path: Path) -> None:
    """Write the tour as a learner gets a lesson: without outputs."""
    cells = [new_code_cell(source.strip()) for source in CELLS[1:]]
    nbformat.write(new_notebook(cells=[new_markdown_cell(CELLS[0]), *cells], metadata={"kernelspec": KERNEL}), path)
