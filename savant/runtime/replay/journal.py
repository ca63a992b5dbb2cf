"""A journal that does nothing: effects are served from the record, and what stands around them runs again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.blobs import Conversation, canonical, pack
from savant.runtime.journal import Divergence, Journal, Outcome
from savant.runtime.journal_input import Call, Do, Verdict, plain
from savant.runtime.journal_outcomes import Spending, recorded_error
from savant.runtime.journal_store import MemoryStore
from savant.runtime.replay.attempts import Judged, attempts, late, tries, whole
from savant.runtime.replay.divergences import altered, diverged, retried, unreached
from savant.schemas.records import Record
from savant.schemas.steps import Step, StepType

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

    With `trusting`, inputs may differ from the recorded ones: they are taken as they come. `judged` is what limits,
    retries and policies say of each step; with what they said `before`, another word is a divergence.
    """

    in_order = True

    def __init__(self, record: Record, *, trusting: bool = False, before: Judged | None = None) -> None:
        store = MemoryStore()
        store.blobs = dict(record.blobs)
        super().__init__(store, run_id=record.run_id, history=record.steps, live=False)
        self._spending = Spending()  # grows as the replay goes
        self._attempts = attempts(record.steps)
        self._whole = whole(record)
        self.seen: dict[str, Step] = {}
        self.blobs: dict[str, bytes] = {}
        self.judged: dict[tuple[str, str], str | None] = {}
        self._before = before or {}
        self._lifted: set[str] = set()
        self._trusting = trusting

    @property
    def steps(self) -> list[Step]:
        """What the replay came by in order, earlier attempts included."""
        found: list[Step] = []
        for path, last in self.seen.items():
            earlier = [step for step in self._attempts.get(path, []) if step.attempt < last.attempt]
            derived = {"input": last.input, "input_hash": last.input_hash}
            found += [*(msgspec.structs.replace(step, **derived) for step in earlier), last]
        return sorted(found, key=lambda step: step.step_number)

    def serves(self, path: str) -> bool:
        """Whether the record has the step; where it has not, limits are checked as they were then."""
        return path in self._last

    def judge(self, path: str, limit: str, verdict: Verdict) -> None:
        step = self._last.get(path) if path else self._whole
        error = verdict(step)
        now = None if error is None else error.code.value
        self.judged[path, limit] = now
        then = self._before.get((path, limit), now)
        if step is not None and now != then:
            raise altered(step, error)
        if now is None and then is not None:
            self._lifted.add(path)  # if this step is asked for, it is because of that

    def allowed(self, path: str, seconds: float | None, who: str) -> float | None:
        """No limit, for nothing takes time; what was recorded is held against it."""
        self.judge(path, f"timeout: {who}", lambda step: late(step, seconds, who))
        return None

    def trace(self, event_type: str, payload: dict[str, Any], step_number: int | None = None) -> None:
        """A replay leaves no traces."""

    async def flush(self) -> None:
        """Nothing is written."""

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _step(self, call: Call) -> Any:
        path, prior = call.path, self._last.get(call.path)
        if prior is None and path in self._lifted:
            raise unreached(path, plain(call.input), None)
        if prior is None:
            raise Unfinished(path, call.type, plain(call.input))
        raw, input_hash = call.hashed()
        if prior.input_hash != input_hash and not self._trusting:
            raise await self._other_input(prior, call)
        self._judge_tries(call)
        for step in self._attempts[path]:
            self._spending.add_step(step)
        seen = self.seen[path] = msgspec.structs.replace(
            prior, input=self._packed(raw, call.input), input_hash=input_hash, type=call.type,
            tool_name=call.tool_name, agent=call.agent,
        )  # fmt: skip
        if call.type in CONTAINERS:
            return await self._again(prior, seen, call.do)
        return await self._served(prior, plain(call.input))

    def _judge_tries(self, call: Call) -> None:
        made = self._attempts[call.path]
        now = tries(made, call.retry)
        self.judged[call.path, "retry"] = str(now)
        then = int(self._before.get((call.path, "retry")) or now)
        if now != then:
            raise retried(made, then, now)

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

    async def _other_input(self, prior: Step, call: Call) -> Divergence:
        recorded, current = await self.value(prior.input), plain(call.input)
        if (call.type, call.tool_name) != (prior.type, prior.tool_name):
            recorded = {"step": prior.tool_name or prior.type, "input": recorded}
            current = {"step": call.tool_name or call.type, "input": current}
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


def not_seen(record: Record, seen: Mapping[str, Step]) -> Sequence[Step]:
    """Recorded steps with an end that a replay did not come by, in order."""
    return [step for step in record.steps if step.path not in seen and step.status in ("completed", "failed")]


def _failure(prior: Step) -> Exception:
    if prior.error_code == ErrorCode.UNEXPECTED and not prior.handled:
        return Fault(prior.error_message or "")
    return recorded_error(prior)
