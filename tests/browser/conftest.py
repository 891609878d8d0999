"""JupyterLab as a learner starts it, and a headless Chromium to look at it with."""

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
import tour
from lesson_page import LessonPage

import lthedu

ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
_live = {}  # what a failed test is explained with: the page and the server's log


@pytest.fixture(scope="session")
def shots(tmp_path_factory):
    """The folder for screenshots, if $LTHEDU_SCREENSHOTS names one; a failed test's always has a place."""
    asked = os.environ.get("LTHEDU_SCREENSHOTS")
    folder = _live["shots"] = Path(asked or tmp_path_factory.mktemp("screenshots")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder if asked else None


@pytest.fixture(scope="session")
def browser():
    """Chromium, or a skip that says why; where CI is set its absence is a failure."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _do_without("Playwright is not installed: pip install playwright")
    with sync_playwright() as playwright:
        names = ("chromium", "chromium-browser", "google-chrome", playwright.chromium.executable_path)
        program = next(filter(None, map(shutil.which, names)), None)
        if program is None:
            _do_without("there is no Chromium: `apt install chromium`, or `python -m playwright install chromium`")
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS.split())
        yield chromium
        chromium.close()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def serving():
    """What a test of another server needs: a free port, how one waits for it, and how one ends it."""
    return SimpleNamespace(free_port=_free_port, wait_until_up=_wait_until_up, stop=_stop)


def _do_without(reason):
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"the browser tests must run here, and {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """`lthedu lab` on a fresh folder, in a home of its own: a function from a lesson's file to its address."""
    home = tmp_path_factory.mktemp("home")
    port = _free_port()
    token, root = secrets.token_hex(16), f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "lthedu.cli", "lab", "--no-browser", "--port", str(port)]
    command += ["--folder", str(home / "lessons"), f"--IdentityProvider.token={token}"]
    command += ["--LabApp.expose_app_in_browser=True"]  # the tests read the notebook's model
    (home / "settings").mkdir()  # this checkout's, whatever is installed
    shutil.copy(Path(lthedu.__file__).parent / "course" / "jupyterlab.json", home / "settings" / "overrides.json")
    command += [f"--LabApp.app_settings_dir={home / 'settings'}"]
    env = os.environ | {"HOME": str(home), "USERPROFILE": str(home)}
    env |= {f"JUPYTER_{name}_DIR": str(home / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    env["IPYTHONDIR"] = str(home / "ipython")
    log = _live["log"] = home / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            _wait_until_up(f"{root}/api/status?token={token}", server, log)
            tour.write(home / "lessons" / "tour.ipynb")
            # a workspace for each lesson: JupyterLab opens again what was open in one, and may put it in front
            yield lambda name: _address(f"{root}/lab/workspaces/{name}/tree", home / "lessons", name, token)
        finally:
            _stop(server)


def _address(tree, folder, name, token):
    (file,) = [*folder.glob(f"[0-9][0-9]_{name}.ipynb"), *folder.glob(f"{name}.ipynb")]
    return f"{tree}/{file.name}?token={token}"


def _wait_until_up(url, server, log, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    state = f"ended with exit code {server.returncode}" if server.poll() is not None else "is silent"
    pytest.fail(f"JupyterLab {state}; its log ends:\n{_tail(log)}", pytrace=False)


def _stop(server):
    """End the server, which ends its kernels; then whatever is left of its process group."""
    server.terminate()
    try:
        server.wait(15)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def open_lesson(browser, lab, shots):
    """A function that opens a lesson, named without its number, in a window of its own and waits for its kernel."""
    windows = []

    def opened(name):
        windows.append(browser.new_context(viewport={"width": 1360, "height": 940}))
        page = _live["page"] = LessonPage(windows[-1], shots, name)
        page.open(lab(name))
        return page

    yield opened
    for window in windows:
        window.close()
    _live.pop("page", None)


def _tail(log, lines=40):
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Put the page's looks, its complaints and the server's last words into the report of a failure."""
    report = yield
    if report.failed and "log" in _live:
        report.sections.append(("JupyterLab's log", _tail(_live["log"])))
    if report.failed and "page" in _live:
        picture = _live["shots"] / f"failed-{re.sub(r'[^a-z0-9]+', '-', item.name).strip('-')}.png"
        said = "\n".join(_live["page"].complaints[-20:]) or "nothing"
        try:
            _live["page"].page.screenshot(path=picture)
        except Exception as error:  # the page may be what failed
            picture = f"no screenshot: {error}"
        report.sections += [("screenshot", str(picture)), ("the browser's console", said)]
    return report
