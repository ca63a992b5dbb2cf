"""Versions: every definition that was ever saved or run, and can be looked at and gone back to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from savant.schemas.base import Schema
from savant.schemas.plans import Kind


class Version(Schema):
    """One version of a definition; `source` is `workspace` or `file`, `current` says that it is the stored one now."""

    kind: Kind
    slug: str
    version: int
    source: str
    current: bool
    created_by_id: int | None
    created_at: datetime
    definition: dict[str, Any] = msgspec.field(default_factory=dict)
