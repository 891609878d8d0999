"""A verdict after the attacks: which stands, which is reversed, and what counts as an answer."""

from dataclasses import replace

import pytest

from lthedu.experiments.verdicts import (
    ATTACKS,
    OPEN,
    REFUTED,
    REVERSED,
    SUPPORTED,
    UNDECIDED,
    WEAKENED,
    Judgement,
    changed,
    share_of_wins,
    sorted_out,
)
from lthedu.stats import clopper_pearson

FOUND = Judgement("abc", (3.0, 4.0), 3.5, 3.0, 4.0, SUPPORTED)


def attack(verdict, differences=(1.0, 2.0)):
    return replace(FOUND, differences=differences, verdict=verdict)


@pytest.mark.parametrize(
    ("verdict", "answers", "expected"),
    [
        (SUPPORTED, {}, OPEN),  # the promised run is missing
        (SUPPORTED, {"scale": SUPPORTED}, OPEN),
        (SUPPORTED, {"longer": SUPPORTED}, SUPPORTED),
        (SUPPORTED, {"longer": SUPPORTED, "scale": REFUTED}, REVERSED),  # one that was not promised does it, too
        (SUPPORTED, {"longer": UNDECIDED}, WEAKENED),
        (REFUTED, {"longer": REFUTED, "scale": UNDECIDED}, WEAKENED),
        (SUPPORTED, {"scale": UNDECIDED}, OPEN),
        (SUPPORTED, {"longer": UNDECIDED, "scale": REFUTED}, REVERSED),
        (REFUTED, {"longer": REFUTED}, REFUTED),
        (REFUTED, {"longer": SUPPORTED}, REVERSED),
        (UNDECIDED, {"longer": SUPPORTED}, UNDECIDED),
        (UNDECIDED, {}, UNDECIDED),
    ],
)
def test_what_is_left_of_a_verdict(verdict, answers, expected):
    runs = {name: attack(word) for name, word in answers.items()}
    left = sorted_out(replace(FOUND, verdict=verdict), ("longer",), runs)
    assert left.verdict == expected
    assert left.others == tuple(name for name, word in answers.items() if word != verdict)


def test_reasons_and_unanswered_attacks_are_kept_apart():
    words = "both arms have equal norms by construction"
    left = sorted_out(FOUND, ("longer",), {"scale": words, "longer": attack(SUPPORTED)})
    assert (left.verdict, left.reasons) == (SUPPORTED, {"scale": words})
    assert left.unanswered == tuple(name for name in ATTACKS if name not in ("scale", "longer"))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"doubt": "it is not on the list"}, "'doubt'; allowed: own rate, "),
        ({"longer": "it would take too long"}, "registered, so answer it by a run"),
        ({"scale": "not applicable"}, "in a sentence"),
        ({"scale": replace(attack(SUPPORTED), digest="other")}, "another registration"),
        ({"scale": FOUND}, "the numbers of the run that it attacks"),
    ],
)
def test_what_is_no_answer_is_refused(answers, message):
    with pytest.raises(ValueError, match=message):
        sorted_out(FOUND, ("longer",), answers)


def test_what_an_attack_changed_is_told():
    assert changed({"steps": 5, "rate": 1}, {"steps": 50, "rate": 1}) == "steps 50"
    assert changed({"steps": 5}, {"steps": 5}) == ""
    assert changed({"steps": 5}, {"rate": 1}) == "rate 1, no steps"
    assert changed({}, {"rate": None}) == "rate None"


def test_a_tie_is_no_win():
    assert share_of_wins([1.0, 0.0, -1.0]) == (1 / 3, *clopper_pearson(1, 3))
