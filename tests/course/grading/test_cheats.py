"""Nobody earns what they did not answer, and nobody harms what others earn: cheats.txt, and honest ones among them."""

import json
import textwrap
from collections import defaultdict

import pytest
from course.grading.cheats import CHEATS, RIGHT, Cheat
from course.grading.test_grade import graded, sandboxed

from lthedu.course.grading.groups import Limits

MANY = 300  # in a class
LIMITS = Limits(cpu=2, idle=2, memory=2**30)
HONEST = ("a_honest", "m_honest", "z_honest")
TUNED = RIGHT["2.1"].replace("masks.apply(kept[-1], initial)", "after if level else initial")


@pytest.mark.full
@sandboxed
def test_no_cheat_earns_and_no_honest_grade_changes(student, assignment, tmp_path):
    submissions = dict(CHEATS) | {name: Cheat(6, "RIGHT", "") for name in HONEST}
    submissions["n_half"] = Cheat(3, "WRONG", "fine-tuning", {"2.1": textwrap.dedent(TUNED)})
    for name, cheat in submissions.items():
        cheat.write(tmp_path / "in" / name, student())
    honest = (*HONEST, "n_half")
    for name in honest:
        submissions[name].write(tmp_path / "few" / name, student())
    graded(tmp_path / "few", assignment, tmp_path / "alone", protected=True, limits=LIMITS)
    rows, results, _ = graded(tmp_path / "in", assignment, tmp_path / "among", protected=True, limits=LIMITS)
    for name in honest:
        alone, among = ((tmp_path / kind / "results" / f"{name}.json").read_bytes() for kind in ("alone", "among"))
        assert alone == among
    assert "and 4980 other signs" in rows["n34_five_thousand_signs"]["flags"]
    found, expected = {}, {}
    for name, cheat in submissions.items():
        exercises = results[name]["exercises"].values()
        first = next((e for e in exercises if e["word"] != "RIGHT"), {"word": "RIGHT", "sentence": ""})
        told = cheat.told if cheat.told in first["sentence"] else first["sentence"]
        found[name] = (int(rows[name]["sum of exercises"]), first["word"], told)
        expected[name] = (cheat.points, cheat.word, cheat.told)
    (tmp_path / "table.json").write_text(json.dumps(found, indent=1))
    assert found == expected


MIXED = ("honest",) * 4 + ("t1_wrong", "25_no_check_lines", "t1_syntax_error")  # seven of ten mean well


def mixed(n):
    """The kinds of a class of `n`: of ten three cheat, each kind in its turn."""
    cheats = [name for name in CHEATS if name not in MIXED]
    return [MIXED[i % 10] if i % 10 < 7 else cheats[(i // 10 * 3 + i % 10 - 7) % len(cheats)] for i in range(n)]


def hand_in(kinds, folder, student):
    """Write a submission of each kind; give the kind of each by its name."""
    found = {f"s{i:03}": kind for i, kind in enumerate(kinds)}
    for name, kind in found.items():
        CHEATS.get(kind, Cheat(6, "RIGHT", "")).write(folder / name, student())
    return found


@pytest.mark.full
@sandboxed
def test_a_class_of_three_hundred(student, assignment, tmp_path):
    kinds = hand_in(mixed(MANY), tmp_path / "in", student)
    rows, results, _ = graded(tmp_path / "in", assignment, tmp_path / "out", protected=True, jobs=2, limits=LIMITS)
    points = {name: int(row["sum of exercises"]) for name, row in rows.items()}
    assert points == {name: CHEATS[kind].points if kind in CHEATS else 6 for name, kind in kinds.items()}
    alike = defaultdict(set)
    for name, kind in kinds.items():
        plain = {"exercises": results[name]["exercises"], "flags": results[name]["flags"]}
        alike[kind].add(json.dumps(plain).replace(str(tmp_path), ""))
    assert [kind for kind, found in alike.items() if len(found) > 1] == []
    page = (tmp_path / "out" / "class.html").read_text()
    for number in ("find_tickets", "paired_test", "freeze_pruned"):
        right = sum(results[name]["exercises"][number]["word"] == "RIGHT" for name in kinds)
        assert f'{number}</td><td class="n">{right}</td><td class="n">{MANY}</td>' in page
