"""How a working tree differs from what the index holds of it, by the content of every file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from savant.runtime.indexing.parse import Task, hash_of, parse
from savant.schemas.indexing import Parsed


class Difference(NamedTuple):
    """Paths that are not known, and paths whose content is not what is known."""

    added: list[str]
    changed: list[str]


async def unchanged_paths(root: str, there: Mapping[str, str], known: Mapping[str, str], max_bytes: int) -> Difference:
    """How files (stored path to real one) differ from what is known of them; what is no text is not new."""
    return await asyncio.to_thread(_difference, root, there, known, max_bytes)


def _difference(root: str, there: Mapping[str, str], known: Mapping[str, str], max_bytes: int) -> Difference:
    added: list[str] = []
    changed: list[str] = []
    for path, real in there.items():
        if path not in known:
            outcome = parse(root, Task(real, path, None, plain=True), max_bytes)
            added += [path] if isinstance(outcome, Parsed) else []
        elif hash_of(root, real, max_bytes) != known[path]:
            changed.append(path)
    return Difference(added, changed)
