"""One clean world for the whole run: empty homes, two threads, no network in any process that a test starts.

Set here, at import, so that the kernels of the lessons and every subprocess inherit it.
"""

import atexit
import os
import shutil
import signal
import tempfile
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
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "2"  # torch is imported after this
os.environ["OMP_WAIT_POLICY"] = "passive"  # two spinning threads crawl (20 times slower) on cores that others use
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's `command &`: every process started here would be deaf
    signal.signal(signal.SIGINT, signal.default_int_handler)
_guard = str(Path(__file__).parent / "offline")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_guard, os.environ.get("PYTHONPATH")]))


@pytest.fixture(scope="session")
def mnist():
    """All of MNIST, once for the run, on the CPU."""
    from lthedu import data

    return data.load("mnist", device="cpu")


@pytest.fixture(scope="session")
def toy():
    """100 random points of 20 numbers in 5 classes, in float64: small enough to train a hundred times."""
    import torch

    from lthedu.data import Dataset

    g = torch.Generator().manual_seed(0)
    x = torch.randn(180, 20, generator=g, dtype=torch.float64)
    y = torch.randint(5, (180,), generator=g)
    return Dataset(x[:100], y[:100], x[100:130], y[100:130], x[130:], y[130:])
