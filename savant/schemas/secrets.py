"""Secrets: values that runs may use by name, and that are never shown again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from savant.schemas.base import Input, Schema

SecretName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
LEAST = 4
"""Characters of the shortest secret: less could not be hidden where it comes back."""


class Secret(Schema):
    """What may be known of a secret; `key_id` is the key it is sealed with."""

    name: str
    key_id: str
    created_at: datetime
    updated_at: datetime


class SecretSet(Input):
    """What `secrets.set` takes; one that is there already gets the new value."""

    name: SecretName
    value: Annotated[str, msgspec.Meta(min_length=LEAST, max_length=65536)]

    def __repr__(self) -> str:
        return f"SecretSet(name={self.name!r}, value=***)"


class KeyRotation(Schema):
    """What `savant secrets rotate-key` came to: the key that seals now, and how many secrets it sealed anew.

    `unopened` are those it found no key for; `forgotten` are older keys that were thrown away.
    """

    key_id: str
    resealed: int
    unopened: list[str] = []
    forgotten: list[str] = []
