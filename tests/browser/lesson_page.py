"""A lesson open in JupyterLab, for tests: what its notebook holds, and the learner's hands."""

import re
from pathlib import Path

NOTEBOOK = "window.jupyterapp.shell.currentWidget"
KERNEL_IS_IDLE = f"{NOTEBOOK}?.sessionContext?.session?.kernel?.status === 'idle'"
CODES = f"{NOTEBOOK}.content.widgets.map(cell => cell.model).filter(model => model.type === 'code')"
ONE_FAILED = f"{CODES}.some(code => code.outputs.toJSON().some(output => output.output_type === 'error'))"
ALL_RAN = f"{CODES}.every(c => c.executionCount !== null || !c.sharedModel.source.trim()) && {KERNEL_IS_IDLE}"
CELL_HAS_RUN = f"""([i, before]) => {{
    const count = {NOTEBOOK}.content.widgets[i].model.executionCount;
    return count !== null && count !== before && {KERNEL_IS_IDLE};
}}"""


class LessonPage:
    """One browser window on one lesson."""

    def __init__(self, window, shots: Path | None, name: str) -> None:
        self.page, self.shots, self.name = window.new_page(), shots, name
        self.page.set_default_timeout(60_000)  # the machine may be busy
        self.requests: list[str] = []
        self.complaints: list[str] = []
        window.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        self.page.on("console", lambda m: m.type == "error" and self.complaints.append(f"{m.text} ({m.location})"))

    def wait(self, what: str, condition: str, argument: object = None, seconds: float = 60) -> None:
        """Wait for a condition in JavaScript; fail with the words `what` when it does not come true."""
        from playwright.sync_api import TimeoutError as TooLate

        try:
            self.page.wait_for_function(condition, arg=argument, timeout=1000 * seconds, polling=200)
        except TooLate:
            raise AssertionError(f"within {seconds:.0f} seconds: not seen that {what}") from None

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.wait("JupyterLab has started", "() => window.jupyterapp?.shell !== undefined", seconds=120)
        self.wait("a notebook is open", f"() => {NOTEBOOK}?.content?.model?.cells?.length > 0", seconds=120)
        # the status that JupyterLab draws says idle while there is no kernel yet: ask the session
        self.wait("the kernel is idle", f"() => {KERNEL_IS_IDLE}", seconds=120)

    def start_all(self) -> None:
        """Run > Run All Cells, which ends at the first error; does not wait for it."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")

    def wait_for_bar(self, seconds: float) -> None:
        """Wait for a progress bar with the time left, or for an error."""
        told = "document.querySelector('progress')?.parentElement.textContent.includes(' left')"
        self.wait("a progress bar tells the time left", f"() => {ONE_FAILED} || {told}", seconds=seconds)

    def wait_until_all_ran(self, seconds: float) -> None:
        """Wait for the last cell, or for an error."""
        self.wait("every cell has run and the kernel is idle", f"() => {ONE_FAILED} || ({ALL_RAN})", seconds=seconds)

    def cells(self) -> list[dict]:
        """The notebook's cells as they would be saved now."""
        return self.page.evaluate(f"() => {NOTEBOOK}.content.model.toJSON().cells")

    def text(self) -> str:
        """All that can be read in the notebook."""
        return self.page.locator(".jp-Notebook").inner_text()

    def index(self, code: str) -> int:
        """Where the one code cell is that has `code` in it."""
        found = [i for i, c in enumerate(self.cells()) if c["cell_type"] == "code" and code in "".join(c["source"])]
        assert len(found) == 1, f"{len(found)} code cells contain {code!r}; expected one"
        return found[0]

    def cell(self, at: str | int):
        """A cell as drawn, by a part of its code or by its place."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(at if isinstance(at, int) else self.index(at))

    def box(self, number: str):
        """The box under an exercise's cell."""
        return self.cell(f'check("{number}"').locator("[role=status]").first

    def says(self, cell: str, sentence: str, old: str = "") -> None:
        """Wait until the sentence stands in the output of a widget's cell, under another picture than `old`."""
        seen = """([i, said, old]) => {
            const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[i];
            const same = old && cell.querySelector('img.widget-image').src === old;
            return cell.textContent.includes(said) && !same;
        }"""
        self.wait(f"{cell} tells {sentence!r}", seen, [self.index(cell), sentence, old])

    def told(self, cell: str, sentence: str, old: str = "") -> str:
        """As `says`; gives the picture that stands above the sentence."""
        self.says(cell, sentence, old)
        return self.cell(cell).locator("img.widget-image").first.get_attribute("src")

    def press(self, keys: str) -> None:
        """Press keys one after the other, such as "Tab Space"."""
        for key in keys.split():
            self.page.keyboard.press(key)

    def type_into(self, place: int, code: str) -> None:
        """Select all in a cell's editor and type `code` over it; in one go, so that no bracket closes itself."""
        self.cell(place).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(code.strip())
        there = "".join(self.cells()[place]["source"])
        assert there == code.strip(), f"the editor does not hold what was typed, but:\n{there}"

    def run_with_keys(self, place: int, seconds: float = 120):
        """Shift+Enter in the cell that is being edited; gives its outputs once it has run."""
        before = self.cells()[place]["execution_count"]
        self.page.keyboard.press("Shift+Enter")
        self.wait(f"cell {place} has run", CELL_HAS_RUN, [place, before], seconds)
        return self.cell(place).locator(".jp-OutputArea")

    def type_below(self, cell: str, code: str) -> str:
        """Leave the editor of a cell and press B, then type code into the new cell and run it; gives what it shows."""
        many, place = len(self.cells()), self.index(cell)
        self.cell(place).locator(".cm-content").click()
        self.press("Escape b")
        self.wait("B adds a cell", f"many => {NOTEBOOK}.content.widgets.length > many", many)
        self.type_into(place + 1, code)
        return self.run_with_keys(place + 1).inner_text()

    def dress(self, theme: str) -> None:
        """Settings > Theme."""
        self.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
        self.wait(f"the theme is {theme}", "theme => document.body.dataset.jpThemeName === theme", theme)

    def photograph(self, what, name: str) -> None:
        """Save a screenshot of one thing, or of the window, where screenshots are asked for."""
        if self.shots:
            (self.page if what is None else what).screenshot(path=self.shots / f"{self.name}-{name}.png")

    def photograph_all(self) -> None:
        """Save the whole lesson, window by window, where screenshots are asked for."""
        if not self.shots:
            return
        view, last = f"{NOTEBOOK}.content.outerNode", f"{NOTEBOOK}.content.widgets.at(-1).node"
        self.page.evaluate(f"() => {{ {view}.scrollTop = 0 }}")
        end, seen = self.page.evaluate(
            f"() => [{last}.getBoundingClientRect().bottom - {view}.getBoundingClientRect().top, {view}.clientHeight]"
        )
        for number, top in enumerate(range(0, int(end), seen - 60)):
            self.page.evaluate(f"top => {{ {view}.scrollTop = top }}", top)
            self.photograph(None, f"window-{number:02}")
        self.page.evaluate(f"() => {{ {view}.scrollTop = 0 }}")

    def errors(self) -> list[str]:
        """Error outputs and whatever stands on stderr, with the code that they came from."""
        return [
            f"{''.join(cell['source'])[:200]}\n-> {output.get('evalue', output.get('text'))}"
            for cell in self.cells()
            for output in cell.get("outputs", ())
            if output["output_type"] == "error" or output.get("name") == "stderr"
        ]

    def broken_widgets(self) -> list[str]:
        """JupyterLab's own words in place of a widget."""
        said = "Error displaying widget|Loading widget|model not found|Failed to load|to show javascript error"
        return re.findall(said, self.text(), re.I)
