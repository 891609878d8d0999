"""The verdicts that lesson 08 prints hold for other draws, with numba or without, and fail where they should."""

import re
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest

from lthedu.course import lesson
from lthedu.proof import golden, kernels, laws

mpl.use("agg")
NOTEBOOK = Path(__file__).parents[2] / "lessons/08_subset_sums.ipynb"
CELLS = nbformat.read(NOTEBOOK, 4).cells
CODE = [c.source for c in CELLS if c.cell_type == "code" and "nbval-ignore-output" not in c.metadata.get("tags", ())]


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bool]]:
    """The claims that the cells make from now on, by their sentence."""
    found: dict[str, bool] = {}
    monkeypatch.setattr(lesson, "claim", lambda sentence, holds, evidence="": found.__setitem__(sentence, bool(holds)))
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))
    yield found
    plt.close("all")


def with_other_draws(monkeypatch: pytest.MonkeyPatch, offset: int) -> None:
    """Every draw of the lesson from streams that its author did not see."""
    for module, name in ((laws, "draw_pools"), (golden, "draw_until_every_cell"), (golden, "draw_cells")):
        real = getattr(module, name)

        def other(*args, seed: int = 0, real=real, **named):
            if len(args) > 3:
                *args, seed = args  # draw_cells gets its seed by place
            return real(*args, seed=seed + 1000 * offset, **named)

        monkeypatch.setattr(module, name, other)


def run(cells: list[str], offset: int = 0, **space: object) -> dict:
    space = {"__name__": "__main__", **space}
    for source in cells:
        source = re.sub(r"default_rng\((\w+)\)", rf"default_rng([\1, {offset}])", source) if offset else source
        exec(compile(source, source.splitlines()[0], "exec"), space)
    return space


def verdict_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(lesson, "verdict", lambda word, scope: said.append(word))
    return said


@pytest.mark.full
@pytest.mark.parametrize("offset", range(1, 22))
def test_every_verdict_holds_for_other_draws(claims, monkeypatch, offset: int) -> None:
    said = verdict_of(monkeypatch)
    with_other_draws(monkeypatch, offset)
    run(CODE, offset)
    assert [sentence for sentence, holds in claims.items() if not holds] == []
    assert len(claims) == 21
    assert said == ["supported"]


@pytest.mark.full
def test_without_numba_the_cells_print_the_same(claims, monkeypatch, capsys) -> None:
    run(CODE)
    first = capsys.readouterr().out
    monkeypatch.setattr(kernels, "AVAILABLE", False)
    run(CODE)
    assert capsys.readouterr().out == first
    assert all(claims.values())


def cell(starts: str) -> str:
    (found,) = [source for source in CODE if source.startswith(starts)]
    return found


IMPORTS = cell("import itertools")
SLOPES = [IMPORTS, "my_guess = {}", "numbers_needed = laws.numbers_needed", cell("draws, eps = 4000")]
SLOPES += [cell("for name, line in found"), cell("uniform, products, half_dead")]
ALL_TARGETS = [IMPORTS, "numbers_needed = laws.numbers_needed", cell("numbers, _ = laws"), cell("worst = laws")]
ALL_TARGETS += [cell("levels = "), cell("cards = []")]


def test_slopes_and_all_targets_hold_for_other_draws(claims, monkeypatch) -> None:
    """The fast part; under `full` every verdict is held against twenty-one other sets of draws."""
    with_other_draws(monkeypatch, 30)
    run(SLOPES + ALL_TARGETS, 30, worst_error=laws.worst_error)
    assert [sentence for sentence, holds in claims.items() if not holds] == []
    assert len(claims) == 8


def test_the_claims_about_slopes_fail_for_a_search_that_is_hasty(claims, monkeypatch) -> None:
    """The greedy choice is no subset-sum solver: far more numbers a bit, or none that would do."""

    def hasty(numbers, targets, enough=0.0):
        table = np.abs(targets)[:, None] * 0.75 ** np.arange(numbers.shape[1] + 1)
        return table * np.random.default_rng(0).uniform(0.5, 1, (len(table), 1))

    monkeypatch.setattr(laws, "errors_so_far", hasty)
    run([source.replace("4, 14)", "2, 6)") for source in SLOPES])
    assert not claims["Half as large an eps costs about one number more"]
    assert not claims["Half of the draws succeed with about log2(1/eps) numbers"]


def test_the_claim_about_the_dead_fails_where_all_are_alive(claims, monkeypatch) -> None:
    real = laws.draw_pools
    monkeypatch.setattr(laws, "draw_pools", lambda pool, n, draws, seed=0: real("products", min(n, 32), draws, seed))
    run(SLOPES)
    assert not claims["Where half of the neurons are dead, it costs about two"]


TAIL = [IMPORTS, cell("counts = list(range(6"), cell("drawn, even =")]


def test_the_claims_about_signs_fail_where_signs_are_balanced_from_the_start(claims, monkeypatch) -> None:
    real = laws.draw_pools

    def balanced(pool, n, draws, seed=0):
        numbers, targets = real(pool, n, draws, seed)
        return np.abs(numbers) * np.where(np.arange(n) % 2, 1.0, -1.0), targets

    monkeypatch.setattr(laws, "draw_pools", balanced)
    with np.errstate(invalid="ignore"):
        run(TAIL)
    assert not any(claims.values())
    assert len(claims) == 3


def test_the_claims_about_all_targets_fail_for_a_gap_that_is_not_the_worst(claims, monkeypatch) -> None:
    """A target near zero is hit much sooner than the least lucky one."""
    table = laws.errors_so_far

    def typical(numbers):
        return table(numbers, np.full(len(numbers), 0.02))

    monkeypatch.setattr(laws, "worst_errors", typical)
    run(ALL_TARGETS, worst_error=lambda x: float(typical(np.array([x]))[0, -1]) if len(x) else 0.02)
    assert not claims["No draw does with fewer numbers than the counting bound"]
    assert not claims["1.5 log2(2/eps) numbers are not"]


GOLDEN = [IMPORTS, "take_what_fits = golden.take_what_fits", cell("ratios = (1.4"), cell("anywhere, low_end =")]


def test_the_claims_about_the_golden_ratio_fail_for_numbers_outside_their_cells(claims, monkeypatch) -> None:
    real = golden.draw_cells
    monkeypatch.setattr(golden, "draw_cells", lambda *args, **named: real(*args, **named) * 0.8)
    run(GOLDEN)
    assert not claims["Up to the golden ratio no target is left with too much"]


def test_the_claims_about_larger_ratios_fail_where_none_is_larger(claims) -> None:
    small = [re.sub(r"1.65, 1.7, 1.75, 1.8, 1.9, 2.0, 2.1", "1.62, 1.8, 2.0", source) for source in GOLDEN]
    small = [source.replace("golden.draw_cells(ratio,", "golden.draw_cells(min(ratio, 1.61),") for source in small]
    run([source.replace("ratio**-cells", "min(ratio, 1.61)**-cells") for source in small])
    assert not claims["Above it, with numbers at the lower ends, some are"]
    assert not claims["At 1.8 and 2 random places fail, too"]
