"""Tool names on the wire: providers refuse dots, so `context.search` travels as `context__search`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

LONGEST = 64
_PLAIN = re.compile(r"[a-zA-Z0-9-]+(_[a-zA-Z0-9-]+)*(\.[a-zA-Z0-9-]+(_[a-zA-Z0-9-]+)*)*")
_REFUSED = re.compile(r"[^a-zA-Z0-9_-]")


def to_wire(name: str) -> str:
    """The name as a provider takes it: 1 to 64 of `[a-zA-Z0-9_-]`; two different names never become the same."""
    mapped = name.replace(".", "__")
    if _PLAIN.fullmatch(name) and len(mapped) <= LONGEST:
        return mapped
    # What the plain rule could not undo carries a hash, and comes back through the table of `from_wire`.
    return f"{_REFUSED.sub('_', mapped)[: LONGEST - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def from_wire(wire_name: str, known: Iterable[str]) -> str:
    """The name a provider's answer means: one of `known` where it matches, else the plain rule undone."""
    for name in known:
        if wire_name in (to_wire(name), name):
            return name
    return wire_name.replace("__", ".")
