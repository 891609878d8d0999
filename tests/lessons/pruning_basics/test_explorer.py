"""The pruning explorer's callbacks; a browser test drives it by keyboard."""

import re

import ipywidgets
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lthedu.data import Dataset
from lthedu.lessons.pruning_basics import explorer as module
from lthedu.networks import models
from lthedu.pruning import magnitude, select
from lthedu.sparsity import csr_bytes
from lthedu.training import Replicates, evaluate, train

SIZES = (784, 40, 20, 10)  # weights of which a tenth in each layer is a whole number
WEIGHTS = 784 * 40 + 40 * 20 + 20 * 10
WHOLE = 4 * (WEIGHTS + 70)


@pytest.fixture(scope="module")
def few(mnist) -> Dataset:
    return mnist.first(5000, 300, 300)


@pytest.fixture(scope="module")
def trained(few: Dataset) -> Replicates:
    """Two networks; the explorer shows the first."""
    return train(Replicates.create(lambda: models.MLP(SIZES), seeds=[0, 1]), few, steps=100).replicates


class Explorer:
    """The widget, its parts by name, and the figure it draws on."""

    def __init__(self, trained: Replicates, few: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
        figures = []

        def kept(*args, **named):
            figures.append(Figure(*args, **named))
            return figures[-1]

        monkeypatch.setattr(module, "Figure", kept)
        self.density, self.scope, _, self.picture, self.words = module.explorer(trained, few).children
        (self.figure,) = figures

    @property
    def axes(self) -> tuple[Axes, Axes, Axes]:
        left, middle, right = self.figure.axes
        return left, middle, right

    def visited(self, scope: str) -> dict[float, float]:
        (line,) = [line for line in self.axes[1].lines if line.get_label() == f"scope: {scope}"]
        return {round(x, 6): y for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)}


@pytest.fixture
def explorer(trained: Replicates, few: Dataset, monkeypatch: pytest.MonkeyPatch) -> Explorer:
    return Explorer(trained, few, monkeypatch)


def expected(trained: Replicates, few: Dataset, density: float, scope: str) -> tuple[float, int, list[float], int]:
    """Accuracy in percent, bytes, each layer's share in percent, weights kept; pruned in a network of its own."""
    net = trained.module(0)
    weights = {name: p.detach() for name, p in net.named_parameters()}
    mask = select(magnitude(weights), density, scope=scope)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name in mask:
                p[~mask[name]] = 0
        right = (net(few.x_val).argmax(1) == few.y_val).float().mean()
    shares = [100 * int(m.sum()) / m.numel() for m in mask.values()]  # float32 would round 6.05 either way
    return 100 * float(right), csr_bytes(weights, mask), shares, sum(int(m.sum()) for m in mask.values())


def test_it_begins_with_a_tenth_of_the_first_networks_weights_beside_all_of_them(explorer, trained, few) -> None:
    assert isinstance(explorer.density, ipywidgets.SelectionSlider)
    assert (explorer.density.description, explorer.density.value) == ("kept", 0.1)
    assert not explorer.density.continuous_update
    assert (explorer.scope.description, list(explorer.scope.options)) == ("scope", ["global", "layer"])
    whole, (accuracy, *_) = 100 * float(evaluate(trained, few, "val")[1][0]), expected(trained, few, 0.1, "global")
    assert explorer.visited("global") == pytest.approx({100: whole, 10: accuracy})
    assert ">10\u00a0% of the weights kept" in explorer.words.value
    assert f"validation accuracy {accuracy:.1f}\u00a0%" in explorer.words.value
    explorer.density.value = 1.0
    all_three = ", ".join(["100.0\u00a0%"] * 3)
    assert f">100\u00a0% of the weights kept (layer by layer {all_three}):" in explorer.words.value
    assert f"validation accuracy {whole:.1f}\u00a0%" in explorer.words.value
    assert explorer.words.value.count("130\u00a0kB") == 2
    assert 'aria-live="polite"' in explorer.words.value
    assert bytes(explorer.picture.value).startswith(b"\x89PNG")


def test_every_density_tells_and_draws_what_pruning_to_it_gives(explorer, trained, few) -> None:
    """The sentence, the bars, the histogram and the points against a mask, a network and bytes made here."""
    percents = [100, 70, 50, 40, 30, 20, 15, 10, 7, 5, 3, 2, 1]
    assert [label for label, _ in explorer.density.options] == [f"{d} %" for d in percents]
    assert [d for _, d in explorer.density.options] == pytest.approx([d / 100 for d in percents])
    pictures = {bytes(explorer.picture.value)}
    accuracies = {percent: expected(trained, few, percent / 100, "global")[0] for percent in (100, 10)}
    visited = (40, 15, 5, 1)
    for percent in visited:
        explorer.density.value = percent / 100
        accuracy, size, shares, kept = expected(trained, few, percent / 100, "global")
        accuracies[percent] = accuracy
        layers = ", ".join(f"{share:.1f}\u00a0%" for share in shares)
        assert f">{percent}\u00a0% of the weights kept (layer by layer {layers}):" in explorer.words.value
        told = re.search(r"accuracy ([\d.]+)\s%; ([\d,]+)\skB in CSR,.* ([\d,]+)\skB with all", explorer.words.value)
        assert float(told[1]) == pytest.approx(accuracy, abs=0.051)
        assert told[2] == f"{size / 1000:,.0f}"
        assert told[3] == "130"
        left, middle, right = explorer.axes
        assert [sum(bar.get_height() for bar in bars) for bars in left.containers] == [WEIGHTS, kept]
        (now,) = [line for line in middle.lines if line.get_label() == "now"]
        assert (now.get_xdata()[0], now.get_ydata()[0]) == pytest.approx((percent, accuracy))
        assert [bar.get_height() for bar in right.patches] == pytest.approx([WHOLE / 1000, size / 1000])
        assert [t.get_text() for t in right.texts] == ["130 kB", f"{size / 1000:.0f} kB"]
        pictures.add(bytes(explorer.picture.value))
    assert len(pictures) == 1 + len(visited)
    assert explorer.visited("global") == pytest.approx(accuracies)
    assert min(accuracies.values()) < 50 < 70 < accuracies[100]  # so the points can tell the densities apart


def test_the_scope_changes_what_is_kept_and_each_keeps_the_points_it_has_visited(explorer, trained, few) -> None:
    explorer.density.value = 0.1
    by_all, picture = explorer.words.value, bytes(explorer.picture.value)
    explorer.scope.value = "layer"
    assert "(layer by layer 10.0\u00a0%, 10.0\u00a0%, 10.0\u00a0%)" in explorer.words.value
    assert bytes(explorer.picture.value) != picture
    accuracy, size, *_ = expected(trained, few, 0.1, "layer")
    assert f"validation accuracy {accuracy:.1f}\u00a0%; {size / 1000:,.0f}\u00a0kB" in explorer.words.value
    explorer.density.value = 0.02
    wanted = {
        "global": {d: expected(trained, few, d / 100, "global")[0] for d in (100, 10)},
        "layer": {d: expected(trained, few, d / 100, "layer")[0] for d in (10, 2)},
    }
    assert wanted["global"][10] != pytest.approx(wanted["layer"][10])
    for scope, points in wanted.items():
        assert explorer.visited(scope) == pytest.approx(points)
    explorer.scope.value = "global"
    explorer.density.value = 0.1
    assert explorer.words.value == by_all
    assert set(explorer.visited("global")) == {100, 10, 2}


def test_the_axes_say_what_they_show(explorer) -> None:
    left, middle, right = explorer.axes
    assert [ax.get_title() for ax in explorer.axes] == [
        "the weights",
        "accuracy, no further training",
        "size in memory",
    ]
    assert left.get_xlabel().startswith("trained weight")
    assert (middle.get_xlabel(), middle.get_ylabel()) == ("weights kept (%)", "validation accuracy (%)")
    first, last = middle.get_xlim()
    assert first > 100 > 0 > last
    assert middle.get_ylim() == (0, 100)
    assert [t.get_text() for t in right.get_xticklabels()] == ["zeros stored", "CSR, or dense\nif smaller"]
    assert right.get_ylim()[0] == 0


def test_the_explorer_leaves_the_networks_alone(trained: Replicates, few: Dataset) -> None:
    before = {name: p.clone() for name, p in trained.params.items()}
    density, scope, *_ = module.explorer(trained, few).children
    density.value = 0.01
    scope.value = "layer"
    assert all(torch.equal(before[name], p) for name, p in trained.params.items())
