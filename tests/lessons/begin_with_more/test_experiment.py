"""The experiments: exact counts at every step of every plan, masks from where they are said to be, controls alike."""

from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest
import torch

from lthedu import data
from lthedu.experiments import paper_results
from lthedu.lessons.begin_with_more import analysis, memory, plans, studies, widths
from lthedu.lessons.begin_with_more.experiment import SIZES, Growing, Settings
from lthedu.lessons.begin_with_more.plans import DONE, END, PLANS
from lthedu.networks.hopfield import hebb, strongest_pairs
from lthedu.networks.models import MLP
from lthedu.networks.paths import on_a_path
from lthedu.pruning import through
from lthedu.sparsity import step_cost, weight_steps

EVERY = tuple((arm, 0.02) for arm in PLANS)
TINY = replace(SIZES.tiny, ways=EVERY, steps=40, every=3)


@pytest.fixture(scope="module")
def few(mnist) -> data.Dataset:
    return data.pooled(mnist.first(300, 60, 60))


class Watched(Growing):
    """Notes every mask that a plan has."""

    def moved(self, plan, now):
        new = super().moved(plan, now)
        self.watched.append((plan, now.step, now.mask, new))
        return new


@pytest.fixture(scope="module")
def made(few) -> Watched:
    found = Watched(few, TINY)
    found.watched = []
    found.run()
    return found


def test_every_plan_ends_with_the_same_weights_and_has_a_row_a_network(made: Watched) -> None:
    rows = made.table.groupby("arm")["replicate"].apply(list)
    assert sorted(rows.index) == sorted(PLANS)
    assert all(found == [0, 1] for found in rows)
    hidden = [196 * 20, 20 * 10]
    assert set(made.table["weights"]) == {sum(round(END * n) for n in hidden) + 100}


def test_at_every_move_every_layer_has_the_schedule_s_count_and_none_moves_later(made: Watched) -> None:
    assert {id(plan) for plan, *_ in made.watched} == {id(p) for p in PLANS.values() if Growing.moves(p)}
    for plan, step, before, after in made.watched:
        density = through(plan.points, step / TINY.steps)
        for name, mask in after.items():
            assert mask.flatten(1).sum(1).tolist() == [round(density * mask[0].numel())] * 2
            if plan.grows == "never":
                assert not (mask & ~before[name]).any()
        assert step <= DONE * TINY.steps + TINY.every


def test_plans_that_exchange_do_so_at_constant_density_and_others_do_not(made: Watched) -> None:
    moves = {arm: [w for w in made.watched if w[0] is PLANS[arm]] for arm in PLANS}
    changed = lambda arm: any((b[n] != a[n]).any() for _, _, b, a in moves[arm] for n in b)  # noqa: E731
    assert not moves[plans.STATIC]
    assert changed(plans.RIGL)
    assert changed(plans.SET)
    larger = lambda before, after: all(int(after[n].sum()) > int(before[n].sum()) for n in before)  # noqa: E731
    grows_only = [w for w in moves[plans.STILL] if larger(*w[2:])]
    assert grows_only
    assert all(not (b[n] & ~a[n]).any() for _, _, b, a in grows_only for n in b)


def test_integral_and_cost_are_sums_over_steps(made: Watched) -> None:
    whole = [196 * 20, 20 * 10, 10 * 10]
    small = [round(END * n) for n in whole[:2]] + [100]
    found = made.table.groupby("arm")[["integral", "cost"]].first()
    assert found.loc[plans.STATIC, "integral"] == pytest.approx(40 * sum(small) / sum(whole))
    assert found.loc[plans.STATIC, "cost"] == pytest.approx(40 * step_cost(small) / 1e6)
    moves = sum(w[0] is PLANS[plans.RIGL] for w in made.watched)
    extra = moves * (step_cost(small, whole) - step_cost(small)) / 1e6
    assert found.loc[plans.RIGL, "cost"] == pytest.approx(found.loc[plans.STATIC, "cost"] + extra)
    changes = [(0, sum(whole))]
    for plan, step, _, after in made.watched:
        if plan is PLANS[plans.FAST]:
            changes.append((step, 100 + sum(int(m[0].sum()) for m in after.values())))
    assert found.loc[plans.FAST, "integral"] == pytest.approx(weight_steps(changes, 40) / sum(whole))


def test_a_mask_by_spread_has_its_weights_where_pixels_vary(few) -> None:
    one = Growing(few, TINY)
    start = one.create(lambda: MLP([196, 20, 10, 10]))
    spread, first = few.x_train.std(0), one.first_mask(PLANS[plans.SPREAD], start)["layers.0.weight"]
    assert not first[:, :, spread == 0].any()
    assert first.flatten(1).sum(1).tolist() == [round(END * 196 * 20)] * 2


def test_a_plan_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ways names 'brain'; allowed: the names in `plans.PLANS`: static"):
        Settings(ways=(("brain", 0.1),))


# Widths ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wide(few) -> widths.Widths:
    arms = (*widths.FROM_TICKET, *widths.SMALL)
    found = widths.Widths(few, replace(widths.SIZES.tiny, widths=(10, 24), arms=arms, last_rates=(0.01, 0.02)))
    found.run()
    return found


def test_every_arm_has_exactly_its_weights_at_every_width_and_rate(wide: widths.Widths) -> None:
    table = wide.table
    dense = table["arm"].isin([widths.DENSE, widths.TWICE_POOLED])
    assert set(table.loc[~dense, "weights"]) == {400}
    assert ((table.loc[dense, "weights"] - 400).abs() <= 110).all()
    assert table.groupby(["arm", "width", "last lr"])["replicate"].nunique().eq(2).all()


def test_controls_have_in_common_with_the_ticket_what_they_say(few) -> None:
    one = widths.Widths(few, replace(widths.SIZES.tiny, widths=(24,)))
    start, mask, work, rounds = one.ticket(24, 0.02)
    sizes = widths.shrinking(206 * 24, 400)
    assert (rounds, work) == (len(sizes), 5 * sum(sizes))
    assert one.begin(widths.TICKET, start, mask) is start
    new = one.begin(widths.REDRAWN, start, mask).params["layers.0.weight"]
    assert (new != start.params["layers.0.weight"])[mask["layers.0.weight"]].all()
    assert not new[~mask["layers.0.weight"]].any()
    counts, inputs = one.masked(widths.COUNTS, mask), one.masked(widths.INPUTS, mask)
    for name, m in mask.items():
        assert torch.equal(counts[name].flatten(1).sum(1), m.flatten(1).sum(1))
        assert torch.equal(inputs[name].sum(1), m.sum(1))
        assert (counts[name] != m).any()
        assert (inputs[name] != m).any()


def test_live_units_are_counted_over_both_layers(few) -> None:
    one = widths.Widths(few, replace(widths.SIZES.tiny, widths=(24,)))
    start, mask, *_ = one.ticket(24, 0.02)
    one.ends(widths.TICKET, 24, 0, 0.02, 0, start, mask, few)
    for i, live in enumerate(one.table["live"]):
        (found,) = on_a_path([m[i] for m in mask.values()])
        assert (
            live
            == int(found.sum())
            == int(((mask["layers.0.weight"][i].any(1)) & mask["layers.1.weight"][i].any(0)).sum())
        )


def test_rounds_halve_or_keep_equal_shares() -> None:
    assert widths.shrinking(6592, 1000) == [6592, 3296, 1648]
    assert widths.shrinking(105_472, 1000, rounds=1) == [105_472]
    seven = widths.shrinking(6592, 1000, rounds=7)
    assert len(seven) == 7
    assert all(a > b > 1000 for a, b in pairwise(seven))
    with pytest.raises(ValueError, match="size is 900; allowed: more than the 1000 weights"):
        widths.shrinking(900, 1000)


# Memory ------------------------------------------------------------------------------------------------------


def test_every_budget_is_exact_and_signs_keep_the_places_of_sizes() -> None:
    weights = hebb(memory.random_patterns(7, 30, torch.Generator().manual_seed(0)))
    drawn = {
        arm: memory.wired(arm, weights, 40, torch.Generator().manual_seed(1), strongest_pairs)
        for arm in (memory.STRONGEST, memory.SIGNS, memory.CHANCE)
    }
    assert torch.equal(drawn[memory.SIGNS], drawn[memory.STRONGEST].sign())
    assert int((drawn[memory.STRONGEST] != 0).sum()) == 80  # seven patterns: no weight is 0
    kept = drawn[memory.STRONGEST].abs()
    assert kept[kept > 0].min() >= weights.abs()[(drawn[memory.STRONGEST] == 0) & (weights != 0)].max() - 1
    assert memory.wired(memory.ALL, weights, 40, torch.Generator(), strongest_pairs) is weights


def test_equal_weights_are_drawn_among_and_not_taken_in_order() -> None:
    weights = torch.ones(40, 40) - torch.eye(40)
    mask = memory.wired(memory.STRONGEST, weights, 200, torch.Generator().manual_seed(0), strongest_pairs) != 0
    degree = mask.sum(1)
    assert degree[:10].float().mean() < 1.5 * degree[-10:].float().mean()


def test_the_smaller_network_has_no_more_pairs_than_the_budget() -> None:
    units = memory.smaller(memory.LESSON)
    assert units * (units - 1) / 2 <= memory.budget(memory.LESSON) < units * (units + 1) / 2


def test_what_chooses_is_asked_and_may_be_the_learner_s() -> None:
    asked = []

    def choose(scores, pairs):
        asked.append(pairs)
        return strongest_pairs(scores, pairs)

    assert memory.recalled(memory.SIZES.tiny, choose).equals(memory.recalled(memory.SIZES.tiny))
    assert set(asked) == {memory.budget(memory.SIZES.tiny)}


# Reading the stored run --------------------------------------------------------------------------------------


def test_at_equal_integral_lines_are_compared_and_not_lengths() -> None:
    rows = []
    for replicate in (0, 1):
        for steps, integral, accuracy in ((10, 1.0, 0.5), (100, 10.0, 0.7)):
            rows.append(("RigL", steps, integral, accuracy, replicate))
        rows.append(("other", 10, 10**0.5, 0.55 + 0.01 * replicate, replicate))
        rows.append(("dear", 10, 1000.0, 0.9, replicate))
    own = pd.DataFrame(rows, columns=["arm", "steps", "integral", "accuracy", "replicate"])
    assert analysis.at_equal_integral(own, "other", 10).tolist() == pytest.approx([5.0, 4.0])
    assert analysis.at_equal_integral(own, "dear", 10).isna().all()
    assert analysis.points(own, "other", 10) == pytest.approx(55.5)


def test_every_study_names_plans_and_widths_that_are_there() -> None:
    assert {arm for s in studies.SCHEDULES.values() for arm, _ in s.ways} == set(PLANS)
    assert {arm for s in studies.WIDTHS.values() for arm in s.arms} == {*widths.FROM_TICKET, *widths.SMALL}


def test_moves_that_would_not_end_before_the_training_are_refused(few) -> None:
    with pytest.raises(ValueError, match="every is 12 of 12 steps; allowed: so few"):
        Growing(few, replace(SIZES.tiny, ways=((plans.FAST, 0.02),), steps=12, every=12)).run()


def test_small_dense_networks_are_trained_once_whatever_the_widths(few) -> None:
    found = widths.Widths(few, replace(widths.SIZES.tiny, widths=(10, 24), arms=(widths.DENSE,))).run()
    assert not found.duplicated(["arm", "lr", "last lr", "replicate"]).any()


def test_a_ticket_is_exact_where_rounds_leave_equal_counts(few) -> None:
    found = widths.Widths(few, replace(widths.SIZES.tiny, widths=(10,), weights=1640, rounds=20)).run()
    assert set(found["weights"]) == {1640}


def test_no_best_rate_of_the_stored_plans_and_tickets_is_the_least_or_the_greatest_that_was_tried() -> None:
    table = paper_results.load("begin_with_more").table
    every = table[table["study"].isin(studies.SCHEDULES)].groupby(["arm", "steps"])
    tickets = table[table["study"].str.fullmatch(r"from \d+ units")].groupby(["arm", "width"])
    for kind, rows in [*every, *tickets]:
        val = rows.astype({"lr": float, "val": float}).groupby("lr")["val"].mean()
        assert val.index.min() < val.idxmax() < val.index.max(), (kind, val.to_dict())
