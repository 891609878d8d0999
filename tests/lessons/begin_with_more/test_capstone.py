"""The capstone's experiment keeps what it says, equal counts, norms and rates; and its examples are registered."""

from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
import torch
from figure_frame import checked
from lessons.begin_with_more.registered import FRESH, MINE, PLACE, SIZES

from lthedu import data
from lthedu.experiments.verdicts import REFUTED, SUPPORTED, WINS, Judgement
from lthedu.lessons.begin_with_more import capstone_figures
from lthedu.lessons.begin_with_more.capstone import ARMS, DENSE, RANDOM, SIGNS, TICKET, Settings, Tickets, same_inputs
from lthedu.lessons.begin_with_more.capstone import FRESH as NEW
from lthedu.training import train

TINY = Settings(arms=ARMS, steps=3, batch_size=8, hidden=4, density=0.3, levels=1)
NOTEBOOK = Path(__file__).parents[3] / "lessons" / "19_begin_with_more.ipynb"


@pytest.fixture(scope="module")
def digits():
    return data.pooled(data.pooled(data.load("mnist", device="cpu").first(200, 50, 50)))


@pytest.fixture
def started(digits):
    """What the arms start with: by arm, weights and mask."""

    def start(**changes):
        one = Tickets(digits, replace(TINY, **changes))
        found, train = {}, one.train

        def noted(networks, **named):
            if "order" not in named:  # not a round that looks for tickets
                found[ARMS[len(found)]] = networks.params, named["mask"]
            return train(networks, **named)

        one.train = noted
        one.run()
        return found

    return start


def kept(mask):
    return {name: m.sum((1, 2)).tolist() for name, m in mask.items()}


def test_all_arms_but_dense_keep_as_many_weights_in_each_layer(started):
    arms = started()
    for arm in ARMS:
        assert (kept(arms[arm][1]) == kept(arms[TICKET][1])) == (arm != DENSE)
    total = sum(m.sum() for m in arms[TICKET][1].values()) / 5
    assert total == round(TINY.density * sum(m[0].numel() for m in arms[TICKET][1].values()))


def test_each_arm_differs_from_the_ticket_in_one_thing(started):
    arms = started()
    (initial, everything), (ticket, mask) = arms[DENSE], arms[TICKET]
    assert all(bool(m.all()) for m in everything.values())
    for name, m in mask.items():
        assert torch.equal(ticket[name], initial[name] * m)
        assert torch.equal(arms[SIGNS][0][name].sign(), ticket[name].sign())
        assert all(len(row[row != 0].abs().unique()) == 1 for row in arms[SIGNS][0][name])  # one size a network
        assert torch.allclose(arms[SIGNS][0][name].norm(dim=(1, 2)), ticket[name].norm(dim=(1, 2)))
        assert torch.equal(arms[NEW][0][name] != 0, m)
        assert not torch.equal(arms[NEW][0][name], ticket[name])
        assert torch.equal(arms[RANDOM][0][name], initial[name] * arms[RANDOM][1][name])
        assert not torch.equal(arms[RANDOM][1][name], m)


def test_equal_norms_are_the_tickets_in_every_layer_and_network(started):
    arms = started(same_norms=True)
    for arm in (NEW, SIGNS, RANDOM):
        for name in arms[TICKET][1]:
            ours, theirs = (arms[a][0][name].norm(dim=(1, 2)) for a in (arm, TICKET))
            assert torch.allclose(ours, theirs, rtol=1e-4), arm


def test_equal_inputs_are_the_tickets_at_every_input(started):
    arms = started(same_inputs=True)
    for name, m in arms[TICKET][1].items():
        assert torch.equal(arms[RANDOM][1][name].sum(1), m.sum(1))


def test_a_mask_of_equal_inputs_is_drawn_among_all_such_masks():
    mask = {"w": torch.tensor([[True, False], [False, False], [False, False]])}
    drawn = {same_inputs(mask, torch.Generator().manual_seed(s))["w"][:, 0].tolist().index(True) for s in range(40)}
    assert drawn == {0, 1, 2}


def test_each_arm_is_reported_at_the_rate_that_its_validation_prefers(digits):
    rates = (1e-6, 1e-2)
    table = Tickets(digits, Settings(arms=(TICKET, DENSE), steps=60, batch_size=16, rates=rates)).run()
    assert set(table["rate"]) == {1e-2}
    with pytest.raises(ValueError, match="arms names 'luck'; allowed: ticket, dense"):
        Settings(arms=("luck",))
    with pytest.raises(ValueError, match="seeds_per_part is 1, with 2 rates; allowed: None"):
        Settings(rates=rates, seeds_per_part=1)


def test_at_the_size_for_tests_every_training_is_shorter(digits, monkeypatch):
    monkeypatch.setenv("LTHEDU_SCALE", "tiny")
    steps = []
    one = Tickets(digits, replace(TINY, arms=(DENSE,), steps=30))
    monkeypatch.setattr(
        "lthedu.experiments.base.train", lambda n, d, s, **named: steps.append(s) or train(n, d, s, **named)
    )
    one.run()
    assert steps == [2, 2, 2]


@pytest.mark.parametrize("claim", [PLACE, SIZES, FRESH, MINE])
def test_the_notebook_holds_the_claims_that_were_registered(claim):
    """Their thresholds and seeds were committed before the seeds were run; a changed card has another digest."""
    code = [c for c in nbformat.read(NOTEBOOK, 4).cells if c.cell_type == "code"]
    shown = [str(output.get("data", {}).get("text/plain", "")) for c in code for output in c.outputs]
    assert any(text == f"Registered: {claim.digest}\n{claim.card}" for text in shown)
    assert any(f'"{claim.digest}"' in c.source for c in code)


def test_verdicts_are_drawn_from_their_thresholds():
    def run(low, value, high, word):
        return Judgement("", (), value, low, high, word)

    claims = {"place": (PLACE, run(4.0, 5.0, 6.0, SUPPORTED)), "sizes": (SIZES, run(-1.0, 0.0, 0.5, REFUTED))}
    answers = {"place": {"longer": run(3.0, 4.0, 5.0, SUPPORTED), "the unit": "each seed has its own ticket"}}
    figure, words = checked(capstone_figures.verdicts, claims, answers)
    (ax,) = figure.axes
    bars = [line for line in ax.lines if line.get_marker() == "None" and len(line.get_xdata()) == 2][
        1:
    ]  # the first is 0
    assert [list(bar.get_xdata()) for bar in bars] == [[1.0, 3.0], [0.0, 2.0], [-2.0, -0.5]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["place", "attack: longer", "sizes"]
    assert "place: SUPPORTED; sizes: REFUTED." in words
    with pytest.raises(ValueError, match=r"attacks has \['size'\]; allowed: place, sizes"):
        capstone_figures.verdicts(claims, {"size": {}})
    wins = replace(PLACE, statistic=WINS, threshold=0.5)
    with pytest.raises(ValueError, match="claims are on mean difference and share of wins; allowed: one statistic"):
        capstone_figures.verdicts({**claims, "wins": (wins, claims["place"][1])})
