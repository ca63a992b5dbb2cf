"""A journal that does nothing: effects are served from the record, and what stands around them runs again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.blobs import Conversation, canonical, digest, has_conversation, pack
from savant.runtime.journal import Divergence, Do, Handled, Journal, Outcome, Retry
from savant.runtime.journal_outcomes import recorded_error
from savant.runtime.journal_store import MemoryStore
from savant.runtime.replay.divergences import diverged, unreached
from savant.schemas.records import Record
from savant.schemas.steps import Effect, Step, StepType

CONTAINERS = frozenset({"agent", "workflow", "condition", "parallel", "foreach"})
CONCURRENT = frozenset({"parallel", "foreach"})
# Failures that come from outside the program's own course: the record may end anywhere under them.
CUT = frozenset({ErrorCode.TIMEOUT, ErrorCode.STOPPED, ErrorCode.BUDGET, ErrorCode.TOKEN_BUDGET})


class Unfinished(Exception):
    """The record ends here: the step at `path` was not begun, or nobody saw its end."""

    def __init__(self, path: str, type: StepType, input: Any) -> None:
        super().__init__(f"The record ends at {path}.")
        self.path = path
        self.type = type
        self.input = input


class Fault(Exception):
    """A recorded fault of a tool or of ours, which no `on_error` handles."""


class Rereading(Journal):
    """One replay of a record. `seen` holds the steps it came by, with inputs and outputs derived again.

    With `trusting`, inputs may differ from the recorded ones: they are taken as they come.
    """

    in_order = True

    def __init__(self, record: Record, *, trusting: bool = False) -> None:
        store = MemoryStore()
        store.blobs = dict(record.blobs)
        super().__init__(store, run_id=record.run_id, history=record.steps, live=False)
        self.seen: dict[str, Step] = {}
        self.blobs: dict[str, bytes] = {}
        self._trusting = trusting

    def serves(self, path: str) -> bool:
        """Whether the record has the step; where it has not, limits are checked as they were then."""
        return path in self._last

    def trace(self, event_type: str, payload: dict[str, Any], step_number: int | None = None) -> None:
        """A replay leaves no traces."""

    async def flush(self) -> None:
        """Nothing is written."""

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _step(
        self,
        path: str,
        type: StepType,
        input: Any,
        effect: Effect,
        do: Do,
        tool_name: str | None,
        agent: str | None,
        handled: Handled,
        retry: Retry | None,
    ) -> Any:
        prior = self._last.get(path)
        if prior is None:
            raise Unfinished(path, type, plain(input))
        raw = canonical(_shape(input))
        input_hash = digest(f"{type}\0{tool_name or ''}\0".encode() + raw)
        if prior.input_hash != input_hash and not self._trusting:
            raise await self._other_input(prior, type, tool_name, input)
        seen = self.seen[path] = msgspec.structs.replace(
            prior, input=self._packed(raw, input), input_hash=input_hash, type=type, tool_name=tool_name, agent=agent
        )
        if type in CONTAINERS:
            return await self._again(prior, seen, do)
        return await self._served(prior, plain(input))

    async def _served(self, prior: Step, input: Any) -> Any:
        """What the effect came to, then."""
        if prior.status == "completed":
            output = await self.value(prior.output)
            raw = canonical(output)
            self.seen[prior.path].output = pack(raw, output, self.blobs)
            return output
        if prior.status == "failed":
            raise _failure(prior)
        raise Unfinished(prior.path, prior.type, input)

    async def _again(self, prior: Step, seen: Step, do: Do) -> Any:
        """Run what stands around other steps, and compare what comes of it."""
        try:
            output = await do()
        except Unfinished as end:
            if prior.status == "failed" and prior.error_code in CUT:
                raise _failure(prior) from None
            if prior.status in ("completed", "failed"):
                raise unreached(end.path, end.input, self._last.get(end.path)) from None
            raise
        except Fault:
            raise
        except SavantError as error:
            seen.error_message = str(error) if self._trusting else prior.error_message
            raise self._failed(prior, error) from None
        return await self._completed(prior, seen, output.output if isinstance(output, Outcome) else output)

    async def _completed(self, prior: Step, seen: Step, output: Any) -> Any:
        raw = canonical(output)
        if prior.status == "failed" and prior.error_code in CUT:
            raise _failure(prior)
        if prior.status == "failed":
            raise diverged(prior, "error", prior.error_message, None)
        if prior.status != "completed":
            raise Unfinished(prior.path, prior.type, None)
        if not self._trusting:
            recorded = await self.value(prior.output)
            if canonical(recorded) != raw:
                raise diverged(prior, "output", recorded, msgspec.json.decode(raw))
        seen.output = pack(raw, output, self.blobs)
        return msgspec.json.decode(raw)

    def _failed(self, prior: Step, error: SavantError) -> SavantError:
        """The failure as it goes on up: the recorded one, if it is that."""
        if isinstance(error, Divergence) or prior.status in ("running", "interrupted", "pending"):
            return error
        if prior.status == "completed":
            return diverged(prior, "error", None, str(error))
        if self._trusting and error.code.value == prior.error_code:
            return error
        if same_failure(prior.error_code, prior.error_message, error) or self._one_of_several(prior, error):
            return recorded_error(prior)
        return diverged(prior, "error", prior.error_message, str(error))

    def _one_of_several(self, prior: Step, error: SavantError) -> bool:
        """Whether it is the failure of another branch than the one that was seen first, or of an attempt before."""
        if prior.type not in CONCURRENT and prior.error_code not in CUT:
            return False
        inside = (step for step in self._last.values() if step.path.startswith(prior.path) and step is not prior)
        return any(same_failure(step.error_code, step.error_message, error) for step in inside)

    async def _other_input(self, prior: Step, type: StepType, tool_name: str | None, input: Any) -> Divergence:
        recorded, current = await self.value(prior.input), plain(input)
        if (type, tool_name) != (prior.type, prior.tool_name):
            recorded = {"step": prior.tool_name or prior.type, "input": recorded}
            current = {"step": tool_name or type, "input": current}
        return diverged(prior, "input", recorded, current)

    def _packed(self, raw: bytes, input: Any) -> msgspec.Raw:
        if isinstance(input, Mapping):
            for member in input.values():
                if isinstance(member, Conversation):
                    self.blobs.update(member.nodes())
        return pack(raw, input, self.blobs)


def same_failure(code: str | None, message: str | None, error: SavantError) -> bool:
    """Whether an error is the recorded one; where limits of the world ended it, figures in the message may differ."""
    return error.code.value == code and (str(error) == message or error.code in CUT)


def plain(value: Any) -> Any:
    """An input as JSON data, with its conversations as lists of messages."""
    if not has_conversation(value):
        return msgspec.to_builtins(value)
    return {
        key: msgspec.to_builtins(member.messages if isinstance(member, Conversation) else member)
        for key, member in value.items()
    }


def not_seen(record: Record, seen: Mapping[str, Step]) -> Sequence[Step]:
    """Recorded steps with an end that a replay did not come by, in order."""
    return [step for step in record.steps if step.path not in seen and step.status in ("completed", "failed")]


def _shape(value: Any) -> Any:
    if not has_conversation(value):
        return value
    return {key: member.reference if isinstance(member, Conversation) else member for key, member in value.items()}


def _failure(prior: Step) -> Exception:
    if prior.error_code == ErrorCode.UNEXPECTED and not prior.handled:
        return Fault(prior.error_message or "")
    return recorded_error(prior)
