"""The lesson's figures draw what they are given."""

import pandas as pd
import pytest
import torch
from figure_frame import checked

from lthedu.coding import dct_atoms
from lthedu.lessons.sparse_coding import figures, schematics
from lthedu.lessons.sparse_coding.arms import HARD
from lthedu.lessons.sparse_coding.experiment import TEST


def test_pictures_stand_side_by_side_with_their_closeness() -> None:
    clean = torch.full((8, 8), 100.0)
    figure, words = figures.pictures({"photograph": clean, "noisy": clean + 25.5}, clean)
    first, second = figure.axes
    assert first.get_title() == "photograph"
    assert second.get_title() == "noisy\n20.0 dB"
    assert torch.equal(torch.as_tensor(second.images[0].get_array().data), clean + 25.5)
    assert "photograph, noisy" in words


def test_what_is_left_stands_under_each_sum() -> None:
    patch = torch.arange(64.0) - 31.5
    figure, _ = figures.adding_atoms(patch, {1: 0.5 * patch, 2: patch})
    lower = figure.axes[4:]
    assert [ax.get_title() for ax in lower] == ["25 % of the patch, squared", "0 % of the patch, squared"]
    assert float(torch.as_tensor(lower[1].images[0].get_array().data).abs().max()) == 0


def test_each_curve_has_its_points() -> None:
    figure, words = figures.descent({"ISTA": {0: 4.0, 1: 2.0}, "LISTA, five layers": {5: 1.0}}, "title", "above")
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["ISTA"].get_ydata()) == [4.0, 2.0]
    assert list(lines["LISTA, five layers"].get_xdata()) == [5]
    assert "ISTA; LISTA, five layers" in words


def table(values: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"arm": arm, "value": 1.0, "steps": 0, "split": "test", "crop": crop, "replicate": i, "psnr": base + c + i}
            for arm, base in values.items()
            for c, crop in enumerate(TEST)
            for i in (0, 1)
        ]
    )


def test_gains_are_differences_at_each_crop_and_a_guess_is_a_star() -> None:
    figure, words = figures.gains(
        table({HARD: 25.0, "OMP": 26.0, "net": 24.5}), ["OMP", "net"], {"net": 3.0, "OMP": "much"}
    )
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["net", "OMP"]
    marks = [line for line in ax.lines if line.get_marker() in set(figures.MARKS.values())]
    assert [line.get_xdata()[0] for line in marks] == pytest.approx([-0.5] * 6 + [1.0] * 6)
    (star,) = [line for line in ax.lines if line.get_marker() == "*"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (3.0, 0)
    assert "OMP +1.0, net -0.5" in words


def test_gains_without_an_arm_are_refused() -> None:
    with pytest.raises(ValueError, match="best lacks net"):
        figures.gains(table({HARD: 25.0}), ["net"])


def test_a_mosaic_has_every_atom_in_its_place() -> None:
    atoms = dct_atoms(8, 8)
    figure, _ = figures.mosaics({"waves": atoms}, columns=8)
    sheet = figure.axes[0].images[0].get_array()
    assert sheet.shape == (72, 72)
    atom = atoms[10].view(8, 8)
    scaled = (atom - atom.min()) / (atom.max() - atom.min())
    assert torch.allclose(torch.as_tensor(sheet[9:17, 18:26].data).float(), scaled, atol=1e-6)


def test_pruned_atoms_are_drawn_by_their_share() -> None:
    figure, words = figures.pruned_atoms([1, 0.5], {"most used": [25.0, 24.0], "at random": [25.0, 22.0]})
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["at random"].get_xdata()) == [100, 50]
    assert list(lines["at random"].get_ydata()) == [25.0, 22.0]
    assert "most used, at random" in words


@pytest.mark.parametrize("draw", [f for f in vars(schematics).values() if getattr(f, "schematic", False)])
def test_schematics_are_drawn_and_described(draw) -> None:
    checked(draw)


def test_the_schematic_s_patch_is_the_sum_of_its_atoms() -> None:
    figure, _ = schematics.a_patch_of_few_atoms()
    patch, *atoms = [torch.as_tensor(ax.images[0].get_array().data) for ax in figure.axes]
    assert torch.allclose(patch, 3 * atoms[0] - 2 * atoms[1] + 1.5 * atoms[2], atol=1e-6)
