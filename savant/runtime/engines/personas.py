"""The personas engine: who a model can be asked to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from savant.runtime.tools.engine import Engine, tool, tool_failed
from savant.runtime.tools.nearest import did_you_mean
from savant.schemas.personas import PersonaDefinition


class PersonaSummary(msgspec.Struct, kw_only=True):
    """A persona in a list."""

    slug: str
    name: str
    description: str | None


class PersonaText(PersonaSummary, kw_only=True):
    """A persona with what it says."""

    instructions: str


class Personas(Engine):
    """Reading the personas of a bundle, by slug."""

    name = "personas"

    def __init__(self, personas: Mapping[str, PersonaDefinition]) -> None:
        self._personas = personas

    @tool(effect="read")
    async def list_(self) -> tuple[PersonaSummary, ...]:
        """List the personas, by slug."""
        return tuple(
            PersonaSummary(slug=slug, name=persona.name, description=persona.description)
            for slug, persona in sorted(self._personas.items())
        )

    @tool(effect="read")
    async def get(self, *, slug: Annotated[str, Meta(description="As personas.list gives it")]) -> PersonaText:
        """Get a persona's instructions."""
        persona = self._personas.get(slug)
        if persona is None:
            raise tool_failed(f"There is no persona `{slug}`.", did_you_mean(slug, self._personas))
        return PersonaText(
            slug=slug,
            name=persona.name,
            description=persona.description,
            instructions=persona.instructions,
        )
