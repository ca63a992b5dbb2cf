"""The loop: ask the model, make the calls it asks for, tell it what came of them, until it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.runtime.agents.actions import JsonActions, NativeCalls
from savant.runtime.agents.answers import Answer, Unusable
from savant.runtime.agents.calls import Caller
from savant.runtime.agents.prompt import assemble, conversation
from savant.runtime.agents.responses import failure_of, repeats, told_to_stop
from savant.runtime.execution import Execution
from savant.runtime.journal import Outcome, Spent
from savant.runtime.limits import Limits, deadline, first
from savant.runtime.llm.base import LLM, Message, ModelRequest, ModelResponse, ToolCall
from savant.runtime.tools.policy import visible
from savant.schemas.agents import AgentDefinition

MOST_MENDS = 2


async def run_agent(
    execution: Execution, slug: str, goal: str, *, path: str | None = None, inputs: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Run an agent to its answer: `{"text", "output", "steps", "model"}`.

    `output` is the value that fits the agent's `output_schema`, or None without one; `steps` counts model calls.
    With a path the whole agent is one step of the journal, unless the caller has that step open already (a workflow
    does, to add retries). Raises SavantError with the code of what went wrong (docs/agents.md lists them), or Parked.
    """
    agent = _find(execution, slug)

    async def run() -> dict[str, Any]:
        async with deadline(_timeout(execution, slug, agent), f"Agent `{slug}`"):
            return await _Loop(execution, slug, agent, goal, inputs, f"{path}/agent" if path else "agent").run()

    if path is None or execution.journal.is_open(path):
        return await run()
    asked = {"agent": slug, "goal": goal, "inputs": dict(inputs or {})}
    return await execution.journal.step(path, "agent", asked, "read", run, agent=slug)


class _Loop:
    def __init__(
        self,
        execution: Execution,
        slug: str,
        agent: AgentDefinition,
        goal: str,
        inputs: Mapping[str, Any] | None,
        path: str,
    ) -> None:
        self._execution = execution
        self._slug = slug
        self._agent = agent
        self._path = path
        self._model = execution.models.get(_model_id(execution, slug, agent))
        self._limits = _limits(execution, slug, agent)
        self._caller = Caller(execution, slug, agent.tools)
        self._acts = _way_of_acting(execution, agent, self._model)
        self._talk = conversation(assemble(execution.program, agent, goal, inputs, self._acts.parts))
        self._spent = Spent()
        self._turns: list[list[ToolCall]] = []
        self._mends = 0
        self._denied: list[str] = []

    async def run(self) -> dict[str, Any]:
        while True:
            response = await self._ask()
            self._talk.append(self._acts.said(response))
            try:
                act = self._acts.read(response)
            except Unusable as problem:
                self._mend(problem)
                continue
            if isinstance(act, Answer):
                return self._finish(act)
            await self._make(act)

    async def _ask(self) -> ModelResponse:
        path = f"{self._path}/{self._spent.calls + 1}/model"
        prior = self._execution.journal.recorded(path)
        if prior is None or prior.status != "completed":  # what was paid for is served, whatever the limits are now
            self._limits.check(self._spent, self._model)
            self._execution.limits.check(self._execution.journal.spent, self._model)
        output = await self._execution.journal.step(
            path, "model", self._input(), "read", lambda: self._complete(path), agent=self._slug
        )
        response = msgspec.convert(output, ModelResponse)
        self._spent.add(response.usage.input_tokens, response.usage.output_tokens, response.cost_usd)
        return response

    def _input(self) -> dict[str, Any]:
        given = {
            "model": self._model.id,
            "messages": self._talk,
            "tools": self._acts.tools,
            "response_schema": self._acts.response_schema,
            "temperature": self._agent.config.temperature,
            "max_output_tokens": self._agent.config.max_output_tokens,
        }
        return {name: value for name, value in given.items() if value is not None}

    async def _complete(self, path: str) -> Outcome:
        request = ModelRequest(
            messages=list(self._talk.messages),
            tools=self._acts.tools,
            response_schema=self._acts.response_schema,
            temperature=self._agent.config.temperature,
            max_output_tokens=self._agent.config.max_output_tokens,
        )

        def stream(text: str) -> None:
            self._execution.journal.stream("text.delta", {"path": path, "agent": self._slug, "text": text})

        response = await self._model.complete(request, stream)
        return Outcome(
            response,
            cost_usd=response.cost_usd,
            input_tokens=response.usage.input_tokens,
            output_tokens=response.usage.output_tokens,
            error=failure_of(response, self._model.id),
        )

    async def _make(self, calls: list[ToolCall]) -> None:
        self._turns.append(calls)
        if repeats(self._turns):
            results = told_to_stop(calls)
        else:
            results = await self._caller.make(calls, f"{self._path}/{self._spent.calls}")
        if not all(result.is_error for result in results):
            self._denied.clear()
        self._denied += [result.call.name for result in results if result.denied]
        for message in self._acts.tell(results):
            self._talk.append(message)

    def _mend(self, problem: Unusable) -> None:
        self._mends += 1
        if self._mends > MOST_MENDS:
            raise SavantError(
                ErrorCode.BAD_OUTPUT,
                f"{self._model.id} gave no usable answer, and did not mend it when told: {problem}",
                hint="Try a more capable model, or a simpler `output_schema`.",
            )
        self._talk.append(Message(role="user", content=str(problem)))

    def _finish(self, answer: Answer) -> dict[str, Any]:
        if self._denied:
            raise SavantError(
                ErrorCode.POLICY_DENIED,
                f"Agent `{self._slug}` answered after it was denied {', '.join(self._denied)}, without another way.",
                hint="Allow the tool in the agent's `tools`, or tell the agent to do without it.",
                details={"denied": self._denied, "text": answer.text},
            )
        return {"text": answer.text, "output": answer.output, "steps": self._spent.calls, "model": self._model.id}


def _find(execution: Execution, slug: str) -> AgentDefinition:
    agents = execution.bundle.agents
    if slug in agents:
        return agents[slug]
    raise SavantError(
        ErrorCode.NOT_FOUND,
        f"There is no agent `{slug}`.",
        hint=f"There are: {', '.join(sorted(agents)) or 'none'}.",
    )


def _model_id(execution: Execution, slug: str, agent: AgentDefinition) -> str:
    given = execution.config.model or execution.program.models.get(slug) or agent.config.llm_model
    if given is None:
        raise SavantError(
            ErrorCode.MODEL_NOT_CONFIGURED,
            f"Agent `{slug}` has no model.",
            hint="Set `config.llm_model`, or run with --model provider/model.",
        )
    return given


def _limits(execution: Execution, slug: str, agent: AgentDefinition) -> Limits:
    """The agent's own limits. What the caller of the run sets replaces those of the agent that the run is of."""
    own, run = agent.config, execution.config
    is_the_run = _is_the_run(execution, slug)
    return Limits(
        who=f"Agent `{slug}`",
        max_steps=first(run.max_steps, own.max_steps),
        token_budget=first(run.token_budget if is_the_run else None, own.token_budget),
        budget_usd=first(run.budget_usd if is_the_run else None, own.budget_usd),
    )


def _timeout(execution: Execution, slug: str, agent: AgentDefinition) -> float | None:
    replaced = _is_the_run(execution, slug) and execution.config.timeout is not None
    return None if replaced else agent.config.timeout


def _is_the_run(execution: Execution, slug: str) -> bool:
    return execution.program.type == "agent" and execution.program.slug == slug


def _way_of_acting(execution: Execution, agent: AgentDefinition, model: LLM) -> NativeCalls | JsonActions:
    specs = visible(agent.tools, execution.toolbox.specs())
    mode = agent.config.tool_mode
    native = model.native_tools if mode == "auto" else mode == "native"
    return NativeCalls(specs, agent.output_schema) if native or not specs else JsonActions(specs, agent.output_schema)
