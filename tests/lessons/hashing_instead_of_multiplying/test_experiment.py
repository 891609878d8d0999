"""The experiment: what the arms share and do not, what is counted, and what its tables and sets say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lthedu.experiments import paper_results
from lthedu.hashing import centre_nothing
from lthedu.lessons.hashing_instead_of_multiplying import clusters, experiment, laws, studies, ticket
from lthedu.lessons.hashing_instead_of_multiplying.arms import (
    ARMS,
    CENTRED,
    DENSE,
    HALF,
    RANDOM,
    RANDOM_MORE,
    RAW,
    WTA,
)
from lthedu.lessons.hashing_instead_of_multiplying.experiment import COLUMNS, SIZES

TINY = replace(SIZES.tiny, seeds=(0,), per_class=2)


def test_every_arm_is_trained_with_rows_for_each_seed_and_epoch() -> None:
    table, trained = experiment.run((*ARMS, DENSE), replace(SIZES.tiny, epochs=2, per_class=1))
    assert list(table.columns) == COLUMNS
    assert len(table) == 2 * 2 * (len(ARMS) + 1)
    assert set(trained) == {*ARMS, DENSE}
    assert table["rows"].groupby(table["arm"]).min()[RANDOM_MORE] == SIZES.tiny.equal_products
    assert (table[table["arm"] == DENSE]["products"] == 3 * 60).all()


def test_products_are_three_a_row_and_those_of_finding() -> None:
    table, _ = experiment.run((RANDOM, HALF, CENTRED), TINY)
    rows, products = (table.set_index("arm")[name] for name in ("rows", "products"))
    assert products[RANDOM] == pytest.approx(3 * rows[RANDOM])
    assert products[HALF] == pytest.approx(3 * rows[HALF] + 60)
    built = TINY.bits * TINY.tables * 60 / (60 * TINY.per_class)  # the tables are built once
    assert products[CENTRED] == pytest.approx(3 * rows[CENTRED] + TINY.bits * TINY.tables + built)


def test_the_same_arm_gives_the_same_twice_and_alone() -> None:
    (one, _), (both, _) = experiment.run((CENTRED,), TINY), experiment.run((RANDOM, CENTRED), TINY)
    alike = [name for name in COLUMNS if name != "seconds"]
    pd.testing.assert_frame_equal(one[alike], both[both["arm"] == CENTRED][alike].reset_index(drop=True))


def test_a_learners_functions_are_used() -> None:
    calls = {"centre": 0, "errors": 0}

    def centre(rows, queries):
        calls["centre"] += 1
        return centre_nothing(rows, queries)

    def errors(logits):
        calls["errors"] += 1
        return np.zeros_like(logits)

    table, _ = experiment.run((CENTRED,), TINY, centre=centre, errors=errors)
    assert calls["centre"] == 2  # once to train, once to test
    assert calls["errors"] == 60 * TINY.per_class
    raw, _ = experiment.run((RAW,), TINY, errors=errors)
    assert table["label_found"].tolist() == raw["label_found"].tolist()


def test_looking_at_what_is_found_changes_no_training(monkeypatch) -> None:
    two = replace(TINY, epochs=2)
    before, _ = experiment.run((CENTRED,), two)
    monkeypatch.setattr(experiment, "find_all", lambda network, finder, x, seen: [np.array([0])] * len(x))
    after, _ = experiment.run((CENTRED,), two)
    assert before["products"].tolist() == pytest.approx(after["products"].tolist(), rel=0.05)


def test_siblings_are_near_and_families_far() -> None:
    data = clusters.draw_clusters(60, 20, 3000, 0, held_out=10)
    means = np.stack([data.x_train[data.y_train == c].mean(0) for c in range(60)])
    apart = np.linalg.norm(means[:, None] - means[None], axis=-1)
    family = np.arange(60) // 20
    same = family[:, None] == family
    assert apart[same & (apart > 0)].max() < apart[~same].min()


def test_codes_of_learners_are_what_is_measured() -> None:
    found = laws.collisions([0.0, 3.0], 2, 3, code=lambda vectors, planes: np.zeros(len(vectors)), pairs=4)
    assert found["equal"].tolist() == found["found"].tolist() == [1.0, 1.0]


def test_overlaps_are_of_pairs_of_each_kind() -> None:
    found = [np.array([0, 1]), np.array([0, 1]), np.array([1, 2]), np.array([5])]
    shared = ticket.overlaps(found, [0, 0, 1, 2], 2, 6)
    assert shared == pytest.approx({"of one class": 1.0, "of one family": 1 / 3, "of two families": 0.0})


def test_the_nearest_rows_are_those_of_a_loop_over_centred_angles() -> None:
    rng = np.random.default_rng(0)
    rows, queries = rng.standard_normal((30, 4)) + 3, rng.standard_normal((5, 4)) - 2
    moved, asked = rows - rows.mean(0), queries - queries.mean(0)
    for query, some in zip(asked, ticket.nearest(rows, queries, 6), strict=True):
        cosine = [query @ row / np.linalg.norm(row) / np.linalg.norm(query) for row in moved]
        assert some.tolist() == sorted(range(30), key=lambda i, of=cosine: -of[i])[:6]
    with pytest.raises(ValueError, match="many is 31; allowed: up to 30, the number of rows"):
        ticket.nearest(rows, queries, 31)


def test_the_case_list_holds_every_study_and_seed() -> None:
    cases = studies.cases()
    assert len(cases) == len(set(cases))
    for name, arms in studies.ARMS_OF.items():
        mine = [(arm, seed) for study, arm, _, seed in cases if study == name]
        assert mine == [(arm, seed) for seed in studies.STUDIES[name].seeds for arm in arms]
    assert not set(studies.TUNED_ON) & set(studies.PAPER.seeds)


def test_winners_compare_and_do_not_multiply() -> None:
    finder = ARMS[WTA].finder(SIZES.lesson, 0)
    s = SIZES.lesson
    assert finder.cost == round(s.tables * s.symbols * s.width / s.hidden)


def test_the_stored_run_is_what_the_code_would_make() -> None:
    stored = paper_results.load("hashing")
    assert {case[:2] for case in studies.cases()} >= set(zip(stored.table["study"], stored.table["arm"], strict=True))
    main = stored.table[stored.table["study"] == "main"]
    assert set(main["replicate"]) == set(studies.PAPER.seeds)
    products = main.groupby("arm")["products"].mean()
    assert products[RANDOM_MORE] >= 0.98 * products[CENTRED]
