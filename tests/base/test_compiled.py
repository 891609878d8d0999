"""Compiled loops are kept on disk, wherever the course is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lthedu.base import compiled

MODULE = """from lthedu.base.compiled import compiled


@compiled
def double(x):
    return 2 * x
"""
TWICE = """import importlib
import installed

installed.double(4)
again = importlib.reload(installed).double  # as a new kernel: all it has is what lies on disk
print(again(4), sum(again.stats.cache_hits.values()), again.stats.cache_path)"""


@pytest.mark.skipif(not compiled.AVAILABLE, reason="numba is not installed")
def test_an_installation_that_cannot_be_written_to_keeps_them_in_the_user_s_cache_folder(tmp_path: Path) -> None:
    package, home = tmp_path / "package", tmp_path / "home"
    package.mkdir()
    home.mkdir()
    (package / "installed.py").write_text(MODULE)
    (package / "__pycache__").write_text("")  # a file in the way of numba's folder: not even root can write there
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(package), os.environ["PYTHONPATH"]])}
    env |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "NUMBA_CACHE_DIR": ""}
    run = subprocess.run([sys.executable, "-c", TWICE], env=env, capture_output=True, text=True, timeout=100)
    assert run.returncode == 0, run.stderr
    doubled, hits, place = run.stdout.strip().split(" ", 2)
    assert (doubled, hits) == ("8", "1")
    assert Path(place).is_dir()
    assert package not in Path(place).parents
