"""Lines that look like code and are none: those within strings and comments of several lines."""

from __future__ import annotations

import re

MARK = "\0"


def marked(text: str, code: re.Pattern[str], hidden: re.Pattern[str]) -> str | None:
    """The text with a mark before each line that begins in a `hidden` part; None if it is not told what is code.

    `code` is all up to the next such part, so that the parts alone cost time.
    """
    pieces: list[str] = []
    at = 0
    while (end := code.match(text, at).end()) < len(text):  # pyright: ignore[reportOptionalMemberAccess]  (or nothing)
        part = hidden.match(text, end)
        if part is None:
            return None
        pieces += (text[at:end], part[0].replace("\n", f"\n{MARK}"))
        at = part.end()
    return "".join((*pieces, text[at:])) if pieces else text
