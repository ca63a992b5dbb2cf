"""The tool calls of one turn: judged by the policy, approved where it asks for that, recorded, and made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from savant.errors import ErrorCode, SavantError
from savant.runtime.agents.actions import Result
from savant.runtime.agents.authority import Authority
from savant.runtime.agents.condense import shown
from savant.runtime.agents.own import OwnTool
from savant.runtime.execution import Execution
from savant.runtime.journal import Answer, Divergence, Parked
from savant.runtime.journal_input import Handled
from savant.runtime.llm.base import ToolCall
from savant.schemas.steps import Effect, StepType

_MISUSED = frozenset({ErrorCode.TOOL_UNKNOWN, ErrorCode.TOOL_BAD_ARGUMENTS})


class _Planned(NamedTuple):
    call: ToolCall
    path: str
    do: Callable[[], Awaitable[Any]]
    input: dict[str, Any]
    effect: Effect = "read"
    type: StepType = "tool"
    agent: str | None = None
    handled: Handled = True
    show: Callable[[Any], str] = shown
    together: bool = True


class Caller:
    """Makes an agent's calls. What fails, is unknown or is denied comes back as a result the model can act on."""

    def __init__(self, execution: Execution, slug: str, authority: Authority, own: Mapping[str, OwnTool]) -> None:
        self._execution = execution
        self._slug = slug
        self._authority = authority
        self._own = own

    async def make(self, calls: Sequence[ToolCall], path: str) -> list[Result]:
        """The results in the order of the calls, which run at once if all of them only read.

        All approvals come before the first call. Raises Parked or APPROVAL_NEEDED, and never a tool's own failure.
        """
        planned = [await self._plan(call, f"{path}/tools[{index}]") for index, call in enumerate(calls)]
        if all(plan.together for plan in planned):
            return await together([self._carry_out(plan) for plan in planned])
        return [await self._carry_out(plan) for plan in planned]

    async def _plan(self, call: ToolCall, path: str) -> _Planned:
        error: SavantError | None = None
        try:
            planned = await self._judge(call, path)
        except _Refused as refused:
            planned, error = _Planned(call, path, refused.tell, call.arguments), refused.error
        self._execution.journal.judge(path, "policy", lambda step: error)
        return planned

    async def _judge(self, call: ToolCall, path: str) -> _Planned:
        if call.invalid is not None:
            raise _Refused(ErrorCode.TOOL_BAD_ARGUMENTS, f"The arguments are not a JSON object: {call.invalid[:200]}")
        own = self._own.get(call.name)
        if own is not None:
            return await self._plan_own(own, call, path)
        try:
            effect = self._execution.toolbox.spec(call.name).effect
        except SavantError as error:
            raise _Refused(error.code, str(error)) from None
        await self._permit(call, path)
        do = self._execution.toolbox.call
        together = effect == "read"
        return _Planned(call, path, lambda: do(call.name, call.arguments), call.arguments, effect, together=together)

    async def _plan_own(self, own: OwnTool, call: ToolCall, path: str) -> _Planned:
        from savant.runtime.tools.validate import problems

        if wrong := problems(own.spec.input_schema, call.arguments):
            raise _Refused(ErrorCode.TOOL_BAD_ARGUMENTS, f"{call.name}: {'; '.join(wrong)}")
        if own.judged:
            await self._permit(call, path, given=True)
        return _Planned(
            call,
            path,
            lambda: own.do(call, path),
            own.input(call),
            type=own.type,
            agent=own.agent(call),
            handled=own.handled,
            show=own.show,
            together=own.together(call),
        )

    async def _permit(self, call: ToolCall, path: str, *, given: bool = False) -> None:
        decision = self._authority.decide(call.name, call.arguments, given=given)
        if decision.action == "deny":
            by = f"the rule `{decision.rule}`" if decision.rule else "no rule allows it"
            raise _Refused(ErrorCode.POLICY_DENIED, f"{call.name} is denied: {by}.")
        if decision.action == "ask":
            answer = await self._answered(call, f"{path}/approval", decision.rule)
            if not answer["approved"]:
                because = f": {answer['reason']}" if answer.get("reason") else "."
                raise _Refused(ErrorCode.POLICY_DENIED, f"{call.name} was not approved{because}")

    async def _answered(self, call: ToolCall, path: str, rule: str | None) -> dict[str, Any]:
        question = {"tool_name": call.name, "arguments": call.arguments, "rule": rule}

        async def ask() -> dict[str, Any]:
            answer = self._decided(path, question)
            reason = {"reason": answer.reason} if answer.reason else {}
            return {"approved": answer.decision == "approve", **reason}

        return await self._execution.journal.step(
            path, "approval", question, "read", ask, tool_name=call.name, agent=self._slug
        )

    def _decided(self, path: str, question: dict[str, Any]) -> Answer:
        answer = self._execution.journal.answer(path)
        if answer is not None and answer.decision in ("approve", "deny"):
            return answer
        match self._execution.config.on_approval:
            case "deny":
                return Answer("deny", "In this run nobody is asked.")
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
                plan.path, plan.type, plan.input, plan.effect, plan.do,
                tool_name=plan.call.name, agent=plan.agent or self._slug, handled=plan.handled,
            )  # fmt: skip
        except SavantError as error:
            if not self._is_outcome(error, plan.path):
                raise
            denied, misused = error.code is ErrorCode.POLICY_DENIED, error.code in _MISUSED
            return Result(plan.call, str(error), is_error=True, denied=denied, misused=misused, path=plan.path)
        return Result(plan.call, plan.show(output), path=plan.path)

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


async def together(making: Sequence[Awaitable[Any]]) -> list[Any]:
    """All results in order; the first fault ends the others before it goes on up."""
    tasks = [asyncio.ensure_future(one) for one in making]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
