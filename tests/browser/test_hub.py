"""A real JupyterHub with the settings of lessons/MACHINES.md, and two learners who work on it at once."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lesson_page import NOTEBOOK, LessonPage
from typed_answers import ANSWERS

pytestmark = [pytest.mark.browser, pytest.mark.full]
PAGE = Path(__file__).parents[2] / "lessons" / "MACHINES.md"
USERS = ("ada", "bob")
BASE = "/course/"
TESTED = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}{base}"
c.JupyterHub.hub_port = {hub}
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.JupyterHub.db_url = "sqlite://"
c.Spawner.args += ["--allow-root", "--LabApp.expose_app_in_browser=True"]
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory, serving):
    """A hub with the page's own settings; its address, and the folder of its users' homes."""
    pytest.importorskip("jupyterhub", reason="pip install jupyterhub")
    if shutil.which("configurable-http-proxy") is None:
        pytest.skip("npm install configurable-http-proxy, and put it on the PATH")
    folder = tmp_path_factory.mktemp("hub")
    port, homes, log = serving.free_port(), folder / "homes", folder / "hub.log"
    (settings,) = re.findall(r"^```python\n(.*?c\.Spawner\.cmd.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    more = TESTED.format(base=BASE, port=port, homes=str(homes), api=serving.free_port(), hub=serving.free_port())
    (folder / "jupyterhub_config.py").write_text(settings + more, encoding="utf-8")
    kept = ("PATH", "LANG", "HOME")  # a hub knows nothing of the tests' settings
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub"], cwd=folder, env=env, stdout=out, stderr=out, start_new_session=True
        )
        try:
            address = f"http://127.0.0.1:{port}{BASE}"
            serving.wait_until_up(f"{address}hub/login", server, log)
            yield address, homes
        finally:
            serving.stop(server)


@pytest.fixture(scope="module")
def learners(browser, hub, shots) -> dict[str, LessonPage]:
    """Both, logged in, each with a server and lesson 01 open in a window."""
    address, _ = hub
    pages = {}
    for name in USERS:
        window = browser.new_context(viewport={"width": 1360, "height": 940})
        page = pages[name] = LessonPage(window, shots, f"hub-{name}")
        page.page.goto(f"{address}hub/login")
        page.page.fill("input[name=username]", name)
        page.page.fill("input[name=password]", "any")
        page.page.click("#login_submit")
    for name, page in pages.items():
        page.page.wait_for_url(f"**/user/{name}/lab/tree/00_*", timeout=300_000)
        page.open(lesson(address, name, "01_pruning_basics"))
    return pages


def lesson(address: str, user: str, name: str) -> str:
    """Where a user's lesson is: in a workspace of its own, because JupyterLab opens again what was open in one."""
    return f"{address}user/{user}/lab/workspaces/{name}/tree/{name}.ipynb"


def saved(page: LessonPage) -> None:
    """Save the notebook: a window with unsaved work asks before it is left."""
    page.page.evaluate(f"() => {NOTEBOOK}.context.save()")
    page.wait("the notebook is saved", f"() => !{NOTEBOOK}.context.model.dirty")


def test_both_run_lesson_01_at_once(learners, hub):
    for page in learners.values():
        page.start_all()
    for page in learners.values():
        page.wait_until_all_ran(seconds=2400)
        page.photograph_all()
        assert page.errors() == []
        assert page.broken_widgets() == []
        assert "Verdict on the claim card: PARTLY SUPPORTED." in page.text()
    _, homes = hub
    for name in USERS:
        assert (homes / name / "lthedu" / "01_pruning_basics.ipynb").is_file()


def test_each_has_a_slider_a_right_answer_and_a_progress_of_their_own(learners, hub):
    _, homes = hub
    for name, page in learners.items():
        cell = page.cell("explorer(")
        cell.scroll_into_view_if_needed()
        before = page.told("explorer(", "10\u00a0% of the weights kept")
        cell.locator(".noUi-handle").first.focus()
        page.press("ArrowLeft ArrowLeft")
        page.told("explorer(", "20\u00a0% of the weights kept", before)
        page.photograph(cell, "explorer")
        if name == "ada":
            place = page.index('check("1.1"')
            page.type_into(place, f'{ANSWERS["pruning_basics"]["1.1"]}\n\n\nkeep_largest = check("1.1", keep_largest)')
            page.run_with_keys(place)
            assert "Exercise 1.1: RIGHT." in page.box("1.1").inner_text()
            page.photograph(page.cell(place), "right")
    for name, passed in (("ada", 1), ("bob", 0)):
        page = learners[name]
        said = page.type_below('check("1.5"', "progress(1)")
        page.photograph(page.cell("progress(1)"), "progress")
        assert f"Passed: {passed} of " in said
        assert "on the hub's server, whose administrators can read it" in said
        assert "on this computer" not in said
        assert str(homes / name / "lthedu") in said


def test_a_digit_is_drawn(learners, hub):
    address, _ = hub
    page = learners["bob"]
    saved(page)
    page.open(lesson(address, "bob", "09_pruning_is_all_you_need"))
    for place in [i for i, cell in enumerate(page.cells()) if cell["cell_type"] == "code"][:3]:
        page.cell(place).locator(".cm-content").click()
        page.run_with_keys(place, seconds=600)
    pad = page.cell("draw_a_digit(").locator(".lthedu-pad")
    pad.scroll_into_view_if_needed()
    at, mouse = pad.bounding_box(), page.page.mouse
    mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 5)
    mouse.down()
    mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] * 4 / 5, steps=12)
    mouse.up()
    page.told("draw_a_digit(", "Your drawing")
    page.photograph(page.cell("draw_a_digit("), "pad")


def test_nothing_is_asked_of_another_machine_or_outside_the_hub_s_own_path(learners):
    for name, page in learners.items():
        asked = {url for url in page.requests if not url.startswith(("data:", "blob:"))}
        assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}
        outside = {url for url in asked if not urlsplit(url).path.startswith(BASE)}
        assert outside == set(), name
        assert page.errors() == []


def test_a_second_start_keeps_what_was_answered(learners, hub):
    _, homes = hub
    saved(learners["ada"])
    own = homes / "ada" / "lthedu"
    mine = (own / "01_pruning_basics.ipynb").read_text(encoding="utf-8")
    assert "scores.flatten().topk" in mine
    done = subprocess.run([sys.executable, "-m", "lthedu", "copy", str(own)], capture_output=True, text=True)
    assert "kept as you left" in done.stdout, done.stderr
    assert (own / "01_pruning_basics.ipynb").read_text(encoding="utf-8") == mine
