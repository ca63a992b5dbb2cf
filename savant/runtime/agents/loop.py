"""The loop: ask the model, make the calls it asks for, tell it what came of them, until it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from savant.errors import ErrorCode, SavantError
from savant.runtime.agents.answers import Answer, Unusable
from savant.runtime.agents.asking import Asker, Question
from savant.runtime.agents.authority import Authority
from savant.runtime.agents.calls import Caller
from savant.runtime.agents.condense import Condenser
from savant.runtime.agents.delegates import Delegation
from savant.runtime.agents.desk import Desk
from savant.runtime.agents.history import Turn
from savant.runtime.agents.own import ESCALATE
from savant.runtime.agents.responses import failure_of, repeats, told_to_stop
from savant.runtime.agents.results import fitting, unreadable
from savant.runtime.agents.seats import seats
from savant.runtime.execution import Execution
from savant.runtime.limits import Limits, deadline, first
from savant.runtime.llm.base import ModelResponse, ToolCall
from savant.schemas.agents import AgentDefinition

MOST_MENDS = 2


async def run_agent(
    execution: Execution,
    slug: str,
    goal: str,
    *,
    path: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    delegation: Delegation | None = None,
) -> dict[str, Any]:
    """Run an agent to its answer: `{"text", "output", "steps", "model"}`.

    `output` is the value that fits the agent's `output_schema`, or None without one; `steps` counts model calls.
    With a path the whole agent is one step of the journal, unless the caller has that step open already (a workflow
    does, to add retries). Raises SavantError with the code of what went wrong (docs/agents.md lists them), or Parked.
    """
    agent = find_agent(execution, slug)
    inside = f"{path}/agent" if path else "agent"

    async def run() -> dict[str, Any]:
        who = f"Agent `{slug}`"
        async with deadline(execution.journal.allowed(path or "", _timeout(execution, slug, agent), who), who):
            return await _Loop(execution, slug, agent, goal, inputs, inside, delegation).run()

    if path is None or execution.journal.is_open(path):
        return await run()
    asked = {"agent": slug, "goal": goal, "inputs": dict(inputs or {})}
    return await execution.journal.step(path, "agent", asked, "read", run, agent=slug)


async def run_delegate(execution: Execution, slug: str, goal: str, path: str, delegation: Delegation) -> dict[str, Any]:
    """Run an agent for another, at the expense of its account, as the step at `path`."""
    return await run_agent(execution, slug, goal, path=path, delegation=delegation)


class _Loop:
    def __init__(
        self,
        execution: Execution,
        slug: str,
        agent: AgentDefinition,
        goal: str,
        inputs: Mapping[str, Any] | None,
        path: str,
        delegation: Delegation | None,
    ) -> None:
        execution = execution.within(_limits(execution, slug, agent), path, "agent", slug)
        above, authority = delegation or Delegation((), Authority(agent.tools))
        self._slug = slug
        self._agent = agent
        self._path = path
        self._seats = seats(execution, slug, agent)
        self._asker = Asker(execution, slug, execution.account)
        self._condenser = Condenser(self._asker, self._seats, goal)
        self._desk = Desk(execution, slug, agent, self._seats, authority, above, path, run_delegate)
        self._caller = Caller(execution, slug, authority, self._desk.own)
        self._goal, self._inputs = goal, inputs
        self._steps = 0
        self._turns: list[list[ToolCall]] = []
        self._mends = 0
        self._denied: list[str] = []

    async def run(self) -> dict[str, Any]:
        await self._desk.begin(self._goal, self._inputs)
        while True:
            await self._make_room(f"{self._path}/{self._steps + 1}/compact")
            response = await self._ask()
            if response.stop_reason == "overflow":
                await self._overflowed(response)
                continue
            if self._desk.is_small and (failure := failure_of(response, self._desk.seat.id)):
                self._hand_over(f"it gave no usable answer ({failure.message})")
                continue
            try:
                act = self._desk.acts.read(response)
            except Unusable as problem:
                self._mend(response, problem)
                continue
            if isinstance(act, Answer):
                return self._finish(act)
            await self._act(response, act)

    async def _ask(self) -> ModelResponse:
        desk, config = self._desk, self._agent.config
        talk = desk.history.talk
        asked = len(talk)
        size = desk.history.size
        question = Question(
            talk=talk,
            tools=desk.acts.tools,
            response_schema=desk.acts.response_schema,
            temperature=config.temperature,
            max_output_tokens=config.max_output_tokens,
            counted=size.counted,
            estimated=size.estimated,
            lenient=desk.is_small,
        )
        response = await self._asker.ask(desk.seat, question, f"{self._path}/{self._steps + 1}/model", self._steps)
        self._steps += 1
        desk.history.learn(response.usage, asked)
        return response

    async def _make_room(self, path: str, *, force: bool = False) -> bool:
        """Put a summary in the place of the older turns if the model could not read them all much longer."""
        history, seat = self._desk.history, self._desk.seat
        if not force and history.size.total <= seat.room:
            return False
        count = len(history.turns) - 1 if force else history.older(seat.window // 4)
        if count > 0:
            summary = await self._condenser.summary(history.transcript(count), seat.window // 16, path)
            history.shorten(count, summary)
        if history.size.total > seat.room and self._desk.is_small:
            self._hand_over("there is more to read than it can")
        return count > 0

    async def _overflowed(self, response: ModelResponse) -> None:
        """The model's window is smaller than was thought: the large one takes over, or older turns go."""
        if self._desk.is_small:
            self._hand_over("there is more to read than it can")
        elif not await self._make_room(f"{self._path}/{self._steps}/compact", force=True):
            raise SavantError(
                ErrorCode.MODEL_CONTEXT_OVERFLOW,
                response.text,
                hint="Use a model with a larger context window, or ask for less at a time.",
            )

    async def _act(self, response: ModelResponse, calls: list[ToolCall]) -> None:
        asked_for_help = next((call for call in calls if call.name == ESCALATE.name), None)
        if self._desk.is_small and asked_for_help is not None:
            reason = str(asked_for_help.arguments.get("reason") or "").strip()
            self._hand_over(f"it asked for that ({reason})" if reason else "it asked for that")
            return
        self._turns.append(calls)
        if not repeats(self._turns):
            results = await self._caller.make(calls, f"{self._path}/{self._steps}")
        elif self._desk.is_small:
            self._turns.clear()
            self._hand_over("it made the same call again and again")
            return
        else:
            results = told_to_stop(calls)
        if not all(result.is_error for result in results):
            self._denied.clear()
        self._denied += [result.call.name for result in results if result.denied]
        too_long = self._desk.is_small and unreadable(results, self._desk.seat)
        reader = self._seats.large if too_long else self._desk.seat
        told = await fitting(results, reader, self._desk, self._condenser, self._path)
        self._desk.history.add(Turn(response, calls, told))
        if too_long:
            self._hand_over("a tool gave more than it can read")
        elif self._desk.is_small and any(result.misused for result in results):
            self._fail_small()

    def _mend(self, response: ModelResponse, problem: Unusable) -> None:
        self._desk.history.add(Turn(response, words=str(problem)))
        if self._desk.is_small:
            self._fail_small()
            return
        self._mends += 1
        if self._mends > MOST_MENDS:
            raise SavantError(
                ErrorCode.BAD_OUTPUT,
                f"{self._desk.seat.id} gave no usable answer, and did not mend it when told: {problem}",
                hint="Try a more capable model, or a simpler `output_schema`.",
            )

    def _hand_over(self, why: str) -> None:
        self._desk.hand_over(why, self._steps)

    def _fail_small(self) -> None:
        self._mends += 1
        if self._mends >= MOST_MENDS:
            self._mends = 0
            self._hand_over("what it said was not valid, twice")

    def _finish(self, answer: Answer) -> dict[str, Any]:
        if self._denied:
            raise SavantError(
                ErrorCode.POLICY_DENIED,
                f"Agent `{self._slug}` answered after it was denied {', '.join(self._denied)}, without another way.",
                hint="Allow the tool in the agent's `tools`, or tell the agent to do without it.",
                details={"denied": self._denied, "text": answer.text},
            )
        return {"text": answer.text, "output": answer.output, "steps": self._steps, "model": self._desk.seat.id}


def find_agent(execution: Execution, slug: str) -> AgentDefinition:
    """The definition the program has; raises NOT_FOUND."""
    agents = execution.bundle.agents
    if slug in agents:
        return agents[slug]
    raise SavantError(
        ErrorCode.NOT_FOUND,
        f"There is no agent `{slug}`.",
        hint=f"There are: {', '.join(sorted(agents)) or 'none'}.",
    )


def _limits(execution: Execution, slug: str, agent: AgentDefinition) -> Limits:
    """The agent's own limits. What the caller of the run sets replaces those of the agent that the run is of."""
    own, run, part = agent.config, execution.config, execution.set_for("agent", slug)
    is_the_run = _is_the_run(execution, slug)
    return Limits(
        who=f"Agent `{slug}`",
        part=None if is_the_run else f"agent/{slug}",
        max_steps=first(part.max_steps, run.max_steps, own.max_steps),
        token_budget=first(part.token_budget, run.token_budget if is_the_run else None, own.token_budget),
        budget_usd=first(part.budget_usd, run.budget_usd if is_the_run else None, own.budget_usd),
        unpriced=run.allow_unpriced,
    )


def _timeout(execution: Execution, slug: str, agent: AgentDefinition) -> float | None:
    replaced = _is_the_run(execution, slug) and execution.config.timeout is not None
    return first(execution.set_for("agent", slug).timeout, None if replaced else agent.config.timeout)


def _is_the_run(execution: Execution, slug: str) -> bool:
    return execution.program.type == "agent" and execution.program.slug == slug
