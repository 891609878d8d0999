import re

import numpy as np
import pytest

from lthedu.proof import golden, kernels, laws

NOTEBOOK = "subset_sums"
CLAIMS = 21
MARGINS = [(draws, 1 + draws % 2) for draws in range(1, 22)]


def with_other_draws(monkeypatch: pytest.MonkeyPatch, offset: int) -> None:
    """Every draw of the lesson from streams that its author did not see."""
    for module, name in ((laws, "draw_pools"), (golden, "draw_until_every_cell"), (golden, "draw_cells")):
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


def slopes(claims) -> list[str]:
    """The cells about how many numbers more half an eps takes, answered."""
    answered = ["my_guess = {}", "numbers_needed = laws.numbers_needed"]
    judging = claims.cells("draws, eps = 4000", "for name, line in found", "uniform, products, half_dead")
    return [*claims.cells("import"), *answered, *judging]


def all_targets(claims) -> list[str]:
    """The cells about the least lucky target, answered."""
    judging = claims.cells("numbers, _ = laws", "worst = laws", "levels = ", "cards = []")
    return [*claims.cells("import"), "numbers_needed = laws.numbers_needed", *judging]


def test_slopes_and_all_targets_hold_for_other_draws(claims, monkeypatch) -> None:
    """The fast part; under `full` every verdict is held against other sets of draws."""
    with_other_draws(monkeypatch, 30)
    claims.run(drawn_anew([*slopes(claims), *all_targets(claims)], 30), worst_error=laws.worst_error)
    assert claims.failed == set()
    assert len(claims.made) == 8


def test_the_claims_about_slopes_fail_for_a_search_that_is_hasty(claims, monkeypatch) -> None:
    """The greedy choice is no subset-sum solver: far more numbers a bit, or none that would do."""

    def hasty(numbers, targets, enough=0.0):
        table = np.abs(targets)[:, None] * 0.75 ** np.arange(numbers.shape[1] + 1)
        return table * np.random.default_rng(0).uniform(0.5, 1, (len(table), 1))

    monkeypatch.setattr(laws, "errors_so_far", hasty)
    claims.run([source.replace("4, 14)", "2, 6)") for source in slopes(claims)])
    assert "Half as large an eps costs about one number more" in claims.failed
    assert "Half of the draws succeed with about log2(1/eps) numbers" in claims.failed


def test_the_claim_about_the_dead_fails_where_all_are_alive(claims, monkeypatch) -> None:
    real = laws.draw_pools
    monkeypatch.setattr(laws, "draw_pools", lambda pool, n, draws, seed=0: real("products", min(n, 32), draws, seed))
    claims.run([source.replace("= 4000", "= 1000") for source in slopes(claims)])
    assert "Where half of the neurons are dead, it costs about two" in claims.failed


def test_the_claims_about_signs_fail_where_signs_are_balanced_from_the_start(claims, monkeypatch) -> None:
    real = laws.draw_pools

    def balanced(pool, n, draws, seed=0):
        numbers, targets = real(pool, n, draws, seed)
        return np.abs(numbers) * np.where(np.arange(n) % 2, 1.0, -1.0), targets

    monkeypatch.setattr(laws, "draw_pools", balanced)
    with np.errstate(invalid="ignore"):
        claims.run(claims.cells("import", "counts = list(range(6", "drawn, even ="))
    assert len(claims.failed) == len(claims.made) == 3


def test_the_claims_about_all_targets_fail_for_a_gap_that_is_not_the_worst(claims, monkeypatch) -> None:
    """A target near zero is hit much sooner than the least lucky one."""
    table = laws.errors_so_far

    def typical(numbers):
        return table(numbers, np.full(len(numbers), 0.02))

    monkeypatch.setattr(laws, "worst_errors", typical)
    claims.run(all_targets(claims), worst_error=lambda x: float(typical(np.array([x]))[0, -1]) if len(x) else 0.02)
    assert "No draw does with fewer numbers than the counting bound" in claims.failed
    assert "1.5 log2(2/eps) numbers are not" in claims.failed


def golden_ratio(claims) -> list[str]:
    """The cells about the golden ratio, answered."""
    judging = claims.cells("ratios = (1.4", "anywhere, low_end =")
    return [*claims.cells("import"), "take_what_fits = golden.take_what_fits", *judging]


def test_the_claims_about_the_golden_ratio_fail_for_numbers_outside_their_cells(claims, monkeypatch) -> None:
    real = golden.draw_cells
    monkeypatch.setattr(golden, "draw_cells", lambda *args, **named: real(*args, **named) * 0.8)
    claims.run(golden_ratio(claims))
    assert "Up to the golden ratio no target is left with too much" in claims.failed


def test_the_claims_about_larger_ratios_fail_where_none_is_larger(claims) -> None:
    small = [
        re.sub(r"1.65, 1.7, 1.75, 1.8, 1.9, 2.0, 2.1", "1.62, 1.8, 2.0", source) for source in golden_ratio(claims)
    ]
    small = [source.replace("golden.draw_cells(ratio,", "golden.draw_cells(min(ratio, 1.61),") for source in small]
    claims.run([source.replace("ratio**-cells", "min(ratio, 1.61)**-cells") for source in small])
    assert "Above it, with numbers at the lower ends, some are" in claims.failed
    assert "At 1.8 and 2 random places fail, too" in claims.failed
