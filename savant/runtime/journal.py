"""The journal: the ordered steps of a run, and the one call through which every effect goes.

Resume, retry, fork, replay, diff and test are all readings of it. An effect whose completed step is already
recorded is not done again: its output is served. A different input at a recorded path is a divergence, and stops
the run; it never falls through to a live call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.runtime.blobs import canonical, pack, unpack
from savant.runtime.journal_input import Call, Do, Handled, Inputs, Retry, Verdict, plain
from savant.runtime.journal_outcomes import (
    Answer,
    Decision,
    Divergence,
    Outcome,
    Parked,
    Spending,
    Spent,
    describe,
    recorded_error,
)
from savant.runtime.journal_store import JournalStore, Writer
from savant.runtime.origin import Origin, done_at
from savant.schemas.runs import Event, OnUncertain
from savant.schemas.steps import Effect, Step, StepStatus, StepType
from savant.schemas.traces import Trace
from savant.telemetry.tracing import span

__all__ = ["Answer", "Decision", "Divergence", "Journal", "Outcome", "Parked", "Spent"]

# What no step handles and no retry mends: the run ends, and a resume must be able to get beyond it.
FINAL = frozenset(
    {
        ErrorCode.DIVERGENCE,
        ErrorCode.STOPPED,
        ErrorCode.APPROVAL_NEEDED,
        ErrorCode.UNCERTAIN_STEP,
        ErrorCode.BUDGET,
        ErrorCode.TOKEN_BUDGET,
        ErrorCode.LEASE_LOST,
    }
)
PREVIEW_BYTES = 240


class Journal:
    """One run's journal, open for going on. `live=False` only re-reads: a step that is not recorded diverges."""

    in_order = False  # whether parallel branches go one after another, because nothing is done

    def __init__(
        self,
        store: JournalStore,
        *,
        run_id: int = 0,
        history: Iterable[Step] = (),
        next_seq: int = 1,
        live: bool = True,
        on_uncertain: OnUncertain = "ask",
        decisions: Mapping[str, Decision | Answer] | None = None,
        listener: Callable[[Event], None] | None = None,
    ) -> None:
        self.run_id = run_id
        self._store = store
        self._live = live
        self._on_uncertain = on_uncertain
        self._decisions: dict[str, Decision | Answer] = dict(decisions or {})
        self._listener = listener
        self._last: dict[str, Step] = {}
        self._open: set[str] = set()
        self._number = 0
        self._spending = Spending()
        for step in history:
            self._spending.add_step(step)
            self._last[step.path] = step
            self._number = max(self._number, step.step_number)
        self.begins = next_seq == 1  # whether this is the first execution of the run
        self._seq = next_seq
        self._writer = Writer(store)
        self._inputs = Inputs()
        self.failed_path: str | None = None

    @classmethod
    async def open(cls, store: JournalStore, **options: Any) -> Journal:
        """A journal that goes on from whatever the store already holds."""
        history, next_seq = await store.load()
        return cls(store, history=history, next_seq=next_seq, **options)

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
        handled: Handled = False,
        retry: Retry | None = None,
    ) -> Any:
        """The output of the step at `path`: served if it is recorded as completed, else done, recorded, returned.

        `input` and the output are JSON values; the output comes back exactly as a later resume would see it.
        `handled` says that the caller treats a failure, or those it is true of, as an ordinary outcome. `retry` gives
        the seconds to wait before another attempt, or None. Raises what `do` raised, Divergence, or Parked.
        """
        if path in self._open:
            # A fault of the program: a resume could not tell the two apart.
            raise SavantError(ErrorCode.UNEXPECTED, f"Two steps ran at {path} at the same time.")
        self._writer.check()
        self._open.add(path)
        try:
            return await self._step(Call(path, type, input, effect, do, tool_name, agent, handled, retry))
        finally:
            self._open.discard(path)

    async def _step(self, call: Call) -> Any:
        path, raw, input_hash = call.path, *call.hashed()
        prior = self._last.get(path)
        if prior is not None:
            if prior.input_hash != input_hash:
                raise Divergence(path, await self.value(prior.input), plain(call.input))
            if prior.status == "completed":
                return await self._serve(prior)
            if prior.status == "failed" and (prior.handled or not self._live):
                raise recorded_error(prior)
        if not self._live:
            raise Divergence(path, None, plain(call.input), f"Step {path} is not in the record.")
        if prior is not None and prior.status in ("running", "interrupted") and await self._settle(prior, call.effect):
            return None
        blobs: dict[str, bytes] = {}
        stored = self._inputs.pack(raw, call.input, blobs)
        attempt = prior.attempt if prior else 0
        while True:
            attempt += 1
            step = Step(
                path=path, step_number=0, type=call.type, effect=call.effect, input_hash=input_hash, attempt=attempt,
                tool_name=call.tool_name, agent=call.agent, input=stored,
            )  # fmt: skip
            try:
                return await self._do(step, call.do, blobs)
            except SavantError as error:
                # Whatever stands around it, some errors end the run; and what may have happened is not done again.
                final = error.code in FINAL or step.status == "interrupted"
                delay = call.retry(error, attempt) if call.retry and not final else None
                await self._fail(step, error, handled=call.handles(error) and delay is None and not final)
                if delay is None:
                    raise
                blobs = {}
                await asyncio.sleep(delay)

    async def value(self, stored: Any) -> Any:
        """A recorded input or output in full; raises NOT_FOUND if its blobs were removed."""
        try:
            return await unpack(stored, self._store.read_blobs)
        except KeyError as error:
            raise SavantError(
                ErrorCode.NOT_FOUND,
                f"The record refers to blob {error.args[0]}, which is gone.",
                hint="It was removed to free space; the run can be looked at, but neither resumed nor replayed.",
            ) from None

    def recorded(self, path: str) -> Step | None:
        """The last attempt at a path, if there is one."""
        return self._last.get(path)

    def serves(self, path: str) -> bool:
        """Whether nothing will be done for a step at this path: it is completed, or nothing is done at all."""
        prior = self._last.get(path)
        return not self._live or (prior is not None and prior.status == "completed")

    def judge(self, path: str, limit: str, verdict: Verdict) -> None:
        """Nothing, for limits hold by themselves; a replay asks what they say of a step it has recorded."""

    def allowed(self, path: str, seconds: float | None, who: str) -> float | None:
        """How long what is done at `path` may take: as long as it says itself, where something is done."""
        return seconds

    @property
    def broken(self) -> bool:
        """Whether something could not be recorded; then nothing else will be."""
        return self._writer.broken

    def is_open(self, path: str) -> bool:
        """Whether a step at this path is being done right now."""
        return path in self._open

    @property
    def spent(self) -> Spent:
        """What the model calls of the run used, on every attempt; it goes on growing."""
        return self._spending.total

    def spent_under(self, path: str) -> Spent:
        """The same of the steps inside `path`."""
        return self._spending.under(path)

    def answer(self, path: str) -> Answer | None:
        """What a person decided about what waits at a path; taken once, so that it cannot answer a later question."""
        given = self._decisions.pop(path, None)
        return given if given is None or isinstance(given, Answer) else Answer(given)

    def trace(self, event_type: str, payload: dict[str, Any], step_number: int | None = None) -> None:
        """Record one event of the run; it is durable with the next commit, at most a moment later."""
        trace = self._next(event_type, payload, step_number)
        self._writer.add(trace=trace)
        self.tell(trace)

    def last_event(self, event_type: str, payload: dict[str, Any]) -> Trace:
        """The event that ends the record, for whoever ends the run to write with it; `tell` it once it is written."""
        return self._next(event_type, payload)

    def tell(self, trace: Trace) -> None:
        """Let those who follow in this process know of an event."""
        self._tell(trace.event_type, trace.payload, trace.timestamp, trace.seq, trace.step_number)

    def _next(self, event_type: str, payload: dict[str, Any], step_number: int | None = None) -> Trace:
        trace = Trace(
            seq=self._seq,
            event_type=event_type,
            payload=payload,
            timestamp=clock.now(),
            step_number=step_number,
        )
        self._seq += 1
        return trace

    def stream(self, event_type: str, payload: dict[str, Any]) -> None:
        """Tell followers something that is not stored (token deltas)."""
        self._tell(event_type, payload, clock.now())

    def leave(self) -> None:
        """Say of what nobody will see the end of, now that the run has ended, that it was interrupted."""
        for step in [step for step in self._last.values() if step.status == "running"]:
            self._interrupt(step, "interrupted")

    async def flush(self) -> None:
        """Return when everything recorded so far is durable."""
        await self._writer.commit()

    async def aclose(self) -> None:
        await self._writer.aclose()

    def _tell(
        self,
        type: str,
        payload: dict[str, Any],
        timestamp: datetime,
        seq: int | None = None,
        step_number: int | None = None,
    ) -> None:
        if self._listener is not None:
            event = Event(
                type=type,
                run_id=self.run_id,
                payload=payload,
                seq=seq,
                step_number=step_number,
                timestamp=timestamp,
            )
            self._listener(event)

    async def _serve(self, prior: Step) -> Any:
        self.stream("step.served", {"path": prior.path, "type": prior.type, "tool_name": prior.tool_name})
        return await self.value(prior.output)

    async def _settle(self, prior: Step, effect: Effect) -> bool:
        """What to do about an attempt whose end nobody saw: True if it counts as done."""
        interrupted = msgspec.structs.replace(prior, status="interrupted")
        if "write" not in (effect, prior.effect):
            self._writer.add(step=interrupted)
            return False
        answer = self.answer(prior.path)
        match answer.decision if answer else self._on_uncertain:
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

    async def _do(self, step: Step, do: Do, blobs: dict[str, bytes]) -> Any:
        began = clock.monotonic()
        await self._begin(step, blobs)
        try:
            with span(step.type, run_id=self.run_id, path=step.path, tool=step.tool_name, agent=step.agent):
                result = await done_at(Origin(self.run_id, step.path, step.agent), do)
        except asyncio.CancelledError:
            self._interrupt(step, "interrupted")
            raise
        except (SavantError, Parked):
            raise
        except Exception as error:
            # A fault of ours or of a tool: recorded as such before it goes on up, so the run never ends as a success.
            await self._fail(step, SavantError(ErrorCode.UNEXPECTED, f"{error.__class__.__name__}: {error}"))
            raise
        return await self._complete(step, result if isinstance(result, Outcome) else Outcome(result), began)

    async def _begin(self, step: Step, blobs: dict[str, bytes]) -> None:
        self._number += 1
        step.step_number = self._number
        step.started_at = clock.now()
        self._last[step.path] = step
        self._writer.add(step=step, blobs=blobs)
        self.trace("step.started", describe(step), step.step_number)
        if step.effect != "write":
            return
        try:
            await self._writer.commit()
        except asyncio.CancelledError:
            # The intent may be on disk, but nothing was done: a resume need not ask anyone about it.
            self._interrupt(step, "pending")
            raise

    def _interrupt(self, step: Step, status: StepStatus) -> None:
        step.status = status
        self._writer.add(step=step)
        self.trace("step.interrupted", describe(step), step.step_number)

    async def _complete(self, step: Step, outcome: Outcome, began: float) -> Any:
        self._charge(step, outcome)
        if outcome.error is not None:
            raise outcome.error
        raw = await self._canonical_output(step, outcome.output)
        blobs: dict[str, bytes] = {}
        step.output = pack(raw, outcome.output, blobs)
        step.status = "completed"
        self._end(step, began)
        payload = describe(step)
        payload["preview"] = raw[:PREVIEW_BYTES].decode(errors="ignore")
        payload["duration_ms"] = step.duration_ms
        if step.cost_usd is not None:
            payload["cost_usd"] = step.cost_usd
        self._writer.add(step=step, blobs=blobs)
        self.trace("step.completed", payload, step.step_number)
        await self._writer.commit()
        return msgspec.json.decode(raw)

    def _charge(self, step: Step, outcome: Outcome) -> None:
        step.cost_usd = outcome.cost_usd
        step.input_tokens = outcome.input_tokens
        step.output_tokens = outcome.output_tokens
        self._spending.add_step(step)
        if charges := outcome.charges:
            self._writer.add(charges=charges)

    async def _canonical_output(self, step: Step, output: Any) -> bytes:
        try:
            return canonical(output)
        except (TypeError, ValueError) as error:
            what = SavantError(ErrorCode.UNEXPECTED, f"The output of {step.path} is not JSON: {error}")
            if step.effect == "write":
                self._interrupt(step, "interrupted")  # it happened, but the record cannot say what came of it
            else:
                await self._fail(step, what)
            raise what from error

    async def _fail(self, step: Step, error: SavantError, *, handled: bool = False) -> None:
        if step.status != "running":
            return
        step.status = "failed"
        step.handled = handled
        if not handled and not (self.failed_path or "").startswith(step.path):
            self.failed_path = step.path
        step.error_code = error.code.value
        step.error_message = str(error)
        self._end(step, None)
        self._writer.add(step=step)
        payload = describe(step)
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
