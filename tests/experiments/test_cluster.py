"""On a real Dask cluster of two processes every table is the same, also when one of them is killed at work."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from experiments.small import EVERY, digits
from experiments.test_experiments import equal, importable

from lthedu import cli, data
from lthedu.experiments import cluster
from lthedu.experiments.cluster import connected
from lthedu.experiments.study import Study, settings
from lthedu.paper import runs

distributed = pytest.importorskip("distributed", reason="a cluster needs Dask: pip install 'lthedu[cluster]'")
full = pytest.mark.full


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """A scheduler and workers, each a process of its own that has nothing of this one."""

    def __init__(self, folder) -> None:
        self.folder, self.address, self.started = folder, f"tcp://127.0.0.1:{free_port()}", []
        words = ["--host", "127.0.0.1", "--port", self.address.rpartition(":")[2], "--no-dashboard"]
        self._start("dask_scheduler", *words)

    def _start(self, program: str, *words: str, **env: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.{program}", *words]
        log = (self.folder / f"{len(self.started)}.log").open("wb")
        own = {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        env = os.environ | own | env
        self.started.append(subprocess.Popen(command, cwd=self.folder, env=env, stdout=log, stderr=log))
        return self.started[-1]

    def worker(self, **env: str) -> subprocess.Popen:
        """One more worker, of two threads, as Dask gives it by itself, and without a nanny to start it again."""
        return self._start("dask_worker", self.address, "--no-nanny", "--nthreads", "2", "--no-dashboard", **env)

    def close(self) -> None:
        for process in reversed(self.started):
            process.kill()
            process.wait()


@pytest.fixture
def scheduler(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        workers = [made.worker() for _ in range(2)]
        with connected(made.address, seconds=60) as client:
            client.wait_for_workers(2, timeout=60)
            yield client, made, workers
    finally:
        made.close()


@full
@pytest.mark.parametrize("name", EVERY)
def test_on_a_cluster_every_table_is_the_same(name, two, tmp_path):
    client, *_ = two
    make = importable if name == "study" else lambda: EVERY[name](tmp_path)
    equal(make().run(client=client), make().run())


@full
def test_a_killed_worker_loses_nothing(two, tmp_path):
    client, made, workers = two
    few = replace(settings.SIZES.tiny, seeds=tuple(range(6)), levels=2, steps=100, seeds_per_part=1)
    study = Study(data.load("mnist", device="cpu").first(1000, 200, 200), settings=few)
    lost = []

    def kill(done: int, in_all: int, text: str) -> None:
        if lost:
            return
        pids = client.run(os.getpid)
        victim = next(worker for worker in pids if pids[worker] == workers[0].pid)
        lost.extend([*client.processing()[victim], *client.has_what()[victim]])
        os.kill(workers[0].pid, signal.SIGKILL)

    table = study.run(kill, client=client, folder=tmp_path / "run")
    assert len(lost) >= 2  # what it was at, and what it held
    assert workers[0].wait(10) == -signal.SIGKILL
    equal(table, Study(study.data, settings=few).run())
    equal(table, Study(study.data, settings=few).run(folder=tmp_path / "run"))
    workers[0] = made.worker()


@full
def test_where_the_scheduler_goes_away_it_says_so_and_what_was_written_is_read_back(scheduler, tmp_path):
    scheduler.worker()
    few = replace(settings.SIZES.tiny, seeds=tuple(range(3)), levels=1, steps=20, seeds_per_part=1)
    study = Study(digits(), settings=few)
    with pytest.raises(ConnectionError, match=r"the scheduler at tcp://\S+ went away; run it again"):  # noqa: SIM117
        with connected(scheduler.address, seconds=60) as client:
            study.run(lambda *_: scheduler.started[0].kill(), client=client, folder=tmp_path / "run")
    assert (tmp_path / "run" / "part_0000" / "all").exists()
    again = Study(study.data, settings=few)
    equal(again.run(folder=tmp_path / "run"), Study(study.data, settings=few).run())


@full
def test_a_paper_run_is_computed_on_the_cluster(two, tmp_path, monkeypatch):
    _, made, _ = two
    few = replace(settings.SIZES.tiny, seeds_per_part=1)
    monkeypatch.setattr(runs, "PAPER", few)
    monkeypatch.setattr(Study, "compute", lambda *_: pytest.fail("something was computed here"))
    monkeypatch.setattr(sys, "argv", ["lthedu", "paper", "lenet", "--folder", str(tmp_path), "--cluster", made.address])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    assert (tmp_path / "lenet.json").is_file()


@full
def test_a_cluster_without_workers_or_with_others_is_refused_in_words(scheduler, monkeypatch):
    _until_there(scheduler, workers=0)
    with pytest.raises(ConnectionError, match=r"has no worker; start some with: dask worker tcp://127.0.0.1:\d+"):
        _open(scheduler, seconds=2)
    scheduler.worker(OMP_NUM_THREADS="2", MKL_NUM_THREADS="2")
    _until_there(scheduler)
    if os.cpu_count() > 1:
        with pytest.raises(ValueError, match=r"threads is 2 on the worker tcp://\S+ and 1 here; start both with OMP_"):
            _open(scheduler)
    with connected(scheduler.address, same_threads=False) as client:
        assert client.submit(sum, [1, 2]).result() == 3
    with monkeypatch.context() as older:
        older.setattr(torch, "__version__", "1.0")
        with pytest.raises(ValueError, match=r"torch is \S+ on the worker \S+ and 1.0 here; install the same on both"):
            _open(scheduler, same_threads=False)
    monkeypatch.setattr(cluster, "made_of", lambda: __import__("no_such_package"))
    with pytest.raises(ValueError, match=r"the workers of \S+ have no lthedu \S+: No module named"):
        _open(scheduler)


def _open(scheduler, **named) -> None:
    with connected(scheduler.address, **({"seconds": 20} | named)):
        pytest.fail("it was not refused")


def _until_there(scheduler, workers: int = 1) -> None:
    with distributed.Client(scheduler.address, timeout=60, set_as_default=False) as client:
        if workers:
            client.wait_for_workers(workers, timeout=60)


@pytest.mark.parametrize("word", ["", "here", "tcp://", "http://127.0.0.1:8786", "tcp://127.0.0.1", "tcp://x:port"])
def test_what_is_no_address_is_refused(word):
    with pytest.raises(ValueError, match=r"allowed: that of a scheduler, such as tcp://host:8786"), connected(word):
        pass


def test_where_nobody_answers_it_says_so_within_its_seconds():
    began = time.monotonic()
    nobody = connected(f"tcp://127.0.0.1:{free_port()}", seconds=1)
    with pytest.raises(ConnectionError, match="no Dask scheduler of this kind answers at tcp://"), nobody:
        pass
    assert time.monotonic() - began < 30


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ModuleNotFoundError, match=r"lthedu\[cluster\]"), connected("tcp://127.0.0.1:8786"):
        pass


def test_a_run_that_measures_one_machine_is_not_for_a_cluster(tmp_path):
    for name in runs.HERE_ALONE:
        with pytest.raises(ValueError, match="has no parts for a cluster"):
            runs.run(name, tmp_path, client=object())
    assert list(tmp_path.iterdir()) == []
