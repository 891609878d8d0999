"""Which statements an answer needs, whether there is one, and what a person should look at."""

import pytest

from lthedu.course.grading.reading import read

CHECK = 'f = check("2.1", f)'


def the(*cells, given=None):
    return read(cells, {"2.1": "f"}, given or {"2.1": "..."}).answers["2.1"]


def run(answer):
    space = {}
    for _, _, source in answer.slice:
        exec(source, space)
    return space["f"]


def test_an_answer_takes_its_imports_helpers_and_constants_along_and_nothing_else():
    cells = [
        "import math, os\nfrom math import pi as p",
        "K = [2]\nK.append(1)\nprint('loud')\nraise SystemExit",
        f"def f(x):\n    return g(x) * K[1] + p * 0\n{CHECK}",
        "for i in range(3):\n    mask = 1 / 0\n",
        "def g(mask):\n    return math.sqrt(mask)",
    ]
    answer = the(*cells)
    assert answer.state == "answered"
    assert answer.checked
    assert run(answer)(4) == 2
    assert {cell for cell, _, _ in answer.slice} == {1, 2, 3, 5}


@pytest.mark.parametrize("other", ["...", "return x < 1", "return 7"])
def test_an_exercise_that_is_not_assigned_is_the_courses_own_until_it_is_answered(other):
    cells = [f'def sqrt(x):\n    {other}\n\nsqrt = check("2.0", sqrt)', f"def f(x):\n    return sqrt(x)\n{CHECK}"]
    others = {"sqrt": ["return x < 1", "from math import sqrt"]}
    answer = read(cells, {"2.1": "f"}, {"2.1": "..."}, others).answers["2.1"]
    assert run(answer)(4) == (7 if "7" in other else 2)


@pytest.mark.parametrize(
    ("cells", "state"),
    [
        ([f"def f(x):\n    ...\n{CHECK}"], "empty"),
        ([f'def f(x):\n    """Doc."""\n    pass\n{CHECK}'], "empty"),
        (["x = 1"], "missing"),
        ([f"def f(x:\n    return 1\n{CHECK}"], "broken"),
        ([f"f = lambda x: x\n{CHECK}"], "answered"),
        (["def f(x): return x"], "answered"),
        ([f"def f(x): return 1\n{CHECK}", "def f(x): ..."], "answered"),  # the last that is no stub
        (["def f(x:", "def f(x): return 1"], "answered"),
        ([f"%time import os\n!ls\ndef f(x): return 1\n{CHECK}"], "answered"),
        (["%%bash\nls", f"def f(x): return 1\n{CHECK}"], "answered"),
        (["class f:\n    pass"], "answered"),
        (["if True:\n    def f(x): return 1"], "answered"),
    ],
)
def test_whether_there_is_an_answer(cells, state):
    assert the(*cells).state == state


def test_the_code_of_a_bug_that_was_handed_out_is_no_answer():
    given = {"2.1": "return x < 1"}
    assert the("def f(x):\n    return   x<1  # the bug", given=given).state == "empty"
    assert the("def f(x):\n    return x <= 1", given=given).state == "answered"


def test_one_cell_that_cannot_be_read_costs_only_what_stands_in_it():
    found = read([f"def f(x): return 1\n{CHECK}", "def h(:"], {"2.1": "f", "2.2": "h"}, {})
    assert found.answers["2.1"].state == "answered"
    assert found.answers["2.2"].state == "broken"
    assert found.broken == (2,)


@pytest.mark.parametrize(
    ("source", "sign"),
    [
        ("import gc", "imports gc"),
        ("import sys\nsys._getframe(1)", "reads ._getframe"),
        ("import torch\ntorch.equal = lambda a, b: True", "changes torch.equal"),
        ("def check(n, f): return f", "defines its own check"),
        ("check = print", "defines its own check"),
        ("from lthedu.course.catalogue import find", "imports lthedu.course.catalogue"),
        ("x = find('2.1').reference", "reads .reference"),
        ("exec('1')", "uses exec"),
    ],
)
def test_signs_for_a_persons_eye(source, sign):
    assert f"{sign} (cell 1)" in read([source], {}, {}).signs


def test_ordinary_code_shows_no_sign():
    source = "import torch\ndef f(net):\n    net.weight = 1\n    return [m for m in net.modules()]"
    assert read([source], {}, {}).signs == ()


def test_what_check_gave_under_another_name_is_there_for_later_cells():
    cells = ['def f(x):\n    return 2 * x\ng = check("2.1", f)', "def h(x):\n    return g(x) + 1"]
    answer = read(cells, {"2.2": "h"}, {}).answers["2.2"]
    space = {"check": lambda number, function: function}
    for _, _, source in answer.slice:
        exec(source, space)
    assert space["h"](3) == 7


def test_the_id_is_read_from_the_first_cell():
    assert read(['assignment("ps1", student=" S1 ")  # your id'], {}, {}).identity == " S1 "


LONG = (
    "def f({x}, n):\n    {t} = 0\n    for i in range(n):\n        {t} += {x}[i] * i + max({t}, 3)\n    return {t} / n"
)


def test_a_tree_does_not_depend_on_names_comments_and_layout():
    one, other = LONG.format(x="x", t="total"), LONG.format(x="numbers", t="s").replace("return", "# so\n\n    return")
    assert the(one).tree == the(other).tree != ""
    assert the(one.replace("+ max", "- max")).tree != the(one).tree
    assert the("def f(x): return x + 1").tree == ""  # too small to tell anything


def test_what_the_grader_puts_in_a_stubs_place_is_no_sign():
    others = {"g": ["...", "from lthedu.lessons.winning_tickets.exercises import g"]}
    stub, real = "def g(x):\n    ...", others["g"][1]
    assert read([stub, "def f(x):\n    return g(x)"], {"1.1": "f"}, {}, others).signs == ()
    assert read([stub, real], {"1.1": "f"}, {}, others).signs == (
        "imports lthedu.lessons.winning_tickets.exercises (cell 2)",
    )
