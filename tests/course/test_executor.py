"""The one executor: this Python's kernel, every way to stop named, nothing left running."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbclient.output_widget
import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lthedu.course import executor
from lthedu.course.executor import CellStopped, NoKernel, run_cells


def notebook(*sources: str, **metadata: object):
    cells = [new_markdown_cell("# Title"), *(new_code_cell(s) for s in sources)]
    return new_notebook(cells=cells, metadata=metadata)


def slow(*params: object) -> object:
    return pytest.param(*params, marks=pytest.mark.full)


def outputs(nb) -> list[str]:
    return ["".join(o.get("text", "") for o in c.outputs) for c in nb.cells if c.cell_type == "code"]


def kernels() -> list[psutil.Process]:
    return [p for p in psutil.Process().children(recursive=True) if "ipykernel_launcher" in " ".join(p.cmdline())]


def test_the_kernel_is_this_python_in_the_folder_whatever_the_system_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = tmp_path / "jupyter/kernels/python3"
    stale.mkdir(parents=True)
    (stale / "kernel.json").write_text(
        '{"argv": ["/no/such/python", "-f", "{connection_file}"], "display_name": "Python 3", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    nb = notebook("import os, sys\nprint(sys.executable, os.getcwd(), os.environ['MINE'])")
    nb.metadata["kernelspec"] = {"name": "another", "display_name": "Another"}
    run_cells(nb, tmp_path, env=os.environ | {"MINE": "seen"})
    assert outputs(nb) == [f"{sys.executable} {tmp_path} seen\n"]
    assert not kernels()


def test_old_outputs_go_and_what_ran_before_the_error_stays(tmp_path: Path) -> None:
    nb = notebook("print('one')", "", "\n  \n1 / 0  # oh\nprint(2)", "print('three')")
    for cell in nb.cells[1:]:
        cell.outputs = [nbformat.v4.new_output("stream", text="old")]
    steps: list[tuple[int, int]] = []
    with pytest.raises(CellStopped, match=r"^cell 2 \(1 / 0  # oh\): ZeroDivisionError: division by zero$"):
        run_cells(nb, tmp_path, on_cell=lambda *step: steps.append(step))
    assert outputs(nb) == ["one\n", "", "", ""]
    assert nb.cells[3].outputs[0].ename == "ZeroDivisionError"
    assert nb.cells[4].outputs == []
    assert steps == [(0, 3), (1, 3)]
    assert not kernels()


def test_a_cell_may_raise_where_its_tag_says_so(tmp_path: Path) -> None:
    nb = notebook("1 / 0", "print('on')")
    nb.cells[1].metadata["tags"] = ["raises-exception"]
    run_cells(nb, tmp_path)
    assert nb.cells[1].outputs[0].ename == "ZeroDivisionError"
    assert outputs(nb)[1] == "on\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("while True: pass", "it was not done after 1 seconds"),
        ("import os; os._exit(1)", "it killed the kernel: memory ran out, or the code ended it"),
        slow("raise SystemExit(3)", "SystemExit: 3"),
        slow("input()", "StdinNotImplementedError: "),
        slow("x = (", "SyntaxError: "),
        ("raise ValueError('a\\nb')", "ValueError: a"),
    ],
)
def test_every_way_to_stop_is_named_and_soon_over(tmp_path: Path, source: str, said: str) -> None:
    nb = notebook("print('before')", source)
    begun = time.monotonic()
    with pytest.raises(CellStopped) as stopped:
        run_cells(nb, tmp_path, timeout=1 if "while" in source else 20)
    assert (stopped.value.cell, stopped.value.line) == (2, source)
    assert stopped.value.what.startswith(said)
    assert "\n" not in str(stopped.value)
    assert outputs(nb)[0] == "before\n"
    assert time.monotonic() - begun < 20
    assert not kernels()


def test_a_notebook_can_run_another(tmp_path: Path) -> None:
    """A cell runs inside its kernel's event loop, where no second one may be started."""
    inner = """
from pathlib import Path
from nbformat.v4 import new_code_cell, new_notebook
from lthedu.course.executor import run_cells
other = new_notebook(cells=[new_code_cell("print(6 * 7)"), new_code_cell("1 / 0")])
try:
    run_cells(other, Path("."))
except ValueError as error:
    print(other.cells[0].outputs[0].text, error)
"""
    nb = notebook(inner)
    run_cells(nb, tmp_path)
    assert outputs(nb) == ["42\n cell 2 (1 / 0): ZeroDivisionError: division by zero\n"]


def test_a_kernel_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['zmq'] = None\n")
    path = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
    with pytest.raises(NoKernel, match=r"the Jupyter kernel of this Python did not start: .*zmq"):
        run_cells(notebook("1"), tmp_path, env=os.environ | {"PYTHONPATH": path})
    assert not kernels()


def test_a_kernel_leaves_nothing_where_ipythons_folder_is_not_there(tmp_path: Path) -> None:
    """IPython warns and leaves one of its own; under PYTHONWARNINGS=error its warning stopped the kernel."""
    (tmp_path / "tmp").mkdir()
    named = {"IPYTHONDIR": str(tmp_path / "not/there"), "TMPDIR": str(tmp_path / "tmp"), "PYTHONWARNINGS": "error"}
    nb = notebook("from IPython.paths import get_ipython_dir\nprint(get_ipython_dir())")
    run_cells(nb, tmp_path, env=os.environ | named)
    assert outputs(nb) != [f"{tmp_path / 'not/there'}\n"]
    assert not Path(outputs(nb)[0].strip()).exists()
    assert [p.name for p in tmp_path.iterdir()] == ["tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("named", "there", "used"),
    [
        ("mine", ["mine"], "{0}/mine"),
        ("mine", [], "{0}/mine"),  # IPython makes it
        ("not/there", [], "{0}/private/ipython"),
        ("", [], "{0}/home/.ipython"),
        ("~/own", [], "{0}/home/own"),
    ],
)
def test_ipythons_folder_is_the_one_named_where_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, there: list[str], used: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    for name in ["home", *there]:
        (tmp_path / name).mkdir()
    found = executor._ipython({"IPYTHONDIR": named}, tmp_path, tmp_path / "private")
    assert Path(found) == Path(used.format(tmp_path))


def test_a_warning_that_stops_the_kernel_is_told_with_what_made_it_an_error(tmp_path: Path) -> None:
    (tmp_path / "zmq.py").write_text("import warnings\nwarnings.warn('an old zmq')\n")
    path = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
    with pytest.raises(NoKernel, match=r"UserWarning: an old zmq; PYTHONWARNINGS is 'error', which .*: unset it"):
        run_cells(notebook("1"), tmp_path, env=os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": "error"})


def test_a_full_disk_is_told_with_the_folder_of_the_kernels_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(executor, "_demand_room", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(NoKernel, match=rf"did not start: {re.escape(str(tmp_path))}.*: No space left on device$"):
        run_cells(notebook("1"), tmp_path)


def test_a_cell_that_shows_what_is_no_output_is_named(tmp_path: Path) -> None:
    nb = notebook("from IPython.display import display\ndisplay({'text/plain': 3}, raw=True)", "print('on')")
    with pytest.raises(
        CellStopped, match=r"^cell 1 \(from IPy.*\): it showed what no notebook can hold: 3 is not valid"
    ):
        run_cells(nb, tmp_path)
    assert not kernels()


def test_an_output_widget_does_not_stall_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """nbclient answers the widget on the socket on which the cell's reply is due: sent late, it swallows the news."""
    send = nbclient.output_widget.OutputWidget.send

    def late(self, *args, **named):
        time.sleep(0.5)  # the reply arrives meanwhile
        return send(self, *args, **named)

    monkeypatch.setattr(nbclient.output_widget.OutputWidget, "send", late)
    nb = notebook("import ipywidgets\nout = ipywidgets.Output()", "with out:\n    print('inside')", "print('end')")
    begun = time.monotonic()
    run_cells(nb, tmp_path, timeout=60)
    assert time.monotonic() - begun < 30  # 61 seconds with nbclient alone
    assert outputs(nb)[2] == "end\n"
    (output,) = [w for w in widget_states(nb) if w["_model_name"] == "OutputModel"]
    assert output["outputs"][0]["text"] == "inside\n"


def widget_states(nb) -> list[dict]:
    return [w["state"] for w in nb.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"].values()]


PROGRAM = """
import sys
from pathlib import Path
from nbformat.v4 import new_code_cell, new_notebook
from lthedu.course.executor import run_cells
busy = "import os, time; Path = __import__('pathlib').Path; Path('pid').write_text(str(os.getpid())); {}"
nb = new_notebook(cells=[new_code_cell("print('one')"), new_code_cell(busy.format(sys.argv[1]))])
try:
    run_cells(nb, Path("."))
except KeyboardInterrupt:
    print("interrupted", nb.cells[0].outputs[0].text)
"""


ASLEEP, AT_WORK, DEAF = (
    "time.sleep(300)",
    "exec('while True: pass')",
    "__import__('signal').signal(2, 1); time.sleep(300)",
)


@pytest.fixture
def busy(request, tmp_path: Path):
    """A process that runs a cell without end, and the process id of its kernel. The deaf one does not hear Ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, request.param], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not (pid := tmp_path / "pid").exists() or not pid.read_text():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield process, int(pid.read_text())
    process.kill()
    process.communicate()


def gone(pid: int, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console")
@pytest.mark.parametrize("busy", [slow(ASLEEP), slow(AT_WORK), DEAF], indirect=True)
def test_ctrl_c_leaves_no_kernel_and_keeps_what_ran(busy) -> None:
    process, kernel = busy
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert (out.decode().split(), error.decode()) == (["interrupted", "one"], "")
    assert gone(kernel)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize(
    ("busy", "how"),
    [(AT_WORK, signal.SIGKILL), slow(AT_WORK, signal.SIGTERM)]
    + [slow(code, how) for code in (ASLEEP, DEAF) for how in (signal.SIGKILL, signal.SIGTERM)],
    indirect=["busy"],
)
def test_a_killed_run_leaves_no_kernel(busy, how: signal.Signals) -> None:
    process, kernel = busy
    process.send_signal(how)
    process.wait(timeout=30)
    assert gone(kernel)
