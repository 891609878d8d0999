"""What was measured as text, as a picture and as JSON."""

import json

from matplotlib.figure import Figure
from matplotlib.image import imread

from lthedu.bench.report import Report, Table, table


def test_a_table_is_aligned():
    lines = table(("n", "solver", "rate"), [("4", "a", "1"), ("12", "bcdefgh", "1,000")], words=2)
    assert lines == ["n   solver    rate", "4   a            1", "12  bcdefgh  1,000"]


BARS = Table("ms", {"a": [1.0, 3.0], "b": [2.0, 2.0]}, ("what",), {"share": ["", "50%"]})
CURVES = Table("s", {("1", "a"): [1.0], ("2", "a"): [4.0], ("1", "b"): [3.0]}, ("n", "solver"), along="n")


def test_a_report_prints_its_tables_and_writes_every_number_and_a_picture(tmp_path):
    report = Report("speed", "A title", [BARS, ["Some words"]], curves=[CURVES], here="here")
    title, here, *lines = str(report).splitlines()
    assert (title, here) == ("A title", "here")
    assert lines == ["", *BARS.lines(), "", "Some words"]
    report.write(tmp_path / "below")
    assert sorted(path.name for path in (tmp_path / "below").iterdir()) == ["speed.json", "speed.png"]
    found = json.loads((tmp_path / "below" / "speed.json").read_text(encoding="utf-8"))
    assert (found["title"], found["machine"]) == ("A title", "here")
    assert found["tables"][0]["rows"] == [{"name": ["a"], "rounds": [1.0, 3.0]}, {"name": ["b"], "rounds": [2.0, 2.0]}]
    assert found["tables"][0]["more"] == {"share": ["", "50%"]}
    assert found["tables"][1]["rows"][1] == {"name": ["2", "a"], "rounds": [4.0]}
    assert imread(tmp_path / "below" / "speed.png").std() > 0


def test_curves_go_through_medians_and_bars_from_minimum_to_maximum():
    bars, curves = Figure().subplots(2)
    BARS.draw(bars)
    assert [patch.get_width() for patch in bars.patches] == [2.0, 2.0]
    assert [segment[:, 0].tolist() for segment in bars.collections[0].get_segments()] == [[1.0, 3.0], [2.0, 2.0]]
    CURVES.draw(curves)
    lines = {each.get_label(): each.lines[0] for each in curves.containers}
    assert {label: line.get_xydata().tolist() for label, line in lines.items()} == {
        "a": [[1.0, 1.0], [2.0, 4.0]],
        "b": [[1.0, 3.0]],
    }
