"""The lesson's controls change one thing, and its targets are what their settings say."""

from dataclasses import replace

import pytest
import torch

from lthedu import data
from lthedu.lessons.pruning_is_all_you_need import experiment
from lthedu.lessons.pruning_is_all_you_need.experiment import other_choices, trained_targets
from lthedu.networks.models import MLP
from lthedu.proof import Ticket, construct


@pytest.fixture
def ticket() -> Ticket:
    torch.manual_seed(0)
    return construct(MLP([6, 5, 3]), eta=1e-3)


def owners(ticket: Ticket, layer: int) -> torch.Tensor:
    """The column that each hidden neuron keeps, the bias last, -1 for none."""
    mask = torch.cat([ticket.mask[f"layers.{layer}.weight"], ticket.mask[f"layers.{layer}.bias"][:, None]], 1)
    return torch.where(mask.any(1), mask.long().argmax(1), -1)


def test_other_choices_keep_as_many_candidates_of_each_owner_for_every_output(ticket: Ticket) -> None:
    other = other_choices(ticket)
    for layer in (0, 2):
        owner, name = owners(ticket, layer), f"layers.{layer + 1}.weight"
        assert torch.equal(other[f"layers.{layer}.weight"], ticket.mask[f"layers.{layer}.weight"])
        assert not torch.equal(other[name], ticket.mask[name])
        for column in range(int(owner.max()) + 1):
            assert torch.equal(other[name][:, owner == column].sum(1), ticket.mask[name][:, owner == column].sum(1))
        assert not other[name][:, owner == -1].any()


def test_other_choices_follow_their_seed(ticket: Ticket) -> None:
    one, again, two = other_choices(ticket), other_choices(ticket, 0), other_choices(ticket, 1)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.usefixtures("few_images")
def test_targets_are_trained_one_for_each_seed() -> None:
    settings = replace(experiment.SIZES.tiny, seeds=(3, 4))
    mnist = data.unit_pixels(data.load("mnist"))
    one, two = trained_targets(mnist, settings)
    assert [tuple(p.shape) for p in one.parameters() if p.ndim == 2] == [(12, 784), (8, 12), (10, 8)]
    assert not torch.equal(next(one.parameters()), next(two.parameters()))
