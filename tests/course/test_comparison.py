"""What nbval compares of a lesson and what it leaves out: the numbers between ‹ and ›."""

from collections.abc import Iterator

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook
from nbval.plugin import IPyNbFile, NbCellError

from lthedu.course.executor import run_cells

CELLS = {  # a cell, and what of its stored outputs is changed, so that a fresh run gives something else
    "claim('It wins', True, f'Asked: 90 %. Found: {measured(93.25)} %.')": ("‹93.2›", "‹1,002.85›"),
    "pd.DataFrame({'ticket': [measured(97.1), measured(96.2)]})": ("‹97.1›", "‹98.3›"),
    "claim('It wins', True, f'Asked: 91 %. Found: {measured(93.25)} %.')": ("SUPPORTED", "NOT SUPPORTED"),
    "claim('It wins', True, f'Asked: 92 %. Found: {measured(93.25)} %.')": ("92 %", "93 %"),
    "claim('It wins', True, f'Asked: 93 %. Found: {measured(93.25)} %.')": ("It wins", "It loses"),
    "claim('It wins', True, f'Asked: 94 %. Found: {measured(93.25)} %.')": ("‹93.2›", "‹SUPPORTED›"),
    "print('kept: 94.5 of', measured(100))": ("94.5", "94.6"),
}
LEFT_OUT = 2  # the first of them


@pytest.fixture(scope="module")
def cells(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list]:
    """The cells as nbval holds them in every run of these tests, their stored outputs changed."""
    imports = "import pandas as pd\nfrom lthedu.course.lesson import claim, measured"
    notebook = new_notebook(cells=[new_code_cell(source) for source in (imports, *CELLS)])
    path = tmp_path_factory.mktemp("lessons") / "changed.ipynb"
    run_cells(notebook, path.parent)
    for cell, (found, other) in zip(notebook.cells[1:], CELLS.values(), strict=True):
        (output,) = cell.outputs
        kinds = output.data if "data" in output else output
        for kind in {"text", "text/plain", "text/html"} & set(kinds):
            assert found in kinds[kind]
            kinds[kind] = kinds[kind].replace(found, other)
    write(notebook, path)
    file = IPyNbFile.from_parent(request.session, path=path)
    first, *others = file.collect()
    file.setup()
    first.runtest()
    yield others
    file.teardown()


@pytest.mark.parametrize("place", range(len(CELLS)))
def test_only_the_numbers_between_the_marks_are_left_out(cells: list, place: int) -> None:
    if place < LEFT_OUT:
        cells[place].runtest()
    else:
        with pytest.raises(NbCellError, match="Cell outputs differ"):
            cells[place].runtest()
