"""The lesson's figures draw what they are given, and its drawings what the text says of them."""

import numpy as np
import pandas as pd
import pytest
from figure_frame import checked

from lthedu.lessons.what_the_theorem_does_not_say import figures, schematics
from lthedu.proof.limits import Pieces, pieces, tent_network


def by_label(ax) -> dict:
    return {line.get_label(): line for line in ax.lines}


def words(figure) -> list[str]:
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_sawtooths_are_drawn_knot_by_knot_and_counted() -> None:
    figure, alt = figures.sawtooths({f"{k} folds": pieces(tent_network(k)) for k in (1, 2, 3)}, columns=2)
    assert np.array_equal(figure.axes[2].lines[0].get_xdata(), np.arange(9) / 8)
    assert figure.axes[2].get_title() == "3 folds: 8 pieces"
    assert "3 folds (8 pieces)" in alt
    with pytest.raises(ValueError, match="no function"):
        figures.sawtooths({})


def test_routes_stand_beside_their_names_and_the_deep_one_beside_a_sum_and_a_factor() -> None:
    widths = {"two layers": {2: 100, 6: 1600}, "as deep as the folds": {2: 50, 6: 100, 10: 150}}
    rows = [(k, r, seed, w + seed) for r, each in widths.items() for k, w in each.items() for seed in (-1, 0, 5)]
    table = pd.DataFrame(rows, columns=["folds", "route", "seed", "widest"])
    figure, alt = figures.widths_by_route(table, guess={"two layers": "1,200", "as deep as the folds": "many"})
    ax, linear = figure.axes
    assert (ax.get_yscale(), linear.get_yscale()) == ("log", "linear")
    assert [list(line.get_ydata()) for line in ax.lines[:2]] == [[100, 1600], [50, 100, 150]]
    deep, line, curve = (each.get_ydata() for each in linear.lines)
    assert list(deep) == [50, 100, 150]
    assert (line[0], line[-1]) == pytest.approx((50, 150))
    assert (curve[-1] / curve[0]) == pytest.approx(3)  # of three even steps the outer ones give the best factor
    assert set(by_label(linear)) >= {"straight line: 12.5 units a fold", "curve: times 1.15 a fold"}
    band = linear.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (49, 155)
    assert {"two layers:\n1,600 units", "as deep as the folds:\n150 units"} <= set(words(figure))
    star = by_label(ax)["your guess: two layers"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (6, 1200)
    assert "medians of 3 networks" in alt
    assert "The guess 'many' for 'as deep as the folds' is not drawn" in alt


def test_masks_are_drawn_as_shares_of_the_trained_error_with_a_band() -> None:
    rows = [(d, seed, n, (0.4 + 0.2 * seed) / n, 0.1) for d in (4, 8) for seed in (0, 1) for n in (1, 4)]
    table = pd.DataFrame(rows, columns=["dimension", "seed", "times", "mask", "trained"])
    figure, alt = figures.masks_against_training(table)
    (ax,) = figure.axes
    assert list(by_label(ax)["d = 4 inputs, r = 8 features"].get_ydata()) == pytest.approx([5, 1.25])
    band = ax.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((1, 6))
    assert "2 random networks" in alt


def test_kept_weights_stand_against_random_ones_at_equal_eps_with_the_bound() -> None:
    rows = [(eps, m, keep, 72, 18, 4, 2) for eps in (0.1, 0.01) for m, keep in figures.WAYS]
    columns = ["eps", "method", "keep", "random", "kept", "entries", "least"]
    figure, alt = figures.kept_and_random(pd.DataFrame(rows, columns=columns), "made here")
    assert [ax.get_title() for ax in figure.axes] == ["all maps within eps = 0.1", "all maps within eps = 0.01"]
    for ax in figure.axes:
        assert all((line.get_xdata()[0], line.get_ydata()[0]) == (18, 4.5) for line in ax.lines[:1])
        bound = by_label(ax)["needed to serve all maps at once"]
        assert set(bound.get_ydata()) == {0.5}
    assert "stored run: made here" in [text.get_text() for text in figure.texts]
    assert "panels for 2 values of eps" in alt


def test_searches_are_medians_with_a_band() -> None:
    table = pd.DataFrame({"weights": [1, 1, 1, 2, 2, 2], "seed": [0, 1, 2] * 2})
    table = table.assign(**{name: [0.1, 0.2, 0.9, 0.2, 0.3, 0.4] for name in figures.SEARCHES})
    figure, alt = figures.search_errors(table)
    assert list(figure.axes[0].lines[0].get_ydata()) == pytest.approx([0.2, 0.3])
    assert set(figures.SEARCHES) <= set(words(figure))
    assert "3 draws" in alt


def test_a_fold_of_the_readers_stands_above_the_lessons() -> None:
    line = Pieces(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    figure, alt = figures.fold_of_your_own({"yours": line}, {"lesson": pieces(tent_network(2))})
    assert [ax.get_title() for ax in figure.axes] == ["yours: 1 pieces", "lesson: 4 pieces"]
    assert "yours (1 pieces), lesson (4 pieces)" in alt


def test_targets_have_a_bar_for_random_weights_and_one_for_each_choice() -> None:
    rows = [(t, keep, 10, 100 * n, 20 * n) for n, t in enumerate(("a", "b"), 1) for keep in ("ladder", "fewest")]
    table = pd.DataFrame(rows, columns=["target", "keep", "weights", "random", "kept"])
    figure, alt = figures.price_of_targets(table, "made here")
    assert [bar.get_width() for bar in figure.axes[0].patches] == [10, 20]
    assert [bar.get_width() for bar in figure.axes[1].patches] == [2, 2, 4, 4]
    assert "targets a, b" in alt


def test_paper_is_folded_then_stretched_and_each_fold_doubles_the_pieces() -> None:
    figure, alt = checked(schematics.folded_paper)
    strip, fold, stretched = (ax.lines[0] for ax in figure.axes[:3])
    assert np.ptp(strip.get_xdata()) == np.ptp(stretched.get_xdata()) == 2 * np.ptp(fold.get_xdata())
    for folds, ax in enumerate(figure.axes[3:], 1):
        x, y = ax.lines[0].get_data()
        sawtooth = pieces(tent_network(folds))
        assert np.array_equal(x, sawtooth.x)
        assert np.array_equal(y, sawtooth.y)
    assert "2, 4 and 8 straight pieces" in alt


def test_three_pieces_are_on_the_wrong_side_at_the_corners_that_are_ringed() -> None:
    figure, alt = checked(schematics.too_few_pieces)
    teeth, few, _, rings = figure.axes[0].lines
    height = np.interp(teeth.get_xdata(), few.get_xdata(), few.get_ydata())
    wrong = teeth.get_xdata()[(height > 0.5) != (teeth.get_ydata() > 0.5)]
    assert list(rings.get_xdata()) == list(wrong)
    assert f"{len(wrong)} of 9 corners" in alt


def test_a_neuron_keeps_all_its_weights_and_a_weight_mask_one_each() -> None:
    figure, _ = checked(schematics.neurons_or_weights)
    blue = [sum(line.get_color() == schematics.BLUE for line in ax.lines) for ax in figure.axes]
    assert blue == [12, 6, 3]


def test_discs_do_not_overlap_and_no_mask_is_in_two() -> None:
    figure, alt = checked(schematics.masks_and_maps)
    (ax,) = figure.axes
    centres = np.array([disc.center for disc in ax.patches])
    apart = np.linalg.norm(centres[:, None] - centres, axis=2) + 9 * np.eye(len(centres))
    assert apart.min() > 1
    masks = np.array([[line.get_xdata()[0], line.get_ydata()[0]] for line in ax.lines if line.get_marker() == "x"])
    assert all((np.linalg.norm(centres - mask, axis=1) < 0.5).sum() == 1 for mask in masks)
    assert len(masks) < len(centres) == 28
    assert "Twenty-eight discs" in alt
