"""The scripted model: answers written down beforehand, for tests, demonstrations and hello worlds.

`scripted/PATH.yaml` names a file, and `ScriptedModel([...])` takes the same turns in Python. In YAML:

    native_tools: true                     # default; false plays a model that needs JSON actions
    loop: false                            # default; true begins again after the last turn
    turns:
      - Hello, I am a script.              # text alone
      - text: Let me look.                 # text, and tools to call
        tools:
          - {name: git.log, arguments: {limit: 3}}
      - json: {verdict: ok}                # text that is this JSON
      - text: Slowly.
        delay: 0.5                         # seconds before the answer
        usage: {input_tokens: 900, output_tokens: 20}
        cost_usd: 0.01
        stop_reason: length                # default: end, or tool_calls
      - error: model_rate_limited          # an error code, instead of an answer
        message: Too many requests.
        times: 1                           # only the first time; after that the next turn answers
      - when: weather                      # if the last message contains this
        text: It rains.
      - when: {system: security}           # if a system message contains this
        text: I look at security only.

Which turn answers follows from the request alone, so it is the same on a resume and in parallel branches:

1. The first turn whose `when` (a text, or `{last: text}`) occurs in the last message answers.
2. Otherwise turns are taken in order: a conversation with two assistant messages gets the third turn. A turn with
   `when: {system: text}` or `when: {goal: text}` (the first user message) belongs to such conversations; where a
   conversation has turns of its own, it gets only these, and otherwise those without a `when`.

`times` is the exception: it counts in this process. A conversation longer than its turns fails with
`model_bad_response`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from savant.errors import ErrorCode, Position, SavantError
from savant.runtime.llm.base import Message, ModelRequest, ModelResponse, OnDelta, StopReason, ToolCall, Usage


class When(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a turn waits for: texts that must occur; `last` in the last message, the others in the conversation."""

    last: str | None = None
    system: str | None = None
    goal: str | None = None


class ScriptedCall(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A tool call to make; `invalid` plays arguments that are no JSON."""

    name: str
    arguments: dict[str, Any] = {}
    id: str | None = None
    invalid: str | None = None


class Turn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One answer; the module's docstring explains the fields."""

    text: str = ""
    json: Any = msgspec.UNSET
    tools: list[ScriptedCall] = []
    error: ErrorCode | None = None
    message: str = "The script says so."
    times: int | None = None
    delay: float = 0.0
    when: str | When | None = None
    usage: Usage | None = None
    cost_usd: float = 0.0
    stop_reason: StopReason | None = None

    def __post_init__(self) -> None:
        if self.times is not None and self.error is None:
            raise ValueError("`times` is for a turn with `error`")

    @property
    def condition(self) -> When:
        return When(last=self.when) if isinstance(self.when, str) else self.when or When()


class Script(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A script file."""

    turns: list[str | Turn]
    native_tools: bool = True
    loop: bool = False
    context_window: int | None = None


class ScriptedModel:
    """An LLM that says what a script says; deterministic, and without a network."""

    def __init__(self, turns: Sequence[str | Turn | dict[str, Any]] | Script, id: str = "scripted/inline") -> None:
        script = turns if isinstance(turns, Script) else _convert({"turns": list(turns)}, id)
        self.id = id
        self.native_tools = script.native_tools
        self.context_window = script.context_window
        self.max_output_tokens: int | None = None
        self._loop = script.loop
        self._turns = [Turn(text=turn) if isinstance(turn, str) else turn for turn in script.turns]
        self._used: Counter[int] = Counter()

    @classmethod
    def from_file(cls, path: Path, id: str) -> ScriptedModel:
        """Read a script; raises MODEL_NOT_FOUND without the file, INVALID_CONFIG saying what is wrong in it."""
        return cls(_load(path, id), id)

    def cost(self, usage: Usage) -> float | None:
        return 0.0

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None = None) -> ModelResponse:
        index = sum(message.role == "assistant" for message in request.messages)
        turn = self._choose(request.messages, index)
        await self._pause(turn.delay, request.timeout)
        if turn.error is not None:
            raise SavantError(turn.error, f"{self.id}: {turn.message}", details={"model": self.id})
        response = self._respond(turn, index, request)
        if on_delta:
            for piece in response.text.splitlines(keepends=True):
                on_delta(piece)
        return response

    def _choose(self, messages: Sequence[Message], index: int) -> Turn:
        left = [turn for turn in self._turns if turn.times is None or self._used[id(turn)] < turn.times]
        last = messages[-1].content if messages else ""
        matching = [turn for turn in left if turn.condition.last is not None and turn.condition.last in last]
        turns = _of_conversation(left, messages)
        if self._loop and turns:
            index %= len(turns)
        chosen = [*matching, *turns[index : index + 1]]
        if not chosen:
            message = f"The script of {self.id} has {len(turns)} turns here, and is asked for one more."
            hint = "Add a turn to the script, or set `loop: true` in it."
            raise SavantError(ErrorCode.MODEL_BAD_RESPONSE, message, hint=hint)
        self._used[id(chosen[0])] += 1
        return chosen[0]

    async def _pause(self, delay: float, timeout: float | None) -> None:
        if timeout is not None and delay > timeout:
            await asyncio.sleep(timeout)
            message = f"{self.id} did not finish within {timeout:g} s."
            raise SavantError(ErrorCode.MODEL_TIMEOUT, message, hint="Give it more time (`timeout`).")
        await asyncio.sleep(delay)

    def _respond(self, turn: Turn, index: int, request: ModelRequest) -> ModelResponse:
        text = turn.text if turn.json is msgspec.UNSET else msgspec.json.encode(turn.json).decode()
        calls = [
            ToolCall(
                id=call.id or f"call_{index}_{number}",
                name=call.name,
                arguments=call.arguments,
                invalid=call.invalid,
            )
            for number, call in enumerate(turn.tools)
        ]
        stop: StopReason = turn.stop_reason or ("tool_calls" if calls else "end")
        return ModelResponse(
            text=text,
            tool_calls=calls,
            usage=turn.usage or _estimate(request, text),
            cost_usd=turn.cost_usd,
            stop_reason=stop,
            model=self.id.partition("/")[2],
        )


def _of_conversation(turns: Sequence[Turn], messages: Sequence[Message]) -> list[Turn]:
    """The turns taken in order here: the conversation's own if it has any, else those for all."""
    system = "\n".join(message.content for message in messages if message.role == "system")
    goal = next((message.content for message in messages if message.role == "user"), "")
    rest = [turn for turn in turns if turn.condition.last is None]
    own = [turn for turn in rest if turn.when is not None and _is_of(turn.condition, system, goal)]
    return own or [turn for turn in rest if turn.when is None]


def _is_of(condition: When, system: str, goal: str) -> bool:
    return (condition.system or "") in system and (condition.goal or "") in goal


def _estimate(request: ModelRequest, text: str) -> Usage:
    """Four characters a token."""
    read = sum(len(message.content) for message in request.messages)
    return Usage(input_tokens=read // 4 + 1, output_tokens=len(text) // 4 + 1)


def _load(path: Path, id: str) -> Script:
    import yaml

    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError as error:
        message = f"The script {path} of {id} cannot be read: {error.strerror}."
        hint = "The name after scripted/ is the path of a YAML file."
        raise SavantError(ErrorCode.MODEL_NOT_FOUND, message, hint=hint) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = Position(str(path), mark.line + 1, mark.column + 1) if mark else Position(str(path), 1, 1)
        what = getattr(error, "problem", None) or "it is not UTF-8 text"
        raise SavantError(ErrorCode.INVALID_CONFIG, f"This script is not YAML: {what}.", position=where) from None
    return _convert(data, str(path))


def _convert(data: Any, where: str) -> Script:
    try:
        script = msgspec.convert(data, Script)
    except msgspec.ValidationError as error:
        hint = "A script is `turns:` and a list; `python -m pydoc savant.runtime.llm.scripted` shows all of it."
        raise SavantError(ErrorCode.INVALID_CONFIG, f"Script {where}: {error}.", hint=hint) from None
    if not script.turns:
        raise SavantError(ErrorCode.INVALID_CONFIG, f"Script {where} has no turns.", hint="Write at least one.")
    return script
