"""What others wrote, made fit for a terminal."""

import re

# all that moves the cursor, colours, rings or turns the writing round, but for tab and newline; halves of characters,
# which no terminal can be sent
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: object) -> str:
    """`text` with each control character written out, so that a terminal shows it and does not obey it.

    >>> print(clean("\\x1b[31mred\\x07, and a tab\\t."))
    \\x1b[31mred\\x07, and a tab	.
    """
    return _UNFIT.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))
