"""The experiments: every arm differs in what its name says, and what is measured is the network's own."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lthedu import data
from lthedu.experiments import paper_results
from lthedu.landscape.hessian import flat_loss, flatten, hvp
from lthedu.landscape.lanczos import lanczos, part_inside
from lthedu.lessons.curvature import means
from lthedu.lessons.curvature.deletions import CUT, ON, SMALL, Deletions, Settings, at_best
from lthedu.lessons.curvature.experiment import (
    ARMS,
    BATCHES,
    BULK,
    DOMINANT,
    LESSON,
    MASKS,
    SGD,
    SIZES,
    START,
    Overlap,
    Restricted,
)
from lthedu.lessons.curvature.saliency import ARMS as CONTROLS
from lthedu.lessons.curvature.saliency import METHODS, ONE_ROUND, AtStart, same_inputs
from lthedu.lessons.curvature.saliency import Settings as Start
from lthedu.networks import masks


@pytest.fixture(scope="module")
def digits(mnist) -> data.Dataset:
    return data.pooled(mnist.first(200, 60, 60))


@pytest.fixture(scope="module")
def overlap(digits) -> Overlap:
    found = Overlap(digits, SIZES.tiny)
    found.run()
    return found


def test_there_is_a_row_for_every_network_and_look(overlap: Overlap) -> None:
    rows = overlap.table.groupby(["arm", "step"])["replicate"].apply(list)
    assert all(found == [0, 1] for found in rows)
    assert set(rows.index) == {(START, 0), *((arm, step) for arm in ARMS for step in (2, 4))}
    assert len(overlap.masks) == len(MASKS) * 3 * 2


def test_the_share_is_that_of_the_whole_hessian_s_eigenvectors(overlap: Overlap) -> None:
    row = overlap.table[(overlap.table["arm"] == BATCHES) & (overlap.table["step"] == 4)].iloc[0]
    network = overlap.trained.module(0).double()
    loss = flat_loss(network, overlap.data.x_train.double(), overlap.data.y_train)
    weights = flatten(dict(network.named_parameters()))
    values, vectors = torch.linalg.eigh(torch.func.hessian(loss)(weights))
    (gradient,) = torch.autograd.grad(loss(at := weights.requires_grad_()), at)
    assert row["sharpness"] == pytest.approx(float(values[-1]), rel=1e-3)
    top = vectors[:, -3:]  # Lanczos of few steps has the first ones right
    basis = overlap.directions(overlap.trained.params, 0)[1].double()
    assert float((basis.T @ top).square().sum(0).min()) > 0.98
    share = float(part_inside(gradient, basis).square().sum() / gradient.square().sum())
    assert row["share"] == pytest.approx(share, abs=1e-3)


def test_functions_of_one_s_own_are_used(digits) -> None:
    calls = dict.fromkeys(("hvp", "lanczos", "part_inside"), 0)

    def counted(function):
        def own(*args):
            calls[function.__name__] += 1
            return function(*args)

        return own

    own = {f.__name__: counted(f) for f in (hvp, lanczos, part_inside)}
    assert Overlap(digits, SIZES.tiny, **own).run().equals(Overlap(digits, SIZES.tiny).run())
    assert min(calls.values()) > 0
    before = dict(calls)
    Restricted(digits, SIZES.tiny, **own).run()
    assert all(calls[name] > before[name] for name in calls)


def test_the_parts_along_and_beside_are_the_whole_step(digits) -> None:
    one = Restricted(digits, replace(SIZES.tiny, steps=1, rates=(0.1,)))
    bases = one.bases(one.start.params)
    after = {way: one.on(one.start, way, 0.1, bases).params for way in (SGD, DOMINANT, BULK)}
    for i in range(2):
        start, whole, along, beside = (
            flatten(masks.unstack(p, i)) for p in (one.start.params, *(after[w] for w in (SGD, DOMINANT, BULK)))
        )
        assert torch.allclose(whole - start, (along - start) + (beside - start), atol=1e-6)
        assert torch.allclose(part_inside(along - start, bases[i]), along - start, atol=1e-6)
        assert float(part_inside(beside - start, bases[i]).abs().max()) < 1e-6


def test_deletions_keep_exactly_as_many_weights_and_all_biases(mnist) -> None:
    quarter = data.pooled(data.pooled(mnist.first(200, 60, 60)))
    settings = replace(
        SMALL,
        sizes=(49, 4, 10),
        images=100,
        steps=20,
        steps_on=4,
        batch_size=20,
        seeds=(0, 1),
        dampings=(1e-2,),
        densities=(0.5, 0.2),
        again=(0.2,),
        rates_on=(0.1,),
    )
    experiment = Deletions(quarter, settings)
    seen: list[int] = []
    measure = experiment.measure

    def watched(about, networks, before):
        kept = [(p[0] != 0).sum() for n, p in networks.params.items() if n.endswith("weight")]
        seen.append(int(sum(kept)))
        assert sum(kept) == round(about["density"] * (49 * 4 + 4 * 10))
        measure(about, networks, before)

    experiment.measure = watched
    table = experiment.run()
    assert len(seen) == len(settings.arms) * 3
    assert table.groupby(["arm", "density", "when"]).size().unique().tolist() == [2]
    assert set(table["when"]) == {CUT, ON}


def test_the_setting_of_the_highest_mean_is_taken_for_each_group() -> None:
    rows = [("a", lr, r, val) for lr, val in ((0.1, 0.8), (0.2, 0.9)) for r in (0, 1)]
    rows += [("b", None, r, 0.5) for r in (0, 1)]
    own = at_best(pd.DataFrame(rows, columns=["arm", "lr", "replicate", "val"]), ["arm"], ["lr"])
    assert own["lr"].tolist()[:2] == [0.2, 0.2]
    assert len(own) == 4


def test_a_study_of_deletions_is_read_at_each_arm_s_best_setting_as_cut_before_trained_on() -> None:
    rows = [("small", arm, d, CUT, None, 0.5, d) for arm in ("OBS", "magnitude") for d in (0.1, 0.2)]
    rows += [("small", "OBS", d, ON, lr, lr, d * lr) for d in (0.1, 0.2) for lr in (1, 2)]
    rows += [("whole", "OBS", 0.1, CUT, None, 0.5, 9)]
    table = pd.DataFrame(rows, columns=["study", "arm", "density", "when", "lr", "val", "rise"])
    table = table.assign(damping=None, accuracy=0.5, fewest=None)
    found = means.rises(means.deleted(table, "small", [0.1, 0.2]))
    assert list(found.columns) == ["cut, 20 %", "cut, 10 %", "trained on, 20 %", "trained on, 10 %"]
    assert found.loc["OBS"].tolist() == [0.2, 0.1, 0.4, 0.2]
    assert list(found.index) == ["OBS", "magnitude"]
    assert list(means.rises(means.deleted(table, "small", [0.1])).columns) == ["cut, 10 %", "trained on, 10 %"]


@pytest.mark.parametrize(
    ("study", "setting", "when"),
    [("small", "lr", ON), ("whole", "lr", ON), ("small", "damping", ON), ("small", "damping", CUT)],
)
def test_no_arm_of_the_stored_deletions_is_best_at_the_edge_of_what_was_tried(study, setting, when) -> None:
    stored = paper_results.load("curvature")
    assert stored is not None
    rows = stored.table[stored.table["study"] == study].astype({"damping": float, "lr": float, "val": float})
    rows = rows[(rows["when"] == when) & rows[setting].notna() & (rows["density"] <= 0.2)]  # what the lesson shows
    by = ["arm", "density"]
    tried = rows.groupby(by)[setting].agg(["min", "max"])
    best = at_best(rows, by).groupby(by)[setting].first()
    assert len(best) == len(tried) > 6
    assert best[(best <= tried["min"]) | (best >= tried["max"])].to_dict() == {}


def test_masks_of_untrained_networks_have_their_controls(mnist) -> None:
    settings = Start(
        sizes=(784, 8, 10),
        images=32,
        rounds=3,
        steps=2,
        batch_size=20,
        rates=(0.01,),
        deep=(784, 6, 6, 10),
        collapse=(0.1,),
        seeds=(0, 1),
    )
    table = AtStart(mnist.first(100, 20, 20), settings).run()
    trained = table[table["lr"].notna()]
    assert set(zip(trained["method"], trained["arm"], strict=True)) == {(m, a) for m in METHODS for a in CONTROLS}
    counts = trained.groupby("method")["last"].nunique()
    assert (counts <= 2).all()  # each network's own, the same in all arms
    assert set(table[table["lr"].isna()]["method"]) == {*METHODS, ONE_ROUND}


def test_the_control_keeps_each_input_s_count_and_moves_the_places() -> None:
    coin = torch.Generator().manual_seed(0)
    mask = {"w": torch.rand(40, 30, generator=coin) < 0.2}
    mixed = same_inputs(mask, coin)["w"]
    assert torch.equal(mixed.sum(0), mask["w"].sum(0))
    assert (mixed != mask["w"]).any()


@pytest.mark.parametrize(
    ("make", "change", "words"),
    [
        (lambda **c: replace(LESSON, **c), {"looks": (4, 2)}, r"looks is \(4, 2\)"),
        (lambda **c: replace(LESSON, **c), {"rates": ()}, r"rates is \(\)"),
        (lambda **c: Settings(**c), {"arms": ("luck",)}, r"arms\[0\] is 'luck'"),
        (lambda **c: Start(**c), {"rounds": 0}, "rounds is 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, change, words) -> None:
    with pytest.raises(ValueError, match=words):
        make(**change)
    assert np.isfinite(LESSON.lr)
