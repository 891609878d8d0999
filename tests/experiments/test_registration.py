"""A registered claim: what its digest fixes, whose results it judges, and by which rule."""

import hashlib
from dataclasses import FrozenInstanceError, dataclass, replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lthedu import data
from lthedu.base.fingerprint import digest_of
from lthedu.experiments import Experiment, Seeded
from lthedu.experiments.registration import Registration
from lthedu.experiments.verdicts import REFUTED, SUPPORTED, UNDECIDED, WINS, by_rule
from lthedu.stats import clopper_pearson

SEEDS = (10, 11, 12, 13, 14)
CLAIM = Registration("Is it better?", "ticket", "random mask", "right", Seeded(seeds=SEEDS), 1.0, ("longer",))
AHEAD = [3.0, 4.0, 5.0, 4.0, 4.0]  # 95 % interval 3.12 to 4.88


def results(differences, seeds=SEEDS, arms=("ticket", "random mask")):
    """A table in which the arm is ahead of its control by so much, seed by seed."""
    rows = [(arms[0], seed, 50 + d) for seed, d in zip(seeds, differences, strict=True)]
    return pd.DataFrame(rows + [(arms[1], seed, 50.0) for seed in seeds], columns=["arm", "seed", "right"])


# The digest --------------------------------------------------------------------------------------------------


def test_the_digest_is_that_of_the_cards_text():
    assert CLAIM.digest == digest_of(CLAIM.card) == hashlib.sha256(CLAIM.card.encode()).hexdigest()[:32]


OTHER = {
    "question": "Is it worse?",
    "arm": "tickets",
    "control": "fresh weights",
    "measure": "left",
    "settings": Seeded(seeds=(10, 11, 12, 13, 15)),
    "threshold": 1.0000000000000002,
    "refuted_by": ("scale",),
    "statistic": WINS,
    "looked_at": (0,),
}


def test_so_are_the_experiments_settings():
    assert replace(CLAIM, settings=Seeded(seeds=SEEDS, seeds_per_part=2)).digest != CLAIM.digest


@pytest.mark.parametrize("name", OTHER)
def test_each_thing_that_is_registered_is_in_the_digest(name):
    claim = replace(CLAIM, threshold=0.5) if name == "statistic" else CLAIM
    assert replace(claim, **{name: OTHER[name]}).digest != claim.digest


def test_equal_claims_have_equal_digests_however_they_are_written():
    other = Registration("Is it better?", "ticket", "random mask", "right", Seeded(seeds=range(10, 15)), 1, ["longer"])
    assert (other, other.digest) == (CLAIM, CLAIM.digest)


def test_a_registration_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        CLAIM.threshold = 0.0


def test_a_claim_that_was_changed_after_its_digest_was_written_down_is_refused():
    changed = replace(CLAIM, threshold=0.5)
    assert CLAIM.judge(results(AHEAD), CLAIM.digest).verdict == SUPPORTED
    with pytest.raises(ValueError, match=f"{CLAIM.digest}.*allowed: '{changed.digest}'.*changed"):
        changed.judge(results(AHEAD), CLAIM.digest)


@pytest.mark.parametrize(
    ("seeds", "message"),
    [((10, 11, 12, 13), r"\(10, 11, 12, 13\); allowed: 5 or more"), ((3, 4, 10, 11, 12), r"\[3, 4\], .* looked_at")],
)
def test_few_seeds_and_those_that_were_looked_at_are_refused(seeds, message):
    with pytest.raises(ValueError, match=message):
        replace(CLAIM, settings=Seeded(seeds=seeds))


# The rule ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(-1.0, SUPPORTED), (3.1, SUPPORTED), (3.2, UNDECIDED), (4.0, UNDECIDED), (4.8, UNDECIDED), (4.9, REFUTED)],
)
def test_the_registered_rule_gives_the_verdict(threshold, expected):
    claim = replace(CLAIM, threshold=threshold)
    found = claim.judge(results(AHEAD), claim.digest)
    assert found.verdict == expected
    assert (found.value, found.differences, found.digest) == (4.0, tuple(AHEAD), claim.digest)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.lists(st.integers(-50, 50), min_size=5, max_size=12, unique=True), st.integers(-60, 60))
def test_it_agrees_with_scipys_two_one_sided_tests(differences, threshold):
    below = stats.ttest_1samp(differences, threshold, alternative="greater").pvalue < 0.025
    above = stats.ttest_1samp(differences, threshold, alternative="less").pvalue < 0.025
    assert by_rule(differences, threshold) == (SUPPORTED if below else REFUTED if above else UNDECIDED)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.lists(st.integers(-9, 9), min_size=2, max_size=9), st.integers(-9, 9), st.integers(0, 9))
def test_a_higher_threshold_is_never_easier(differences, threshold, more):
    order = [REFUTED, UNDECIDED, SUPPORTED]
    assert order.index(by_rule(differences, threshold + more)) <= order.index(by_rule(differences, threshold))


def test_wins_are_judged_by_the_exact_interval():
    assert clopper_pearson(5, 5)[0] < 0.5 < clopper_pearson(6, 6)[0]
    five = replace(CLAIM, statistic=WINS, threshold=0.5)
    six = replace(five, settings=Seeded(seeds=(*SEEDS, 15)))
    assert five.judge(results(AHEAD), five.digest).verdict == UNDECIDED
    assert six.judge(results([*AHEAD, 1.0], six.seeds), six.digest).verdict == SUPPORTED
    assert six.judge(results([-1.0] * 6, six.seeds), six.digest).verdict == REFUTED


def test_a_given_rule_is_asked_and_must_agree():
    asked = []

    def rule(differences, threshold):
        asked.append((tuple(differences), threshold))
        return SUPPORTED

    assert CLAIM.judge(results(AHEAD), CLAIM.digest, rule).verdict == SUPPORTED
    assert asked == [(tuple(AHEAD), 1.0)]
    with pytest.raises(ValueError, match="rule gives 'REFUTED'; allowed: SUPPORTED"):
        CLAIM.judge(results(AHEAD), CLAIM.digest, lambda differences, threshold: REFUTED)


# What is judged ----------------------------------------------------------------------------------------------


def test_the_order_of_rows_does_not_count():
    assert CLAIM.judge(results(AHEAD)[::-1], CLAIM.digest) == CLAIM.judge(results(AHEAD), CLAIM.digest)


GOOD = results(AHEAD)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (GOOD[GOOD["arm"] == "ticket"], "no arm 'random mask'; there are: ticket"),
        (GOOD[GOOD["seed"] != 12], r"'ticket' are \[10, 11, 13, 14\]; allowed: .*\[10, 11, 12, 13, 14\]"),
        (results([*AHEAD, 9.0], (*SEEDS, 15)), r"\[10, 11, 12, 13, 14, 15\]; allowed: .*once"),
        (pd.concat([GOOD, GOOD]), r"\[10, 10, 11, 11.*allowed: .*once"),
        (results(AHEAD, (0, 1, 2, 3, 4)), r"\[0, 1, 2, 3, 4\]; allowed: "),
        (results([1.0, 2.0, float("nan"), 1.0, 1.0]), "nan.*allowed: finite numbers"),
        (results([0.0] * 5), "equal values for every seed"),
        (GOOD.rename(columns={"right": "left"}), "no column 'right'; there are: arm, seed, left"),
        (GOOD.drop(columns="seed"), "allowed: .*arm, seed"),
    ],
)
def test_other_results_than_those_that_were_registered_are_refused(table, message):
    with pytest.raises(ValueError, match=message):
        CLAIM.judge(table, CLAIM.digest)


@dataclass(eq=False)
class Pretended(Experiment[Seeded]):
    """Arms whose results are known, for the number of a seed or for its place among the seeds."""

    COLUMNS = ("arm", "replicate", "right")
    settings: Seeded = Seeded(seeds=SEEDS)  # noqa: RUF009 (frozen)
    by_name: bool = False
    runs = 0

    def work(self, tick, keep):
        type(self).runs += 1
        for arm, ahead in (("ticket", AHEAD), ("random mask", [0.0] * 5)):
            self.note({"arm": arm}, right=[50 + d for d in ahead])
        if self.by_name:
            self.rows = [rows.assign(replicate=self.settings.seeds) for rows in self.rows]


@pytest.fixture
def mnist():
    return data.load("mnist", device="cpu").first(10, 5, 5)


@pytest.mark.parametrize("by_name", [False, True])
def test_an_experiment_is_run_and_judged(mnist, by_name):
    found = CLAIM.run(Pretended(mnist, by_name=by_name), CLAIM.digest)
    assert (found.verdict, found.differences) == (SUPPORTED, tuple(AHEAD))
    assert found.settings == {"seeds": SEEDS, "seeds_per_part": None}


def test_an_attack_may_have_other_settings_and_a_run_may_not(mnist):
    other = Pretended(mnist, Seeded(seeds=SEEDS, seeds_per_part=5))
    assert CLAIM.attack(other, CLAIM.digest).settings["seeds_per_part"] == 5
    with pytest.raises(ValueError, match="has seeds_per_part 5; allowed: seeds_per_part None, as registered"):
        CLAIM.run(other, CLAIM.digest)


def test_what_an_attack_found_is_not_the_run(mnist):
    run = CLAIM.run(Pretended(mnist), CLAIM.digest)
    attack = CLAIM.attack(Pretended(mnist, Seeded(seeds=SEEDS, seeds_per_part=5)), CLAIM.digest)
    CLAIM.demand_run(run)
    with pytest.raises(ValueError, match="a run with seeds_per_part 5; allowed"):
        CLAIM.attacked(attack, {})
    with pytest.raises(ValueError, match=f"'{CLAIM.digest}'; allowed"):
        replace(CLAIM, threshold=2.0).attacked(run, {})


@pytest.mark.parametrize("verb", [Registration.run, Registration.attack])
def test_other_seeds_and_another_digest_are_refused_before_the_run(mnist, verb):
    Pretended.runs = 0
    with pytest.raises(ValueError, match=r"seeds .*\(0, 1, 2, 3, 4\); allowed: .*\(10, 11, 12, 13, 14\)"):
        verb(CLAIM, Pretended(mnist, Seeded()), CLAIM.digest)
    with pytest.raises(ValueError, match="digest is 'no'; allowed"):
        verb(CLAIM, Pretended(mnist), "no")
    assert Pretended.runs == 0
