"""The report names every contender, and its ratios are to the dense steps of the same rounds."""

import re

import pytest

from lthedu.bench.topk import AUTOGRAD, ENGINE, OTHERS, _beside_dense, topk_report


def test_the_report_has_every_contender_once():
    report = str(topk_report(replicates=1, rounds=1, threads=1, steps=2))
    for name in (AUTOGRAD, ENGINE, "edge-popup, ours", *(f"edge-popup, {other}" for other in OTHERS)):
        assert len(re.findall(rf"^{re.escape(name)} .*\d$", report, re.M)) == 1
    row = next(line for line in report.splitlines() if line.startswith(AUTOGRAD))
    assert row.split()[-2] == "1.00"


def test_ratios_are_medians_over_rounds():
    measured = {AUTOGRAD: [1.0, 2.0, 4.0], ENGINE: [1.0, 1.0, 1.0], "edge-popup, ours": [2.0, 2.0, 20.0]}
    assert _beside_dense(measured).lines()[-1].split()[-5:] == ["2.00", "2.00", "20.00", "2.00", "2.00"]


@pytest.mark.parametrize("wrong", [{"replicates": 0}, {"rounds": 0}, {"threads": -1}])
def test_numbers_below_one_are_refused(wrong):
    with pytest.raises(ValueError, match="allowed: a whole number from 1"):
        topk_report(**wrong)
