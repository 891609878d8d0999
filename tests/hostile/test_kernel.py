"""The worst answers in a real kernel: it stays alive, and the cells that follow run."""

from nbformat.v4 import new_code_cell, new_notebook

from lthedu.course.executor import run_cells

SOURCES = (
    "import sys, time, torch\nfrom lthedu.course import lesson\nfrom lthedu.course.lesson import check\n"
    "lesson.SECONDS = 1.0",
    "def paired_test(a, b):\n    exit()\n\npaired_test = check('2.3', paired_test)",
    "def paired_test(a, b):\n    quit()\n\npaired_test = check('2.3', paired_test)",
    "def paired_test(a, b):\n    sys.exit(1)\n\npaired_test = check('2.3', paired_test)",
    "def paired_test(a, b):\n    while True:\n        try:\n            sum(range(1000))\n        except:\n"
    "            pass\n\npaired_test = check('2.3', paired_test)",
    "def paired_test(a, b):\n    time.sleep(3600)\n\npaired_test = check('2.3', paired_test)",
    "def paired_test(a, b):\n    print('x' * 10**7)\n    return 0, 1\n\npaired_test = check('2.3', paired_test)",
    "def paired_test(a, b):\n    return input('p = ')\n\npaired_test = check('2.3', paired_test)",
    "def paired_test(a, b):\n    torch.equal = lambda a, b: True\n\npaired_test = check('2.3', paired_test)",
    "torch.equal(torch.zeros(1), torch.ones(1)), paired_test.__module__",
)
VERDICTS = ["RAISED SystemExit"] * 3 + ["STOPPED"] * 2 + ["WRONG", "RAISED StdinNotImplementedError", "WRONG"]


def test_the_kernel_lives_and_the_lesson_goes_on(tmp_path) -> None:
    notebook = new_notebook(cells=[new_code_cell(source) for source in SOURCES])
    run_cells(notebook, tmp_path, timeout=60)
    outputs = [cell.outputs for cell in notebook.cells]
    for said, verdict in zip(outputs[1:-1], VERDICTS, strict=True):
        (box,) = [o.data["text/plain"] for o in said if "data" in o]
        assert verdict in box
        assert sum(len(o.get("text", "")) for o in said) < 5_000
    assert outputs[-1][0].data["text/plain"] == "(False, 'lthedu.stats')"
