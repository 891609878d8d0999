"""From submissions to grades: what each is worth and told, and that nobody's answer changes anybody else's grade."""

import csv
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import nbformat
import pytest
from course.grading.cheats import CHEATS, NOTEBOOK, RIGHT

from lthedu.base.fingerprint import digest_of
from lthedu.course import teaching
from lthedu.course.assigning.wheel import unpack
from lthedu.course.catalogue import find
from lthedu.course.grading import one
from lthedu.course.grading.box import Box, _bubblewrap, no_sandbox
from lthedu.course.grading.grade import Run, _earlier, _moved, grade, load
from lthedu.course.grading.groups import Limits, group_kind
from lthedu.course.grading.judge import judge
from lthedu.course.grading.pages import stems
from lthedu.course.grading.reading import read
from lthedu.course.grading.show import shown
from lthedu.course.grading.submissions import Handed, Submission

HOSTILE = {
    "ends": {"2.3": "import os\ndef paired_test(a, b):\n    os._exit(0)"},
    "ends_at_once": {"2.3": "import os\nx = os._exit(3)\ndef paired_test(a, b):\n    return x"},
    "loops": {
        "2.3": """
            def paired_test(a, b):
                while True:
                    try:
                        pass
                    except BaseException:
                        pass
            """
    },
    "sleeps": {"2.3": "import time\ndef paired_test(a, b):\n    time.sleep(1000)"},
    "raises_when_read": {
        "2.3": "class X(list):\n    def __iter__(self): raise SystemExit\ndef paired_test(a, b):\n    return X()"
    },
    "broken": {"2.3": "def paired_test(a, b:"},
    "raises": {"2.3": "1 / 0\ndef paired_test(a, b):\n    return a[1000]"},
    "needs_what_raises": {"2.3": "x = 1 / 0\ndef paired_test(a, b):\n    return x"},
    "returns_odd_things": {
        "2.3": "class X:\n    def __float__(self): raise SystemExit\ndef paired_test(a, b):\n    return X()"
    },
    "patches": {"2.3": "import math\nmath.isclose = lambda *a, **k: True\ndef paired_test(a, b):\n    return 0.0, 1.0"},
    "library": {"2.3": "from lthedu.stats import paired_test"},
    "memorised": {"2.3": "def paired_test(a, b):\n    return (0.0, 0.0)"},
}
WORDS = {
    "ends": ("ENDED", "exit status 0"),
    "ends_at_once": ("ENDED", "exit status 3"),
    "loops": ("TOO SLOW", "not done"),
    "sleeps": ("TOO SLOW", "not done"),
    "broken": ("BROKEN", "never closed"),
    "raises": ("RAISED", "IndexError"),
    "needs_what_raises": ("RAISED", "ZeroDivisionError"),
    "returns_odd_things": ("WRONG", "expected two numbers"),
    "raises_when_read": ("WRONG", "cannot be read: SystemExit"),
    "patches": ("WRONG", "the first number"),
    "library": ("RAISED", "sealed for ps1"),
    "memorised": ("WRONG", ""),
}


def sources(answers):
    return {number: textwrap.dedent(source).strip() for number, source in answers.items()}


@pytest.fixture
def hand_in(tmp_path, student):
    def put(name, identity="", **answers):
        path = tmp_path / "in" / name / NOTEBOOK
        path.parent.mkdir(parents=True)
        text = nbformat.writes(student(**sources(answers)))
        path.write_text(text.replace('student=\\"\\"', f'student=\\"{identity}\\"'))
        return tmp_path / "in"

    return put


def graded(folder, assignment, out, protected=False, **settings):
    limits = settings.pop("limits", Limits(cpu=2, idle=2))
    said = []
    grade([folder], assignment, out, Run(7, protected=protected, limits=limits, **settings), said=said.append)
    with (out / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    results = {p.stem: json.loads(p.read_text()) for p in (out / "results").glob("*.json")}
    return rows, results, said


def everything(out):
    return {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file() and p.name != ".lock"}


def test_right_wrong_and_empty(hand_in, assignment, tmp_path):
    hand_in("ada", "s1", **RIGHT)
    hand_in("blank")
    tuned = RIGHT["2.1"].replace("masks.apply(kept[-1], initial)", "initial if level == 0 else after")
    folder = hand_in("bob", "s11", **(RIGHT | {"2.1": tuned}))
    (tmp_path / "ids.txt").write_text("S1\nS2\n")
    rows, results, said = graded(folder, assignment, tmp_path / "out", roster=tmp_path / "ids.txt")
    assert said[0].startswith("No sandbox: answers run with your rights")
    assert [rows[n]["sum of exercises"] for n in ("ada", "blank", "bob")] == ["6", "0", "3"]
    assert "reference" not in rows["ada"]["flags"]
    assert {row["page"] for row in rows.values()} == {"0"}  # nobody answered
    assert {row["total"] for row in rows.values()} == {"0", "3", "6"}
    assert said[1:] == ["3 submissions, 3 to grade."]
    assert [rows[n]["flags"] for n in ("ada", "blank")] == ["2.3: the same code as bob", "the id is missing"]
    assert rows["bob"]["flags"].endswith("; the id 's11' is not on the roster")
    assert "in no submission</h2><ul><li>S2</li>" in (tmp_path / "out" / "class.html").read_text()
    found = results["bob"]["exercises"]["find_tickets"]
    assert found["word"] == "WRONG"
    assert "fine-tuning" in found["sentence"]
    assert {e["word"] for e in results["blank"]["exercises"].values()} == {"EMPTY"}
    assert "fine-tuning" in (tmp_path / "out" / "bob.html").read_text()
    assert "fine-tuning" in (tmp_path / "out" / "class.html").read_text()


@pytest.mark.full
def test_one_answer_is_shown_with_other_seeds(hand_in, assignment, tmp_path):
    tuned = RIGHT["2.1"].replace("masks.apply(kept[-1], initial)", "initial if level == 0 else after")
    graded(hand_in("bob", **{"2.1": tuned}), assignment, tmp_path / "out")
    words = list(shown("bob", "2.1", tmp_path / "out", assignment))
    assert "With seed 5: WRONG." in "\n".join(words)


@pytest.fixture(scope="module")
def box(assignment, tmp_path_factory):
    """One box for all of them, in a sandbox where there is one; out of its environment nothing comes in."""
    assigned, folder = load(assignment), tmp_path_factory.mktemp("sealed")
    unpack(assigned.wheel, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET", "1")
        with Box(folder, Limits(cpu=2, idle=2), protected=not no_sandbox(), warm=assigned.warm) as box:
            yield box


def judged(box, number, source):
    exercise = find(number)
    return judge(box, exercise, read([textwrap.dedent(source)], {number: exercise.name}, {}).answers[number], seed=7)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_the_worst_answers_are_told(name, box):
    word, part = WORDS[name]
    verdict = judged(box, "2.3", HOSTILE[name]["2.3"])
    assert (verdict.word, part in verdict.sentence) == (word, True), verdict
    assert judged(box, "2.3", RIGHT["2.3"]).word == "RIGHT"  # the next one


def test_an_answer_may_call_an_exercise_that_is_not_assigned(box, assignment, student):
    calls = 'random_mask({"w": torch.tensor([True])}, torch.Generator())["w"].item() or 1 / 0'
    answer = "import torch\n" + sources(RIGHT)["2.3"].replace("    found =", f"    {calls}\n    found =")
    cells = [cell.source for cell in student(**{"2.3": answer}).cells if cell.cell_type == "code"]
    for others, word in (({}, "RAISED"), (load(assignment).others, "RIGHT")):
        found = read(cells, {"2.3": "paired_test"}, {}, others).answers["2.3"]
        assert judge(box, find("2.3"), found, seed=7).word == word


def test_two_ids_of_one_student_are_a_flag(box, assignment):
    two = {name: Handed((f'assignment("ps1", student="{who}")',)) for name, who in ((NOTEBOOK, "S1 "), ("b", "s2"))}
    found = one.graded(box, load(assignment), Submission("ada", two), seed=7)
    assert found["flags"] == ["its notebooks have different ids: s1, s2"]
    alike = Submission("ada", two | {"b": Handed(('assignment("ps1", student="s1")',))})
    assert one.graded(box, load(assignment), alike, seed=7)["flags"] == []


def test_no_other_copy_of_the_course_is_seen_in_the_box(tmp_path, monkeypatch):
    copies = [
        tmp_path / "lib" / "python3.12" / "site-packages",
        tmp_path / "local" / "lib" / "python3.12" / "dist-packages",
    ]
    for packages in copies:
        (packages / "lthedu").mkdir(parents=True)
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    command = _bubblewrap(tmp_path / "sealed", {})
    for packages in copies:
        at = command.index(str(packages / "lthedu"))
        assert command[at - 1] == "--tmpfs"
        assert at > command.index(str(tmp_path))


@pytest.mark.full
def test_the_worst_submissions_cost_only_what_they_break(hand_in, assignment, tmp_path):
    for name, answers in HOSTILE.items():
        folder = hand_in(name, **(RIGHT | answers))
    hand_in("honest", **RIGHT)
    rows, results, _ = graded(folder, assignment, tmp_path / "out")
    for name, (word, part) in WORDS.items():
        found = results[name]["exercises"]["paired_test"]
        assert (found["word"], part in found["sentence"]) == (word, True), (name, found)
        others = {n: e["word"] for n, e in results[name]["exercises"].items() if n != "paired_test"}
        assert others == {"find_tickets": "RIGHT", "freeze_pruned": "RIGHT"}, name
    assert rows["honest"]["sum of exercises"] == "6"


@pytest.mark.full
def test_an_honest_grade_does_not_depend_on_who_else_is_graded_or_when(hand_in, assignment, tmp_path):
    folder = hand_in("honest", **RIGHT)
    graded(folder, assignment, tmp_path / "alone")
    for name in ("ends", "patches"):
        hand_in(name, **(RIGHT | HOSTILE[name]))
    graded(folder, assignment, tmp_path / "among", jobs=2)
    graded(folder, assignment, tmp_path / "again")
    alone, among = everything(tmp_path / "alone"), everything(tmp_path / "among")
    for name in ("results/honest.json", "sources/honest.py"):
        path = next(p for p in alone if p.as_posix() == name)
        assert alone[path] == among[path]
    assert among == everything(tmp_path / "again")


@pytest.mark.full
def test_answers_that_know_the_public_inputs_are_flagged(hand_in, assignment, tmp_path):
    from lthedu.exercises.core import Attempt

    calls = []
    reference = find("2.3").reference
    find("2.3").check(Attempt(lambda a, b: calls.append((a, b, reference(a, b))) or calls[-1][2]))
    table = {repr((a, b)): result for a, b, result in calls}
    folder = hand_in("bob", **(RIGHT | {"2.3": f"T = {table!r}\ndef paired_test(a, b):\n    return T[repr((a, b))]"}))
    rows, results, _ = graded(folder, assignment, tmp_path / "out")
    assert results["bob"]["exercises"]["paired_test"]["word"] == "RAISED"
    assert "2.3 passes the public check and fails with other inputs" in rows["bob"]["flags"]


@pytest.mark.full
def test_one_who_copies_is_seen(hand_in, assignment, tmp_path):
    hand_in("ada", **RIGHT)
    other = RIGHT["2.1"].replace("kept", "found").replace("after", "trained")
    folder = hand_in("bob", **{"2.1": other})
    rows, _, _ = graded(folder, assignment, tmp_path / "out")
    assert "2.1: the same code as bob" in rows["ada"]["flags"]
    assert "2.1: the same code as ada" in rows["bob"]["flags"]
    page = (tmp_path / "out" / "class.html").read_text()
    assert "<h2>Who has the same, the fewest first</h2><ul><li>2.1: the same code (2): ada, bob</li></ul>" in page
    for page in (tmp_path / "out" / "feedback").iterdir():
        text = page.read_text()
        assert f"<h1>{page.stem}</h1>" in text
        assert not [word for word in ("ada", "bob", "same code", "look at") if word in text.replace(page.stem, "")]


@pytest.mark.full
def test_ctrl_c_at_any_moment_loses_nothing(hand_in, assignment, tmp_path):
    folder, out = hand_in("a", **RIGHT), tmp_path / "out"
    limits = "--seed 7 --without-sandbox --jobs 2"
    command = [sys.executable, *f"-m lthedu grade {folder} --assignment {assignment} --out {out} {limits}".split()]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's "&" ignores it
    )
    until = time.monotonic() + 300
    while not (out / ".lock").exists() and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it: to all of them
    assert "Traceback" not in process.communicate(timeout=300)[1]
    assert process.returncode == 130
    subprocess.run(command, check=True)
    assert (out / "results" / "a.json").exists()


def lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.full
def test_a_killed_grader_goes_on_and_ends_alike(hand_in, student, assignment, tmp_path):
    for name in ("a", "b", "c", "d"):
        folder = hand_in(name, **RIGHT)
    for name in ("18_os_exit_1", "t1_loop", "t1_syntax_error"):
        CHEATS[name].write(folder / name, student())
    graded(folder, assignment, tmp_path / "whole", protected=not no_sandbox(), limits=Limits(cpu=2))
    limits = f"--seconds 2 --seed 7 {'--without-sandbox' if no_sandbox() else ''}"
    command = f"-m lthedu grade {folder} --assignment {assignment} --out {tmp_path / 'out'} {limits}"
    process = subprocess.Popen([sys.executable, *command.split()], start_new_session=True)
    until = time.monotonic() + 600
    while not list((tmp_path / "out").glob("results/*.json")) and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.wait()
    until = time.monotonic() + 60
    while lives(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not lives(process.pid)  # of its workers none stays behind
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out" / "results").glob("*.json")}
    assert before
    subprocess.run([sys.executable, *command.split()], check=True)
    after = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out" / "results").glob("*.json")}
    assert len(before) < len(after) == 7
    assert before.items() <= after.items()  # what was graded was not graded again
    assert everything(tmp_path / "whole") == everything(tmp_path / "out")


@pytest.mark.full
def test_a_changed_submission_is_graded_again(hand_in, student, assignment, tmp_path):
    folder = hand_in("ada", **RIGHT)
    graded(folder, assignment, tmp_path / "out")
    nbformat.write(student(), folder / "ada" / NOTEBOOK)
    rows, _, _ = graded(folder, assignment, tmp_path / "out")
    assert rows["ada"]["sum of exercises"] == "0"


def test_an_earlier_result_moves_where_a_name_like_its_own_comes_in(tmp_path):
    for name in ("results/ada.json", "ada.html", "feedback/ada.html", "sources/ada.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{"name": "ada"}')
    names = stems(["Ada", "ada"])
    _moved(tmp_path, _earlier(tmp_path), names)
    left = [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()]
    assert left == [f"results/{names['ada']}.json"] != ["results/ada.json"]
    (tmp_path / left[0]).write_text("{")
    with pytest.raises(ValueError, match=r"is damaged .*; delete it and grade that submission again"):
        _earlier(tmp_path)


def test_without_a_terminal_every_tenth_of_the_way_is_told(tmp_path, monkeypatch, capsys):
    def pretended(*args, report, **settings):
        for done, in_all in [(0, 0), *((i, 30) for i in range(31))]:
            report(done, in_all, "")
        return tmp_path / "grades.csv"

    monkeypatch.setattr("lthedu.course.grading.grade.grade", pretended)
    teaching.grade([tmp_path], tmp_path, tmp_path / "out")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:-1] == [f"graded {done} of 30" for done in range(3, 31, 3)]


def showing(folder, name, *texts):
    """Put cells with these outputs at the end of a student's notebook."""
    path = folder / name / NOTEBOOK
    notebook = nbformat.read(path, as_version=4)
    outputs = [nbformat.v4.new_output("display_data", {"text/plain": text}) for text in texts]
    notebook.cells += [nbformat.v4.new_code_cell(f"# {len(notebook.cells)}", outputs=[one]) for one in outputs]
    nbformat.write(notebook, path)


@pytest.mark.full  # two answering processes
def test_a_claim_whose_digest_came_in_before_its_run_is_known_from_one_that_did_not(hand_in, assignment, tmp_path):
    cards = {name: f"Registered: {digest_of(f'question: Why, {name}?')}\nquestion: Why, {name}?" for name in "ab"}
    digests = {name: digest_of(f"question: Why, {name}?") for name in "ab"}
    for name in "ab":
        folder = hand_in(name)
    showing(folder, "a", cards["a"])  # b registers when the run is there
    out = tmp_path / "out"
    _, results, _ = graded(folder, assignment, out)
    assert [results[n]["registered"] for n in "ab"] == [{digests["a"]: "not run"}, {}]
    for name in "ab":
        run = f"REFUTED by its own rule: Why?\nRegistration: {digests[name]}"
        showing(folder, name, cards[name], run)
    _, results, _ = graded(folder, assignment, out)
    assert [results[n]["deposited"] for n in "ab"] == [[digests["a"]], []]
    pages = {name: (out / f"{name}.html").read_text(encoding="utf-8") for name in "ab"}
    assert f"{digests['a']}: REFUTED by its rule; its digest came in earlier, without a run" in pages["a"]
    assert f"{digests['b']}: REFUTED by its rule; whether it is older than its run is not known" in pages["b"]
    lines = [*shown("a", "2.1", out, assignment)]
    assert f"Registered claim {digests['a']}: REFUTED by its rule; its digest came in earlier, without a run" in lines


def answered(folder, name, text):
    path = folder / name / NOTEBOOK
    notebook = nbformat.read(path, 4)
    notebook.cells[-1].source = text
    nbformat.write(notebook, path)


def test_marks_by_hand_stay_whoever_is_graded_later(hand_in, assignment, tmp_path):
    for name in ("ada", "Müller"):
        folder = hand_in(name)
        answered(folder, name, f"Because of {name}.")
    out = tmp_path / "out"
    _, _, said = graded(folder, assignment, out)
    assert said[-1].startswith(f"To be marked in {out / 'marks.csv'}: the answers in words of 2.")
    with (out / "marks.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [(row["name"], row["points"], row["answer"]) for row in rows] == [
        ("Müller", "", "Because of Müller."),
        ("ada", "", "Because of ada."),
    ]
    lines = ["name;column;points;why;answer", "Müller;page;6,5;clear;Because of Müller.", "ada;2.1;1.5;half <right>;"]
    (out / "marks.csv").write_text("\r\n".join(lines), encoding="utf-8-sig")  # as a spreadsheet in German saves it
    with (out / "grades.csv").open("a") as file:
        file.write("my own row\n")
    rows, _, said = graded(folder, assignment, out)
    assert [rows["Müller"][c] for c in ("page", "total", "of all")] == ["6.5", "6.5", "14"]
    assert [rows["ada"][c] for c in ("2.1 find_tickets", "sum of exercises", "page", "total")] == ["1.5", "1.5", "", ""]
    assert said[1] == "2 submissions, 0 to grade."
    assert "grades-changed-1.csv" in said[2]
    assert "my own row" in (out / "grades-changed-1.csv").read_text()
    for place in (out, out / "feedback"):
        assert "1.5 of 3. Marked by hand: half &lt;right&gt;" in (place / "ada.html").read_text()
    (tmp_path / "late" / "zoe").mkdir(parents=True)
    (tmp_path / "late" / "zoe" / "essay.rar").write_text("")
    later, _, said = graded(tmp_path / "late", assignment, out)
    assert said[1:3] == [
        "1 submission, 1 to grade; 2 others graded before stay in the grades.",
        "No notebook from 1 of 3: zoe",
    ]
    assert later["zoe"]["problems"] == "no notebook; handed in: essay.rar"
    assert {name: later[name] for name in rows} == rows
    answered(folder, "Müller", "Another answer.")
    rows, _, _ = graded(folder / "Müller", assignment, out)  # a folder of one notebook
    assert rows.keys() == {"Müller", "ada", "zoe", NOTEBOOK.removesuffix(".ipynb")}


def test_what_is_refused_before_anything_is_graded(hand_in, assignment, tmp_path, monkeypatch):
    folder = hand_in("ada")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds something else than grades"):
        graded(folder, assignment, tmp_path / "other")
    (tmp_path / "ids.txt").write_text("S1\nS2\n s1\n")
    with pytest.raises(ValueError, match=r"ids\.txt: 's1' stands there twice, on the lines 1 and 3"):
        graded(folder, assignment, tmp_path / "out", roster=tmp_path / "ids.txt")
    (tmp_path / "ids.txt").write_text("\n")
    with pytest.raises(ValueError, match=r"ids\.txt holds no id; allowed: one on each line"):
        graded(folder, assignment, tmp_path / "out", roster=tmp_path / "ids.txt")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "marks.csv").write_text("name,column,points\nada,page,9\n")
    with pytest.raises(ValueError, match=r"marks.csv, line 2: points are '9'; allowed: a number from 0 to 8"):
        graded(folder, assignment, tmp_path / "out")
    (tmp_path / "out" / "marks.csv").unlink()
    (tmp_path / "out").rmdir()
    with pytest.raises(ValueError, match="--assignment names the folder"):
        graded(folder, tmp_path, tmp_path / "out")
    monkeypatch.setattr("lthedu.course.grading.grade.no_sandbox", lambda: "bubblewrap is not installed")
    with pytest.raises(ValueError, match="--without-sandbox"):
        graded(folder, assignment, tmp_path / "out", protected=True)
    with pytest.raises(ValueError, match="the cluster's address is 'here'; allowed"):
        graded(folder, assignment, tmp_path / "out", cluster="here")
    assert not (tmp_path / "out").exists()


def test_a_sealed_wheel_that_was_changed_is_refused(assignment, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(assignment, copy)
    (wheel,) = (copy / "sealed").iterdir()
    wheel.write_bytes(wheel.read_bytes() + b"x")
    with pytest.raises(OSError, match=r"is damaged"):
        load(copy)


BOX = """
import os, socket, sys, subprocess

def tried(do):
    try:
        return repr(do())
    except BaseException as error:
        return type(error).__name__

SEEN = [
    tried(lambda: open("/home/answer/own", "w").write("mine")),
    tried(lambda: open("/sealed/lthedu/stats.py", "a")),
    tried(lambda: open("/etc/passwd").read()),
    tried(lambda: os.listdir(FOLDER)),
    tried(lambda: socket.create_connection(("127.0.0.1", 80), 2)),
    tried(lambda: len([p for p in os.listdir("/proc") if p.isdigit()])),
    tried(lambda: open("/proc/1/mem", "rb").read(1)),
    tried(lambda: os.kill(1, 9)),
    tried(lambda: sorted(os.environ) and os.environ.get("SECRET")),
    tried(lambda: os.listdir("/home/answer")),
    tried(lambda: __import__("lthedu.stats").__file__),
]

def paired_test(a, b):
    raise ValueError(SEEN)
"""


SEEN = [
    "'4'",  # its own folder is empty at first and can be written
    "'OSError'",  # read-only
    "'FileNotFoundError'",
    "'FileNotFoundError'",
    "'ConnectionRefusedError'",  # a loopback of its own
    "'2'",  # the process that serves, and its own
    "'PermissionError'",
    "'None'",  # a signal that does not arrive
    "'None'",
    "\"['own']\"",
    "\"'/sealed/lthedu/__init__.py'\"",
]
LEAVES = "import os, time\ndef freeze_pruned(g, w, m):\n    os.fork() or time.sleep(777)\n    return g * m"
FORKS = "import os\ndef freeze_pruned(g, w, m):\n    while True:\n        try: os.fork()\n        except OSError: pass"
sandboxed = pytest.mark.skipif(bool(no_sandbox()), reason=f"no sandbox: {no_sandbox()}")


@sandboxed
def test_in_the_sandbox_there_is_nothing_to_find(box, tmp_path):
    looks = BOX.replace("FOLDER", repr(str(tmp_path)))
    assert f"[{', '.join(SEEN)}]" in judged(box, "2.3", looks).sentence
    assert judged(box, "2.4", LEAVES).word == "RIGHT"
    assert judged(box, "2.4", FORKS).word == "TOO SLOW"
    assert f"[{', '.join(SEEN)}]" in judged(box, "2.3", looks).sentence  # nothing is left of the others
    assert judged(box, "2.3", RIGHT["2.3"]).word == "RIGHT"


BOMBS = {
    "of one process": ("n10_memory_bomb", "RAISED", "MemoryError"),
    "that no limit of a process counts": ("n30_memory_that_no_limit_counts", "ENDED", "signal 9"),
}
MANY = """
import os
def freeze_pruned(grad, weight, mask):
    for child in range(12):
        if not os.fork():
            held = [bytearray(b"x") * 10**7 for _ in range(15)]
            while True: pass
    raise ValueError(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.full
@sandboxed
@pytest.mark.skipif(group_kind() is None, reason="nothing here limits the memory of a whole box")
def test_memory_bombs_are_stopped_by_memory(assignment, tmp_path):
    unpack(load(assignment).wheel, tmp_path / "sealed")
    limits = Limits(cpu=120, idle=120, memory=2**30)  # so much time that none of it can be what stops them
    with Box(tmp_path / "sealed", limits, protected=True, warm=load(assignment).warm) as box:
        for name, word, told in BOMBS.values():
            verdict = judged(box, "2.4", CHEATS[name].answer("2.4"))
            assert (verdict.word, told in verdict.sentence) == (word, True), verdict
            assert judged(box, "2.3", RIGHT["2.3"]).word == "RIGHT"
        assert judged(box, "2.4", MANY).sentence == "it raised ValueError: -9"  # one of its children was killed
        assert judged(box, "2.3", RIGHT["2.3"]).word == "RIGHT"
