"""Statements to be called true or false, each with its reason."""

import html
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import ipywidgets

from lthedu.base.arguments import typed
from lthedu.figures.live import Names


@runtime_checkable
class Statement(Protocol):
    """What the quiz asks: anything with a sentence, whether it holds, and why."""

    @property
    def text(self) -> str:
        """The sentence."""
        ...

    @property
    def holds(self) -> bool:
        """Whether it is true."""
        ...

    @property
    def why(self) -> str:
        """The reason, shown once an answer is chosen."""
        ...


@typed
def statement_quiz(statements: Sequence[Statement]) -> ipywidgets.VBox:
    """Each statement with two radio buttons, true and false; choosing one shows whether it is right, and why.

    Tab and the space bar choose, too. The line at the end counts what is answered and what is right.

    >>> from lthedu.lessons.what_is_a_lottery_ticket.exercises import STATEMENTS
    >>> quiz = statement_quiz(STATEMENTS[1:2])
    >>> quiz.children[0].children[1].value = "true"
    >>> quiz.children[0].children[2].value[:45]
    '<span aria-live="polite"><b>Not so.</b> An or'
    >>> quiz.children[-1].value
    '<span aria-live="polite">Answered 1 of 1; right: 0.</span>'
    """
    score = ipywidgets.HTML()
    choices: list[ipywidgets.RadioButtons] = []
    rows: list[ipywidgets.VBox] = []

    def count(_: Any = None) -> None:
        given = [c.value for c in choices]
        right = sum(v == _word(s.holds) for v, s in zip(given, statements, strict=True))
        answered = sum(v is not None for v in given)
        score.value = _live(f"Answered {answered} of {len(statements)}; right: {right}.")

    for number, statement in enumerate(statements, 1):
        text = ipywidgets.HTML(f"<b>{number}.</b> {html.escape(statement.text)}")
        choice = ipywidgets.RadioButtons(
            options=["true", "false"], value=None, tooltip=statement.text, orientation="horizontal"
        )
        reason = ipywidgets.HTML()
        choice.observe(_tells(statement, reason), names="value")
        choice.observe(count, names="value")
        choices.append(choice)
        rows.append(ipywidgets.VBox([text, choice, reason], layout=ipywidgets.Layout(margin="0 0 0.6em 0")))
    count()
    return ipywidgets.VBox([*rows, Names(), score], layout=ipywidgets.Layout(max_width="60em"))


def _tells(statement: Statement, reason: ipywidgets.HTML) -> Any:
    def tell(change: dict[str, Any]) -> None:
        word = "Right." if change["new"] == _word(statement.holds) else "Not so."
        reason.value = _live(f"<b>{word}</b> {html.escape(statement.why)}")

    return tell


def _word(holds: bool) -> str:
    return "true" if holds else "false"


def _live(text: str) -> str:
    """A text that screen readers read out when it changes."""
    return f'<span aria-live="polite">{text}</span>'
