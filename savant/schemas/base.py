"""What every schema shares: strictness, slugs, pages."""

from __future__ import annotations

import re
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

Visibility = Literal["private", "team", "public"]
Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=255)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Json = Any

T = TypeVar("T")


class Schema(msgspec.Struct, kw_only=True, omit_defaults=False):
    """Something said across a door; unknown keys are tolerated when read (a newer server may add some)."""


class Input(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Something a person or a program gives us; an unknown key is an error, not a shrug."""


class Page(Schema, Generic[T]):
    """One page of a list; `next_cursor` is None on the last."""

    items: list[T]
    next_cursor: str | None = None


def slugify(name: str) -> str:
    """`Review a change` -> `review-a-change`; never empty (falls back to `unnamed`)."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"
