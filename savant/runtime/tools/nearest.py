"""Names for people who mistype them."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The known name most like `name`, or None where nothing comes close."""
    import difflib

    found = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return found[0] if found else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A sentence for a hint: the nearest name, else the names there are, else that there are none."""
    known = sorted(names)
    if guess := nearest(name, known):
        return f"Did you mean `{guess}`?"
    return f"There is: {', '.join(known)}." if known else "There are none."
