"""Levels, arms and controls of a Study, and its folder. What faults leave: tests/faults."""

import shutil
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch
from filelock import FileLock

from lthedu.base.fingerprint import fingerprint
from lthedu.base.streams import derive
from lthedu.data import DamagedFile
from lthedu.experiments.study import (
    CONTROLS,
    DENSE,
    RANDOM,
    REINIT,
    WINNING,
    Settings,
    Study,
    final_accuracy,
    study,
    summary,
)
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.pruning import magnitude, random_mask, select
from lthedu.tickets import find_tickets
from lthedu.training import Optimizer, Replicates, train, training

SMALL = Settings(seeds=(3, 8), levels=2, steps=6, batch_size=32, val_every=4, rewind_step=0)


def make():
    return MLP([784, 20, 10])


@pytest.fixture(scope="module")
def data(mnist):
    return mnist.first(256, 100, 100)


@pytest.fixture(scope="module")
def done(data):
    study = Study(data, make, SMALL)
    study.run()
    return study


@pytest.fixture(scope="module")
def rewound(data):
    study = Study(data, make, replace(SMALL, rewind_step=3))
    study.run()
    return study


def part(tensors, arm, arms):
    """The replicates of `arm`: two seeds each, arm after arm."""
    i = 2 * arms.index(arm)
    return {n: t[i : i + 2] for n, t in tensors.items()}


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


def same_study(a, b):
    """Whether two studies hold the same table and, bit for bit, the same tensors."""
    parts = ("start", "mask", "trained")
    return (
        a.table.equals(b.table)
        and a.levels.keys() == b.levels.keys()
        and all(
            fingerprint(getattr(a.levels[i], p)) == fingerprint(getattr(b.levels[i], p))
            for i in a.levels
            for p in parts
        )
    )


# Starts, masks and controls -------------------------------------------------------------------------------------


def test_every_level_starts_from_exactly_mask_times_initial(done):
    initial = Replicates.create(make, SMALL.seeds).params
    assert equal(done.levels[0].start, initial)
    for level in (1, 2):
        found = done.levels[level]
        mask = part(found.mask, WINNING, found.arms)
        expected = {n: p * mask[n] if n in mask else p for n, p in initial.items()}
        assert equal(part(found.start, WINNING, found.arms), expected)


def test_with_rewinding_a_level_starts_from_the_dense_weights_at_that_step(rewound, data):
    dense = train(
        Replicates.create(make, SMALL.seeds),
        data,
        3,
        batch_size=32,
        order=[derive(seed, "order", 0) for seed in SMALL.seeds],
    ).replicates.params
    for level in (1, 2):
        found = rewound.levels[level]
        for arm in (WINNING, RANDOM):
            assert equal(part(found.start, arm, found.arms), masks.apply(part(found.mask, arm, found.arms), dense))


def test_a_rewound_level_is_trained_from_the_rewind_step_with_a_fresh_optimizer(rewound, data):
    found = rewound.levels[1]
    again = train(
        Replicates.create(make, SMALL.seeds).with_params(part(found.start, WINNING, found.arms)),
        data,
        6,
        first_step=3,
        batch_size=32,
        mask=part(found.mask, WINNING, found.arms),
        order=[derive(seed, "order", 1) for seed in SMALL.seeds],
    ).replicates.params
    trained = part(found.trained, WINNING, found.arms)
    assert all(torch.allclose(again[n], trained[n], atol=1e-6) for n in again)
    assert set(rewound.table.query("level == 1")["step"]) == {4, 6}


def test_densities_are_exact_in_every_layer_and_in_the_table(done):
    for arm in (WINNING, RANDOM, REINIT):
        hidden, output = 784 * 20, 20 * 10
        for level in (1, 2):
            hidden, output = round(0.5 * hidden), round(0.75 * output)
            for i in range(2):
                kept = masks.counts(masks.unstack(done.mask(level, arm), i))
                assert kept == {"layers.0.weight": hidden, "layers.1.weight": output}
            rows = done.table.query("level == @level and arm == @arm")
            assert set(rows["density"]) == {(hidden + output) / (784 * 20 + 20 * 10)}
    assert set(done.table.query("level == 0")["density"]) == {1.0}


def test_masks_are_nested_and_made_of_the_largest_trained_weights(done):
    for level in (1, 2):
        before, now = done.mask(level - 1), done.mask(level)
        trained = done.levels[level - 1].trained
        for name in now:
            assert not (now[name] & ~before[name]).any()
            for i in range(2):
                size, kept, left = trained[name][i].abs(), now[name][i], before[name][i]
                assert size[kept].min() >= size[left & ~kept].max()


def test_global_scope_lets_hidden_layers_compete_and_keeps_the_output_apart(data):
    study = Study(data, lambda: MLP([784, 20, 15, 10]), replace(SMALL, scope="global", levels=1, controls=()))
    study.run()
    kept = masks.counts(masks.unstack(study.mask(1), 0))
    assert kept["layers.2.weight"] == round(0.75 * 150)
    assert kept["layers.0.weight"] + kept["layers.1.weight"] == round(0.5 * (784 * 20 + 20 * 15))
    assert kept["layers.1.weight"] != 150


def test_random_reinitialisation_has_the_tickets_mask_and_order_and_other_weights(done):
    for level in (1, 2):
        found = done.levels[level]
        assert equal(done.mask(level, REINIT), done.mask(level))
        fresh, ticket = (part(found.start, arm, found.arms) for arm in (REINIT, WINNING))
        for name, m in done.mask(level).items():
            assert not fresh[name][~m].any()
            assert (fresh[name] != ticket[name])[m].all()
    first, second = (part(done.levels[i].start, REINIT, done.levels[i].arms) for i in (1, 2))
    both = done.mask(2)["layers.0.weight"]
    assert (first["layers.0.weight"] != second["layers.0.weight"])[both].all()  # drawn anew at each level


def test_random_mask_has_the_tickets_counts_and_initial_weights_and_another_mask(done):
    initial = Replicates.create(make, SMALL.seeds).params
    for level in (1, 2):
        found, mask = done.levels[level], done.mask(level, RANDOM)
        assert equal(part(found.start, RANDOM, found.arms), masks.apply(mask, initial))
        for i in range(2):
            ticket, control = (masks.unstack(m, i) for m in (done.mask(level), mask))
            assert masks.counts(control) == masks.counts(ticket)
            assert not equal(control, ticket)
    assert not torch.equal(done.mask(1, RANDOM)["layers.0.weight"][0], done.mask(1, RANDOM)["layers.0.weight"][1])


def test_an_arm_shares_the_minibatch_order_of_its_seed_and_levels_do_not(data, monkeypatch):
    asked = []
    monkeypatch.setattr(study, "training", lambda *a, **k: asked.append(list(k["order"])) or training(*a, **k))
    Study(data, make, SMALL).run()
    assert asked[1] == asked[1][:2] * 3
    assert len({*asked[0], *asked[1], *asked[2]}) == 6


@pytest.mark.parametrize("controls", [(), (RANDOM,), (REINIT,)])
def test_controls_that_are_not_asked_for_are_absent_and_change_no_other_arm(data, done, controls):
    study = Study(data, make, replace(SMALL, controls=controls))
    table = study.run()
    assert set(table["arm"]) == {DENSE, WINNING, *controls}
    assert equal(study.mask(2), done.mask(2))
    for absent in set(CONTROLS) - set(controls):
        with pytest.raises(ValueError, match=f"level 2 has no arm '{absent}'; there are: {WINNING}"):
            study.mask(2, absent)


def test_pruned_weights_are_zero_after_training_in_every_arm(done):
    for level in done.levels.values():
        assert not any(level.trained[n][~m].any() for n, m in level.mask.items())


def test_the_table_has_a_row_for_each_arm_seed_level_and_evaluation(done):
    table = done.table
    assert list(table.columns) == ["arm", "replicate", "level", "density", "step", "split", "loss", "accuracy"]
    expected = {
        (arm, seed, level, step, split)
        for level in range(3)
        for arm in ((WINNING, REINIT, RANDOM) if level else (DENSE,))
        for seed in SMALL.seeds
        for step, split in ((4, "val"), (6, "val"), (6, "test"))
    }
    found = list(table[["arm", "replicate", "level", "step", "split"]].itertuples(index=False, name=None))
    assert len(found) == len(expected)
    assert set(found) == expected
    assert table["accuracy"].between(0, 1).all()


def test_the_test_split_is_read_once_a_level(done):
    assert set(done.table.query("split == 'test'")["step"]) == {SMALL.steps}


def test_seeds_do_not_see_each_other(done, data):
    alone = Study(data, make, replace(SMALL, seeds=(8,)))
    alone.run()
    for level in (1, 2):
        starts = alone.levels[level].start
        assert equal(
            {n: t[:1] for n, t in starts.items() if "bias" in n},
            {
                n: t[1:2]
                for n, t in part(done.levels[level].start, WINNING, done.levels[level].arms).items()
                if "bias" in n
            },
        )
    assert equal(alone.levels[0].start, {n: t[1:] for n, t in done.levels[0].start.items()})


def test_a_study_neither_reads_nor_moves_the_global_random_state(data, done):
    torch.manual_seed(77)
    state = torch.get_rng_state()
    again = Study(data, make, SMALL)
    again.run()
    assert torch.equal(torch.get_rng_state(), state)
    assert same_study(again, done)


# The learner's functions ----------------------------------------------------------------------------------------


def test_replaced_functions_are_the_ones_that_are_called(data, done):
    calls = {"find": 0, "random": 0}

    def my_find(*arguments):
        calls["find"] += 1
        return find_tickets(*arguments)

    def my_random(mask, generator):
        calls["random"] += 1
        seeds.append(generator.initial_seed())
        return random_mask(mask, generator)

    seeds = []  # of the generators: a stream for each replicate and level
    study = Study(data, make, SMALL, find_tickets=my_find, random_mask=my_random)
    study.run()
    assert len(set(seeds)) == len(seeds) == 4
    assert calls == {"find": 1, "random": 2 * len(SMALL.seeds)}
    assert same_study(study, done)


def test_find_tickets_trains_every_level_once_from_masked_initial_weights():
    initial = {"w": torch.arange(8.0)[None] - 4, "b": torch.ones(3)}
    seen = []

    def training(level, start, mask):
        seen.append((level, {n: t.clone() for n, t in start.items()}, mask))
        return {n: t + 1 for n, t in start.items()}

    def halve(trained, mask):
        return select(magnitude(trained), 0.5, within=mask)

    found = find_tickets(initial, masks.full(initial), training, halve, levels=3)
    assert [level for level, *_ in seen] == [0, 1, 2, 3]
    assert [masks.counts(m)["w"] for m in found] == [8, 4, 2, 1]
    for (_, start, mask), returned in zip(seen, found, strict=True):
        assert equal(mask, returned)
        assert equal(start, masks.apply(mask, initial))


def test_a_pruning_loop_that_does_not_rewind_is_carried_out_as_it_is(data, done):
    def without_rewinding(initial, full, training, prune, levels):
        start, mask, found = initial, full, []
        for level in range(levels + 1):
            trained = training(level, masks.apply(mask, start), mask)
            found.append(mask)
            start, mask = trained, prune(trained, mask)
        return found

    study = Study(data, make, SMALL, find_tickets=without_rewinding)
    study.run()
    started = part(study.levels[1].start, WINNING, study.levels[1].arms)
    assert equal(started, masks.apply(study.mask(1), done.levels[0].trained))


def test_level_0_with_pruned_weights_is_refused(data):
    def wrong(initial, full, training, prune, levels):
        training(0, {n: p * 0 for n, p in initial.items()}, full)

    with pytest.raises(ValueError, match="level 0 must start from the initial weights"):
        Study(data, make, SMALL, find_tickets=wrong).run()


# The folder -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, data, done):
    """A folder with the whole study."""
    study = Study(data, make, SMALL)
    study.run(folder=tmp_path / "run")
    assert same_study(study, done)
    return tmp_path / "run"


def no_training(monkeypatch):
    monkeypatch.setattr(study, "training", lambda *a, **k: pytest.fail("something was trained"))


def test_what_is_stored_is_read_and_not_trained_again(folder, data, done, monkeypatch):
    no_training(monkeypatch)
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.name != "lock"}
    again = Study(data, make, SMALL)
    first = again.run(folder=folder)
    assert first.equals(done.table)
    assert same_study(again, done)
    assert again.run(folder=folder).equals(first)
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.name != "lock"} == before


def test_running_again_in_memory_trains_nothing_and_gives_the_same_table(done, monkeypatch):
    no_training(monkeypatch)
    before = done.table
    assert done.run().equals(before)


def test_a_rewound_study_is_resumed_from_its_stored_snapshot(tmp_path, data, rewound, monkeypatch):
    settings = replace(SMALL, rewind_step=3)
    Study(data, make, settings).run(folder=tmp_path / "run")
    no_training(monkeypatch)
    again = Study(data, make, settings)
    again.run(folder=tmp_path / "run")
    assert same_study(again, rewound)


OTHER = [
    ("seeds", (3, 9), r"seeds = \[3, 8\], you asked for \[3, 9\]"),
    ("seeds_per_part", 1, "seeds_per_part = None, you asked for 1"),
    ("levels", 3, "levels = 2, you asked for 3"),
    ("keep", 0.4, "keep = 0.5, you asked for 0.4"),
    ("keep_output", 0.5, "keep_output = 0.75, you asked for 0.5"),
    ("keep_kernels", 0.9, "keep_kernels = None, you asked for 0.9"),
    ("scope", "global", "scope = layer, you asked for global"),
    ("steps", 7, "steps = 6, you asked for 7"),
    ("batch_size", 16, "batch_size = 32, you asked for 16"),
    ("optimizer", Optimizer("sgd"), "optimizer, name = adam, you asked for sgd"),
    ("rewind_step", 1, "rewind_step = 0, you asked for 1"),
    ("val_every", None, "val_every = 4, you asked for None"),
    ("controls", (RANDOM,), r"controls = \['random re.*, you asked for \['random mask'\]"),
]


def test_the_refusals_below_cover_every_setting():
    assert [name for name, *_ in OTHER] == list(asdict(SMALL))


@pytest.mark.parametrize(("name", "value", "message"), OTHER, ids=[name for name, *_ in OTHER])
def test_a_folder_of_other_settings_is_refused_naming_the_setting_and_both_values(folder, data, name, value, message):
    with pytest.raises(ValueError, match=f"run.experiment was made with settings, {message}; give another folder"):
        Study(data, make, replace(SMALL, **{name: value})).run(folder=folder)


def test_a_folder_of_another_network_or_other_data_is_refused(folder, data, mnist):
    with pytest.raises(ValueError, match=r"layers.0.weight = \[20, 784\], you asked for \[21, 784\]"):
        Study(data, lambda: MLP([784, 21, 10]), SMALL).run(folder=folder)
    with pytest.raises(ValueError, match="made with data ="):
        Study(mnist.first(256, 100, 101), make, SMALL).run(folder=folder)


def test_a_stored_level_that_began_elsewhere_is_refused(folder, data):
    def other_masks(mask, generator):
        return random_mask(mask, generator.manual_seed(1))

    with pytest.raises(ValueError, match=r"level_01 was made with (starts|masks) = "):
        Study(data, make, SMALL, random_mask=other_masks).run(folder=folder)


def test_another_start_of_the_same_shape_is_refused(folder, data):
    def shifted():
        net = make()
        torch.nn.init.constant_(net.layers[0].bias, 0.1)
        return net

    with pytest.raises(ValueError, match="level_00 was made with starts = "):
        Study(data, shifted, SMALL).run(folder=folder)


@pytest.mark.parametrize("file", ["record.json", "tensors.safetensors"])
@pytest.mark.parametrize("place", ["part_0000/level_00", "part_0000/level_01", "experiment"])
def test_a_damaged_level_is_refused_by_name_and_never_trained_over(folder, data, place, file, monkeypatch):
    path = folder / place / file
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(raw)
    no_training(monkeypatch)
    with pytest.raises(DamagedFile, match=f"{place}.{file}"):
        Study(data, make, SMALL).run(folder=folder)
    assert path.read_bytes() == raw


def test_a_missing_level_in_the_middle_is_trained_again_with_equal_numbers(folder, data, done):
    shutil.rmtree(folder / "part_0000" / "level_01")
    again = Study(data, make, SMALL)
    again.run(folder=folder)
    assert same_study(again, done)


WRONG = [
    ({"seeds": ()}, r"seeds is \(\)"),
    ({"seeds": (1, 1)}, r"seeds is \(1, 1\)"),
    ({"levels": -1}, "levels is -1"),
    ({"keep": 0}, "keep is 0"),
    ({"keep": 1.1}, "keep is 1.1"),
    ({"keep_output": float("nan")}, "keep_output is nan"),
    ({"scope": "everywhere"}, "scope is 'everywhere'; allowed: layer, global"),
    ({"steps": 0}, "steps is 0"),
    ({"batch_size": 0}, "batch_size is 0"),
    ({"rewind_step": 6}, "rewind_step is 6; allowed: 0 to 5"),
    ({"rewind_step": -1}, "rewind_step is -1"),
    ({"val_every": 0}, "val_every is 0"),
    ({"controls": ("placebo",)}, r"controls\[0\] is 'placebo'; allowed: random reinitialisation, random mask"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[m for _, m in WRONG])
def test_an_impossible_setting_is_refused_by_value(change, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **change)


def test_a_batch_larger_than_the_training_set_is_refused_before_anything_is_written(tmp_path, data):
    with pytest.raises(ValueError, match="batch_size is 257; allowed: 1 to the 256"):
        Study(data, make, replace(SMALL, batch_size=257)).run(folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_level_that_is_not_trained_has_no_mask(data):
    with pytest.raises(ValueError, match=r"level 1 is not trained; there are: \[\]"):
        Study(data, make, SMALL).mask(1)


# Interrupts and kill -9 -----------------------------------------------------------------------------------------


def test_progress_counts_every_step_of_every_network_once(data):
    seen = []
    Study(data, make, SMALL).run(lambda done, in_all, text: seen.append((done, in_all)))
    assert {in_all for _, in_all in seen} == {2 * 6 + 2 * 6 * 6}
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize("at", [1, 5, 6, 7, 11, 12, 13, 18])
def test_an_interrupt_keeps_finished_levels_and_rows_so_far_and_run_goes_on(tmp_path, data, done, at):
    study, ticks = Study(data, make, SMALL), []

    def stop(*now):
        ticks.append(now)
        if len(ticks) == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study.run(stop, folder=tmp_path / "run")
    partial = study.table
    assert list(study.levels) == [i for i in range(3) if (tmp_path / "run" / "part_0000" / f"level_{i:02d}").exists()]
    shared = partial.merge(done.table)
    assert len(shared) == len(partial)  # every row so far is a row of the whole
    study.run(folder=tmp_path / "run")
    assert same_study(study, done)


def test_a_folder_that_another_process_holds_is_refused_and_left_alone(folder, data):
    with FileLock(folder / "lock"):
        before = sorted(folder.rglob("*"))
        with pytest.raises(BlockingIOError, match=r"another process is running the experiment in .*run now"):
            Study(data, make, SMALL).run(folder=folder)
        assert sorted(folder.rglob("*")) == before


# CUDA -----------------------------------------------------------------------------------------------------------


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
def test_a_study_on_cuda_has_the_same_masks_at_level_1_and_resumes(tmp_path, data, done):
    there = Study(data.to("cuda"), make, SMALL)
    table = there.run(folder=tmp_path / "run")
    assert [list(table[c]) for c in ("arm", "replicate", "level", "density", "step", "split")] == [
        list(done.table[c]) for c in ("arm", "replicate", "level", "density", "step", "split")
    ]
    assert all(torch.equal(p.cpu(), done.levels[0].start[n]) for n, p in there.levels[0].start.items())
    assert all(t.is_cuda for t in there.levels[2].trained.values())
    assert not any(level.trained[n][~m].any() for level in there.levels.values() for n, m in level.mask.items())
    pd.testing.assert_frame_equal(Study(data.to("cuda"), make, SMALL).run(folder=tmp_path / "run"), table)


# What a review found -----------------------------------------------------------------------------------------


def test_a_loop_that_writes_into_what_it_got_does_not_change_the_study(data, done):
    def careless(initial, full, train, prune, levels):
        mask = full
        for level in range(levels + 1):
            trained = train(level, masks.apply(mask, initial), mask)
            mask = prune(trained, mask)
            for tensor in trained.values():
                tensor.zero_()
        for tensor in [*initial.values(), *full.values()]:
            tensor.zero_()
        return []

    study = Study(data, make, SMALL, find_tickets=careless)
    study.run()
    assert same_study(study, done)


def test_another_network_with_the_same_shapes_is_refused(tmp_path, data):
    def with_(activation):
        return lambda: torch.nn.Sequential(torch.nn.Linear(784, 20), activation(), torch.nn.Linear(20, 10))

    Study(data, with_(torch.nn.ReLU), replace(SMALL, levels=0)).run(folder=tmp_path)
    with pytest.raises(ValueError, match=r"model = .*ReLU.*you asked for .*Tanh"):
        Study(data, with_(torch.nn.Tanh), replace(SMALL, levels=0)).run(folder=tmp_path)


def test_a_network_with_buffers_is_not_rewound_to_a_later_step(data):
    def normalised():
        return torch.nn.Sequential(torch.nn.Linear(784, 20), torch.nn.BatchNorm1d(20), torch.nn.Linear(20, 10))

    with pytest.raises(ValueError, match=r"rewind_step is 3.*1.running_mean"):
        Study(data, normalised, replace(SMALL, rewind_step=3))


def test_what_levels_rewind_to_is_told(done, rewound, data):
    assert equal(done.rewound, Replicates.create(make, SMALL.seeds).params)
    assert not equal(rewound.rewound, done.rewound)
    with pytest.raises(ValueError, match="level 0 is not trained yet"):
        _ = Study(data, make, SMALL).rewound


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"steps": 5.5}, "steps is 5.5; allowed: a whole number"),
        ({"levels": 1.5}, "levels is 1.5; allowed: a whole number"),
        ({"seeds": (0.5,)}, r"seeds\[0\] is 0.5; allowed: a whole number"),
        ({"controls": (REINIT, REINIT)}, "each once"),
    ],
)
def test_settings_of_a_wrong_kind_are_refused_by_value(wrong, words):
    with pytest.raises(ValueError, match=words):
        replace(SMALL, **wrong)


def test_numpy_and_range_seeds_are_the_same_study_on_disk(tmp_path, data):
    for seeds in (range(2), np.arange(2)):
        Study(data, make, replace(SMALL, seeds=seeds, steps=np.int64(6), levels=0)).run(folder=tmp_path)


def test_final_accuracy_is_sorted_by_seed(done):
    rows = done.table.iloc[::-1]
    assert final_accuracy(rows, DENSE, 0) == final_accuracy(done.table, DENSE, 0)
    with pytest.raises(ValueError, match="no 'test' rows of arm 'winning ticket' at level 7"):
        final_accuracy(done.table, WINNING, 7)


def test_the_summary_has_a_row_a_density_and_no_deviation_for_one_seed(data, done):
    words = summary(done.table)
    assert list(words.columns) == [DENSE, WINNING, REINIT, RANDOM]
    assert len(words) == 3
    mean = 100 * sum(final_accuracy(done.table, RANDOM, 2)) / 2
    assert words[RANDOM].iloc[2].startswith(f"{mean:.2f} ± ")
    one = Study(data, make, replace(SMALL, seeds=(3,), levels=0))
    assert "±" not in summary(one.run())[DENSE].iloc[0]
