"""The tool calls of one turn: judged by the policy, approved where it asks for that, recorded, and made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from savant.errors import ErrorCode, SavantError
from savant.runtime.agents.actions import Result
from savant.runtime.blobs import canonical
from savant.runtime.execution import Execution
from savant.runtime.journal import Divergence, Parked
from savant.runtime.llm.base import ToolCall
from savant.runtime.tools.policy import decide
from savant.schemas.agents import ToolPolicy
from savant.schemas.steps import Effect

RESULT_CHARACTERS = 60_000


class _Planned(NamedTuple):
    call: ToolCall
    path: str
    effect: Effect
    do: Callable[[], Awaitable[Any]]


class Caller:
    """Makes an agent's calls. What fails, is unknown or is denied comes back as a result the model can act on."""

    def __init__(self, execution: Execution, slug: str, policy: ToolPolicy) -> None:
        self._execution = execution
        self._slug = slug
        self._policy = policy

    async def make(self, calls: Sequence[ToolCall], path: str) -> list[Result]:
        """The results in the order of the calls, which run at once if all of them only read.

        All approvals come before the first call. Raises Parked or APPROVAL_NEEDED, and never a tool's own failure.
        """
        planned = [await self._plan(call, f"{path}/tools[{index}]") for index, call in enumerate(calls)]
        if all(plan.effect == "read" for plan in planned):
            return await _together([self._carry_out(plan) for plan in planned])
        return [await self._carry_out(plan) for plan in planned]

    async def _plan(self, call: ToolCall, path: str) -> _Planned:
        try:
            effect = await self._judge(call, path)
        except _Refused as refused:
            return _Planned(call, path, "read", refused.tell)
        return _Planned(call, path, effect, lambda: self._execution.toolbox.call(call.name, call.arguments))

    async def _judge(self, call: ToolCall, path: str) -> Effect:
        if call.invalid is not None:
            raise _Refused(ErrorCode.TOOL_BAD_ARGUMENTS, f"The arguments are not a JSON object: {call.invalid[:200]}")
        try:
            spec = self._execution.toolbox.spec(call.name)
        except SavantError as error:
            raise _Refused(error.code, str(error)) from None
        decision = decide(self._policy, call.name, call.arguments)
        if decision.action == "deny":
            by = f"the rule `{decision.rule}`" if decision.rule else "no rule allows it"
            raise _Refused(ErrorCode.POLICY_DENIED, f"{call.name} is denied: {by}.")
        if decision.action == "ask" and not await self._approved(call, f"{path}/approval", decision.rule):
            raise _Refused(ErrorCode.POLICY_DENIED, f"{call.name} was not approved.")
        return spec.effect

    async def _approved(self, call: ToolCall, path: str, rule: str | None) -> bool:
        question = {"tool_name": call.name, "arguments": call.arguments, "rule": rule}

        async def ask() -> dict[str, bool]:
            return {"approved": self._decided(path, question)}

        answer = await self._execution.journal.step(
            path, "approval", question, "read", ask, tool_name=call.name, agent=self._slug
        )
        return bool(answer["approved"])

    def _decided(self, path: str, question: dict[str, Any]) -> bool:
        decision = self._execution.journal.decision(path)
        if decision in ("approve", "deny"):
            return decision == "approve"
        match self._execution.config.on_approval:
            case "deny":
                return False
            case "fail":
                raise SavantError(
                    ErrorCode.APPROVAL_NEEDED,
                    f"{question['tool_name']} needs an approval, and nobody is here to give it.",
                    hint="Run on a terminal, or with --on-approval park and answer later, or allow the tool.",
                    details={"path": path, **question},
                )
            case "ask" | "park":
                raise Parked("tool", path, {**question, "agent": self._slug})

    async def _carry_out(self, plan: _Planned) -> Result:
        try:
            output = await self._execution.journal.step(
                plan.path, "tool", plan.call.arguments, plan.effect, plan.do,
                tool_name=plan.call.name, agent=self._slug, handled=True,
            )  # fmt: skip
        except SavantError as error:
            if not self._is_outcome(error, plan.path):
                raise
            return Result(plan.call, str(error), is_error=True, denied=error.code is ErrorCode.POLICY_DENIED)
        return Result(plan.call, _shown(output))

    def _is_outcome(self, error: SavantError, path: str) -> bool:
        """Whether it is the recorded failure of the call itself, and not the journal's word about the run."""
        step = self._execution.journal.recorded(path)
        return step is not None and step.handled and not isinstance(error, Divergence)


class _Refused(Exception):
    """A call that is not made; recorded as a failed step, so that a person sees it too."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.error = SavantError(code, message)

    async def tell(self) -> None:
        raise self.error


def _shown(output: Any) -> str:
    text = output if isinstance(output, str) else canonical(output).decode()
    if len(text) <= RESULT_CHARACTERS:
        return text
    return f"{text[:RESULT_CHARACTERS]}\n[{len(text) - RESULT_CHARACTERS} more characters; ask for less at a time]"


async def _together(making: Sequence[Awaitable[Result]]) -> list[Result]:
    """All results in order; the first fault ends the others before it goes on up."""
    tasks = [asyncio.ensure_future(one) for one in making]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
