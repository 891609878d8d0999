"""What reaches a terminal: words and lines, and nothing that the terminal would obey."""

import pytest

from lthedu.base.terminal import clean


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\tand é, 漢, 😀, 👩\u200d🔬", "two\nlines\tand é, 漢, 😀, 👩\u200d🔬"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;a title\x07", r"\x1b]0;a title\x07"),
        ("\x9b31m and \x85", r"\x9b31m and \x85"),  # the same in one character
        ("seen\rover", r"seen\rover"),
        ("a\x08\x7f\x00\x0b\x0c", r"a\x08\x7f\x00\x0b\x0c"),
        ("py\u202ebnypi\u2066", r"py\u202ebnypi\u2066"),
        ("one\u2028two", r"one\u2028two"),
        ("half \ud83d", r"half \ud83d"),
        (ValueError("\x1b"), r"\x1b"),
    ],
)
def test_control_characters_are_written_out(text: object, shown: str) -> None:
    assert clean(text) == shown
