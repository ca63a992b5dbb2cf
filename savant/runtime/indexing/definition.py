"""A definition in a source file, however it was found."""

from __future__ import annotations

from typing import NamedTuple

from savant.runtime.indexing.grammars import CONTAINERS

MAX_NAME = 200


class Definition(NamedTuple):
    """Lines count from 1; comments right above belong to it. `own` is where the definition itself begins."""

    name: str
    kind: str
    first_line: int
    last_line: int
    own: int

    @property
    def container(self) -> bool:
        return self.kind in CONTAINERS
