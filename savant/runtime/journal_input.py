"""The input of a step, as it is hashed and as it is shown."""

from __future__ import annotations

from typing import Any

import msgspec

from savant.runtime.blobs import Conversation, has_conversation


def shape(value: Any) -> Any:
    """The input with conversations by reference, which is what is hashed."""
    if not has_conversation(value):
        return value
    return {key: member.reference if isinstance(member, Conversation) else member for key, member in value.items()}


def plain(value: Any) -> Any:
    """The input with conversations in full, as a person is shown it."""
    if not has_conversation(value):
        return msgspec.to_builtins(value)
    return {
        key: msgspec.to_builtins(member.messages if isinstance(member, Conversation) else member)
        for key, member in value.items()
    }
