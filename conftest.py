"""One clean world for the whole run, and which lessons' outputs are compared in it.

Empty homes, and no network in any process that a test starts: set here, at import, so that the kernels of the lessons
and every subprocess inherit it; and at the root, so that a lesson or a doctest that is run alone has it too. Tests that
run side by side (`pytest -n 2`) have one thread each, others two.
"""

import atexit
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_home = Path(tempfile.mkdtemp(prefix="lthedu-tests-"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
_folders = "LTHEDU_HOME JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR JUPYTER_RUNTIME_DIR IPYTHONDIR MPLCONFIGDIR"
for _name in _folders.split():
    (_home / _name.lower()).mkdir()
    os.environ[_name] = str(_home / _name.lower())
for _name in ("LTHEDU_DATA", "LTHEDU_SCALE", "LTHEDU_DEVICE"):  # the reader's own settings would change what is tested
    os.environ.pop(_name, None)
_threads = "1" if "PYTEST_XDIST_WORKER" in os.environ else "2"
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = _threads  # torch is imported after this
os.environ["OMP_WAIT_POLICY"] = "passive"  # two spinning threads crawl (20 times slower) on cores that others use
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's `command &`: every process started here would be deaf
    signal.signal(signal.SIGINT, signal.default_int_handler)
_guard = str(Path(__file__).parent / "tests" / "offline")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_guard, os.environ.get("PYTHONPATH")]))

collect_ignore = ["lthedu/course/template"]  # of lessons to come: importing it would register an exercise
LESSONS = sorted((Path(__file__).parent / "lessons").glob("[0-9][0-9]_*.ipynb"))
ALWAYS = "subset_sums"  # the shortest lesson: compared in every run, so that comparing is itself seen to work
MOST = 2  # lessons that are compared beside it, because something of theirs has changed


@pytest.fixture(autouse=True)
def figures_are_closed() -> Iterator[None]:
    """Whatever a test, or an example in a docstring, draws is closed after it."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture(autouse=True)
def the_same_numbers_in_every_run() -> None:
    """A test that draws without a seed draws the same, alone or after others: from a seed that no check uses."""
    seed = 86_028_121
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)


def changed() -> dict[Path, str]:
    """The lessons that differ from what they were when they were last compared, and in what."""
    from lthedu.course.compared import changes

    return {path: words for path in LESSONS if (words := changes(path))}


def compared(config: pytest.Config) -> list[Path]:
    """The lessons whose outputs are compared without `-m lessons`: those named on the command line, else a few."""
    named = [Path(arg.partition("::")[0]).resolve() for arg in config.args]
    if mine := [path for path in LESSONS if path in named]:
        return mine
    always = [path for path in LESSONS if path.stem[3:] == ALWAYS]
    return [*always, *[path for path in changed() if path not in always][:MOST]]


def pytest_configure(config: pytest.Config) -> None:
    """Every comparison of a lesson leaves out its measured values.

    Files that run side by side begin in the order that is made below; xdist would begin with the most tests.
    """
    config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "measured.cfg")
    config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the lessons that are for `-m lessons`; what takes longest begins first."""
    now = compared(config)
    for item in items:
        if item.path in LESSONS and item.path not in now:
            item.add_marker("lessons")
    items.sort(key=lambda item: (item.path not in LESSONS, "browser" not in item.path.parts))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say last what was not run, and how to run it."""
    whole = (
        config.args_source == pytest.Config.ArgsSource.TESTPATHS
        and config.option.markexpr == "not full and not lessons"
    )
    if hasattr(config, "workerinput") or not whole:
        return
    now, different = compared(config), changed()
    left = [path for path in LESSONS if path not in now]
    stale = {path.stem[:2]: words for path, words in different.items() if path in left}
    print(f"Not run: the outputs of {len(left)} of {len(LESSONS)} lessons (python3 start.py test -m lessons), ", end="")
    print("and what is slow (python3 start.py test -m full).")
    if stale:
        print(f"Of these lessons {', '.join(stale)} differ from their last comparison: {next(iter(stale.values()))}.")
