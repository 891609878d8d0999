"""A small file says what is assigned; whatever is wrong with it is said with the value and what is allowed."""

import pytest

from lthedu.base.course_files import course_path
from lthedu.course.assigning.plan import EXAMPLE, read_plan

BASE = 'lessons = ["02"]\ndeadline = 2026-12-14\n[exercises]\n"2.1" = 3\n'


def plan(tmp_path, text, name="ps1.toml"):
    (tmp_path / name).write_text(text)
    return read_plan(tmp_path / name)


def test_the_example_is_one(tmp_path):
    assert f"```toml\n{EXAMPLE}```" in (course_path("lessons") / "INSTRUCTORS.md").read_text()
    found = plan(tmp_path, EXAMPLE)
    assert found.name == "ps1"
    assert [path.name[:2] for path in found.lessons] == ["02", "09"]
    assert sum(found.points.values()) == 20
    assert {"find_tickets", "paired_test", "first_mask"} <= set(found.points)
    assert found.variants
    assert found.experiment == "once"
    assert [w.points for w in found.written] == [20]
    assert [e.number for e in found.exercises] == ["2.1", "2.2", "2.3", "9.1", "9.2", "9.4", "9.5", "9.6"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lessons =", "is no TOML file"),
        (BASE.replace('["02"]', '"02"'), "lessons is '02'; allowed: numbers or names in quotes"),
        (BASE.replace('"02"', '"77"'), "77"),
        (BASE.replace("2.1", "9.1"), "there is no exercise '9.1' in these lessons; there are: 2.1"),
        (BASE.replace("= 3", '= "3"'), "the points of 2.1 are '3'; allowed: a number from 0 to 1000"),
        (BASE.replace("= 3", "= true"), "the points of 2.1 are True"),
        (BASE.replace("2026-12-14", '"soon"'), "deadline is 'soon'; allowed: a date"),
        ("variant = true\n" + BASE, "'variant' is no setting; allowed: lessons, deadline, variants"),
        ("variants = 1\n" + BASE, "variants is 1; allowed: true, false"),
        ('experiment = "twice"\n' + BASE, 'experiment is \'twice\'; allowed: "none", "once"'),
        ('lessons = ["02"]\ndeadline = 2026-12-14', "exercises is None"),
        (BASE + "[written]\npage = 8", "written.page is 8; allowed: points, and a question"),
        ("written = 3\n" + BASE, "written is 3; allowed: a table"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, said):
    with pytest.raises(ValueError, match=r"ps1\.toml") as error:
        plan(tmp_path, text)
    assert said in str(error.value)


def test_the_file_name_marks_the_assignment(tmp_path):
    with pytest.raises(ValueError, match="marks the assignment"):
        plan(tmp_path, BASE, "my set.toml")
