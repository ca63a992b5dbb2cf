"""A persona: who the model is asked to be."""

from __future__ import annotations

from datetime import datetime

import msgspec

from savant.schemas.base import Input, Name, Schema, Slug, Visibility


class PersonaDefinition(Input):
    """The YAML of a persona (`.savant/personas/engineer.yaml`)."""

    name: Name
    instructions: str
    slug: Slug | None = None
    description: str | None = None
    visibility: Visibility = "private"


class PersonaCreate(PersonaDefinition):
    """What `personas.create` takes; the same as the definition."""


class PersonaUpdate(Input):
    """What `personas.update` takes; only what is given changes."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    instructions: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET


class Persona(Schema):
    """A stored persona."""

    id: int
    slug: str
    name: str
    instructions: str
    description: str | None
    visibility: Visibility
    created_at: datetime
    updated_at: datetime
