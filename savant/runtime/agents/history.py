"""What was said so far, turn by turn, and as the conversation a model is sent; turns can give way to a summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from savant.runtime.agents.actions import Result
from savant.runtime.blobs import Conversation, canonical
from savant.runtime.llm.base import Message, ModelResponse, ToolCall, Usage
from savant.runtime.llm.tokens import message_tokens

SUMMARY = "What you did before, in short (you no longer see these turns):\n"


class Turn(msgspec.Struct, frozen=True):
    """What the model said, the calls in it, and what it was told: results, or words. Without a response, only words."""

    response: ModelResponse | None = None
    calls: Sequence[ToolCall] = ()
    results: Sequence[Result] = ()
    words: str = ""


class Speaker(Protocol):
    """A way of acting, as far as it decides how turns are written down."""

    def said(self, response: ModelResponse, calls: Sequence[ToolCall]) -> Message: ...

    def tell(self, results: Sequence[Result]) -> list[Message]: ...


class Size(NamedTuple):
    """Tokens: `counted` by the model's provider, and `estimated` for what came since."""

    counted: int
    estimated: int

    @property
    def total(self) -> int:
        return self.counted + self.estimated


class History:
    """The head of the conversation (who the agent is, and its goal), then a summary, then turns."""

    def __init__(self, head: Sequence[Message], speaker: Speaker, overhead: int = 0) -> None:
        self.turns: list[Turn] = []
        self.summary = ""
        self._begin(head, speaker, overhead)

    def _begin(self, head: Sequence[Message], speaker: Speaker, overhead: int) -> None:
        self._head = list(head)
        self._speaker = speaker
        self._overhead = overhead
        self._write()

    def add(self, turn: Turn) -> None:
        self.turns.append(turn)
        for message in self._messages(turn):
            self._append(message)

    def retell(self, head: Sequence[Message], speaker: Speaker, overhead: int) -> None:
        """The same history for another model, without the answers that were no use."""
        self.turns = [turn for turn in self.turns if turn.calls or turn.response is None]
        self._begin(head, speaker, overhead)

    def shorten(self, count: int, summary: str) -> None:
        """Put `summary` in the place of the first `count` turns and of the summary before them."""
        self.turns = self.turns[count:]
        self.summary = summary
        self._write()

    def learn(self, usage: Usage, asked: int) -> None:
        """What the provider counted of the conversation when it had `asked` messages."""
        if usage.estimated:
            return
        since = sum(message_tokens(message) for message in self.talk.messages[asked:])
        # Some servers leave out what they had in their cache; then the count is far too low to go by.
        self._counted = max(usage.input_tokens, (self._guessed - since) * 3 // 4)
        self._estimated = since

    @property
    def size(self) -> Size:
        return Size(self._counted, self._estimated)

    def tokens(self, turn: Turn) -> int:
        """About how many tokens one turn has."""
        return sum(message_tokens(message) for message in self._messages(turn))

    def older(self, room: int) -> int:
        """How many turns from the first on must go, so that those after them have at most `room` tokens."""
        kept = 0
        for count in range(len(self.turns), 0, -1):
            kept += self.tokens(self.turns[count - 1])
            if kept > room:
                return min(count, len(self.turns) - 1)
        return 0

    def transcript(self, count: int) -> str:
        """The first `count` turns, and the summary before them, as a text to be read by a model."""
        return "\n\n".join([*([SUMMARY + self.summary] if self.summary else []), *map(_told, self.turns[:count])])

    def _write(self) -> None:
        self.talk = Conversation()
        self._counted, self._estimated, self._guessed = 0, self._overhead, self._overhead
        for message in self._head:
            self._append(message)
        if self.summary:
            self._append(Message(role="user", content=SUMMARY + self.summary))
        for turn in self.turns:
            for message in self._messages(turn):
                self._append(message)

    def _append(self, message: Message) -> None:
        self.talk.append(message)
        size = message_tokens(message)
        self._estimated += size
        self._guessed += size

    def _messages(self, turn: Turn) -> list[Message]:
        messages = [self._speaker.said(turn.response, turn.calls)] if turn.response else []
        messages += self._speaker.tell(turn.results) if turn.results else []
        return messages + ([Message(role="user", content=turn.words)] if turn.words else [])


def _told(turn: Turn) -> str:
    lines = [f"You said: {turn.response.text}"] if turn.response and turn.response.text.strip() else []
    for result in turn.results:
        outcome = "failed" if result.is_error else "gave"
        lines.append(f"You called {result.call.name} with {_arguments(result.call)}, which {outcome}:\n{result.text}")
    return "\n".join([*lines, *([f"You were told: {turn.words}"] if turn.words else [])])


def _arguments(call: ToolCall) -> Any:
    return canonical(call.arguments).decode()
