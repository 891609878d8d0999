"""Schematics: planes that cut a circle, tables that are looked up, a corner full of queries. Figure and words each."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Wedge

from lthedu.figures import schematic
from lthedu.hashing import simhash

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"
PLANES = np.array([[1.0, 0.25], [-0.3, 1.0], [0.9, -1.0]])


def _arrow(ax: Axes, angle: float, colour: str, label: str, length: float = 1.0) -> None:
    end = length * np.array([np.cos(angle), np.sin(angle)])
    ax.add_patch(FancyArrowPatch((0, 0), tuple(end), arrowstyle="-|>", mutation_scale=14, color=colour, lw=2))
    ax.text(1.12 * end[0], 1.12 * end[1], label, color=colour, ha="center", va="center", fontsize=12)


def _round(ax: Axes) -> None:
    ax.set(xlim=(-1.5, 1.5), ylim=(-1.4, 1.4), aspect="equal")
    ax.axis("off")


@schematic
def planes_make_codes() -> Drawn:
    """Schematic: three lines through the centre of a circle give each of its six slices a code of three bits."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.0, 4.2), layout="constrained")
    for ax, vectors, title in (
        (left, {"a": 0.95, "b": 1.12}, "A small angle: a and b are in one slice"),
        (right, {"a": 0.95, "c": 2.6}, "A large angle: a and c are in different slices"),
    ):
        _round(ax)
        edges = np.sort(
            [(np.arctan2(*p[::-1]) + turn) % (2 * np.pi) for p in PLANES for turn in (np.pi / 2, -np.pi / 2)]
        )
        for low, high in zip(edges, [*edges[1:], edges[0] + 2 * np.pi], strict=True):
            middle = (low + high) / 2
            code = int(simhash(np.array([[np.cos(middle), np.sin(middle)]]), PLANES)[0])
            shade = "#EAF2F8" if code % 2 else "#FBEDE4"
            ax.add_patch(Wedge((0, 0), 1, np.degrees(low), np.degrees(high), facecolor=shade, edgecolor=GREY, lw=1.2))
            at = 1.27 * np.array([np.cos(middle), np.sin(middle)])
            ax.text(
                *at, f"{code % 2}{code // 2 % 2}{code // 4}", ha="center", va="center", fontsize=11, family="monospace"
            )
        for (name, angle), colour in zip(vectors.items(), (BLUE, ORANGE), strict=True):
            _arrow(ax, angle, colour, "", 0.8)
            ax.text(0.9 * np.cos(angle), 0.9 * np.sin(angle), name, color=colour, ha="center", va="center", fontsize=13)
        ax.set_title(title, fontsize=11)
    figure.suptitle("Each plane asks one question: on which side are you?  Three answers are a code", fontsize=12)
    return figure, (
        "A circle cut by three lines through its centre into six slices, each with a code of three bits. Left, two "
        "arrows at a small angle lie in one slice. Right, two arrows at a large angle lie in different slices."
    )


def _box(ax: Axes, x: float, y: float, width: float, text: str, colour: str) -> None:
    ax.add_patch(FancyBboxPatch((x, y), width, 0.62, boxstyle="round,pad=0.05", facecolor=colour, edgecolor="white"))
    ax.text(x + width / 2, y + 0.31, text, ha="center", va="center", fontsize=10.5)


@schematic
def tables_find_rows() -> Drawn:
    """Schematic: a query's codes lead to one bucket in each of three tables, and their rows together are active."""
    figure, ax = plt.subplots(figsize=(10.4, 3.9), layout="constrained")
    ax.set(xlim=(0, 14), ylim=(-0.3, 4.6))
    ax.axis("off")
    _box(ax, 0.2, 1.9, 1.7, "query h", "#F5C9A8")
    buckets = [["7, 40", "3, 61", "8, 12"], ["12", "3, 7, 8", "40, 61"], ["3, 8", "7, 40", "12, 61"]]
    hit = [2, 0, 2]
    for t, (column, own) in enumerate(zip(buckets, hit, strict=True)):
        y = 3.6 - 1.4 * t
        for b, rows in enumerate(column):
            _box(ax, 3.6 + 1.6 * b, y, 1.3, rows, "#9CCBE8" if b == own else "#E8E8E8")
        ax.text(3.3, y + 0.3, f"table {t + 1}", ha="right", va="center", fontsize=10, color=GREY)
        ax.add_patch(FancyArrowPatch((2.0, 2.2), (2.45, y + 0.3), arrowstyle="-", color=GREY, lw=1))
        ax.add_patch(
            FancyArrowPatch((8.5, y + 0.3), (9.3, 2.2), arrowstyle="-|>", mutation_scale=12, color=BLUE, lw=1.2)
        )
    _box(ax, 9.4, 1.9, 2.0, "8, 12, 61", "#9CCBE8")
    ax.text(10.4, 2.85, "found rows", ha="center", fontsize=10)
    ax.add_patch(FancyArrowPatch((11.5, 2.2), (12.1, 2.2), arrowstyle="-|>", mutation_scale=12, color=BLUE, lw=1.2))
    ax.text(12.2, 2.2, "multiply\nwith these\nalone", va="center", fontsize=10.5)
    figure.suptitle(
        "One bucket a table: the rows in the query's buckets are found, and no other row is touched", fontsize=12
    )
    return figure, (
        "A query on the left points at three hash tables with three buckets each. In every table one bucket is "
        "coloured. Their rows, 8, 12 and 61, are collected on the right and are the only ones that are multiplied."
    )


@schematic
def a_corner_full_of_queries() -> Drawn:
    """Schematic: queries after a ReLU share a corner, and rows lean out of it; without their means they pair up."""
    figure, axes = plt.subplots(1, 2, figsize=(10.0, 4.2), layout="constrained")
    around = np.radians([20, 110, 200, 290])
    queries = 0.65 + 0.42 * np.column_stack([np.cos(around), np.sin(around)])
    rows = -0.6 + 0.34 * np.column_stack([np.cos(around + 0.2), np.sin(around + 0.2)])
    for ax, title, parts, scale in (
        (axes[0], "raw", (queries, rows), 1.0),
        (axes[1], "centred (drawn larger)", (queries - queries.mean(0), rows - rows.mean(0)), 2.4),
    ):
        _round(ax)
        ax.plot([-1.3, 1.3], [0, 0], color=GREY, lw=0.8)
        ax.plot([0, 0], [-1.3, 1.3], color=GREY, lw=0.8)
        for vectors, colour, name in zip(parts, (BLUE, ORANGE), "hw", strict=True):
            for i, (x, y) in enumerate(scale * vectors, 1):
                _arrow(ax, np.arctan2(y, x), colour, f"${name}_{i}$", np.hypot(x, y))
        ax.set_title(title, fontsize=12)
    figure.suptitle("Raw, every query is far from every row.  Centred, each query has its row beside it", fontsize=12)
    return figure, (
        "Two panels of arrows from one point. Left, all queries point into the upper right corner and all rows into "
        "the opposite one. Right are the same arrows without their means: queries point into all directions, and the "
        "row of the same number lies beside each."
    )
