"""Lessons 05 to 07 as their learner meets them: run in JupyterLab, explored by keyboard, answered by typing.

One server serves the module, and one full run each lesson; its tests go on from one another, top to bottom.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.full]

RIGHT_05 = """
def zero_if_moved_to_zero(initial, final, mask):
    held = {}
    for name, m in mask.items():
        value = initial[name].clone()
        value[(final[name].abs() < initial[name].abs()) | m] = 0
        held[name] = value
    return held


zero_if_moved_to_zero = check("5.3", zero_if_moved_to_zero)
"""
LAYER = """
def reshuffled(initial, mask, generator, signed=False):
    out = {n: p.clone() for n, p in initial.items()}
    for n, m in mask.items():
        drawn = initial[n].flatten()[torch.randperm(m.numel(), generator=generator)].view(m.shape)
        out[n] = torch.where(m, drawn.abs() * initial[n].sign() if signed else drawn, 0.0)
    return out


reshuffled = check("5.2", reshuffled)
"""
ONE_SIDED = """
def sign_flip_test(a, b):
    import itertools
    d = [x - y for x, y in zip(a, b)]
    sums = [sum(s * x for s, x in zip(signs, d)) for signs in itertools.product((1, -1), repeat=len(d))]
    return sum(s >= sum(d) - 1e-9 for s in sums) / len(sums)


sign_flip_test = check("5.4", sign_flip_test)
"""
RIGHT_06 = """
def bernoulli_mask(scores, generator):
    p = torch.sigmoid(scores)
    return torch.bernoulli(p.detach(), generator=generator) + (p - p.detach())


bernoulli_mask = check("6.2", bernoulli_mask)
"""
ROUNDS = """
def popup_mask(scores, density):
    mask = torch.zeros_like(scores).flatten()
    mask[scores.detach().flatten().argsort(descending=True, stable=True)[: round(density * scores.numel())]] = 1
    return mask.view(scores.shape) + scores - scores.detach()


popup_mask = check("6.1", popup_mask)
"""
SUM = """
def fingerprint(params):
    return str({n: (p.shape, p.dtype, p.double().flatten().sort().values.tolist()) for n, p in sorted(params.items())})


fingerprint = check("6.4", fingerprint)
"""
RIGHT_07 = """
def best_within(costs, losses, budget):
    best, left = float("inf"), budget + 1e-6
    for cost, loss in zip(costs, losses):
        left -= cost
        if left < 0:
            return best
        best = min(best, loss)
    return best


best_within = check("7.4", best_within)
"""
UNIFORM = """
def crossover(a, b, generator):
    return torch.where(torch.rand(a.shape, generator=generator) < 0.5, a, b)


crossover = check("7.2", crossover)
"""
GREEDY = """
def acceptance(now, new, temperature):
    return (new <= now).to(now.dtype)


acceptance = check("7.3", acceptance)
"""


@dataclass(frozen=True)
class Facts:
    """What is expected of one lesson.

    `keys`: slider, key, and what the explorer tells then; the first is how it begins.
    `typed`: exercise, answer, verdict and a reason that its box gives.
    """

    file: str
    verdict: str
    figures: int
    explorer: str
    keys: tuple[tuple[int, str, str], ...]
    typed: tuple[tuple[str, str, str, str], ...]


USED = "From here on your function is used"
FACTS = [
    Facts(
        "05_zeros_and_signs.ipynb",
        "PARTLY SUPPORTED",
        3,
        "keep_region(",
        (
            (-1, "", "large_final, 30 % kept, network 0"),
            (1, "ArrowRight", "large_final, 35 % kept, network 0"),
            (2, "ArrowRight", "35 % kept, network 1"),
            (0, "ArrowRight", "large_final_same_sign, 35 % kept"),
        ),
        (
            ("5.3", RIGHT_05, "RIGHT.", USED),
            ("5.2", LAYER, "WRONG.", "values of the whole layer"),
            ("5.4", ONE_SIDED, "WRONG.", "One-sided"),
        ),
    ),
    Facts(
        "06_supermasks.ipynb",
        "PARTLY SUPPORTED",
        3,
        "degree_explorer(",
        (
            (-1, "", "Step 500, network 0"),
            (0, "ArrowLeft", "Step 200, network 0"),
            (1, "ArrowRight", "Step 200, network 1"),
        ),
        (
            ("6.2", RIGHT_06, "RIGHT.", USED),
            ("6.1", ROUNDS, "WRONG.", "put the zero in brackets"),
            ("6.4", SUM, "WRONG.", "two weights changed places"),
        ),
    ),
    Facts(
        "07_search_without_gradients.ipynb",
        "REFUTED",
        3,
        "population_explorer(",
        (
            (-1, "", "Generation 0, network 0"),
            (0, "ArrowRight", "Generation 10, network 0"),
            (1, "ArrowRight", "Generation 10, network 1"),
        ),
        (
            ("7.4", RIGHT_07, "RIGHT.", USED),
            ("7.2", UNIFORM, "WRONG.", "changes the count"),
            ("7.3", GREEDY, "WRONG.", "plain hill climbing"),
        ),
    ),
]


@pytest.fixture(scope="module", params=FACTS, ids=lambda facts: facts.file[:2])
def facts(request):
    """What is expected of the lesson that is open."""
    return request.param


@pytest.fixture(scope="module")
def lesson(facts, open_lesson):
    """The learner's copy of a lesson, run from top to bottom once."""
    lesson = open_lesson(facts.file)
    lesson.start_all()
    lesson.wait_for_bar(seconds=240)
    lesson.wait_until_all_ran(seconds=900)
    return lesson


def test_every_cell_ran_without_an_error(lesson):
    lesson.photograph_all()
    assert lesson.errors() == []
    counts = [c["execution_count"] for c in lesson.cells() if c["cell_type"] == "code" and "".join(c["source"]).strip()]
    assert counts == list(range(1, len(counts) + 1))
    assert lesson.broken_widgets() == []


def test_open_exercises_say_so_and_the_lesson_goes_on_to_its_verdict(lesson, facts):
    for number in (f"{int(facts.file[:2])}.{i}" for i in (1, 2, 3, 4)):
        assert f"Exercise {number}: NOT ATTEMPTED YET." in lesson.box(number).inner_text()
    assert f"Verdict on the claim card: {facts.verdict}." in lesson.cell("verdict(word").inner_text()
    assert "NOT SUPPORTED" not in lesson.text()


def test_every_figure_is_seen(lesson, facts):
    figures = lesson.page.locator(".jp-RenderedImage img").all()
    assert len(figures) == facts.figures
    for number, figure in enumerate(figures, 1):
        figure.scroll_into_view_if_needed()
        assert figure.evaluate("img => img.complete && img.naturalWidth > 0"), f"figure {number} is empty"
        lesson.photograph(figure, f"{facts.file[:2]}-figure-{number}")


def test_the_explorer_follows_the_keyboard(lesson, facts):
    cell = lesson.cell(facts.explorer)
    cell.scroll_into_view_if_needed()
    handles, pictures = cell.locator(".noUi-handle"), set()
    for slider, key, sentence in facts.keys:
        if key:
            handles.nth(slider).focus()
            lesson.page.keyboard.press(key)
        pictures.add(lesson.told(facts.explorer, sentence))
    lesson.photograph(cell, f"{facts.file[:2]}-explorer")
    assert len(pictures) == len(facts.keys)
    assert {slider for slider, _, _ in facts.keys} == {-1, *range(handles.count())}
    assert lesson.broken_widgets() == []


def test_typed_answers_meet_their_own_boxes(lesson, facts):
    for number, answer, verdict, reason in facts.typed:
        place = lesson.index(f'check("{number}"')
        lesson.type_into(place, answer)
        lesson.run_with_keys(place)
        said = lesson.box(number).inner_text()
        lesson.photograph(lesson.cell(place), f"{facts.file[:2]}-box-{number}")
        assert f"Exercise {number}: {verdict}" in said
        assert reason in said
    assert lesson.errors() == []


def test_the_page_asks_nothing_of_the_network(lesson):
    hosts = {urlsplit(url).hostname for url in lesson.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
