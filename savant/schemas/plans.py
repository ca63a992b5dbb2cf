"""What applying files to a workspace would do, or did."""

from __future__ import annotations

from typing import Literal

from savant.schemas.base import Input, Schema
from savant.schemas.programs import Bundle

Kind = Literal["agent", "workflow", "persona", "ruleset"]
KINDS: tuple[Kind, ...] = ("agent", "workflow", "persona", "ruleset")


class Apply(Input):
    """What `definitions.apply` takes. With `dry_run` nothing is written; `prune` deletes rows no file holds."""

    bundle: Bundle
    sources: dict[str, str] = {}
    prune: bool = False
    dry_run: bool = False


class Change(Schema):
    """One definition's fate; `changed` names the fields that differ."""

    kind: Kind
    slug: str
    action: Literal["create", "update", "unchanged", "delete"]
    changed: list[str] = []
    version: int | None = None


class Plan(Schema):
    """The changes in the order they are made; `applied` says whether they were."""

    changes: list[Change]
    applied: bool
