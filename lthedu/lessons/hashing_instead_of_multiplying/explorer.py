"""Explorer of one trained network: choose bits, tables and what is centred, and see which rows hashing finds."""

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.base.streams import numpy_generator
from lthedu.figures.live import live_plot
from lthedu.hashing import centre, centre_nothing, chance_found, random_planes, same_bit, simhash_all
from lthedu.hashing.simhash import Vectors
from lthedu.lessons.hashing_instead_of_multiplying.arms import centre_queries, centre_rows
from lthedu.lessons.hashing_instead_of_multiplying.experiment import Trained

WAYS = {"nothing": centre_nothing, "rows": centre_rows, "queries": centre_queries, "both": centre}
MOST_BITS, MOST_TABLES = 14, 32


@typed
def explorer(
    trained: Trained, bits: Count = 9, tables: Count = 16, way: str = "both", shown: Count = 200
) -> ipywidgets.VBox:
    """The cosines of queries with their labels' rows and with others, and what so many bits and tables find.

    `way` is what is centred at first. It takes the first `shown` test examples. Sliders move with the arrow keys.
    Raises ValueError for more bits or tables than the sliders have, and for another way.
    """
    if bits > MOST_BITS or tables > MOST_TABLES:
        raise ValueError(f"bits is {bits} and tables {tables}; allowed: up to {MOST_BITS} and {MOST_TABLES}")
    if way not in WAYS:
        raise ValueError(f"way is {way!r}; allowed: {', '.join(WAYS)}")
    data, network = trained.data, trained.network
    y, queries = data.y_test[:shown], network.hidden(data.x_test[:shown])
    seen = network.hidden(data.x_train[:200])
    planes = random_planes(network.rows.shape[1], MOST_BITS, MOST_TABLES, numpy_generator(0, "explorer"))
    figure = Figure(figsize=(7.6, 3.9), dpi=100, layout="constrained")

    def draw(bits: int, tables: int, way: str) -> str:
        from_rows, from_queries = WAYS[way](network.rows, seen)
        rows, asked = network.rows - from_rows, queries - from_queries
        cosines = _unit(asked) @ _unit(rows).T  # (shown, classes)
        few = planes[:tables, :bits]
        same = simhash_all(asked, few)[:, None] == simhash_all(rows, few)[None]  # (shown, classes, tables)
        found = same.any(-1)
        mine = np.zeros_like(found)
        mine[np.arange(len(y)), y] = True
        figure.clear()
        ax = figure.add_subplot()
        edges = np.linspace(-1, 1, 41).tolist()
        ax.hist(
            cosines[~mine],
            edges,
            color="#BBBBBB",
            weights=np.full((~mine).sum(), 100 / (~mine).sum()),
            label="other rows",
        )
        ax.hist(
            cosines[mine],
            edges,
            color="#0072B2",
            alpha=0.75,
            weights=np.full(len(y), 100 / len(y)),
            label="the label's row",
        )
        law = [chance_found(same_bit(float(np.arccos(c))), bits, tables) for c in edges]
        ax.set(
            xlabel="cosine of the angle between query and row", ylabel="percent of rows", xlim=(-1, 1), ylim=(0, None)
        )
        twin = ax.twinx()
        twin.plot(edges, law, color="#D55E00", lw=2, label="chance to be found (right axis)")
        twin.set(ylim=(0, 1.03))
        shown_by = [a.get_legend_handles_labels() for a in (ax, twin)]
        ax.legend(*(one + other for one, other in zip(*shown_by, strict=True)), fontsize=9, loc="upper left")
        ax.set_title(f"centred: {way}; {bits} bits, {tables} tables", fontsize=11)
        return (
            f"The label is found for {100 * found[mine].mean():.0f} % of {len(y)} test examples, among "
            f"{found.sum(1).mean():.0f} rows of {len(rows):,}. One code takes {bits * tables} products."
        )

    wide = {"style": {"description_width": "6em"}, "layout": ipywidgets.Layout(width="34em")}
    return live_plot(
        figure,
        draw,
        {
            "way": ipywidgets.ToggleButtons(options=list(WAYS), value=way, description="centred"),
            "bits": ipywidgets.IntSlider(bits, 1, MOST_BITS, description="bits", **wide),
            "tables": ipywidgets.IntSlider(tables, 1, MOST_TABLES, description="tables", **wide),
        },
    )


def _unit(vectors: Vectors) -> Vectors:
    found: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return np.clip(found, -1, 1)
