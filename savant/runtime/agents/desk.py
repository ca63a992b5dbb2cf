"""What lies before the model at work: which model it is, how it acts, what it has, and what was said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from savant.runtime.agents.actions import JsonActions, NativeCalls
from savant.runtime.agents.authority import Authority
from savant.runtime.agents.delegates import Run, delegating
from savant.runtime.agents.history import History, Turn
from savant.runtime.agents.own import ESCALATE, OwnTool, reading_on
from savant.runtime.agents.prompt import Part, assemble, conversation, recent
from savant.runtime.agents.recollection import recollect
from savant.runtime.agents.seats import Seat, Seats
from savant.runtime.execution import Execution
from savant.runtime.llm.base import Message
from savant.runtime.llm.tokens import tokens, tool_tokens
from savant.runtime.tools.base import ToolSpec
from savant.schemas.agents import AgentDefinition

HANDED_OVER = "A smaller model began this, and hands it over to you: {why}. Go on from here."


class Desk:
    """Where the small model sits first, if there is one, and the large one after it."""

    acts: NativeCalls | JsonActions
    history: History
    parts: list[Part]

    def __init__(
        self,
        execution: Execution,
        slug: str,
        agent: AgentDefinition,
        seats: Seats,
        authority: Authority,
        above: tuple[str, ...],
        path: str,
        run: Run,
    ) -> None:
        self.seat: Seat = seats.small or seats.large
        self.own: dict[str, OwnTool] = {}
        self._execution = execution
        self._slug = slug
        self._agent = agent
        self._large = seats.large
        self._authority = authority
        self._path = path
        delegate = delegating(execution, slug, agent, above, authority, run)
        if delegate is not None:
            self.own[delegate.spec.name] = delegate

    @property
    def is_small(self) -> bool:
        return self.seat is not self._large

    async def begin(self, goal: str, inputs: Mapping[str, Any] | None) -> None:
        """Write the beginning of the conversation."""
        self._goal, self._inputs = goal, inputs
        self._memory = await recollect(self._execution, self._slug, self._authority, goal, self._path)
        self.acts = self._way_of_acting()
        self.history = History(self._head(), self.acts, self._overhead())

    def hand_over(self, why: str, steps: int) -> None:
        """Give the large model the place of the small one, for good, after so many model calls."""
        self._tell(why, steps)
        self.seat = self._large
        self.acts = self._way_of_acting()
        self.history.retell(self._head(), self.acts, self._overhead())
        self.history.add(Turn(words=HANDED_OVER.format(why=why)))

    def _tell(self, why: str, steps: int) -> None:
        """Record the change once, though every execution comes by it again."""
        journal = self._execution.journal
        payload = {"path": self._path, "agent": self._slug, "from": self.seat.id, "to": self._large.id, "why": why}
        last = journal.recorded(f"{self._path}/{steps}/model")
        if journal.begins or not journal.serves(f"{self._path}/{steps + 1}/model"):
            journal.trace("agent.escalated", payload, last.step_number if last else None)
        else:
            journal.stream("agent.escalated", payload)

    def offer_reading_on(self) -> None:
        """From the first digest on, what was left out can be read."""
        tool = reading_on(self._execution.journal, self._path, lambda: self.seat.share)
        if tool.spec.name not in self.own:
            self.own[tool.spec.name] = tool
            self.acts.offer(tool.spec)

    def _head(self) -> list[Message]:
        self.parts = assemble(
            self._execution.program, self._agent, self._goal, self._inputs, self.acts.parts, memory=self._memory
        )
        # What was said before is said to the agent of the run, not to those it delegates to.
        said = self._execution.program.talk if self._path == f"{self._execution.program.slug}/agent" else []
        return conversation(self.parts, recent(said, self.seat.window // 3)).messages

    def _specs(self) -> list[ToolSpec]:
        given = self._authority.visible(self._execution.toolbox.specs())
        own = [tool.spec for tool in self.own.values()]
        names = {spec.name for spec in own}
        escalate = [ESCALATE] if self.is_small else []
        return [*(spec for spec in given if spec.name not in names), *own, *escalate]

    def _way_of_acting(self) -> NativeCalls | JsonActions:
        return way_of_acting(self._agent, self._specs(), native=self.seat.native_tools)

    def _overhead(self) -> int:
        schema = self.acts.response_schema
        return tool_tokens(self.acts.tools) + (tokens(str(schema)) if schema else 0)


def way_of_acting(agent: AgentDefinition, specs: list[ToolSpec], *, native: bool) -> NativeCalls | JsonActions:
    """How a model that has these tools acts: as the agent says, or as the model can."""
    mode = agent.config.tool_mode
    native = (native or not specs) if mode == "auto" else mode == "native"
    return NativeCalls(specs, agent.output_schema) if native else JsonActions(specs, agent.output_schema)
