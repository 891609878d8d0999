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
CLAIM = Registration(
    "Is it better?", "ticket", "random mask", "right", Seeded(seeds=SEEDS), 1.0, ("longer",), "mine.py", "digits"
)
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
    "experiment": "other.py",
    "data": "letters",
}


def test_so_are_the_experiments_settings():
    assert replace(CLAIM, settings=Seeded(seeds=SEEDS, seeds_per_part=2)).digest != CLAIM.digest


@pytest.mark.parametrize("name", OTHER)
def test_each_thing_that_is_registered_is_in_the_digest(name):
    six = replace(CLAIM, threshold=0.5, settings=Seeded(seeds=(*SEEDS, 15)))
    claim = six if name == "statistic" else CLAIM
    assert replace(claim, **{name: OTHER[name]}).digest != claim.digest


def test_equal_claims_have_equal_digests_however_they_are_written():
    same = ("Is it better?", "ticket", "random mask", "right")
    other = Registration(*same, Seeded(seeds=range(10, 15)), 1, ["longer"], "mine.py", "digits")
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
    six = replace(CLAIM, statistic=WINS, threshold=0.5, settings=Seeded(seeds=(*SEEDS, 15)))
    assert six.judge(results([-1.0, *AHEAD], six.seeds), six.digest).verdict == UNDECIDED
    assert six.judge(results([*AHEAD, 1.0], six.seeds), six.digest).verdict == SUPPORTED
    assert six.judge(results([-1.0] * 6, six.seeds), six.digest).verdict == REFUTED


@pytest.mark.parametrize(
    ("n", "threshold", "message"),
    [
        (5, 0.5, "of 5 seeds; allowed: with six seeds or more, 0.5"),
        (6, 0.6, "of 6 seeds; allowed: above 0.459 and up to 0.541"),
        (6, 0.4, "of 6 seeds; allowed: above 0.459 and up to 0.541"),
    ],
)
def test_a_share_of_wins_that_the_seeds_cannot_decide_is_refused(n, threshold, message):
    with pytest.raises(ValueError, match=message):
        replace(CLAIM, statistic=WINS, threshold=threshold, settings=Seeded(seeds=tuple(range(10, 10 + n))))


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
        (GOOD.assign(seed=GOOD["seed"].astype(str)), r"\['10', .*allowed: .*once"),
        (GOOD.assign(seed=GOOD["seed"] + 0.4), r"\[10\.4, .*allowed: .*once"),
        (GOOD.assign(seed=float("nan")), r"\[nan, .*allowed: .*once"),
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


def claim_on(experiment, **changes):
    same = {"question": "Is it better?", "arm": "ticket", "control": "random mask", "measure": "right"}
    return Registration.of(experiment, **same | {"threshold": 1.0, "refuted_by": ("longer",)} | changes)


@pytest.mark.parametrize("by_name", [False, True])
def test_an_experiment_is_run_and_judged(mnist, by_name):
    claim = claim_on(Pretended(mnist))
    found = claim.run(Pretended(mnist, by_name=by_name), claim.digest)
    assert (found.verdict, found.differences) == (SUPPORTED, tuple(AHEAD))
    name = f"{Pretended.__module__}.Pretended"
    assert found.run == {"experiment": name, "data": mnist.fingerprint(), "seeds": SEEDS, "seeds_per_part": None}
    assert f"experiment: {name}\ndata: {mnist.fingerprint()}\n" in claim.card


@dataclass(eq=False)
class Otherwise(Pretended):
    """Another experiment with the same settings."""


def test_an_attack_may_differ_in_what_is_run_and_a_run_may_not(mnist):
    claim = claim_on(Pretended(mnist))
    others = {
        "seeds_per_part 5; allowed: seeds_per_part None, as": Pretended(mnist, Seeded(seeds=SEEDS, seeds_per_part=5)),
        "data '.*'; allowed: data '.*', as": Pretended(mnist.first(9, 5, 5)),
        "experiment '.*Otherwise'; allowed: experiment '.*Pretended', as": Otherwise(mnist),
    }
    for words, other in others.items():
        attack = claim.attack(other, claim.digest)
        assert attack.verdict == SUPPORTED
        with pytest.raises(ValueError, match=f"the experiment has {words} registered"):
            claim.run(other, claim.digest)
        with pytest.raises(ValueError, match=r"is of a run with .*; allowed: one of what was registered"):
            claim.attacked(attack, {})
    run = claim.run(Pretended(mnist), claim.digest)
    claim.demand_run(run)
    with pytest.raises(ValueError, match=f"'{claim.digest}'; allowed"):
        replace(claim, threshold=2.0).attacked(run, {})


@dataclass(frozen=True)
class More(Seeded):
    """Settings of which the registered ones are a part."""

    steps: int = 3


def test_settings_that_one_of_two_runs_does_not_have_are_a_difference(mnist):
    more, less = claim_on(Pretended(mnist, More(seeds=SEEDS))), claim_on(Pretended(mnist))
    with pytest.raises(ValueError, match="the experiment has no steps; allowed: steps 3, as registered"):
        more.run(Pretended(mnist), more.digest)
    with pytest.raises(ValueError, match="the experiment has steps 3; allowed: no steps, as registered"):
        less.run(Pretended(mnist, More(seeds=SEEDS)), less.digest)


def test_the_size_of_a_run_is_known(mnist, monkeypatch):
    claim = claim_on(Pretended(mnist))
    monkeypatch.setenv("LTHEDU_SCALE", "tiny")
    assert claim.run(Pretended(mnist), claim.digest).scale == "tiny"
    assert claim.run(Pretended(mnist), "of the data in full").scale == "tiny"  # which are fewer at that size


@pytest.mark.parametrize("verb", [Registration.run, Registration.attack])
def test_other_seeds_another_digest_and_a_false_rule_are_refused_before_the_run(mnist, verb):
    Pretended.runs, claim = 0, claim_on(Pretended(mnist))
    with pytest.raises(ValueError, match=r"seeds .*\(0, 1, 2, 3, 4\); allowed: .*\(10, 11, 12, 13, 14\)"):
        verb(claim, Pretended(mnist, Seeded()), claim.digest)
    with pytest.raises(ValueError, match="digest is 'no'; allowed"):
        verb(claim, Pretended(mnist), "no")
    with pytest.raises(ValueError, match="rule gives 'REFUTED'; allowed: SUPPORTED"):
        verb(claim, Pretended(mnist), claim.digest, lambda differences, threshold: REFUTED)
    assert Pretended.runs == 0


@dataclass(frozen=True)
class Armed(Seeded):
    """Settings that name the arms."""

    arms: tuple[str, ...] = ("ticket", "random mask")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arm": "tickets"}, "arm is 'tickets'; allowed: ticket, random mask"),
        ({"control": "dense"}, "control is 'dense'; allowed: ticket, random mask"),
        ({"measure": "left"}, "measure is 'left'; allowed: arm, replicate, right"),
    ],
)
def test_what_the_experiment_does_not_have_is_refused_when_it_is_registered_and_before_it_is_run(
    mnist, changes, message
):
    experiment, name = Pretended(mnist, Armed(seeds=SEEDS)), f"{Pretended.__module__}.Pretended"
    with pytest.raises(ValueError, match=message):
        claim_on(experiment, **changes)
    Pretended.runs = 0
    wrong = replace(CLAIM, experiment=name, data=mnist.fingerprint(), settings=experiment.settings, **changes)
    with pytest.raises(ValueError, match=message):
        wrong.run(experiment, wrong.digest)
    assert Pretended.runs == 0
