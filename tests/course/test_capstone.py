"""What is shown of a registered claim: words that a grader can read again, and that compare on every machine."""

import re
from dataclasses import replace

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lthedu.base.fingerprint import digest_of
from lthedu.course.capstone import register, show_attacks, show_verdict
from lthedu.course.grading.pages import claims
from lthedu.course.told import NOT_RUN, REGISTERED, registered
from lthedu.experiments import Seeded
from lthedu.experiments.registration import Registration
from lthedu.experiments.verdicts import REFUTED, SUPPORTED, Judgement

ASKED = ("Is it better?", "ticket", "dense", "right", Seeded(seeds=range(10, 15)), 1.0, ("longer",))
CLAIM = Registration(*ASKED, "mine.py", "digits")


def found(verdict, *differences, **changes):
    run = {"experiment": "mine.py", "data": "digits", "seeds": CLAIM.seeds, "seeds_per_part": None} | changes
    return Judgement(CLAIM.digest, differences, 1.5, 1.25, 1.75, verdict, run)


FOUND = found(SUPPORTED, 1.0, 2.0)
REVERSED = {"longer": found(REFUTED, 0.5, 0.5, steps=50), "the unit": "each seed has its own weights and ticket"}


def test_the_card_under_the_digest_is_the_text_that_has_it(capsys):
    register(CLAIM)
    head, _, card = capsys.readouterr().out.partition("\n")
    assert head.removeprefix(REGISTERED) == CLAIM.digest == digest_of(card.rstrip("\n"))


def test_a_verdict_says_what_was_asked_and_found(capsys):
    show_verdict(CLAIM, FOUND)
    assert capsys.readouterr().out == (
        "SUPPORTED by its own rule: Is it better?\n"
        "    Asked: mean difference, 1.0 or more. Found: ‹1.50›, 95 % interval ‹1.25› to ‹1.75›.\n"
        f"Registration: {CLAIM.digest}\n"
    )


def test_a_verdict_of_a_shorter_run_or_of_a_table_is_not_shown_as_that_of_the_registered_run(capsys):
    show_verdict(CLAIM, replace(FOUND, scale="tiny"))
    tiny = capsys.readouterr().out.rstrip("\n")
    assert tiny.startswith("SUPPORTED at the size tiny, which is not what was registered: Is it better?")
    assert registered("other.ipynb", notebook([next(shown(capsys)), tiny])) == {CLAIM.digest: NOT_RUN}
    show_verdict(CLAIM, replace(FOUND, run={}))
    assert "Judged from a table, so what was run is not known here." in capsys.readouterr().out


def test_attacks_are_shown_with_what_they_changed_and_what_is_missing(capsys):
    show_attacks(CLAIM.attacked(FOUND, REVERSED))
    head, columns, first, second, *notes = capsys.readouterr().out.splitlines()
    assert head == "After the attacks: REVERSED"
    assert re.split("  +", columns) == ["attack", "verdict", "answer"]
    assert re.split("  +", first)[:2] == ["longer", "REFUTED"]
    assert "run with steps 50: ‹1.50›" in first
    assert re.split("  +", second) == ["the unit", "does not apply", REVERSED["the unit"]]
    assert notes == [
        "By its own rule: SUPPORTED",
        "Another verdict from: longer",
        "Not answered: own rate, scale, simpler, elsewhere, same rules, literature",
        f"Registration: {CLAIM.digest}",
    ]


def shown(capsys):
    """What the three verbs print of a claim, its run and its attacks."""
    verbs = (
        lambda: register(CLAIM),
        lambda: show_verdict(CLAIM, FOUND),
        lambda: show_attacks(CLAIM.attacked(FOUND, REVERSED)),
    )
    for verb in verbs:
        verb()
        yield capsys.readouterr().out.rstrip("\n")


def notebook(texts):
    """A notebook with these outputs, a cell each."""
    cells = [new_code_cell("", outputs=[new_output("display_data", {"text/plain": text})]) for text in texts]
    return new_notebook(cells=cells)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (1, NOT_RUN),
        (2, "SUPPORTED by its rule"),
        (3, "SUPPORTED by its rule; after the attacks REVERSED, not answered: own rate, scale, simpler"),
    ],
)
def test_a_grader_reads_it_again(capsys, cells, words):
    told = registered("other.ipynb", notebook([*shown(capsys)][:cells]))
    assert list(told) == [CLAIM.digest]
    assert told[CLAIM.digest].startswith(words)


def test_a_card_that_was_changed_has_another_digest(capsys):
    card = next(shown(capsys)).replace("control, is 1.0 or more", "control, is 0.5 or more")
    assert card.count("0.5") == 1
    assert registered("other.ipynb", notebook([card])) == {
        CLAIM.digest: f"{NOT_RUN}, and the card shown with it does not have this digest"
    }


def test_a_card_that_is_shown_again_does_not_take_the_run_away_and_the_last_verdict_counts(capsys):
    card, run, attacks = shown(capsys)
    told = registered("other.ipynb", notebook([card, run, attacks, card, run, attacks]))[CLAIM.digest]
    assert told.startswith("SUPPORTED by its rule; after the attacks REVERSED")
    assert told.count("after the attacks") == 1
    other = run.replace("SUPPORTED", "REFUTED")
    assert registered("other.ipynb", notebook([card, run, other])) == {
        CLAIM.digest: "REFUTED by its rule (shown before: SUPPORTED)"
    }


def test_a_run_of_a_claim_that_is_not_registered_there_does_not_count(capsys):
    assert registered("other.ipynb", notebook([*shown(capsys)][1:])) == {}


@pytest.mark.parametrize(
    "text",
    [
        "Registered: \x1b[31mall right",
        f"Registered: {'f' * 10**6}\ncard",
        f"{'A' * 10**6} by its own rule: Why?\nRegistration: {CLAIM.digest}",
        f"After the attacks: <b>\nNot answered: <script>\nRegistration: {CLAIM.digest}",
        f"After the attacks: SUPPORTED\nNot answered: {'a, ' * 10**6}\nRegistration: {CLAIM.digest}",
        f"Registered: {CLAIM.digest}",
    ],
)
def test_whatever_else_somebody_writes_there_adds_few_plain_words(capsys, text):
    told = registered("other.ipynb", notebook([next(shown(capsys)), text]))
    assert list(told) == [CLAIM.digest]
    assert re.fullmatch(r"not run[a-zA-Z ,;:]{0,120}", told[CLAIM.digest])


def test_the_lessons_own_claims_are_left_out(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("lthedu.course.told.course_path", lambda name: tmp_path)
    (tmp_path / "19.ipynb").write_text(f"… {CLAIM.digest} …", encoding="utf-8")
    texts = [*shown(capsys)]
    assert registered("19.ipynb", notebook(texts)) == {}
    assert list(registered("other.ipynb", notebook(texts))) == [CLAIM.digest]


def test_a_students_page_tells_whether_the_text_is_known_to_be_older_than_the_run():
    result = {"registered": {"a": "REFUTED by its rule", "b": NOT_RUN}, "deposited": ["a"]}
    assert claims(result) == [
        "a: REFUTED by its rule; its digest came in earlier, without a run",
        "b: not run; whether it is older than its run is not known",
    ]
    assert claims({}) == []  # one that was graded by an earlier version
