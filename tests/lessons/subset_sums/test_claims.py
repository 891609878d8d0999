"""The verdicts that the lesson prints hold for other draws, and fail where they should."""

import re

import numpy as np
import pytest

from lthedu.proof import golden, kernels, laws

NOTEBOOK = "subset_sums"
CLAIMS = 6
MARGINS = [(draws, 1 + draws % 2) for draws in range(1, 9)]
BITS = "Half as large a distance takes about one more number"
FORMULA = "Half of the draws succeed about where the formula"
SIGNS = "With balanced signs 12 numbers fail"
ALL = "All targets at once cost one to two numbers"
CARD = "With C = 2.5 the card holds"
RATIO = "Up to the golden ratio"


def with_other_draws(monkeypatch: pytest.MonkeyPatch, offset: int) -> None:
    """Every draw of the lesson from streams that its author did not see."""
    for module, name in ((laws, "draw_pools"), (golden, "draw_cells")):
        real = getattr(module, name)

        def other(*args, seed: int = 0, real=real, **named):
            if len(args) > 3:
                *args, seed = args  # draw_cells gets its seed by place
            return real(*args, seed=seed + 1000 * offset, **named)

        monkeypatch.setattr(module, name, other)


def drawn_anew(cells: list[str], offset: int) -> list[str]:
    """The cells, whose own generators draw other numbers."""
    return [re.sub(r"default_rng\((\w+)\)", rf"default_rng([\1, {offset}])", source) for source in cells]


@pytest.mark.full
def test_every_verdict_holds_for_other_draws(claims, monkeypatch, seed: int, threads: int) -> None:
    with_other_draws(monkeypatch, seed)
    claims.run(drawn_anew(claims.compared, seed))
    assert len(claims.made) == CLAIMS
    assert (claims.failed, claims.verdicts) == (set(), ["supported"])


@pytest.mark.full
def test_without_numba_the_cells_print_the_same(claims, monkeypatch, capsys) -> None:
    claims.run()
    first = capsys.readouterr().out
    claims.verdicts.clear()
    monkeypatch.setattr(kernels, "AVAILABLE", False)
    claims.run()
    assert capsys.readouterr().out == first
    assert claims.failed == set()


ANSWERED = {
    "my_guess": {},
    "numbers_needed": laws.numbers_needed,
    "expected_solutions": laws.expected_solutions,
    "worst_error": laws.worst_error,
    "take_what_fits": golden.take_what_fits,
}


def judging(claims, *starts: str) -> list[str]:
    """The cells that begin so, after those that import."""
    return claims.cells("from lthedu.course", "import bisect", *starts)


def slopes(claims) -> list[str]:
    return judging(claims, "eta = 2.0", "for kind in errors")


def all_targets(claims) -> list[str]:
    return judging(claims, "numbers, _ = laws", "worst = laws", "levels = ", "pairs = [")


def fewer(cells: list[str]) -> list[str]:
    return [source.replace("draws=4000", "draws=1500") for source in cells]


def test_slopes_and_all_targets_hold_for_other_draws(claims, monkeypatch) -> None:
    """The fast part; under `full` every verdict is held against other sets of draws."""
    with_other_draws(monkeypatch, 30)
    claims.run(fewer(drawn_anew([*slopes(claims), *all_targets(claims)], 30)), **ANSWERED)
    assert claims.holds(BITS, ALL, CARD) == [True, True, True]


def test_the_claim_about_bits_fails_for_a_search_that_is_hasty(claims, monkeypatch) -> None:
    """The greedy choice is no subset-sum solver: far more numbers a bit, or none that would do."""

    def hasty(numbers, targets, enough=0.0):
        table = np.abs(targets)[:, None] * 0.75 ** np.arange(numbers.shape[1] + 1)
        return table * np.random.default_rng(0).uniform(0.5, 1, (len(table), 1))

    monkeypatch.setattr(laws, "errors_so_far", hasty)
    claims.run([source.replace("4, 14)", "2, 6)") for source in slopes(claims)], **ANSWERED)
    assert claims.holds(BITS) == [False]


def test_the_claim_about_bits_fails_where_all_neurons_are_alive(claims, monkeypatch) -> None:
    real = laws.draw_pools
    monkeypatch.setattr(laws, "draw_pools", lambda pool, n, draws, seed=0: real("products", min(n, 32), draws, seed))
    claims.run(fewer(slopes(claims)), **ANSWERED)
    assert claims.holds(BITS) == [False]


def test_the_claim_about_the_formula_fails_for_a_formula_that_forgets_deletion(claims) -> None:
    cells = fewer([*slopes(claims), *claims.cells("agree = []")])
    answers = ANSWERED | {"expected_solutions": lambda n, eta: laws.expected_solutions(n, eta) / 2**0.5}
    claims.run(cells, **answers)
    assert claims.holds(FORMULA) == [False]


def test_the_claim_about_signs_fails_where_signs_are_balanced_from_the_start(claims, monkeypatch) -> None:
    real = laws.draw_pools

    def balanced(pool, n, draws, seed=0):
        numbers, targets = real(pool, n, draws, seed)
        return np.abs(numbers) * np.where(np.arange(n) % 2, 1.0, -1.0), targets

    monkeypatch.setattr(laws, "draw_pools", balanced)
    with np.errstate(invalid="ignore"):
        claims.run(judging(claims, "counts = list(range(6", "failed, even ="), **ANSWERED)
    assert claims.holds(SIGNS) == [False]


def test_the_claims_about_all_targets_fail_for_a_gap_that_is_not_the_worst(claims, monkeypatch) -> None:
    """A target near zero is hit much sooner than the least lucky one."""
    table = laws.errors_so_far

    def typical(numbers, enough=0.0):
        return table(numbers, np.full(len(numbers), 0.02))

    monkeypatch.setattr(laws, "worst_errors", typical)
    easy = ANSWERED | {"worst_error": lambda x: float(typical(np.array([x]))[0, -1]) if len(x) else 0.02}
    claims.run([source.replace("draws=2000", "draws=500") for source in all_targets(claims)], **easy)
    assert claims.holds(ALL, CARD) == [False, False]


def test_the_claim_about_the_golden_ratio_fails_for_numbers_outside_their_cells(claims, monkeypatch) -> None:
    real = golden.draw_cells
    monkeypatch.setattr(golden, "draw_cells", lambda *args, **named: real(*args, **named) * 0.8)
    claims.run(judging(claims, "ratios = (1.4", "anywhere, low_end ="), **ANSWERED)
    assert claims.holds(RATIO) == [False]


@pytest.mark.parametrize(("law", "enough", "word"), [(1, 1, "supported"), (1, 0, "partly supported"), (0, 1, "open")])
def test_the_verdict_follows_the_claims(claims, law, enough, word) -> None:
    claims.run(judging(claims, "law = "), one=True, two=bool(law), costs=True, enough=bool(enough))
    assert claims.verdicts == [word]
