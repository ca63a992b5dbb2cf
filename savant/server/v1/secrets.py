"""Secrets over HTTP: they can be set and forgotten, and never read."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.secrets import Secret, SecretSet


class Secrets(Protocol):
    async def list(self) -> list[Secret]:
        """All secrets by name, without their values."""
        ...

    async def set(self, set: SecretSet) -> Secret:
        """Make a secret, or give the one that is there another value; the value is never given back."""
        ...

    async def delete(self, ref: str) -> None:
        """Forget a secret."""
        ...
