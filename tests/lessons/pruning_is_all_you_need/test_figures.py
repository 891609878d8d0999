"""The lesson's figures draw what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from lthedu.lessons.pruning_is_all_you_need import figures, schematics
from lthedu.networks.models import MLP
from lthedu.proof import construct, one_weight

WIDTHS = ["method", "eta", "neurons", "kept"]
ERRORS = ["eta", "on data", "found", "certificate"]


def test_a_pruned_pair_shows_kept_edges_with_numbers_and_the_function_they_make() -> None:
    rng = np.random.default_rng(0)
    incoming, outgoing = rng.uniform(-1, 1, (2, 14))
    keep = one_weight(incoming.tolist(), outgoing.tolist(), -0.2)
    figure, alt = figures.pruned_pair(incoming.tolist(), outgoing.tolist(), keep, -0.2)
    net, curve = figure.axes
    texts = [t.get_text().replace("−", "-") for t in net.texts]
    pairs = [(f"{a:.2f}", f"{b:.2f}") for a, b, k in zip(incoming, outgoing, keep, strict=True) if k]
    assert texts == [word for pair in pairs for word in pair] + ["x", "sum"]
    dotted = sum(line.get_linestyle() == ":" for line in net.lines)
    assert dotted == 14 - sum(keep)
    target, made = (line.get_ydata() for line in curve.lines)
    x = curve.lines[0].get_xdata()
    assert np.allclose(target, -0.2 * x)
    assert np.allclose(made, (outgoing * np.maximum(np.outer(x, incoming), 0))[:, keep].sum(1))
    apart = float(np.abs(made - target).max())
    assert alt.endswith(f"the two are at most {apart:.2g} apart.")
    assert f"the edges of {sum(keep)} neurons are kept" in alt


def test_two_branches_are_told_apart_without_colour() -> None:
    figure, _ = figures.pruned_pair([0.5, -0.5], [1.0, -1.0], [True, False], 0.5)
    neurons = [line for line in figure.axes[0].lines if list(line.get_xdata()) == [1]]
    assert {line.get_marker(): line.get_markerfacecolor() == "white" for line in neurons} == {"o": False, "s": True}


def test_each_hidden_neuron_of_the_schematic_keeps_one_edge_and_each_output_some_of_every_owner() -> None:
    figure, alt = schematics.owners()
    _, large = figure.axes
    kept = [line for line in large.lines if line.get_linewidth() == 2]
    into, out = ([line for line in kept if line.get_xdata()[0] == x] for x in (0, 1))
    assert len(into) == len({line.get_ydata()[1] for line in into}) == 9
    color = {line.get_ydata()[1]: line.get_color() for line in into}
    assert all(line.get_color() == color[line.get_ydata()[0]] for line in out)
    seen = {(line.get_ydata()[1], line.get_color()) for line in out}
    assert len(seen) == 2 * 3
    assert "one edge is kept" in alt


def test_in_the_schematic_of_the_error_every_bar_is_higher() -> None:
    figure, _ = schematics.error_on_its_way()
    (ax,) = figure.axes
    carried, added = ([bar.get_height() for bar in ax.containers[i]] for i in (0, 1))
    tops = np.add(carried, added)
    assert carried[0] == 0
    assert (np.array(carried[1:]) > tops[:-1]).all()


@pytest.mark.parametrize("box", [(0, 1), (-1, 1)])
def test_weight_errors_are_a_histogram_of_every_layer_in_percent(box: tuple[float, float]) -> None:
    torch.manual_seed(0)
    ticket = construct(MLP([6, 5, 3]), eta=1e-2, box=box)
    figure, alt = figures.weight_errors(ticket)
    (ax,) = figure.axes
    for layer, steps in zip(ticket.layers, ax.patches, strict=True):
        errors = (layer.positive - layer.target).ravel()
        if layer.negative is not None:
            errors = np.append(errors, (layer.negative - layer.target[:, :-1]).ravel())
        values, edges, _ = steps.get_data()
        assert values.sum() == pytest.approx(100)
        inside = (errors >= edges[4]) & (errors < edges[5])
        assert values[4] == pytest.approx(100 * inside.mean())
    assert [round(line.get_xdata()[0], 6) for line in ax.lines] == [-0.01, 0.01]
    assert "layer 1: " in alt
    assert ax.get_title() == "No error is larger than eta"


def test_a_title_does_not_say_that_no_weight_was_missed_where_some_were() -> None:
    ticket = construct(MLP([6, 5, 3]), eta=1e-3, per_weight=2)
    assert ticket.missed > 0
    figure, alt = figures.weight_errors(ticket)
    assert figure.axes[0].get_title() == "Some errors are larger than eta"
    assert ", 0 beyond the edges" not in alt


def widths() -> pd.DataFrame:
    rows = [("power", eta, 5 / eta**2, 4.0) for eta in (0.1, 0.05, 0.025)]
    rows += [("log", eta, 20 + 3 * np.log2(0.1 / eta), 9 + np.log2(0.1 / eta)) for eta in (0.1, 0.05, 0.025)]
    return pd.DataFrame(rows, columns=WIDTHS)


def test_widths_say_how_they_grow_and_a_smaller_eta_is_further_right() -> None:
    figure, alt = figures.widths_by_method(widths())
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.texts] == ["power: × 4.0", "log: +3.0"]
    drawn = dict(zip(ax.lines[1].get_xdata(), ax.lines[1].get_ydata(), strict=True))
    assert drawn == pytest.approx({10: 20, 20: 23, 40: 26})
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert "power, times 4.0" in alt
    assert "log, plus 3.0" in alt
    assert len({line.get_linestyle() for line in ax.lines}) == len({line.get_marker() for line in ax.lines}) == 2


def test_errors_are_means_with_bands_over_tickets() -> None:
    rows = [(eta, s * eta, 5 * s * eta, 90 * eta) for eta in (0.1, 0.01) for s in (1, 2, 3)]
    figure, alt = figures.errors_against_certificate(pd.DataFrame(rows, columns=ERRORS))
    (ax,) = figure.axes
    lines = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert lines["worst test digit"] == pytest.approx([0.02, 0.2])
    assert lines["certificate: no input is worse"] == pytest.approx([0.9, 9])
    assert list(ax.lines[0].get_xdata()) == pytest.approx([100, 10])
    band = ax.collections[1].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.05, 1.5))
    assert "3 or more tickets" in alt


def test_sizes_are_marks_on_a_logarithmic_axis() -> None:
    figure, alt = figures.sizes({"dense": 4000, "ticket": 1500}, "bytes", "A title")
    (ax,) = figure.axes
    marks = [line for line in ax.lines if line.get_marker() == "D"]
    assert [line.get_xdata()[0] for line in marks] == [4000, 1500]
    assert [text.get_text() for text in ax.texts] == ["4,000", "1,500"]
    assert ax.get_xscale() == "log"
    low, high = ax.get_xlim()
    assert sum(low <= tick <= high for tick in ax.get_xticks()) >= 2  # less than a decade, and still a scale
    assert alt.endswith("dense, 4,000; ticket, 1,500.")


def test_a_digit_with_two_answers_says_so_in_words() -> None:
    images = torch.rand(12, 784)
    figure, alt = figures.digits_and_answers(images, range(12), [*range(11), 0], range(12))
    axes = figure.axes
    assert len(axes) == 2
    assert figure.get_suptitle() == "Target and ticket differ on 1 of these 12"
    words = [t.get_text() for ax in axes for t in ax.get_xticklabels()]
    assert words[0] == "label 0\ntarget 0\nticket 0\n"
    assert words[11] == "label 11\ntarget 11\nticket 0\nTHEY DIFFER"
    assert sum("DIFFER" in w for w in words) == 1
    assert alt.endswith("they differ on 1: target 11, ticket 0, label 11.")
    drawn = np.asarray(axes[1].images[0].get_array())
    assert np.allclose(drawn[:, 28:56], images[11].reshape(28, 28))
    assert np.ptp(drawn[:, 56:]) == 0
    figure, alt = figures.digits_and_answers(images[:1], [1], [1], [2])  # both wrong, but alike
    (ax,) = figure.axes
    assert [t.get_text() for t in ax.get_xticklabels()] == ["label 2\ntarget 1\nticket 1\n"]
    assert alt.endswith("they never differ.")


def test_what_does_not_fit_together_is_refused_in_words() -> None:
    many = pd.DataFrame([(m, e, 1.0, 1.0) for m in "abcdefg" for e in (0.1, 0.2)], columns=WIDTHS)
    for wrong, words in (
        (lambda: figures.pruned_pair([1.0], [1.0, 2.0], [True], 0.1), "1 incoming weights, 2 outgoing, 1 to keep"),
        (lambda: figures.pruned_pair([], [], [], 0.1), "0 incoming weights"),
        (lambda: figures.widths_by_method(many), "7 methods"),
        (lambda: figures.widths_by_method(many[:0]), r"table is .* and one row or more"),
        (lambda: figures.widths_by_method(widths()[:1]), "two etas or more"),
        (
            lambda: figures.errors_against_certificate(widths()),
            r"lacks the columns \['certificate', 'found', 'on data'\]",
        ),
        (lambda: figures.sizes({}, "bytes", "t"), "each from 1 on"),
        (lambda: figures.sizes({"a": 0}, "bytes", "t"), "each from 1 on"),
        (lambda: figures.digits_and_answers(torch.rand(2, 784), [1], [1, 2], [1, 2]), r"there are \[2, 1, 2, 2\]"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
    assert plt.get_fignums() == []
