"""What is asked of the journal, and the input of a step as it is hashed and as it is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec

from savant.errors import SavantError
from savant.runtime.blobs import Conversation, canonical, digest, has_conversation, pack
from savant.schemas.steps import Effect, Step, StepType

Do = Callable[[], Awaitable[Any]]
Retry = Callable[[SavantError, int], float | None]
Handled = bool | Callable[[SavantError], bool]
Verdict = Callable[[Step | None], SavantError | None]


class Call(NamedTuple):
    """One call of `Journal.step`, which says what its parts mean."""

    path: str
    type: StepType
    input: Any
    effect: Effect
    do: Do
    tool_name: str | None = None
    agent: str | None = None
    handled: Handled = False
    retry: Retry | None = None

    def hashed(self) -> tuple[bytes, str]:
        """The canonical input, and the hash by which a record knows it."""
        raw = canonical(shape(self.input))
        return raw, digest(f"{self.type}\0{self.tool_name or ''}\0".encode() + raw)

    def handles(self, error: SavantError) -> bool:
        """Whether the caller treats a failure as an ordinary outcome."""
        return self.handled(error) if callable(self.handled) else self.handled


class Inputs:
    """Packs the inputs of one run; what of a conversation was stored with an earlier step is not stored again."""

    def __init__(self) -> None:
        self._chained: set[str] = set()

    def pack(self, raw: bytes, input: Any, blobs: dict[str, bytes]) -> Any:
        """What the step's row holds; adds to `blobs` what it refers to."""
        if has_conversation(input):
            for member in input.values():
                if isinstance(member, Conversation):
                    self._add_chain(member, blobs)
        return pack(raw, input, blobs)

    def _add_chain(self, conversation: Conversation, blobs: dict[str, bytes]) -> None:
        for key, node in reversed(conversation.nodes()):
            if key in self._chained:
                break
            self._chained.add(key)
            blobs[key] = node


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
