"""The three ways to run an experiment give equal tables; what cannot be told to another process is refused."""

import functools
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch
from experiments.small import EVERY, digits

from lthedu import data
from lthedu.data import Dataset
from lthedu.experiments import Sizes, base
from lthedu.experiments.study import settings, study
from lthedu.experiments.study.study import Study
from lthedu.lessons.rewinding import experiment as rewinding
from lthedu.lessons.zeros_and_signs import experiment as deconstruction
from lthedu.tickets import find_tickets

every = pytest.mark.parametrize("name", EVERY)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pool():
    """Two processes that know nothing of this one."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, spawned, torch.set_num_threads, (1,)) as executor:
        yield executor


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("experiments")


@pytest.fixture(scope="module")
def tables(folder):
    """What every experiment gives in memory."""
    return functools.cache(lambda name: EVERY[name](folder).run())


def equal(a: pd.DataFrame, b: pd.DataFrame) -> None:
    a, b = (t.drop(columns="seconds", errors="ignore") for t in (a, b))  # which a contest measures
    pd.testing.assert_frame_equal(a, b, check_exact=True)


@every
def test_kept_in_a_folder_and_read_back_the_table_is_the_same(name, folder, tables, monkeypatch):
    place = folder / name
    equal(EVERY[name](folder).run(folder=place), tables(name))
    for module, name_ in ((base, "train"), (base, "training"), (study, "training")):
        monkeypatch.setattr(module, name_, lambda *a, **k: pytest.fail("something was trained"))
    again = EVERY[name](folder)
    equal(again.run(folder=place), tables(name))
    assert again.seconds > 0


@every
def test_on_a_client_the_table_is_the_same(name, folder, tables, pool):
    if name == "study":
        equal(importable().run(client=pool), importable().run())
    else:
        equal(EVERY[name](folder).run(client=pool), tables(name))


def test_two_parts_at_once_in_one_process_share_no_random_state(folder, tables):
    with ThreadPoolExecutor(4) as threads:
        for name in ("compare", "rewinding", "widths"):
            equal(EVERY[name](folder).run(client=threads), tables(name))


def importable() -> Study:
    """A study whose network another process can find: the course's own."""
    return Study(digits(), settings=replace(settings.SIZES.tiny, levels=1, seeds_per_part=1))


@every
def test_parts_that_a_stop_left_are_finished_by_the_next_run(name, folder, tables):
    experiment, told = EVERY[name](folder), []

    def stop(done, in_all, text):
        told.append(text)
        if done > in_all / 2 and len(told) > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        experiment.run(progress=stop)
    assert 0 < len(experiment.done) < len(experiment.parts())
    so_far = experiment.finished
    equal(experiment.run(), tables(name))
    if name != "compare":  # which chooses the small networks' rate by the seeds that are there
        equal(so_far, experiment.table.head(len(so_far)))


def test_what_later_questions_need_is_joined_over_the_parts(folder):
    whole, cut = (EVERY["rewinding"](folder) for _ in range(2))
    whole.settings = replace(whole.settings, seeds_per_part=None)
    for game in (whole, cut):
        game.run()
    assert cut.snapshots.keys() == whole.snapshots.keys()
    assert cut.children.keys() == whole.children.keys() == {0, 2}
    for name, p in whole.trained.items():
        assert torch.allclose(cut.trained[name], p, atol=1e-5)
    pd.testing.assert_frame_equal(
        cut.table.sort_values(["arm", "k", "density", "replicate"], ignore_index=True)[["arm", "k", "replicate"]],
        whole.table.sort_values(["arm", "k", "density", "replicate"], ignore_index=True)[["arm", "k", "replicate"]],
    )


def test_a_study_of_parts_holds_the_levels_of_all_seeds_arm_after_arm(folder):
    whole, cut = (EVERY["study"](folder) for _ in range(2))
    whole.settings = replace(whole.settings, seeds_per_part=None)
    for one in (whole, cut):
        one.run()
    for level, found in whole.levels.items():
        mine = cut.levels[level]
        assert mine.arms == found.arms
        assert all(torch.allclose(mine.start[n], p, atol=1e-5) for n, p in found.start.items() if "bias" in n)
        assert all(mine.trained[n].shape == p.shape for n, p in found.trained.items())
    assert torch.equal(cut.mask(1)["layers.0.weight"][1], whole.mask(1)["layers.0.weight"][1])


class Recorder:
    """A client that runs nothing."""

    def __init__(self) -> None:
        self.asked, self.cancelled = [], 0

    def submit(self, function, /, *arguments):
        self.asked.append((function, arguments))
        return self

    def result(self):
        raise RuntimeError("the cluster went away")

    def cancel(self):
        self.cancelled += 1


def test_a_client_is_handed_settings_a_recipe_and_a_part_and_is_cancelled_when_one_fails(folder):
    client = Recorder()
    with pytest.raises(RuntimeError, match="went away"):
        EVERY["compare"](folder).run(client=client)
    assert client.cancelled == len(client.asked) == 2
    function, (made, _, (recipe, _), part) = client.asked[0]
    assert function.__module__ == "lthedu.experiments.base"
    assert made.__name__ == "Comparison"
    assert recipe == (("load", "mnist", 0, "cpu", None), ("first", 100, 40, 40))
    assert part == (0, 1)


def test_a_function_of_ones_own_runs_here_only(tmp_path):
    def mine(*arguments):
        return rewinding.rewind(*arguments)

    own = rewinding.Rewinding(digits(1), rewinding.SIZES.tiny, rewind=mine)
    for way in ({"client": Recorder()}, {"folder": tmp_path / "run"}):
        with pytest.raises(ValueError, match=r"rewind is of your own making.*run without a folder and a client"):
            own.run(**way)
    with pytest.raises(ValueError, match="find_tickets is of your own making"):
        Study(digits(), settings=settings.SIZES.tiny, find_tickets=lambda *a: find_tickets(*a)).run(client=Recorder())
    with pytest.raises(ValueError, match="criteria is of your own making"):
        deconstruction.Deconstruction(digits(1), criteria={}).run(client=Recorder())
    assert not (tmp_path / "run").exists()


def test_data_put_together_by_hand_is_refused_by_a_client_and_kept_in_a_folder(tmp_path):
    by_hand = Dataset(*vars(digits()).values())
    one = Study(by_hand, settings=replace(settings.SIZES.tiny, levels=0))
    with pytest.raises(ValueError, match="the data was put together by hand and has no recipe"):
        one.run(client=Recorder())
    one.run(folder=tmp_path / "run")


def test_other_data_than_the_recipes_is_refused_where_it_is_made():
    with pytest.raises(ValueError, match="is not the same as where the experiment was started"):
        base.part_of(Study, settings.SIZES.tiny, (digits().recipe, "0" * 64), (0, 2))


def test_a_folder_of_another_experiment_and_an_old_one_are_refused(tmp_path, folder):
    EVERY["compare"](folder).run(folder=tmp_path / "run")
    other = EVERY["compare"](folder)
    other.settings = replace(other.settings, steps=5)
    with pytest.raises(ValueError, match=r"made with settings, steps = 3, you asked for 5; give another folder"):
        other.run(folder=tmp_path / "run")
    (tmp_path / "old" / "study").mkdir(parents=True)
    with pytest.raises(ValueError, match="old holds a study in the form of an older lthedu; give another folder"):
        EVERY["study"](folder).run(folder=tmp_path / "old")


def test_a_recipe_follows_the_data_and_ends_where_it_is_replaced_in():
    one = data.load("mnist1d", device="cpu").first(20, 5, 5).to(dtype=torch.float64)
    assert one.recipe[-1] == ("to", None, "torch.float64")
    assert data.remade(one.recipe).fingerprint() == one.fingerprint()
    assert replace(one, y_train=one.y_train).recipe is None
    assert list(vars(one)) == ["x_train", "y_train", "x_val", "y_val", "x_test", "y_test"]


def test_the_size_is_the_one_that_the_switch_names(monkeypatch):
    sizes = Sizes(tiny=1, lesson=2, paper=3)
    for word, size in (("tiny", 1), ("lesson", 2), ("paper", 3)):
        monkeypatch.setenv("LTHEDU_SCALE", word)
        assert sizes.now() == size
    monkeypatch.setenv("LTHEDU_SCALE", "huge")
    with pytest.raises(ValueError, match="'huge'; allowed: tiny, lesson, paper"):
        sizes.now()


def test_at_tiny_size_data_are_the_first_of_the_whole(monkeypatch):
    whole = data.load("mnist", device="cpu").first(*data.TINY)
    monkeypatch.setenv("LTHEDU_SCALE", "tiny")
    few = data.load("mnist", device="cpu")
    assert few.fingerprint() == whole.fingerprint()
    assert data.remade(few.recipe).fingerprint() == few.fingerprint()


def test_settings_that_json_gives_back_are_equal():
    mine = replace(settings.LESSON, seeds=np.arange(3), steps=np.int64(9))
    assert mine == replace(settings.LESSON, seeds=[0, 1, 2], steps=9)
    assert json.loads(json.dumps(asdict(mine)))["seeds"] == [0, 1, 2]


@pytest.mark.parametrize("name", ["study", "compare"])
def test_what_was_computed_in_memory_is_written_when_a_folder_is_given(name, folder, tables, tmp_path, monkeypatch):
    experiment, expected = EVERY[name](folder), tables(name)
    experiment.run()
    for module, name_ in ((base, "train"), (base, "training"), (study, "training")):
        monkeypatch.setattr(module, name_, lambda *a, **k: pytest.fail("something was trained"))
    for one in (experiment, EVERY[name](folder)):
        equal(one.run(folder=tmp_path / "run"), expected)


def test_a_study_from_a_client_goes_on_here_and_writes_its_levels(pool, tmp_path, monkeypatch):
    done = importable()
    table = done.run(client=pool)
    monkeypatch.setattr(study, "training", lambda *a, **k: pytest.fail("something was trained"))
    equal(done.run(), table)
    equal(done.run(folder=tmp_path / "run"), table)
    equal(importable().run(folder=tmp_path / "run"), table)


def test_a_comparison_of_parts_starts_from_the_dense_networks_that_it_is_given(folder):
    cut = EVERY["compare"](folder)
    dense = cut.train_dense()
    table = cut.run(dense)
    whole = EVERY["compare"](folder)
    whole.settings = replace(whole.settings, seeds_per_part=None)
    by = ["arm", "budget", "replicate"]
    a, b = (t.sort_values(by, ignore_index=True) for t in (table, whole.run(dense)))
    pd.testing.assert_frame_equal(a[[*by, "nonzeros"]], b[[*by, "nonzeros"]])
    assert (a["test"] - b["test"]).abs().max() < 0.1
    with pytest.raises(ValueError, match="dense is given, and a folder or a client cannot tell it from others"):
        cut.run(dense, client=Recorder())
