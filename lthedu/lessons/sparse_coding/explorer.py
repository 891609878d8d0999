"""Explorer of one noisy patch: its atoms added one by one, and what they are near to, the noise or the photograph."""

from collections.abc import Callable

import ipywidgets
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.coding import dct_atoms, omp
from lthedu.figures.live import live_plot
from lthedu.lessons.sparse_coding.experiment import SIDE, TEST, noisy_crop

MOST, SIZE = 24, 8
WIDE, NARROW = dct_atoms(SIZE, 2 * SIZE), dct_atoms(SIZE, SIZE)


def _largest(x: Tensor, count: int, soft: bool) -> Tensor:
    """The sum of the `count` largest waves of an orthonormal DCT, their values shrunk by the next one's size or not."""
    values = NARROW @ x
    order = values.abs().argsort(descending=True)
    kept = torch.zeros_like(values)
    kept[order[:count]] = values[order[:count]]
    if soft and count:
        kept = kept.sign() * (kept.abs() - values[order[count]].abs()).clamp(min=0)
    return kept @ NARROW


WAYS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "OMP": lambda x, count: omp(x, WIDE, count) @ WIDE,
    "hard": lambda x, count: _largest(x, count, soft=False),
    "soft": lambda x, count: _largest(x, count, soft=True),
}


@typed
def explorer(atoms: int = 4, crop: str = "roof") -> ipywidgets.VBox:
    """A patch of the noisy photograph, the sum of its first atoms, and how far the sum is off, by how many there are.

    Sliders move with the arrow keys. Raises ValueError for another crop, and for more atoms than the slider has.
    """
    if crop not in TEST:
        raise ValueError(f"crop is {crop!r}; allowed: {', '.join(TEST)}")
    if not 0 <= atoms <= MOST:
        raise ValueError(f"atoms is {atoms}; allowed: 0 to {MOST}")
    figure = Figure(figsize=(8.6, 4.6), dpi=100, layout="constrained")

    def draw(atoms: int, way: str, crop: str, row: int, column: int) -> str:
        noisy, clean = noisy_crop("test", crop, 0)
        here = slice(row, row + SIZE), slice(column, column + SIZE)
        x, true = noisy[here].reshape(-1), clean[here].reshape(-1)
        mean = x.mean()
        sums = [WAYS[way](x - mean, count) + mean for count in range(MOST + 1)]
        off = {"from the noisy patch": x, "from the photograph": true}
        errors = {name: [float(((s - to) ** 2).mean()) ** 0.5 for s in sums] for name, to in off.items()}
        figure.clear()
        grid = figure.add_gridspec(2, 4)
        around = figure.add_subplot(grid[0, 0])
        around.add_patch(Rectangle((column - 0.5, row - 0.5), SIZE, SIZE, fill=False, ec="#D55E00", lw=2))
        shown = {"crop": noisy, "photograph": true, "noisy patch": x, f"{atoms} atoms": sums[atoms]}
        for i, (name, picture) in enumerate(shown.items()):
            ax = around if i == 0 else figure.add_subplot(grid[0, i])
            ax.imshow((picture if i == 0 else picture.view(SIZE, SIZE)).numpy(), cmap="gray", vmin=0, vmax=255)
            ax.set_title(name, fontsize=10)
            ax.set(xticks=[], yticks=[])
        ax = figure.add_subplot(grid[1, :])
        for (name, values), (colour, line) in zip(errors.items(), (("#777777", "--"), ("#0072B2", "-")), strict=True):
            ax.plot(values, color=colour, ls=line, label=f"distance {name}")
            ax.plot(atoms, values[atoms], "o", color=colour)
        ax.set(xlabel="atoms", ylabel="grey levels", xlim=(0, MOST), ylim=(0, None))
        ax.legend(fontsize=9)
        best = min(range(MOST + 1), key=errors["from the photograph"].__getitem__)
        return (
            f"{way} with {atoms} atoms is {errors['from the noisy patch'][atoms]:.1f} grey levels from the noisy patch "
            f"and {errors['from the photograph'][atoms]:.1f} from the photograph. It would be nearest to the "
            f"photograph with {best}."
        )

    wide = {"style": {"description_width": "7em"}, "layout": ipywidgets.Layout(width="34em")}
    return live_plot(
        figure,
        draw,
        {
            "atoms": ipywidgets.IntSlider(atoms, 0, MOST, description="atoms", **wide),
            "way": ipywidgets.ToggleButtons(options=list(WAYS), description="way"),
            "crop": ipywidgets.Dropdown(options=list(TEST), value=crop, description="crop", **wide),
            "row": ipywidgets.IntSlider(24, 0, SIDE - SIZE, description="row", **wide),
            "column": ipywidgets.IntSlider(40, 0, SIDE - SIZE, description="column", **wide),
        },
    )
