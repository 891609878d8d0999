"""`lthedu paper ship_it` at tiny size: every study is in the one table, with its settings."""

import pytest

from lthedu import data
from lthedu.experiments import paper_results
from lthedu.lessons.ship_it import files, middle, studies
from lthedu.lessons.ship_it.experiment import SIZES
from lthedu.networks.onnx_file import onnx_is_here
from lthedu.paper import runs


@pytest.mark.skipif(not onnx_is_here(), reason="onnx and onnxruntime are not installed")
def test_every_study_is_in_the_stored_table(tmp_path, monkeypatch, mnist) -> None:
    monkeypatch.setattr(data, "load", lambda name, **_: mnist.first(300, 50, 50))
    monkeypatch.setattr(studies, "SHRUNK", {"pruned": SIZES.tiny, "both": SIZES.tiny, "pooled": SIZES.tiny})
    monkeypatch.setattr(studies, "MIDDLE", middle.SIZES.tiny)
    monkeypatch.setattr(studies, "FILES", files.SIZES.tiny)
    found = paper_results.read(runs.run("ship_it", tmp_path))
    assert found.complete
    assert set(found.settings) == set(found.table["study"]) == {"pruned", "both", "pooled", "middle", "files"}
    assert set(found.table[found.table["study"] == "pooled"]["pixels"]) == {196}
    assert found.table[found.table["study"] == "files"]["ms"].notna().all()
