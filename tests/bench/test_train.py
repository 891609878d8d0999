import pytest
import torch

from lthedu.bench import train as bench


def test_the_report_has_every_contender_and_says_on_what_it_ran(monkeypatch):
    monkeypatch.setattr(bench, "NUMBERS", (1, 3))
    monkeypatch.setattr(bench, "WIDTHS", (30,))
    threads = torch.get_num_threads()
    text = str(bench.train_report(replicates=2, rounds=1, threads=1, steps=2))
    for contender in ("auto, R = 2, no mask", "linear, R = 2 ", "vmap, R = 2", bench.IDIOMATIC):
        assert contender in text
    for machines in ("2 products 300 x 784 x 128", bench.PRODUCT, bench.COPY):
        assert machines in text
    assert bench.SIDE_BY_SIDE in text
    assert bench.WIDTH in text
    for fact in (f"torch {torch.__version__}", "load ", "1 threads", "1 rounds of 2 steps", "x idiomatic", "%"):
        assert fact in text
    assert torch.get_num_threads() == threads


def test_both_tables_say_what_was_measured(monkeypatch):
    machine = {*bench._products(5), bench.PRODUCT, bench.COPY}
    found = {True: [144.0], False: [1.0, 2.0, 3.0]}
    monkeypatch.setattr(bench, "measure", lambda contenders, *_, **__: {n: found[n in machine] for n in contenders})
    text = str(bench.train_report(5))
    rows = [line for line in text.splitlines() if line.startswith(("per rep", "engine", "DataL"))]
    assert len({len(row) for row in rows}) == 1
    assert rows[1].split()[-5:] == ["2.00", "1.00", "3.00", "500", "1.00"]
    reached = bench.FLOP / 2.0 / 1e6  # 72 GF/s at the median of 2 ms
    row = next(row for row in text.splitlines() if row.startswith(bench.PRODUCT))
    assert row.split()[-1] == f"{reached / 144:.0%}"
    assert f"{reached:.0f}" in text


def test_a_step_is_144_million_operations():
    assert round(bench.FLOP / 1e6) == 144


@pytest.mark.parametrize("name", ["replicates", "rounds", "threads"])
def test_numbers_below_1_are_refused_by_value(name):
    with pytest.raises(ValueError, match=f"{name} is 0; allowed: a whole number from 1"):
        bench.train_report(**{name: 0})


def test_the_calibration_takes_the_time_it_is_given_and_counts_steps(monkeypatch):
    steps, clock = [], iter(range(10_000))
    threads = torch.get_num_threads()

    def fake(networks, images, n, *, mask, by, progress):
        assert (len(networks), by, torch.get_num_threads()) == (15, "linear", 1)
        assert not all(bool(m.all()) for m in mask.values())
        while True:
            steps.append(n)
            progress(len(steps), n, "training")

    monkeypatch.setattr(bench, "train", fake)
    monkeypatch.setattr(bench.time, "perf_counter", lambda: next(clock) / 10)  # a step takes 0.1 seconds
    assert bench.steps_per_second(5.0) == pytest.approx(10)
    assert len(steps) == pytest.approx(5 * 10 + bench.WARM_UP + 1, abs=1)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_calibration_of_no_time_is_refused(seconds):
    with pytest.raises(ValueError, match=f"seconds is {seconds}; allowed: a number above 0"):
        bench.steps_per_second(seconds)
