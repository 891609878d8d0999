"""`lthedu paper begin_with_more` at tiny size: every study is in the one table, with its settings."""

from dataclasses import replace

from lthedu import data
from lthedu.experiments import paper_results
from lthedu.lessons.begin_with_more import studies, widths
from lthedu.lessons.begin_with_more.experiment import SIZES
from lthedu.paper import runs


def test_every_study_is_in_the_stored_table(tmp_path, monkeypatch, mnist) -> None:
    monkeypatch.setattr(data, "load", lambda name, **_: mnist.first(200, 50, 50))
    monkeypatch.setattr(studies, "SCHEDULES", {"12 steps": SIZES.tiny})
    every = (*widths.FROM_TICKET, *widths.SMALL)
    monkeypatch.setattr(studies, "WIDTHS", {"tickets": replace(widths.SIZES.tiny, arms=every)})
    found = paper_results.read(runs.run("begin_with_more", tmp_path))
    assert found.complete
    assert set(found.settings) == set(found.table["study"]) == {"12 steps", "tickets"}
    of = found.table[found.table["study"] == "tickets"]
    assert list(of["arm"].unique()) == list(every)
    assert found.table[found.table["study"] == "12 steps"]["integral"].notna().all()
