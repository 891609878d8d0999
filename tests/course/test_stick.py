"""A stick: what each computer needs is worked out and told before, and what is packed installs without any network."""

import ast
import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from lthedu import cli
from lthedu.course.stick import install, plan, write
from lthedu.course.stick.computers import Computer, computers, has_cuda
from lthedu.course.stick.plan import NoWheel, Plan, Wheel, needed, planned, resolved

HERE = computers("this", "this", cuda=False)[0]
SCRIPT = Path(install.__file__)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A little world: the course needs torch and a, a needs b on Windows alone, and b is not installed here."""
    asks = {
        "lthedu": ("0.1.0", ["torch>=2", "A.x>=1", "c; extra == 'speed'", "old; python_version < '3.12'"]),
        "torch": ("2.9.0+cpu", []),
        "a-x": ("1.5", ["b>=3; sys_platform == 'win32'", "d[more]>=1"]),
        "d": ("4.0", ["e; extra == 'more'", "f; extra == 'less'"]),
        "e": ("5.0", ["A_x"]),
    }

    def distribution(name: str):
        if name not in asks:
            raise importlib.metadata.PackageNotFoundError(name)
        return namedtuple("There", "version requires")(*asks[name])

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)


@pytest.mark.usefixtures("installed")
def test_what_a_computer_needs_is_asked_of_that_computer() -> None:
    same = {"a-x": "a-x==1.5", "d": "d==4.0", "e": "e==5.0"}
    assert needed(Computer("linux", "3.12"), {}) == {**same, "torch": "torch==2.9.0+cpu"}
    assert needed(Computer("linux", "3.11"), {}) == {**same, "old": "old", "torch": "torch==2.9.0+cpu"}
    assert needed(Computer("windows", "3.12"), {}) == {**same, "b": "b>=3", "torch": "torch==2.9.0"}
    assert needed(Computer("linux", "3.12", cuda=True), {})["torch"] == "torch===2.9.0"
    told = {"torch": ["cuda-runtime==13; platform_system == 'Linux'", "b<9"]}
    assert needed(Computer("windows", "3.12"), told) == {**same, "b": "b<9,>=3", "torch": "torch==2.9.0"}
    assert "cuda-runtime" in needed(Computer("linux", "3.12"), told)


@pytest.mark.usefixtures("installed")
def test_wheels_are_asked_for_until_none_asks_for_one_more(tmp_path: Path) -> None:
    asks = {"b": ["g>=2"], "g": ["h"]}
    rounds = []

    def report(computer: Computer, wanted: dict[str, str]):
        rounds.append(sorted(wanted))
        for name in wanted:
            (tmp_path / f"{name}-7-py3-none-any.whl").write_bytes(b"12345")
        return [
            {
                "metadata": {"name": name.upper(), "version": "7", "requires_dist": asks.get(name, [])},
                "download_info": {"url": (tmp_path / f"{name}-7-py3-none-any.whl").as_uri()},
            }
            for name in wanted
        ]

    # a-x, read from its own wheel, no longer asks for b; so b must come from the course
    found = resolved(Computer("windows", "3.12"), lambda c, w: report(c, w))
    assert [wheel.name for wheel in found] == ["a-x-7-py3-none-any.whl", "torch-7-py3-none-any.whl"]
    assert {wheel.size for wheel in found} == {5}
    assert rounds[0] == ["a-x", "b", "d", "e", "torch"]
    assert rounds[-1] == ["a-x", "torch"]


def test_what_cannot_be_packed_is_told_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pip(verb: str, *options: str, computer: Computer, lines: list[str]) -> None:
        raise NoWheel(plan._in_words("x\nERROR: No matching distribution found for numba==9\n", lines))

    (tmp_path / "lthedu.whl").write_bytes(b"1")
    monkeypatch.setattr(plan, "pip", pip)
    what = planned([HERE], tmp_path / "lthedu.whl")
    assert f"not for {HERE}: pip finds no wheel of numba==9 for it" in str(what)
    with pytest.raises(ValueError, match="nothing can be packed"):
        write.write_stick(what, tmp_path / "lthedu.whl", tmp_path / "stick", print)
    assert not (tmp_path / "stick").exists()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("ERROR: No matching distribution found for torch==2.9.0+cpu", 'pytorch.org\'s "Get started" page'),
        ("ERROR: Cannot install torch==2.9.0+cpu because of conflicts.\nERROR: ResolutionImpossible", "pytorch.org"),
        ("WARNING: x\nERROR: Could not install: the disk is full\n", "pip says: Could not install: the disk is full"),
        ("No module named pip", "pip says: No module named pip"),
        ("", "pip says: it did not say why"),
    ],
)
def test_pip_s_errors_in_words(said: str, words: str) -> None:
    assert words in plan._in_words(said, ["torch==2.9.0+cpu"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("beos", "this"), "--platform has 'beos'; allowed, with commas between: this, linux, linux-arm, macos, windo"),
        (("", "this"), "--platform has ''"),
        (("linux", "3.10"), "--python has '3.10'; allowed, with commas between: this, 3.11, 3.12 and later"),
        (("linux", "3.12.1"), "--python has '3.12.1'"),
        (("linux", "3.11,"), "--python has ''"),
    ],
)
def test_another_computer_is_refused(words: tuple[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        computers(*words)


def test_the_kind_of_pytorch_is_the_one_installed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for version, cuda in (("2.9.0+cpu", False), ("2.9.0+cu128", True), ("2.9.0", sys.platform == "linux")):
        monkeypatch.setattr(importlib.metadata, "version", lambda _, version=version: version)
        assert has_cuda() is cuda
    assert [one.cuda for one in computers("linux,windows", "3.12,3.12", cuda=True)] == [True, False]


def test_a_folder_with_other_things_and_a_small_disk_are_refused(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "mine.txt").touch()
    course = tmp_path / "lthedu.whl"
    course.write_bytes(b"1")
    what = Plan(Wheel(course.name, "", 1), {HERE: [Wheel("a.whl", "a==1", 3 * 10**9)]})
    with pytest.raises(ValueError, match="holds other things than a stick"):
        write.write_stick(what, course, tmp_path, print)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 10**9))
    with pytest.raises(ValueError, match="has room for 1,000 MB, and the stick needs 3,000 MB"):
        write.write_stick(what, course, tmp_path / "stick", print)
    assert not (tmp_path / "stick").exists()


def test_the_course_s_own_wheel_is_of_this_version(tmp_path: Path) -> None:
    (tmp_path / "lthedu-99-py3-none-any.whl").touch()
    for given in ("lthedu-99-py3-none-any.whl", "none.whl"):
        with pytest.raises(ValueError, match=r"--wheel is .*; allowed: a file lthedu-.*-py3-none-any.whl"):
            write.course_wheel(tmp_path / given, tmp_path)


# What is on it, with a wheel of a page's size in the place of all that the course needs.


def a_wheel(folder: Path, name: str, text: str = "", asks: str = "") -> Path:
    path = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + (f"Requires-Dist: {asks}\n" if asks else "")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", text)
        archive.writestr(f"{name}-1.0.dist-info/METADATA", about)
        archive.writestr(
            f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{name}-1.0.dist-info/entry_points.txt", f"[console_scripts]\n{name} = {name}:main\n")
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def stick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small stick for this computer: a course that only says what it was asked, and one package that it needs."""
    (tmp_path / "made").mkdir()
    course = a_wheel(tmp_path / "made", "lthedu", "import sys, other\ndef main(): print(*sys.argv[1:])", "other>=1")
    other = a_wheel(tmp_path / "made", "other")

    def pip(verb: str, *options: str, **_: object) -> None:
        shutil.copy(other, options[options.index("--dest") + 1])

    monkeypatch.setattr(write, "pip", pip)
    what = Plan(Wheel(course.name, "", 1), {HERE: [Wheel(other.name, "other==1.0", 1, ">=3.8")]})
    (tmp_path / "my stick" / "wheels").mkdir(parents=True)
    (tmp_path / "my stick" / install.RECORD).write_text("{}")  # a pack that was interrupted
    (tmp_path / "my stick" / "wheels" / "old.whl").touch()
    write.write_stick(what, course, tmp_path / "my stick", lambda _: None)
    return tmp_path / "my stick"


def run(stick: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(stick / "install.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | env, timeout=300)


def test_a_stick_holds_its_wheels_and_the_checksum_of_every_file(stick: Path) -> None:
    files = {path.relative_to(stick).as_posix() for path in stick.rglob("*") if path.is_file()}
    wheels = {f"wheels/{name}-1.0-py3-none-any.whl" for name in ("lthedu", "other")}
    assert files == {*wheels, "install.py", "README.txt", "stick.json", "CHECKSUMS"}
    told = dict(reversed(line.split("  ")) for line in (stick / "CHECKSUMS").read_text().splitlines())
    assert told == {name: install.checksum(stick / name) for name in files - {"CHECKSUMS"}}
    assert str(HERE) in (stick / "README.txt").read_text(encoding="utf-8")


def test_it_installs_with_an_index_that_nobody_may_ask_and_runs_the_doctor(stick: Path, tmp_path: Path) -> None:
    (tmp_path / "pip").mkdir()  # settings of this machine that would forbid what is on the stick
    (tmp_path / "pip" / "pip.conf").write_text(f"[global]\nconstraint = {tmp_path / 'pip' / 'old.txt'}\n")
    (tmp_path / "pip" / "old.txt").write_text("other<0.5\n")
    settings = {"PIP_INDEX_URL": "http://192.0.2.1/", "XDG_CONFIG_DIRS": str(tmp_path), "PYTHONPATH": ""}
    for _ in range(2):  # a second time it is repaired
        done = run(stick, str(tmp_path / "env"), **settings)
        assert done.returncode == 0, done.stderr
        assert "\ndoctor\n" in done.stdout
        assert f"{tmp_path / 'env'}" in done.stdout.rpartition("To open the course")[2]


@pytest.mark.full
def test_it_installs_in_a_world_without_any_network_interface(stick: Path, tmp_path: Path) -> None:
    alone = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("this system gives no program a network of its own (unshare --net)")
    command = [*alone, sys.executable, str(stick / "install.py"), str(tmp_path / "env")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": ""}, timeout=300)
    assert (done.returncode, "\ndoctor\n" in done.stdout) == (0, True), done.stderr


def test_a_damaged_wheel_another_computer_and_a_folder_in_use_are_refused_in_words(stick: Path, tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine").touch()
    done = run(stick, str(tmp_path / "used"))
    assert (done.returncode, "used holds other things" in done.stderr) == (1, True)
    wheel = stick / "wheels" / "other-1.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes() + b"x")
    assert f"{wheel} is damaged or missing" in run(stick, str(tmp_path / "env")).stderr
    record = json.loads((stick / install.RECORD).read_text())
    record["computers"][0]["patch"] = 99
    (stick / install.RECORD).write_text(json.dumps(record))
    least = f"this is Python {platform.python_version()}; the stick needs {HERE.last} or newer"
    assert least in run(stick, str(tmp_path / "env")).stderr
    record["computers"][0]["system"] = "beos"
    (stick / install.RECORD).write_text(json.dumps(record))
    assert f"the stick is for\n  - {HERE}" in run(stick, str(tmp_path / "env")).stderr
    (stick / install.RECORD).write_text("{}")
    assert "not finished" in run(stick, str(tmp_path / "env")).stderr
    assert not (tmp_path / "env").exists()


def test_an_old_python_can_read_the_program_and_needs_nothing_installed() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 8))
    for node in ast.walk(tree):
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        assert set(names) <= sys.stdlib_module_names


def test_the_command_tells_the_plan_and_writes_nothing(tmp_path: Path, monkeypatch, capsys) -> None:
    course = tmp_path / "lthedu.whl"
    course.write_bytes(b"1")
    monkeypatch.setattr(write, "course_wheel", lambda *_: course)
    monkeypatch.setattr("lthedu.course.stick.plan.planned", lambda wanted, _: Plan(Wheel("x", "", 1), {}, {HERE: "no"}))
    monkeypatch.setattr(sys, "argv", ["lthedu", "pack", "--plan", "--out", str(tmp_path / "stick")])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1  # something was left out
    assert f"not for {HERE}: no" in capsys.readouterr().out
    assert not (tmp_path / "stick").exists()
