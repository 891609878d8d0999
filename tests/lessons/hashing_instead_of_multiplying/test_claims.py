"""The verdicts that the lesson prints hold for other seeds and threads, and fail where they should."""

from dataclasses import replace

import numpy as np
import pytest

from lthedu.hashing import active_softmax, centre, centre_nothing, chance_found, simhash
from lthedu.lessons.hashing_instead_of_multiplying import experiment, ticket
from lthedu.lessons.hashing_instead_of_multiplying.experiment import LESSON

NOTEBOOK = "hashing_instead_of_multiplying"
CLAIMS = 5
MARGINS = [(200, 1), (300, 2)]
LAWS = "Random pairs share bits and buckets"
ROWS = "To centre the rows changes no probability"
FINDS = "Centring lets hashing find the label"
LEADS = "Centred hashing is ahead of random rows"
SHARED = "Two examples of one class share more than half"
OWN = {
    "simhash": simhash,
    "chance_found": chance_found,
    "active_softmax": active_softmax,
    "centre": centre,
    "my_guess": {},
}
WHOLE = ("from lthedu.course.lesson import", "import numpy as np\n\nfigure", "bits, tables = ")
TICKET = "from lthedu.lessons.hashing_instead_of_multiplying import ticket"
CLAIM = 'claim("Two examples of one class'
TRAINED = ("from lthedu.course.bar", "import pandas as pd\n\nmore")


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=tuple(range(seed, seed + 5))))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def test_codes_of_another_law_are_seen(claims) -> None:
    cells = claims.cells(*WHOLE, "law = [")
    claims.run(cells, simhash=simhash, chance_found=chance_found)
    assert claims.holds(LAWS) == [True]
    claims.run(cells, simhash=lambda vectors, planes: vectors[:, 0] > 0, chance_found=chance_found)
    assert claims.holds(LAWS) == [False]


@pytest.mark.full
def test_without_centring_nothing_is_found_and_nothing_won(claims) -> None:
    needs = claims.cells(*WHOLE, TRAINED[0])
    uncentred = claims.cells(
        TRAINED[1], 'last = table[table["epoch"] == settings.epochs].set_index(["arm", "replicate"])\nfound_it'
    )
    claims.run([*needs, *uncentred], **OWN | {"centre": centre_nothing})
    assert claims.holds(FINDS, LEADS) == [False, False]


def test_near_rows_that_no_two_examples_share_are_seen(claims, monkeypatch) -> None:
    monkeypatch.setattr(
        ticket, "nearest", lambda rows, queries, many: [np.array([i % 40]) for i in range(len(queries))]
    )
    few = replace(experiment.SIZES.tiny, classes=40, at_least=10, equal_products=30)
    monkeypatch.setattr(experiment.SIZES, "lesson", few)
    claims.run(claims.cells(*WHOLE, *TRAINED, TICKET, CLAIM), **OWN)
    assert claims.holds(SHARED) == [False]


def test_a_set_that_all_examples_share_is_a_ticket(claims, monkeypatch) -> None:
    monkeypatch.setattr(experiment, "find_all", lambda network, finder, x, seen: [np.arange(40)] * len(x))
    few = replace(experiment.SIZES.tiny, classes=40, at_least=10, equal_products=30)
    monkeypatch.setattr(experiment.SIZES, "lesson", few)
    claims.run(claims.cells(*WHOLE, *TRAINED, TICKET, CLAIM), **OWN)
    assert claims.holds(SHARED) == [False]
