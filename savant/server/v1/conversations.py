"""Conversations over HTTP."""

from __future__ import annotations

from typing import Protocol

from savant.schemas.base import Page
from savant.schemas.conversations import Conversation, ConversationCreate, ConversationList, ConversationUpdate
from savant.server.v1.stored import Id


class Conversations(Protocol):
    async def list(self, query: ConversationList) -> Page[Conversation]:
        """Conversations without their turns, the one that was spoken in last first."""
        ...

    async def create(self, create: ConversationCreate) -> Conversation:
        """Begin one; `runs.start` with its number is its next turn."""
        ...

    async def get(self, id: Id) -> Conversation:
        """The whole conversation with its turns."""
        ...

    async def update(self, id: Id, update: ConversationUpdate) -> Conversation:
        """Go on with another model."""
        ...

    async def delete(self, id: Id) -> None:
        """Forget that its runs belong together; the runs stay."""
        ...
