"""One count for all: what searchers ask, what it costs, and that masks keep their size."""

import itertools
import math
from functools import partial

import pytest
import torch

from lthedu import data
from lthedu.base.streams import generator
from lthedu.lessons.search_without_gradients import experiment as contest
from lthedu.lessons.search_without_gradients.experiment import SEARCHERS, Contest, Settings, best_within, reached
from lthedu.networks.models import MLP
from lthedu.supermasks import nfl, signed_constants
from lthedu.supermasks.fitness import Fitness
from lthedu.supermasks.search import (
    acceptance,
    anneal,
    chosen,
    crossover,
    descend,
    estimate,
    evolve,
    half,
    parents,
    random_search,
    swapped,
)
from lthedu.training import Replicates

EVERY = {
    "random": random_search,
    "annealing": anneal,
    "climbing": partial(anneal, hot=0.0),
    "genetic": evolve,
    "evolution": partial(estimate, pairs=5),
    "gradient": descend,
}


@pytest.fixture(scope="module")
def tiny(mnist):
    return data.pooled(data.pooled(mnist.first(300, 50, 200)))


@pytest.fixture(scope="module")
def networks():
    drawn = Replicates.create(lambda: MLP([49, 8, 10]), seeds=[0, 1, 2])
    return drawn.with_params(signed_constants(drawn.params))


@pytest.fixture
def fitness(tiny, networks):
    return Fitness(networks, tiny.x_train[:100], tiny.y_train[:100], budget=100)


def test_a_loss_is_the_masked_networks_own(fitness, networks):
    population = half(3, 4, fitness.n, torch.Generator().manual_seed(0))
    found = fitness(population)
    for r in range(3):
        for p in range(4):
            net = networks.module(r)
            pieces = population[r, p].split([49 * 8, 8 * 10])
            with torch.no_grad():
                for layer, w, m in zip(net.layers, ("layers.0.weight", "layers.1.weight"), pieces, strict=True):
                    layer.weight.copy_(networks.params[w][r] * m.view(layer.weight.shape))
            loss = torch.nn.functional.cross_entropy(net(fitness.x), fitness.y)
            assert found[r, p] == pytest.approx(loss.item(), abs=1e-5)


def test_biases_take_part(tiny, networks):
    weights = {n: torch.ones_like(p) if p.ndim == 2 else p for n, p in networks.params.items()}
    fitness = Fitness(networks.with_params(weights), tiny.x_train[:20], tiny.y_train[:20], budget=10)
    logits = fitness.logits(torch.ones(3, 1, fitness.n), fitness.x)
    expected = networks.with_params(weights).module(1)(fitness.x)
    assert torch.allclose(logits[1].T, expected, atol=1e-5)


def test_gradients_are_those_of_the_loss_and_cost_three(fitness):
    population = half(3, 1, fitness.n, torch.Generator().manual_seed(1))
    loss, gradient = fitness.gradient(population)
    assert fitness.spent == 3
    step = torch.zeros(3, 1, fitness.n)
    step[:, 0, 17] = 1e-2
    near = fitness.loss(population.float() + step, fitness.x, fitness.y)
    assert torch.allclose((near - loss) / 1e-2, gradient[:, :, 17], atol=2e-2)


@pytest.mark.parametrize("name", EVERY)
def test_every_searcher_spends_its_budget_and_keeps_half(fitness, name):
    EVERY[name](fitness, generator(0, name))
    assert 60 <= fitness.spent <= 100
    assert (fitness.best.sum(1) == round(fitness.n / 2)).all()
    costs, losses = [row[0] for row in fitness.history], [row[2] for row in fitness.history]
    assert costs == sorted(costs)
    assert all(b <= a for before, after in itertools.pairwise(losses) for a, b in zip(before, after, strict=True))
    alone = fitness.loss(fitness.best[:, None].float(), fitness.x, fitness.y)[:, 0]
    assert torch.allclose(alone, fitness.best_loss, atol=1e-5)


@pytest.mark.parametrize("name", EVERY)
def test_a_search_repeats_itself(tiny, networks, name):
    found = []
    for _ in range(2):
        fitness = Fitness(networks, tiny.x_train[:50], tiny.y_train[:50], budget=60)
        torch.rand(3)  # whatever ran before
        EVERY[name](fitness, generator(5, name))
        found.append(fitness.best)
    assert torch.equal(*found)


def test_nothing_is_answered_beyond_the_budget(fitness):
    with pytest.raises(ValueError, match=r"this costs 101 forward passes; 100 of 100 are left"):
        fitness(half(3, 101, fitness.n, torch.Generator()))
    assert fitness.spent == 0
    assert fitness.history == []


def test_a_noisy_loss_costs_its_share(tiny, networks):
    rng = torch.Generator().manual_seed(0)
    fitness = Fitness(networks, tiny.x_train[:100], tiny.y_train[:100], 10, 20, rng)
    population = half(3, 5, fitness.n, rng)
    first, second = fitness(population), fitness(population)
    assert fitness.spent == pytest.approx(2.0)
    assert not torch.equal(first, second)


def test_operators_keep_counts():
    rng = torch.Generator().manual_seed(2)
    a, b = half(2, 50, 31, rng), half(2, 50, 31, rng)
    child = crossover(a[0], b[0], rng)
    assert (child.sum(1) == a[0].sum(1)).all()
    assert torch.equal(child[a[0] == b[0]], a[0][a[0] == b[0]])
    new = swapped(a, 3, rng)
    assert (new.sum(2) == a.sum(2)).all()
    assert ((new ^ a).sum(2) == 6).all()


def test_parents_are_the_best_of_their_tournaments():
    rng = torch.Generator().manual_seed(0)
    population, loss = torch.eye(4, dtype=torch.bool).expand(2, 4, 4), torch.tensor([[3.0, 1.0, 2.0, 0.0]] * 2)
    assert torch.equal(chosen(population, torch.tensor([[2], [0]])).long().argmax(2), torch.tensor([[2], [0]]))
    often = torch.stack([parents(population, loss, rng).long().argmax(2) for _ in range(500)]).flatten()
    share = often.bincount(minlength=4) / len(often)
    assert share.tolist() == pytest.approx([1 / 64, 19 / 64, 7 / 64, 37 / 64], abs=0.03)  # the best of three of four


def test_hill_climbing_accepts_nothing_worse(fitness):
    asked = []

    def accept(now, new, temperature):
        asked.append(temperature)
        return acceptance(now, new, temperature)

    anneal(fitness, generator(0, "climb"), hot=0.0, accept=accept)
    assert set(asked) == {0.0}


def test_the_temperature_falls_to_a_thousandth(fitness):
    asked = []

    def accept(now, new, temperature):
        asked.append(temperature)
        return acceptance(now, new, temperature)

    anneal(fitness, generator(0, "anneal"), hot=0.5, accept=accept)
    assert asked == sorted(asked, reverse=True)
    assert (asked[0], asked[-1]) == (0.5, pytest.approx(0.5e-3, rel=0.1))


def test_acceptance_is_one_downhill_and_falls_with_the_rise():
    now, new = torch.zeros(4), torch.tensor([-5.0, 0.0, 0.5, 1e6])
    assert acceptance(now, new, 0.5).tolist() == pytest.approx([1, 1, math.exp(-1), 0])
    assert acceptance(now, new, 0).tolist() == [1, 1, 0, 0]
    with pytest.raises(ValueError, match="temperature is -1"):
        acceptance(now, new, -1)


# No free lunch --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("points", "values"), [(3, 2), (4, 3), (5, 2)])
def test_over_all_functions_every_search_sees_the_same(points, values):
    functions = nfl.all_functions(points, values)
    seen = [
        sorted(tuple(nfl.values_seen(search, f)) for f in functions) for search in (nfl.scan, nfl.climb, nfl.descend)
    ]
    assert seen[0] == seen[1] == seen[2]  # not only on average: as a distribution


def test_searches_ask_for_every_point_once():
    for search in (nfl.scan, nfl.climb, nfl.descend):
        for f in nfl.all_functions(5, 2):
            assert sorted(nfl.values_seen(search, f)) == sorted(f)


def test_what_is_no_search_is_refused():
    with pytest.raises(ValueError, match="asked for point 0; allowed: 0 to 1, each once"):
        nfl.values_seen(lambda seen, points: 0, (1, 2))
    with pytest.raises(ValueError, match="points is 0"):
        nfl.all_functions(0, 2)


# The contest ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def game(tiny):
    game = Contest(tiny, Settings(seeds=(3, 4), sizes=(49, 8, 10), images=100, budget=600, batch=20))
    game.run()
    return game


def test_the_table_has_every_searcher_within_its_budget(game):
    assert set(game.table["searcher"]) == set(SEARCHERS)
    assert game.table["cost"].max() <= 600
    for name, rows in game.table.groupby("searcher"):
        last = rows.groupby("replicate")["loss"].last().tolist()
        assert last == pytest.approx(game.best[name][1].tolist())


def test_test_accuracy_is_that_of_the_best_masks(game):
    logits = game.fitness(600).logits(game.best["random search"][0][:, None].float(), game.data.x_test)
    expected = (logits.argmax(1) == game.data.y_test).double().mean(1)
    assert torch.equal(game.test_accuracy("random search"), expected)


def test_a_noisy_survivor_is_believed_too_good(game):
    believed, true = game.noisy(again=False)
    assert (true - believed).mean() > 0


def test_own_searchers_are_used_and_nobody_else(tiny):
    settings = Settings(seeds=(0, 1), sizes=(49, 4, 10), images=20, budget=200, batch=5)
    own = Contest(tiny, settings, searchers={"mine": lambda fitness, rng: fitness(half(fitness.r, 7, fitness.n, rng))})
    assert own.run()[["searcher", "cost"]].drop_duplicates().values.tolist() == [["mine", 7.0]]


def test_crossover_is_given_rows_of_masks(tiny):
    shapes = []

    def cross(a, b, rng):  # (P, N), as the exercise says: a function that knows no third axis must do
        shapes.append(a.shape)
        return crossover(a, b, rng)

    settings = Settings(seeds=(0, 1), sizes=(49, 4, 10), images=20, budget=200, batch=5)
    Contest(tiny, settings, searchers={"mine": partial(evolve, cross=cross)}).run()
    assert set(shapes) == {(10, 236)}


def test_what_a_loss_cost_is_its_first_row_at_or_below(game):
    costs = reached(game.table, 2.0)
    for (replicate, name), rows in game.table.groupby(["replicate", "searcher"]):
        below = rows.query("loss <= 2.0")["cost"]
        assert costs.loc[replicate, name] == (below.iloc[0] if len(below) else math.inf)


def test_what_does_not_fit_is_refused_by_name(game):
    for change, words in [
        ({"budget": 7}, "budget is 7"),
        ({"batch": 2000}, "batch is 2000"),
        ({"seeds": ()}, r"seeds is \(\)"),
    ]:
        with pytest.raises(ValueError, match=words):
            Settings(**change)
    with pytest.raises(ValueError, match="there are 1 costs and 2 losses"):
        best_within([1], [1, 2], 3)
    with pytest.raises(ValueError, match="batch is 5; allowed: 1 to the 100 examples, with a generator"):
        Fitness(game.networks, game.data.x_train[:100], game.data.y_train[:100], 10, 5)
    with pytest.raises(ValueError, match="budget is 0"):
        Fitness(game.networks, game.data.x_train[:100], game.data.y_train[:100], 0)


def test_the_paper_scale_is_asked_for_by_name(monkeypatch):
    monkeypatch.setenv("LTHEDU_SCALE", "paper")
    assert contest.scaled_settings() == contest.PAPER
