"""Every noun and every verb, once: what a door may ask of Savant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Generic, TypeVar

from savant.client.transport import Transport
from savant.schemas.agents import Agent, AgentCreate, AgentUpdate
from savant.schemas.approvals import Approval, ApprovalAnswer, ApprovalList
from savant.schemas.base import Page
from savant.schemas.budgets import Budget, BudgetPeriod, BudgetScope, BudgetSet
from savant.schemas.conversations import Conversation, ConversationCreate, ConversationList, ConversationUpdate
from savant.schemas.jobs import DeadJob, QueueStatus
from savant.schemas.lists import ListQuery
from savant.schemas.models import ModelTest, Provider
from savant.schemas.personas import Persona, PersonaCreate, PersonaUpdate
from savant.schemas.plans import Apply, Kind, Plan
from savant.schemas.previews import RunPlan
from savant.schemas.programs import Program
from savant.schemas.prompts import AgentPrompt
from savant.schemas.records import Record
from savant.schemas.replays import Replay, RunDiff, RunFork, RunReplay, RunRetry
from savant.schemas.rulesets import Ruleset, RulesetCreate, RulesetUpdate
from savant.schemas.runs import Event, Run, RunCreate, RunList, RunResume
from savant.schemas.steps import Step
from savant.schemas.storage import DatabaseReport, Gc, GcReport
from savant.schemas.tools import Tool, ToolCreate, ToolUpdate
from savant.schemas.traces import Trace
from savant.schemas.versions import Version
from savant.schemas.workflows import Workflow, WorkflowCreate, WorkflowUpdate

T = TypeVar("T")
C = TypeVar("C")
U = TypeVar("U")


class Collection(Generic[T, C, U]):
    """The five verbs of a stored noun; `ref` is a slug."""

    def __init__(self, transport: Transport, noun: str, returns: type[T]) -> None:
        self._transport = transport
        self._noun = noun
        self._returns = returns

    async def list(self, query: ListQuery | None = None) -> Page[T]:
        return await self._transport.call(self._noun, "list", Page[self._returns], query=query or ListQuery())

    async def all(self, q: str | None = None) -> AsyncIterator[T]:
        """Every one, page after page."""
        query = ListQuery(q=q, limit=1000)
        while True:
            page = await self.list(query)
            for item in page.items:
                yield item
            if page.next_cursor is None:
                return
            query.cursor = page.next_cursor

    async def get(self, ref: str) -> T:
        return await self._transport.call(self._noun, "get", self._returns, ref=ref)

    async def create(self, create: C) -> T:
        return await self._transport.call(self._noun, "create", self._returns, create=create)

    async def update(self, ref: str, update: U) -> T:
        return await self._transport.call(self._noun, "update", self._returns, ref=ref, update=update)

    async def delete(self, ref: str) -> None:
        await self._transport.call(self._noun, "delete", type(None), ref=ref)


class Agents(Collection[Agent, AgentCreate, AgentUpdate]):
    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "agents", Agent)


class Workflows(Collection[Workflow, WorkflowCreate, WorkflowUpdate]):
    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "workflows", Workflow)


class Personas(Collection[Persona, PersonaCreate, PersonaUpdate]):
    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "personas", Persona)


class Rulesets(Collection[Ruleset, RulesetCreate, RulesetUpdate]):
    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "rulesets", Ruleset)


class Tools(Collection[Tool, ToolCreate, ToolUpdate]):
    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "tools", Tool)

    async def install(self, ref: str) -> Tool:
        """Copy a tool of the system into the workspace."""
        return await self._transport.call("tools", "install", Tool, ref=ref)


class Definitions:
    """Files against the workspace."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def apply(self, apply: Apply) -> Plan:
        return await self._transport.call("definitions", "apply", Plan, apply=apply)


class Models:
    """Models of language: which there are, and whether they answer."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def providers(self, name: str | None = None, *, probe: bool = True) -> list[Provider]:
        return await self._transport.call("models", "providers", list[Provider], name=name, probe=probe)

    async def first(self) -> str | None:
        """The model a run uses when none is named: the configured one, else the first that answers, else None."""
        return await self._transport.call("models", "first", str | None)  # pyright: ignore[reportArgumentType]

    async def test(self, id: str) -> ModelTest:
        return await self._transport.call("models", "test", ModelTest, id=id)


class Storage:
    """Room for runs."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def gc(self, options: Gc) -> GcReport:
        """Delete what is too old or too much, then what no run needs."""
        return await self._transport.call("storage", "gc", GcReport, options=options)


class Jobs:
    """Who does the jobs of a server, and those that failed too often."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> list[DeadJob]:
        return await self._transport.call("jobs", "list", list[DeadJob])

    async def retry(self, id: int) -> DeadJob:
        return await self._transport.call("jobs", "retry", DeadJob, id=id)

    async def status(self, run_id: int | None = None) -> QueueStatus:
        """Whether somebody does jobs, and what a run waits for."""
        return await self._transport.call("jobs", "status", QueueStatus, run_id=run_id)


class Databases:
    """The database of this machine, as a file."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def check(self) -> DatabaseReport:
        return await self._transport.call("databases", "check", DatabaseReport)

    async def backup(self, target: Path) -> DatabaseReport:
        return await self._transport.call("databases", "backup", DatabaseReport, target=target)

    async def restore(self, source: Path) -> DatabaseReport:
        return await self._transport.call("databases", "restore", DatabaseReport, source=source)


class Runs:
    """Runs: started, followed, looked at, stopped, resumed, deleted."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def start(self, create: RunCreate, *, detach: bool = False) -> Run:
        return await self._transport.start(create, detach=detach)

    async def resume(self, id: int, options: RunResume | None = None, *, detach: bool = False) -> Run:
        return await self._transport.resume(id, options or RunResume(), detach=detach)

    async def fork(self, id: int, options: RunFork, *, detach: bool = False) -> Run:
        """A new run that begins with what another did before a step, and goes on live with what is changed."""
        return await self._transport.fork(id, options, detach=detach)

    async def retry(self, id: int, options: RunRetry | None = None, *, detach: bool = False) -> Run:
        """A new run of the same definition and inputs; with `from_failed` it keeps what was completed."""
        return await self._transport.retry(id, options or RunRetry(), detach=detach)

    async def replay(self, id: int, options: RunReplay | None = None) -> Replay:
        """Run it again from its record, offline; says whether it is equal, or where it parts first."""
        return await self._transport.call("replays", "replay", Replay, id=id, options=options or RunReplay())

    async def diff(self, id: int, other: int) -> RunDiff:
        """What differs between two runs, step by step."""
        return await self._transport.call("replays", "diff", RunDiff, id=id, other=other)

    async def export(self, id: int) -> Record:
        """The whole run in one piece."""
        return await self._transport.call("replays", "export", Record, id=id)

    async def keep(self, record: Record, traces: list[Trace] | None = None) -> Run:
        """A run that was made elsewhere, to be shown, replayed and compared here."""
        return await self._transport.call("replays", "keep", Run, record=record, traces=traces or [])

    def follow(self, id: int, after: int = 0) -> AsyncIterator[Event]:
        return self._transport.follow(id, after)

    async def list(self, query: RunList | None = None) -> Page[Run]:
        return await self._transport.call("runs", "list", Page[Run], query=query or RunList())

    async def get(self, id: int) -> Run:
        return await self._transport.call("runs", "get", Run, id=id)

    async def steps(self, id: int) -> list[Step]:
        """All steps by number, with their inputs and outputs in full."""
        return await self._transport.call("runs", "steps", list[Step], id=id)

    async def program(self, id: int) -> Program:
        """What it runs, resolved: definitions with their versions, models, the state of the repository."""
        return await self._transport.call("runs", "program", Program, id=id)

    async def traces(self, id: int, after: int = 0, limit: int = 1000, event_type: str | None = None) -> list[Trace]:
        only = {} if event_type is None else {"event_type": event_type}
        return await self._transport.call("runs", "traces", list[Trace], id=id, after=after, limit=limit, **only)

    async def stop(self, id: int) -> Run:
        """Ask a run to stop; it does so before its next step, and a waiting one at once."""
        return await self._transport.call("runs", "stop", Run, id=id)

    async def delete(self, id: int) -> None:
        await self._transport.call("runs", "delete", type(None), id=id)


class Approvals:
    """What waiting runs ask. An answer is recorded; `runs.resume` goes on with the run."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, query: ApprovalList | None = None) -> Page[Approval]:
        return await self._transport.call("approvals", "list", Page[Approval], query=query or ApprovalList())

    async def get(self, id: int) -> Approval:
        return await self._transport.call("approvals", "get", Approval, id=id)

    async def approve(self, id: int, answer: ApprovalAnswer | None = None) -> Approval:
        return await self._transport.call("approvals", "approve", Approval, id=id, answer=answer or ApprovalAnswer())

    async def deny(self, id: int, answer: ApprovalAnswer | None = None) -> Approval:
        return await self._transport.call("approvals", "deny", Approval, id=id, answer=answer or ApprovalAnswer())


class Versions:
    """Versions of definitions."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, kind: Kind, slug: str) -> list[Version]:
        """All of them, the newest first, without their definitions."""
        return await self._transport.call("versions", "list", list[Version], kind=kind, slug=slug)

    async def get(self, kind: Kind, slug: str, version: int) -> Version:
        return await self._transport.call("versions", "get", Version, kind=kind, slug=slug, version=version)

    async def rollback(self, kind: Kind, slug: str, version: int) -> Version:
        """Make an older version the stored one again."""
        return await self._transport.call("versions", "rollback", Version, kind=kind, slug=slug, version=version)


class Budgets:
    """What runs may spend together in a day or a month."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> list[Budget]:
        return await self._transport.call("budgets", "list", list[Budget])

    async def set(self, set: BudgetSet) -> Budget:
        """Make one, or change the one that is there."""
        return await self._transport.call("budgets", "set", Budget, set=set)

    async def remove(self, scope: BudgetScope, slug: str, period: BudgetPeriod) -> None:
        await self._transport.call("budgets", "remove", type(None), scope=scope, slug=slug, period=period)


class Previews:
    """What a run would do, before it is made."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def plan(self, create: RunCreate) -> RunPlan:
        """Its graph, tools, permissions, and what past runs cost."""
        return await self._transport.call("previews", "plan", RunPlan, create=create)

    async def prompt(self, create: RunCreate) -> AgentPrompt:
        """What an agent's model would read first; without a goal, a stand-in for it."""
        return await self._transport.call("previews", "prompt", AgentPrompt, create=create)


class Conversations:
    """Conversations with agents; `runs.start` with a `conversation_id` is the next turn of one."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, query: ConversationList | None = None) -> Page[Conversation]:
        query = query or ConversationList()
        return await self._transport.call("conversations", "list", Page[Conversation], query=query)

    async def get(self, id: int) -> Conversation:
        """The whole conversation with its turns."""
        return await self._transport.call("conversations", "get", Conversation, id=id)

    async def create(self, create: ConversationCreate) -> Conversation:
        return await self._transport.call("conversations", "create", Conversation, create=create)

    async def update(self, id: int, update: ConversationUpdate) -> Conversation:
        return await self._transport.call("conversations", "update", Conversation, id=id, update=update)

    async def delete(self, id: int) -> None:
        """Forget that its runs belong together; the runs stay."""
        await self._transport.call("conversations", "delete", type(None), id=id)
