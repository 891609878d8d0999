"""marks.csv: what a person wrote there is never lost, and whatever cannot be meant is said with its line."""

import pytest

from lthedu.course.grading.marks import apply, read_marks, write_marks

DOCUMENT = {"exercises": {"find_tickets": {"number": "2.1", "points": 3}}, "written": {"page": 8}}
NAMES = ["Ada (1)", "Ada (2)", "Bo (3)"]


def result(name, text="", word="RIGHT"):
    exercises = {"find_tickets": {"word": word, "points": 99, "of": 99}}
    return {"name": name, "exercises": exercises, "written": {"page": text}, "flags": []}


@pytest.fixture
def file(tmp_path):
    def put(*lines):
        (tmp_path / "marks.csv").write_text("\n".join(["name,column,points,why,answer", *lines]))
        return tmp_path / "marks.csv"

    return put


@pytest.mark.parametrize("column", ["2.1", "find_tickets", "2.1 find_tickets"])
@pytest.mark.parametrize("name", ["Bo", "Bo (3)"])
def test_a_mark_stands_above_the_verdict(file, name, column):
    results = [result("Bo (3)"), result("Ada (1)", "Why not?")]
    apply(read_marks(file(f"{name},{column},1.5,"), NAMES, DOCUMENT), results, DOCUMENT)
    assert [r["exercises"]["find_tickets"] for r in results] == [
        {"word": "RIGHT", "points": 1.5, "of": 3},
        {"word": "RIGHT", "points": 3, "of": 3},
    ]
    assert [r["flags"] for r in results] == [["2.1 is RIGHT, and has 1.5 points by hand"], []]
    assert [r["why"] for r in results] == [{"find_tickets": ""}, {}]
    assert [r["marks"] for r in results] == [{"page": 0}, {"page": None}]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Cy,page,3,,", "line 2: name is 'Cy'; there is nobody of this name in the grades"),
        ("Ada,page,3,,", r"line 2: name is 'Ada'; it is several: Ada \(1\), Ada \(2\)"),
        ("Bo,9.9,3,,", "line 2: column is '9.9'; allowed: 2.1, page"),
        ("Bo,2.1,4,,", "line 2: points are '4'; allowed: a number from 0 to 3"),
        ("Bo,page,nan,,", "line 2: points are 'nan'; allowed: a number from 0 to 8"),
        ("Bo,page,3,,\nBo (3),page,4,,", r"line 3: 'page' of 'Bo \(3\)' stands there twice; leave one row"),
    ],
)
def test_what_cannot_be_meant_is_said(file, line, said):
    with pytest.raises(ValueError, match=said):
        read_marks(file(line), NAMES, DOCUMENT)


def test_a_file_of_another_form_is_refused(file):
    path = file()
    path.write_text("who,points\n")
    with pytest.raises(ValueError, match="has no column 'name'; it needs: name, column, points, why"):
        read_marks(path, NAMES, DOCUMENT)
    path.write_bytes("name,column,points\nM\xfc,page,3".encode("latin-1"))
    with pytest.raises(ValueError, match="save it as CSV UTF-8"):
        read_marks(path, NAMES, DOCUMENT)


def test_rows_are_added_and_none_is_lost(file):
    path = file("Bo,page,5,good,one", "Ada (1),page,,,old", "Bo,2.1,1,,")
    text = 'two\n\n"lines", = and ; '
    results = [result("Bo (3)", "one"), result("Ada (1)", text), result("Ada (2)", "=1+1")]
    for _ in range(2):
        marks = read_marks(path, NAMES, DOCUMENT)
        apply(marks, results, DOCUMENT)
        write_marks(path, marks, results)
        rows = read_marks(path, NAMES, DOCUMENT).rows
        assert [(r["name"], r["points"], r["answer"]) for r in rows] == [
            ("Bo", "5", "one"),
            ("Ada (1)", "", text),
            ("Bo", "1", ""),
            ("Ada (2)", "", "'=1+1"),
        ]
    assert not any("page" in flag for r in results for flag in r["flags"])
    before = path.read_bytes()
    results = [result("Bo (3)", "another")]
    apply(read_marks(path, NAMES, DOCUMENT), results, DOCUMENT)
    write_marks(path, read_marks(path, NAMES, DOCUMENT), results)
    assert results[0]["flags"][1:] == ["page: the answer is no longer the one that was marked"]
    assert path.read_bytes() == before
