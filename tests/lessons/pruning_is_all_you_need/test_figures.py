"""The lesson's figures draw what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from lthedu.lessons.pruning_is_all_you_need import figures
from lthedu.networks.models import MLP
from lthedu.proof import construct, one_weight

WIDTHS = ["method", "eta", "neurons", "kept"]
ERRORS = ["eta", "on data", "found", "certificate"]


def test_a_pruned_pair_shows_kept_edges_with_numbers_and_the_function_they_make() -> None:
    rng = np.random.default_rng(0)
    incoming, outgoing = rng.uniform(-1, 1, (2, 14))
    keep = one_weight(incoming.tolist(), outgoing.tolist(), -0.2)
    (net, curve), alt = figures.pruned_pair(incoming.tolist(), outgoing.tolist(), keep, -0.2)
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
    (net, _), _ = figures.pruned_pair([0.5, -0.5], [1.0, -1.0], [True, False], 0.5)
    neurons = [line for line in net.lines if list(line.get_xdata()) == [1]]
    assert {line.get_marker(): line.get_markerfacecolor() == "white" for line in neurons} == {"o": False, "s": True}


@pytest.mark.parametrize("box", [(0, 1), (-1, 1)])
def test_weight_errors_end_at_the_largest_and_start_with_all(box: tuple[float, float]) -> None:
    torch.manual_seed(0)
    ticket = construct(MLP([6, 5, 3]), eta=1e-2, box=box)
    ax, alt = figures.weight_errors(ticket)
    for i, layer in enumerate(ticket.layers):
        (line,) = (line for line in ax.lines if line.get_label() == f"layer {i + 1}")
        reached, share = line.get_xdata(), line.get_ydata()
        errors = np.abs(layer.positive - layer.target)
        if layer.negative is not None:
            errors = np.append(errors, np.abs(layer.negative - layer.target[:, :-1]))
        assert len(reached) == errors.size
        assert reached.max() == pytest.approx(errors.max())
        assert share.max() == 1
        for at in (0, len(reached) // 2, -1):
            assert share[at] == pytest.approx((errors >= reached[at]).mean())
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert "eta = 0.01" in alt
    largest = max(layer.largest_error for layer in ticket.layers)
    assert f"largest {largest:.2g}" in alt


def test_the_marks_are_the_median_the_tail_and_the_largest() -> None:
    torch.manual_seed(0)
    ticket = construct(MLP([99, 20, 2]), eta=1e-2)
    ax, _ = figures.weight_errors(ticket)
    errors = np.abs(ticket.layers[0].positive - ticket.layers[0].target).ravel()
    line = next(line for line in ax.lines if line.get_label() == "layer 1")
    marks = [m for m in ax.lines if len(m.get_xdata()) == 1 and m.get_markeredgecolor() == line.get_color()]
    at = {m.get_marker(): float(m.get_xdata()[0]) for m in marks}
    assert at["o"] == pytest.approx(np.median(errors), rel=0.01)
    assert (errors < at["s"]).mean() == pytest.approx(0.999)
    assert at["v"] == errors.max()


def widths() -> pd.DataFrame:
    rows = [("power", eta, 5 / eta**2, 4.0) for eta in (0.1, 0.05, 0.025)]
    rows += [("log", eta, 20 + 3 * np.log2(0.1 / eta), 9 + np.log2(0.1 / eta)) for eta in (0.1, 0.05, 0.025)]
    return pd.DataFrame(rows, columns=WIDTHS)


def test_widths_say_how_they_grow_and_a_smaller_eta_is_further_right() -> None:
    ax, alt = figures.widths_by_method(widths())
    assert [line.get_label() for line in ax.lines] == [
        "power,\n× 4.0 per halving of eta",
        "log,\n+3.0 per halving of eta",
    ]
    assert dict(zip(ax.lines[1].get_xdata(), ax.lines[1].get_ydata(), strict=True)) == pytest.approx(
        {0.1: 20, 0.05: 23, 0.025: 26}
    )
    left, right = ax.get_xlim()
    assert left > right
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert "power, times 4.0" in alt
    assert "log, plus 3.0" in alt
    assert len({line.get_linestyle() for line in ax.lines}) == len({line.get_marker() for line in ax.lines}) == 2


def test_errors_are_means_with_bands_over_tickets() -> None:
    rows = [(eta, s * eta, 5 * s * eta, 90 * eta) for eta in (0.1, 0.01) for s in (1, 2, 3)]
    ax, alt = figures.errors_against_certificate(pd.DataFrame(rows, columns=ERRORS))
    lines = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert lines["worst test input"] == pytest.approx([0.02, 0.2])
    assert lines["certificate: no input is worse"] == pytest.approx([0.9, 9])
    band = ax.collections[1].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.05, 1.5))
    assert "3 or more tickets" in alt


def test_the_bound_is_hatched_and_no_file() -> None:
    ax, alt = figures.file_sizes({"dense": 4000, "ticket": 3000, "counting bound": 1000}, bound="counting bound")
    assert [p.get_width() for p in ax.patches] == [4000, 3000, 1000]
    assert [p.get_hatch() for p in ax.patches] == [None, None, "///"]
    assert [t.get_text().strip() for t in ax.texts] == ["4,000", "3,000", "1,000"]
    assert "counting bound, 1,000, hatched" in alt
    ax, alt = figures.file_sizes({"dense": 4000})
    assert not any(p.get_hatch() for p in ax.patches)
    assert alt == "bars of bytes: dense, 4,000."


def test_a_digit_with_two_answers_says_so_in_words() -> None:
    images = torch.rand(12, 784)
    axes, alt = figures.digits_and_answers(images, range(12), [*range(11), 0], range(12))
    assert len(axes) == 2
    words = [t.get_text() for ax in axes for t in ax.get_xticklabels()]
    assert words[0] == "label 0\ntarget 0\nticket 0\n"
    assert words[11] == "label 11\ntarget 11\nticket 0\nTHEY DIFFER"
    assert sum("DIFFER" in w for w in words) == 1
    assert alt.endswith("they differ on 1: target 11, ticket 0, label 11.")
    drawn = np.asarray(axes[1].images[0].get_array())
    assert np.allclose(drawn[:, 28:56], images[11].reshape(28, 28))
    assert np.ptp(drawn[:, 56:]) == 0
    (ax,), alt = figures.digits_and_answers(images[:1], [1], [1], [2])  # both wrong, but alike
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
        (lambda: figures.file_sizes({}), "it must be one of them"),
        (lambda: figures.file_sizes({"a": 1}, bound="b"), "the bound is 'b'"),
        (lambda: figures.digits_and_answers(torch.rand(2, 784), [1], [1, 2], [1, 2]), r"there are \[2, 1, 2, 2\]"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
    assert plt.get_fignums() == []
