"""The lesson's figures draw what they are given."""

import numpy as np
import pandas as pd
import pytest

from lthedu.landscape import SQUARE, Region, random_network, regions
from lthedu.lessons.what_the_theorem_does_not_say import figures
from lthedu.proof.limits import Pieces, pieces, tent_network


def by_label(ax) -> dict:
    return {line.get_label(): line for line in ax.lines}


def test_sawtooths_are_drawn_knot_by_knot_and_counted() -> None:
    axes, alt = figures.sawtooths({f"{k} folds": pieces(tent_network(k)) for k in (1, 2, 3, 4)})
    assert len(axes) == 4
    assert np.array_equal(axes[2].lines[0].get_xdata(), np.arange(9) / 8)
    assert axes[3].get_title() == "4 folds: 16 pieces"
    assert "3 folds (8 pieces)" in alt
    with pytest.raises(ValueError, match="no function"):
        figures.sawtooths({})


def test_fit_errors_show_the_nearest_of_each_number_and_the_bound() -> None:
    ax, alt = figures.fit_errors({1: [0.6, 0.5], 3: [0.4, 0.1]}, least=3)
    lines = by_label(ax)
    nearest = lines["the nearest one tried"]
    assert list(zip(nearest.get_xdata(), nearest.get_ydata(), strict=True)) == [(1, 0.5), (3, 0.1)]
    (bound,) = [line for label, line in lines.items() if "below 3 units" in label]
    assert set(bound.get_xdata()) == {3}
    assert "4 networks" in alt
    with pytest.raises(ValueError, match="no distances"):
        figures.fit_errors({}, least=1)


ROUTES = pd.DataFrame(
    [(k, route, base**k * 100, base**k) for k in (1, 2, 3) for route, base in (("deep", 2), ("shallow", 4))],
    columns=["folds", "route", "random", "kept"],
)


def test_routes_have_their_random_and_their_kept_weights_on_a_logarithmic_axis() -> None:
    ax, alt = figures.route_sizes(ROUTES, guess={"deep": "12,000", "shallow": "many", "none": 3})
    lines = by_label(ax)
    assert ax.get_yscale() == "log"
    assert list(lines["shallow: random weights"].get_ydata()) == [400, 1600, 6400]
    assert list(lines["deep: kept"].get_ydata()) == [2, 4, 8]
    star = lines["your guess: deep"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (3, 12_000)
    assert "The guess 'many' for 'shallow' is not drawn" in alt
    assert len({line.get_linestyle() for label, line in lines.items() if "random" in label}) == 2
    with pytest.raises(ValueError, match=r"table is .* and one row or more"):
        figures.route_sizes(ROUTES.iloc[:0])


def test_errors_on_one_neuron_are_means_with_a_band() -> None:
    table = pd.DataFrame({"dimension": [4, 4, 8, 8], "seed": [0, 1, 0, 1], "neurons": 9, "a": [0.1, 0.3, 0.2, 0.4]})
    ax, alt = figures.one_neuron_errors(table)
    assert list(by_label(ax)["a"].get_ydata()) == pytest.approx([0.2, 0.3])
    band = ax.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (0.1, 0.4)
    assert "neurons" not in by_label(ax)
    assert "2 random networks" in alt
    with pytest.raises(ValueError, match="the ways are"):
        figures.one_neuron_errors(table[["dimension", "seed"]])


def test_sizes_stand_against_bits_with_the_bound_below() -> None:
    rows = [("free", 2**-4, 90.0, 40.0, 3.0), ("free", 2**-8, 100.0, 60.0, 7.0), ("malach", 0.25, 3e5, 50.0, 1.0)]
    ax, alt = figures.sizes_and_bound(pd.DataFrame(rows, columns=["method", "eps", "random", "bits", "bound"]))
    lines = by_label(ax)
    assert sorted(lines["free: random weights"].get_xdata()) == [4, 8]
    assert list(lines["malach: bits of the mask"].get_ydata()) == [50]
    bound = lines["counting bound"]
    assert np.allclose(bound.get_ydata(), bound.get_xdata() - 1)
    assert "free, malach" in alt
    with pytest.raises(ValueError, match=r"table is .* and one row or more"):
        figures.sizes_and_bound(pd.DataFrame(columns=["method", "eps", "random", "bits", "bound"]))


def test_every_region_is_a_polygon_of_its_own() -> None:
    maps = {"shallow": regions(random_network(1, 8)), "deep": regions(random_network(3, 3))}
    axes, alt = figures.region_maps(maps)
    for ax, found in zip(axes, maps.values(), strict=True):
        (drawn,) = ax.collections
        assert len(drawn.get_paths()) == len(found)
        heights = [float((r.weight @ r.centre + r.bias)[0]) for r in found]
        assert np.allclose(drawn.get_array(), heights)
    assert f"shallow ({len(maps['shallow'])} regions)" in alt
    assert "regions)" not in figures.region_maps(maps, counted=False)[1]
    with pytest.raises(ValueError, match=r"the maps hold \[0\] regions"):
        figures.region_maps({"none": []})


def test_with_more_outputs_the_largest_one_gives_the_shade() -> None:
    half = SQUARE * np.array([0.5, 1.0])
    found = [Region(half + np.array([x, 0]), np.zeros((3, 2)), np.eye(3)[k]) for x, k in ((-0.5, 2), (0.5, 0))]
    (ax,), _ = figures.region_maps({"three": found})
    assert ax.collections[0].get_array().tolist() == [2, 0]


def test_marks_stand_in_columns_with_a_bar_at_the_mean() -> None:
    ax, alt = figures.marks_by_kind({"a": [1, 3], "b": [10]}, "regions")
    assert [list(line.get_ydata()) for line in ax.lines] == [[1, 3], [10]]
    assert [c.get_segments()[0][0][1] for c in ax.collections] == [2, 10]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b"]
    assert alt.endswith("a, b.")
    with pytest.raises(ValueError, match="nothing to draw"):
        figures.marks_by_kind({}, "regions")


def test_accuracy_by_depth_has_a_line_an_arm_and_the_guesses() -> None:
    rows = [(arm, n, i, 0.9 - 0.01 * n + 0.1 * i) for arm in ("x", "y") for n in (4, 8) for i in (0, 1)]
    table = pd.DataFrame(rows, columns=["arm", "layers", "replicate", "accuracy"])
    ax, alt = figures.accuracy_by_depth(table, guess={"x": "50 %", "y": "low"})
    lines = by_label(ax)
    assert list(lines["x"].get_ydata()) == pytest.approx([91, 87])
    assert (lines["your guess: x"].get_xdata()[0], lines["your guess: x"].get_ydata()[0]) == (8, 50)
    assert "The guess 'low' for 'y' is not drawn" in alt
    assert "2 networks" in alt
    with pytest.raises(ValueError, match=r"table is .* and one row or more"):
        figures.accuracy_by_depth(table.iloc[:0])


def test_a_function_may_be_given_by_hand() -> None:
    _, alt = figures.sawtooths({"line": Pieces(np.array([0.0, 1.0]), np.array([0.0, 1.0]))})
    assert "line (1 pieces)" in alt


def test_more_lines_than_there_are_looks_are_refused() -> None:
    many = [f"way {i}" for i in range(9)]
    with pytest.raises(ValueError, match=r"the routes are \['way 0', .*; allowed: 1 to \d"):
        figures.route_sizes(pd.DataFrame({"route": many, "folds": 1, "random": 2, "kept": 1}))
    with pytest.raises(ValueError, match=r"the arms are \['way 0', .*; allowed: 1 to \d"):
        figures.accuracy_by_depth(pd.DataFrame({"arm": many, "layers": 1, "replicate": 0, "accuracy": 0.5}))
    ax, _ = figures.marks_by_kind({"a": [1, 10]}, "regions", log=True)
    assert ax.get_yscale() == "log"
