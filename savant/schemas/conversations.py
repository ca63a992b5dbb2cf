"""Conversations with an agent: every turn is a run, and what was said before comes along."""

from __future__ import annotations

from datetime import datetime

import msgspec

from savant.schemas.base import Input, Schema
from savant.schemas.runs import RunStatus


class Turn(Schema):
    """One turn: the run, what the person said (without what they attached), and the answer if there is one."""

    run_id: int
    said: str
    answer: str | None
    status: RunStatus
    error_message: str | None = None


class Conversation(Schema):
    """`title` is how it began; `model` is what the person switched to. A list leaves out the turns."""

    id: int
    agent: str
    title: str
    model: str | None
    created_at: datetime
    updated_at: datetime
    turns: list[Turn] = msgspec.field(default_factory=list)


class ConversationCreate(Input):
    agent: str
    model: str | None = None


class ConversationUpdate(Input):
    model: str | msgspec.UnsetType | None = msgspec.UNSET


class ConversationList(Input):
    """Filters of `conversations.list`, the one that was spoken in last first; `limit` is at most 1,000."""

    agent: str | None = None
    limit: int = 50
