"""What a model would see at the beginning of a run, part by part."""

from __future__ import annotations

from typing import Literal

from savant.schemas.base import Schema


class PromptPart(Schema):
    """One part: `persona`, `driver`, `rules:<slug>`, `repository`, `goal` ... `tokens` is an estimate.

    The tools that a model is given natively are a part of their own, as JSON, in no message.
    """

    name: str
    role: Literal["system", "user", "tools"]
    text: str
    tokens: int


class AgentPrompt(Schema):
    """The prompt of an agent for one goal; `model` is the one that is asked first, `tokens` counts all parts."""

    agent: str
    model: str
    context_window: int | None
    parts: list[PromptPart]
    tokens: int
