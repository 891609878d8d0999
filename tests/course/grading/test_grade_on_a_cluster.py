"""On a real Dask cluster the grades are the same bytes as here, also when a worker is killed at work."""

import os
import signal

import nbformat
import pytest

from lthedu.course.grading.box import no_sandbox
from lthedu.course.grading.grade import Run, grade
from lthedu.course.grading.groups import Limits
from lthedu.experiments.cluster import connected

pytest.importorskip("distributed", reason="a cluster needs Dask: pip install 'lthedu[cluster]'")
from course.grading.cheats import NOTEBOOK, RIGHT
from course.grading.test_grade import HOSTILE, everything, sources
from experiments.test_cluster import Cluster

pytestmark = pytest.mark.full


@pytest.fixture
def two(tmp_path):
    (tmp_path / "cluster").mkdir()
    made = Cluster(tmp_path / "cluster")
    try:
        workers = [made.worker() for _ in range(2)]
        with connected(made.address, same_threads=False, seconds=60) as client:
            client.wait_for_workers(2, timeout=60)
        yield made.address, workers
    finally:
        made.close()


def test_grades_are_the_same_bytes_and_a_lost_worker_loses_none(two, student, assignment, tmp_path):
    address, workers = two
    answers = [RIGHT, RIGHT | HOSTILE["ends"], RIGHT | HOSTILE["returns_odd_things"], {}, RIGHT, RIGHT]
    for i, answer in enumerate(answers):
        path = tmp_path / "in" / f"s{i}" / NOTEBOOK
        path.parent.mkdir(parents=True)
        nbformat.write(student(**sources(answer)), path)
    run = Run(7, protected=not no_sandbox(), limits=Limits(cpu=2, idle=2))
    grade([tmp_path / "in"], assignment, tmp_path / "here", run, said=lambda line: None)
    killed = []

    def kill(done: int, in_all: int, name: str) -> None:
        if done == 1:
            os.kill(workers[0].pid, signal.SIGKILL)
            killed.append(in_all - done)

    there = Run(7, cluster=address, protected=not no_sandbox(), limits=run.limits)
    grade([tmp_path / "in"], assignment, tmp_path / "there", there, said=lambda line: None, report=kill)
    assert killed == [5]
    assert workers[0].wait(10) == -signal.SIGKILL
    assert everything(tmp_path / "there") == everything(tmp_path / "here")
