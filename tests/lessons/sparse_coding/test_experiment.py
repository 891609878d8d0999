"""The experiment: crops and noise, what networks learn from, and what its tables say."""

from dataclasses import replace
from itertools import islice

import pandas as pd
import pytest
import torch

from lthedu.coding import psnr
from lthedu.data.photographs import photograph
from lthedu.experiments import paper_results
from lthedu.lessons.sparse_coding import arms, searches
from lthedu.lessons.sparse_coding.experiment import (
    CHOOSE,
    COLUMNS,
    LEARN,
    PAPER,
    PLAN,
    SIDE,
    TEST,
    at_best,
    cases,
    measured_at,
    noisy_crop,
    squares,
    train,
)

FEW = replace(PAPER, seeds=(0, 1), steps=2, rounds=1, learn_from=100)


def test_crops_are_in_the_middle_of_six_equal_tiles_and_noise_is_of_the_seed_and_the_crop() -> None:
    rows, columns = (sorted({place[i] for place in TEST.values()}) for i in (0, 1))
    assert [row + SIDE // 2 for row in rows] == [pytest.approx(427 * (i + 0.5) / 2, abs=1) for i in range(2)]
    assert [column + SIDE // 2 for column in columns] == [pytest.approx(640 * (i + 0.5) / 3, abs=1) for i in range(3)]
    noise = [
        noisy - clean for noisy, clean in (noisy_crop("test", c, s) for c, s in (("roof", 0), ("roof", 1), ("sky", 0)))
    ]
    assert not torch.allclose(noise[0], noise[1], atol=1)
    assert not torch.allclose(noise[0], noise[2], atol=1)
    assert torch.equal(noisy_crop("test", "roof", 0)[0], noisy_crop("test", "roof", 0)[0])


def test_what_chooses_is_not_what_is_learned_from() -> None:
    assert all(left >= LEARN and left + SIDE <= 640 for _, left in CHOOSE.values())


def is_in(square: torch.Tensor, image: torch.Tensor) -> list[tuple[int, int]]:
    """Where the square stands in the image."""
    corners = (image[: -square.shape[0] + 1, : -square.shape[1] + 1] == square[0, 0]).nonzero().tolist()
    side = square.shape[0]
    return [(y, x) for y, x in corners if torch.equal(image[y : y + side, x : x + side], square)]


def test_squares_come_from_the_flower_s_left_half_or_from_outside_the_crops_that_are_tested() -> None:
    for same, image in ((False, photograph("flower")[:, :LEARN]), (True, photograph("china"))):
        for noisy, clean in islice(squares(PAPER, 0, same), 5):
            assert 15 < float((noisy - clean).std()) < 35
            places = is_in(clean, image)
            assert places
            if same:
                side = PAPER.side
                assert any(
                    all(not (-side < y - top < SIDE and -side < x - left < SIDE) for top, left in TEST.values())
                    for y, x in places
                )


VALUES = dict.fromkeys(arms.TRAINED, 1e-3) | dict.fromkeys([*arms.UNTRAINED, arms.KSVD], 1.5) | {"noisy": 0.0}


@pytest.mark.parametrize(("arm", "value"), VALUES.items())
def test_every_arm_gives_a_row_for_every_crop(arm: str, value: float) -> None:
    rows = pd.DataFrame(measured_at(FEW, arm, value, 2 if arm in arms.TRAINED else 0, 1))
    assert list(rows.columns) == COLUMNS
    assert set(rows["crop"]) == {*CHOOSE, *TEST}
    assert (rows["clipped"] >= rows["psnr"]).all()
    assert rows["psnr"].between(10, 50).all()
    if arm == "noisy":
        assert rows["psnr"].between(19.5, 20.8).all()


def test_every_case_is_measured_once_and_of_arms_that_there_are() -> None:
    plan = cases(PAPER)
    assert len(plan) == len({*plan}) == len(PAPER.seeds) * sum(len(values) for _, _, values in PLAN)
    assert {"noisy", arms.HARD, arms.ISTA5, arms.FIVE} <= {arm for arm, *_ in plan} <= {*VALUES}
    assert {steps for arm, _, steps, _ in plan if arm in arms.TRAINED} == {PAPER.steps, 10 * PAPER.steps}
    assert {steps for arm, _, steps, _ in plan if arm not in arms.TRAINED} == {0}


def test_the_stored_run_is_whole_and_its_thresholds_have_neighbours_on_both_sides() -> None:
    stored = paper_results.load("sparse_coding")
    assert stored.complete
    tuned = stored.table[(stored.table["split"] == "choose") & (stored.table["steps"] == 0)]
    for arm, rows in tuned.groupby("arm"):
        means = rows.groupby("value")["psnr"].mean()
        assert arm == "noisy" or means.index[0] < means.idxmax() < means.index[-1], arm


def test_training_makes_a_network_better_and_changes_nothing_that_it_may_not() -> None:
    network = arms.made(arms.THRESHOLDS, 25.0, 0)
    before = network.atoms.clone()
    noisy, clean = noisy_crop("choose", "middle", 0)
    with torch.no_grad():
        first = psnr(network(noisy), clean)
    train(network, replace(PAPER, steps=15), 3.2e-2, 0)
    assert torch.equal(network.atoms, before)
    with torch.no_grad():
        assert psnr(network(noisy), clean) > first + 0.1


def test_networks_of_one_seed_are_the_same_and_of_two_seeds_are_not() -> None:
    one, same, other = (next(arms.made(arms.CNN, 25.0, seed).parameters()) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_value_and_length_are_chosen_on_the_flower_and_the_test_has_no_say() -> None:
    def rows(arm: str, value: float, own: float, test: float, steps: int = 0) -> list[dict[str, object]]:
        about = {"arm": arm, "value": value, "steps": steps, "crop": "wall"}
        return [
            about | {"split": split, "replicate": i, "psnr": base + i}
            for split, base in (("choose", own), ("test", test))
            for i in (0, 1)
        ]

    table = pd.DataFrame(
        [
            *rows("OMP", 1.0, 25, 20),
            *rows("OMP", 1.1, 26, 19),
            *rows("net", 0.1, 24, 10, 3),
            *rows("net", 0.1, 23, 11, 9),
        ]
    )
    best = at_best(table)
    assert best.groupby(["arm", "steps"])["psnr"].mean().to_dict() == {
        ("OMP", 0): 19.5,
        ("net", 3): 10.5,
    }


def test_searches_measure_from_the_lowest_loss() -> None:
    x = searches.to_test(0, every=300)
    zero = torch.zeros(len(x), 256)
    assert searches.above_lowest(zero, x) == pytest.approx(
        float((x**2).sum(1).mean() / 2) - searches.lowest_loss(x), abs=1e-3
    )
    assert searches.to_learn(0).std() != searches.to_learn(1).std()


def test_a_value_at_which_a_network_diverged_is_not_the_best() -> None:
    rows = [
        {"arm": "a", "steps": 1, "value": v, "split": split, "crop": "wall", "replicate": i, "psnr": p}
        for v, (first, second) in {1.0: (20.0, 21.0), 2.0: (30.0, float("nan"))}.items()
        for split in ("choose", "test")
        for i, p in enumerate((first, second))
    ]
    assert at_best(pd.DataFrame(rows))["value"].unique().tolist() == [1.0]
