"""One clean world for the whole run: empty homes, two threads, no network in any process that a test starts.

Set here, at import, so that the kernels of the lessons and every subprocess inherit it; and at the root, so that a
lesson or a doctest that is run alone has it too.
"""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path

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
_guard = str(Path(__file__).parent / "tests" / "offline")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_guard, os.environ.get("PYTHONPATH")]))
