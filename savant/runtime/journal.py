"""The journal: the ordered steps of a run, and the one call through which every effect goes.

Resume, retry, fork, replay, diff and test are all readings of it. An effect whose completed step is already
recorded is not done again: its output is served. A different input at a recorded path is a divergence, and stops
the run; it never falls through to a live call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal

import msgspec

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.runtime.blobs import Conversation, canonical, digest, has_conversation, pack, unpack
from savant.runtime.journal_store import JournalStore, Writer
from savant.schemas.runs import Event, OnUncertain
from savant.schemas.steps import Effect, Step, StepType
from savant.schemas.traces import Trace

Do = Callable[[], Awaitable[Any]]
Retry = Callable[[SavantError, int], float | None]
Decision = Literal["retry", "done", "fail"]
PREVIEW_BYTES = 240


class Outcome(msgspec.Struct):
    """What `do` may return instead of its bare output, to have its cost and tokens recorded with the step."""

    output: Any
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class Parked(Exception):
    """The run cannot go on without an answer; it unwinds, waits as a row, and resumes at the same step."""

    def __init__(self, kind: Literal["uncertain_step", "tool", "approval"], path: str, details: dict[str, Any]) -> None:
        super().__init__(f"{kind} at {path}")
        self.kind = kind
        self.path = path
        self.details = details


class Divergence(SavantError):
    """The program asked for something else than what is recorded at this path."""

    def __init__(self, path: str, recorded: Any, current: Any, message: str | None = None) -> None:
        super().__init__(
            ErrorCode.DIVERGENCE,
            message or f"Step {path} now has another input than the recorded one.",
            hint="The definition, the tools or the inputs changed since this run was recorded; start a new run.",
            details={"path": path, "recorded": recorded, "current": current},
        )


class Journal:
    """One run's journal, open for going on. `live=False` only re-reads: a step that is not recorded diverges."""

    def __init__(
        self,
        store: JournalStore,
        *,
        run_id: int = 0,
        history: Iterable[Step] = (),
        next_seq: int = 1,
        live: bool = True,
        on_uncertain: OnUncertain = "ask",
        decisions: Mapping[str, Decision] | None = None,
        listener: Callable[[Event], None] | None = None,
    ) -> None:
        self.run_id = run_id
        self._store = store
        self._live = live
        self._on_uncertain = on_uncertain
        self._decisions = decisions or {}
        self._listener = listener
        self._last: dict[str, Step] = {}
        self._number = 0
        for step in history:
            self._last[step.path] = step
            self._number = max(self._number, step.step_number)
        self._seq = next_seq
        self._writer = Writer(store)
        self._chained: set[str] = set()

    @classmethod
    async def open(cls, store: JournalStore, **options: Any) -> Journal:
        """A journal that goes on from whatever the store already holds."""
        history, next_seq = await store.load()
        return cls(store, history=history, next_seq=next_seq, **options)

    @property
    def steps_count(self) -> int:
        return self._number

    async def step(
        self,
        path: str,
        type: StepType,
        input: Any,
        effect: Effect,
        do: Do,
        *,
        tool_name: str | None = None,
        agent: str | None = None,
        handled: bool = False,
        retry: Retry | None = None,
    ) -> Any:
        """The output of the step at `path`: served if it is recorded as completed, else done, recorded, returned.

        `input` and the output are JSON values; the output comes back exactly as a later resume would see it.
        `handled` says that the caller treats a failure as an ordinary outcome. `retry` gives the seconds to wait
        before another attempt, or None. Raises what `do` raised, Divergence, or Parked.
        """
        raw = canonical(_shape(input))
        input_hash = digest(f"{type}\0{tool_name or ''}\0".encode() + raw)
        prior = self._last.get(path)
        if prior is not None:
            if prior.input_hash != input_hash:
                raise Divergence(path, await self.value(prior.input), _plain(input))
            if prior.status == "completed":
                return await self._serve(prior)
            if prior.status == "failed" and (prior.handled or not self._live):
                raise _recorded_error(prior)
        if not self._live:
            raise Divergence(path, None, _plain(input), f"Step {path} is not in the record.")
        if prior is not None and prior.status in ("running", "interrupted") and await self._settle(prior, effect):
            return None
        blobs: dict[str, bytes] = {}
        stored = self._pack_input(raw, input, blobs)
        attempt = prior.attempt if prior else 0
        while True:
            attempt += 1
            step = Step(
                path=path, step_number=0, type=type, effect=effect, input_hash=input_hash, attempt=attempt,
                tool_name=tool_name, agent=agent, input=stored,
            )  # fmt: skip
            try:
                return await self._do(step, do, blobs)
            except SavantError as error:
                delay = retry(error, attempt) if retry else None
                await self._fail(step, error, handled=handled and delay is None)
                if delay is None:
                    raise
                blobs = {}
                await asyncio.sleep(delay)

    async def value(self, stored: Any) -> Any:
        """A recorded input or output in full."""
        return await unpack(stored, self._store.read_blobs)

    def recorded(self, path: str) -> Step | None:
        """The last attempt at a path, if there is one."""
        return self._last.get(path)

    def trace(self, event_type: str, payload: dict[str, Any], step_number: int | None = None) -> None:
        """Record one event of the run; it is durable with the next commit, at most a moment later."""
        trace = Trace(
            seq=self._seq,
            event_type=event_type,
            payload=payload,
            timestamp=clock.now(),
            step_number=step_number,
        )
        self._seq += 1
        self._writer.add(trace=trace)
        self._tell(event_type, payload, trace.seq, step_number)

    def stream(self, event_type: str, payload: dict[str, Any]) -> None:
        """Tell followers something that is not stored (token deltas)."""
        self._tell(event_type, payload, None, None)

    async def flush(self) -> None:
        """Return when everything recorded so far is durable."""
        await self._writer.commit()

    async def aclose(self) -> None:
        await self._writer.aclose()

    def _tell(self, type: str, payload: dict[str, Any], seq: int | None, step_number: int | None) -> None:
        if self._listener is not None:
            event = Event(
                type=type,
                run_id=self.run_id,
                payload=payload,
                seq=seq,
                step_number=step_number,
                timestamp=clock.now(),
            )
            self._listener(event)

    async def _serve(self, prior: Step) -> Any:
        self.stream("step.served", {"path": prior.path, "type": prior.type, "tool_name": prior.tool_name})
        return await self.value(prior.output)

    async def _settle(self, prior: Step, effect: Effect) -> bool:
        """What to do about an attempt whose end nobody saw: True if it counts as done."""
        interrupted = msgspec.structs.replace(prior, status="interrupted")
        if effect != "write":
            self._writer.add(step=interrupted)
            return False
        match self._decisions.get(prior.path) or self._on_uncertain:
            case "retry":
                self._writer.add(step=interrupted)
                return False
            case "done":
                await self._complete(prior, Outcome(None), clock.monotonic())
                return True
            case "fail":
                raise SavantError(
                    ErrorCode.STEP_FAILED,
                    f"Step {prior.path} ({prior.tool_name or prior.type}) was interrupted, and may have happened.",
                    hint="Look at its effect, then resume with --on-uncertain retry, or done if it did happen.",
                )
            case _:
                raise Parked("uncertain_step", prior.path, {"tool_name": prior.tool_name, "attempt": prior.attempt})

    def _pack_input(self, raw: bytes, input: Any, blobs: dict[str, bytes]) -> Any:
        if isinstance(input, Mapping):
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

    async def _do(self, step: Step, do: Do, blobs: dict[str, bytes]) -> Any:
        began = clock.monotonic()
        self._number += 1
        step.step_number = self._number
        step.started_at = clock.now()
        self._last[step.path] = step
        self._writer.add(step=step, blobs=blobs)
        self.trace("step.started", _describe(step), step.step_number)
        if step.effect == "write":
            await self._writer.commit()
        try:
            result = await do()
        except asyncio.CancelledError:
            step.status = "interrupted"
            self._writer.add(step=step)
            raise
        except (SavantError, Parked):
            raise
        except Exception as error:
            # A fault of ours or of a tool: recorded as such before it goes on up, so the run never ends as a success.
            await self._fail(step, SavantError(ErrorCode.UNEXPECTED, f"{error.__class__.__name__}: {error}"))
            raise
        outcome = result if isinstance(result, Outcome) else Outcome(result)
        return await self._complete(step, outcome, began)

    async def _complete(self, step: Step, outcome: Outcome, began: float) -> Any:
        raw = canonical(outcome.output)
        blobs: dict[str, bytes] = {}
        step.output = pack(raw, outcome.output, blobs)
        step.cost_usd = outcome.cost_usd
        step.input_tokens = outcome.input_tokens
        step.output_tokens = outcome.output_tokens
        step.status = "completed"
        self._end(step, began)
        payload = _describe(step)
        payload["preview"] = raw[:PREVIEW_BYTES].decode(errors="ignore")
        payload["duration_ms"] = step.duration_ms
        if step.cost_usd is not None:
            payload["cost_usd"] = step.cost_usd
        self._writer.add(step=step, blobs=blobs)
        self.trace("step.completed", payload, step.step_number)
        await self._writer.commit()
        return msgspec.json.decode(raw)

    async def _fail(self, step: Step, error: SavantError, *, handled: bool = False) -> None:
        if step.status == "failed":
            return
        step.status = "failed"
        step.handled = handled
        step.error_code = error.code.value
        step.error_message = str(error)
        self._end(step, None)
        self._writer.add(step=step)
        payload = _describe(step)
        payload["error_code"] = step.error_code
        payload["error_message"] = step.error_message
        payload["handled"] = handled
        self.trace("step.failed", payload, step.step_number)
        await self._writer.commit()

    def _end(self, step: Step, began: float | None) -> None:
        step.completed_at = clock.now()
        if began is not None:
            step.duration_ms = round((clock.monotonic() - began) * 1000)
        elif step.started_at is not None:
            step.duration_ms = round((step.completed_at - step.started_at).total_seconds() * 1000)


def _describe(step: Step) -> dict[str, Any]:
    described: dict[str, Any] = {"path": step.path, "type": step.type, "attempt": step.attempt}
    if step.tool_name is not None:
        described["tool_name"] = step.tool_name
    if step.agent is not None:
        described["agent"] = step.agent
    return described


def _recorded_error(step: Step) -> SavantError:
    return SavantError(ErrorCode(step.error_code or "unexpected"), step.error_message or "The step failed.")


def _shape(value: Any) -> Any:
    """The input with conversations by reference, which is what is hashed."""
    if not has_conversation(value):
        return value
    return {key: member.reference if isinstance(member, Conversation) else member for key, member in value.items()}


def _plain(value: Any) -> Any:
    if not has_conversation(value):
        return msgspec.to_builtins(value)
    return {
        key: msgspec.to_builtins(member.messages if isinstance(member, Conversation) else member)
        for key, member in value.items()
    }
