"""Models of language over HTTP: which there are, and whether they answer."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.models import ModelTest, Provider


class Models(Protocol):
    async def providers(self, name: str | None = None, probe: bool = True) -> list[Provider]:
        """Where models come from, and which each has."""
        ...

    async def first(self) -> str | None:
        """The model a run uses when none is named."""
        ...

    async def test(self, id: str) -> ModelTest:
        """Ask a model for a word."""
        ...
