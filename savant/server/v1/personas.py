"""Personas over HTTP."""

from __future__ import annotations

from savant.schemas.personas import Persona, PersonaCreate, PersonaUpdate
from savant.server.v1.stored import Stored


class Personas(Stored[Persona, PersonaCreate, PersonaUpdate]): ...
