"""The arms of many small lotteries differ in what they should and in nothing else; steps and costs are exact."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lthedu import data
from lthedu.experiments.study import DENSE, REINIT, WINNING
from lthedu.lessons.many_small_lotteries import batched, cost, designs, experiment
from lthedu.lessons.many_small_lotteries.experiment import (
    ARMS,
    DESIGNS,
    OTHERS,
    PATCHES,
    SCATTERED,
    SMALL,
    YOURS,
    Lottery,
    Settings,
)
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.training import Optimizer, Replicates, train

TINY = Settings(
    tickets=2, draws=3, few_draws=2, levels=2, steps=6, batch_size=16, rates=(4e-3, 8e-3), tries=2, together=2
)


@pytest.fixture(scope="module")
def digits(mnist):
    return mnist.first(400, 100, 100)


@pytest.fixture(scope="module")
def lotteries(digits) -> Lottery:
    found = Lottery(digits, TINY)
    found.run()
    return found


def test_the_table_has_a_row_for_every_network(lotteries: Lottery) -> None:
    counts = lotteries.table.groupby(["level", "arm"])["draw"].apply(list)
    expected = {(2, arm): list(range(3 if arm in DESIGNS else 2)) for arm in ARMS}
    assert {key: list(found) for key, found in counts.items()} == {(0, DENSE): [0, 1]} | expected
    assert (lotteries.table["ticket"] == lotteries.table["draw"] % 2).all()
    assert lotteries.table[["val", "test"]].notna().all().all()


def test_every_draw_is_what_training_it_alone_gives(lotteries: Lottery) -> None:
    for arm in ARMS:
        mine = lotteries.table.query("arm == @arm").reset_index(drop=True)
        rate, draws = mine["lr"][0], range(len(mine))
        alone = pd.concat([lotteries.draw(arm, 2, range(i, i + 1), rate) for i in draws], ignore_index=True)
        assert np.allclose(alone["val"], mine["val"], atol=0.021)  # two of 100 images: rounding may turn one
        assert alone["draw"].tolist() == [*draws]


def test_every_arm_has_the_best_of_its_rates_found_with_networks_that_are_not_drawn(lotteries: Lottery) -> None:
    tried = lotteries.search.groupby(["arm", "lr", "draw"]).size()
    assert (tried == 1).all()
    assert len(tried) == 5 * 2 * 2
    assert lotteries.search["draw"].min() == OTHERS
    drawn = lotteries.table.groupby("arm")["lr"].unique()
    for arm in (DENSE, *(arm for arm in ARMS if arm != SMALL)):
        mean = lotteries.search.query("arm == @arm").groupby("lr")["val"].mean()
        assert list(drawn[arm]) == [lotteries.rates[arm]]
        assert mean[lotteries.rates[arm]] == mean.max()
    assert list(drawn[SMALL]) == [lotteries.rates[DENSE]]  # its trainings are too long for a search


def test_an_arm_differs_from_its_ticket_in_what_it_should(lotteries: Lottery) -> None:
    tickets = lotteries.study.mask(2)
    started = {arm: lotteries.start(arm, 2, range(3)) for arm in ARMS}
    for arm in (WINNING, REINIT):
        assert all(torch.equal(m[i], tickets[n][i % 2]) for n, m in started[arm][1].items() for i in range(3))
    kept = sum(masks.counts(masks.unstack(tickets, 0)).values())
    for drawn in (started[PATCHES][1], started[SCATTERED][1]):
        assert [sum(masks.counts(masks.unstack(drawn, i)).values()) for i in range(3)] == [kept] * 3
        assert not torch.equal(drawn["layers.0.weight"][0], drawn["layers.0.weight"][1])
    for name, p in lotteries.study.rewound.items():
        assert torch.equal(started[WINNING][0].params[name][1], p[1])
        assert torch.equal(started[WINNING][0].params[name][2], p[0])
        assert torch.equal(started[REINIT][0].params[name], started[PATCHES][0].params[name])
    fresh = started[REINIT][0].params["layers.0.weight"]
    assert not torch.equal(fresh[0], fresh[1])
    assert not torch.equal(fresh[0], lotteries.study.rewound["layers.0.weight"][0])


def test_a_patch_is_a_square_inside_the_rim_and_its_control_has_all_but_the_square() -> None:
    flat = {"first": torch.arange(19_600) < 986, "last": torch.arange(1_000) < 329}
    ticket = {"first": flat["first"].view(100, 196), "last": flat["last"].view(10, 100)}
    squares = set()
    for i in range(4):
        made = [d(ticket, torch.Generator().manual_seed(i)) for d in (designs.local_patches, designs.scattered_pixels)]
        for mask in made:
            read = mask["first"].view(100, 14, 14)
            assert read.sum((1, 2)).tolist() == [16] * 50 + [0] * 50
            assert not any(rim.any() for rim in (read[:, 0], read[:, -1], read[:, :, 0], read[:, :, -1]))
            assert mask["last"][:, :50].all()
            assert mask["last"][:, 50:].sum() == 15
        for unit in made[0]["first"].view(100, 14, 14)[:50]:
            rows, columns = (torch.nonzero(unit.any(axis)).flatten().tolist() for axis in (1, 0))
            assert (len(rows), len(columns)) == (4, 4)
            assert (rows[-1] - rows[0], columns[-1] - columns[0]) == (3, 3)
            squares.add((rows[0], columns[0]))
        assert not torch.equal(made[1]["first"][0], made[1]["first"][1])
    assert {place for square in squares for place in square} == {*range(1, 10)}  # every place inside the rim
    with pytest.raises(ValueError, match="the ticket keeps 25 weights; no patches of 4 to 4 pixels a side"):
        designs.local_patches({"first": torch.ones(1, 36) < 0, "last": torch.ones(25, 1) > 0}, torch.Generator())


def test_the_centre_is_the_mean_of_blocks_of_the_middle(mnist) -> None:
    image = mnist.first(1, 1, 1)
    small = designs.centre(image).x_train.view(7, 7)
    assert small[2, 3].item() == pytest.approx(image.x_train.view(28, 28)[9:12, 12:15].mean().item(), abs=1e-6)
    with pytest.raises(ValueError, match=r"shape \(1, 196\); expected \(n, 784\)"):
        designs.centre(data.pooled(image))


def test_a_small_dense_network_trains_as_long_as_the_search_for_a_ticket(lotteries: Lottery, monkeypatch) -> None:
    steps = []
    monkeypatch.setattr(experiment, "train", lambda *given, **how: steps.append(given[2]) or train(*given, **how))
    for arm in (SMALL, PATCHES):
        lotteries.draw(arm, 2, range(1), 4e-3)
    assert steps == [3 * TINY.steps, TINY.steps]  # the dense network, and two rounds


def test_the_small_dense_network_has_a_tickets_numbers_and_one_unit_fewer_has_not(lotteries: Lottery) -> None:
    for level in (1, 2):
        weights = sum(masks.counts(masks.unstack(lotteries.study.mask(level), 0)).values()) + 110
        inputs, width, outputs = lotteries.small_sizes(level)
        assert inputs == 49
        numbers = width * (inputs + 1 + outputs) + outputs
        assert numbers >= weights > numbers - (inputs + 1 + outputs)
        assert lotteries.start(SMALL, level, range(1))[0].params["layers.0.weight"].shape == (1, width, inputs)


def test_draws_do_not_depend_on_how_many_there_are_and_other_seeds_give_others(lotteries: Lottery, digits) -> None:
    more = Lottery(digits, replace(TINY, draws=4, together=4))
    more.study = lotteries.study
    _, mine = lotteries.start(PATCHES, 2, range(2))
    _, theirs = more.start(PATCHES, 2, range(4))
    assert all(torch.equal(mine[n], theirs[n][:2]) for n in mine)
    other = Lottery(digits, replace(TINY, seed=1))
    other.study = lotteries.study
    assert not torch.equal(other.start(PATCHES, 2, range(1))[1]["layers.0.weight"], mine["layers.0.weight"][:1])


def test_a_design_of_ones_own_is_drawn_like_the_local_patches(lotteries: Lottery) -> None:
    rows = lotteries.draw_by(designs.local_patches, 3)
    theirs = lotteries.table.query("arm == @PATCHES")
    assert rows["arm"].tolist() == [YOURS] * 3
    assert np.allclose(rows["val"], theirs["val"], atol=0.021)
    with pytest.raises(ValueError, match=r"the masks keep \[.*\] weights; allowed: as many as a ticket"):
        lotteries.draw_by(lambda ticket, _: {name: torch.ones_like(m) for name, m in ticket.items()}, 2)


def test_progress_counts_parts_and_ends(digits) -> None:
    seen: list[tuple[int, int]] = []
    Lottery(digits, replace(TINY, steps=2)).run(lambda done, in_all, text: seen.append((done, in_all)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (1 + 2 * 2 + 3 * 1,) * 2  # the dense ones, two parts of a lottery, one of each other arm


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"together": 1.5}, "together is 1.5"),
        ({"margin": 1}, "margin is 1; allowed: a number above 0 and below 1"),
    ],
)
def test_a_senseless_setting_is_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**wrong)


def test_an_unknown_arm_or_level_is_refused(lotteries: Lottery) -> None:
    with pytest.raises(ValueError, match="arm is 'large'; allowed: dense, winning ticket"):
        lotteries.start("large", 2, range(1))
    with pytest.raises(ValueError, match="level 7 is not trained"):
        lotteries.start(WINNING, 7, range(1))
    with pytest.raises(ValueError, match="table has no 'dense' rows"):
        experiment.goal(lotteries.table.query("level > 0"))


def test_wins_are_counted_against_the_dense_networks_whatever_the_tickets_do() -> None:
    rows = [(DENSE, 99, 0.1, 0.9), (DENSE, 99, 0.1, 0.8), (WINNING, 10, 0.1, 0.84)]
    rows += [(PATCHES, 10, 0.2, 0.85), (PATCHES, 10, 0.2, 0.83)]
    table = pd.DataFrame(rows, columns=["arm", "weights", "lr", "val"])
    assert experiment.goal(table, 0.01) == pytest.approx(0.84)
    counted = experiment.wins(table, margin=0.0101)  # a rounding above 0.84
    assert counted[["arm", "draws", "wins"]].values.tolist() == [[DENSE, 2, 1], [WINNING, 1, 1], [PATCHES, 2, 1]]
    better = table.assign(val=table["val"].where(table["arm"] != WINNING, 0.99))
    assert experiment.goal(better, 0.01) == pytest.approx(0.84)


def test_the_step_is_the_engines_own_with_plain_gradient_descent(toy) -> None:
    three = Replicates.create(lambda: MLP([20, 7, 5]), seeds=range(3), dtype=torch.float64)
    rng = torch.Generator().manual_seed(1)
    mask = {n: torch.rand(m.shape, generator=rng) < 0.5 for n, m in three.full_mask().items()}
    params = masks.apply(mask, three.params)
    expected = train(three, toy, 1, mask=mask, optimizer=Optimizer("sgd", lr=0.3), batch_size=100).replicates.params
    x, y = toy.x_train.expand(3, -1, -1), toy.y_train.expand(3, -1)  # one minibatch is all of it, in any order
    found = batched.batched_step(params, mask, x, y, 0.3)
    assert all(torch.allclose(found[n], expected[n], rtol=0, atol=1e-12) for n in expected)
    assert all(not found[n][~m].any() for n, m in mask.items())


def test_a_training_costs_what_its_matrix_products_cost() -> None:
    """torch counts the operations of a real step."""
    from torch.utils.flop_counter import FlopCounterMode

    net = MLP([30, 20, 10, 4])
    with FlopCounterMode(display=False) as counter:
        net(torch.randn(8, 30)).sum().backward()
    assert cost.training_flops([600, 200, 40], batch_size=8, steps=1) == counter.get_total_flops()
    with pytest.raises(ValueError, match="none may be negative"):
        cost.training_flops([], 1, 1)


def test_pooling_takes_the_mean_of_each_block(mnist) -> None:
    small = mnist.first(2, 1, 1)
    image, half = small.x_train[0].view(28, 28), data.pooled(small).x_train[0].view(14, 14)
    assert half[6, 7].item() == pytest.approx(image[12:14, 14:16].mean().item(), abs=1e-6)
    quarter = data.pooled(data.pooled(small)).x_train[0].view(7, 7)
    assert quarter[3, 3].item() == pytest.approx(image[12:16, 12:16].mean().item(), abs=1e-6)
    with pytest.raises(ValueError, match=r"\(2, 49\); expected \(n, 784\) or \(n, 196\)"):
        data.pooled(data.pooled(data.pooled(small)))


def test_paper_scale_is_ten_thousand_networks_and_the_lesson_at_least_128(monkeypatch: pytest.MonkeyPatch) -> None:
    assert experiment.scaled_settings().draws >= 128
    monkeypatch.setenv("LTHEDU_SCALE", "paper")
    assert experiment.scaled_settings().draws == 10_000
