"""The one way a door calls a service: who may is asked, a unit of work is opened, and the verb is called."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import Any

from savant import policies
from savant.database.changes import seen, watch
from savant.database.work import Reading, UnitOfWork
from savant.services.app import App
from savant.telemetry.tracing import span

Check = Callable[[Reading], Awaitable[None]]
LOOKS = frozenset({"list", "get", "status", "runs", "steps", "traces", "program", "replay", "diff", "export"})
"""Verbs that write nothing, so that they wait for no writer."""
SETTINGS_ONLY = frozenset({"models", "databases", "master_keys"})
"""Nouns that need no workspace."""
WITH_APP = {
    "repositories": frozenset({"create", "index", "locate", "status", "delete"}),
    "search": frozenset({"search"}),
    "secrets": frozenset({"set"}),
    "previews": frozenset({"plan", "prompt"}),
    "runs": frozenset({"start", "fork", "retry"}),
    "agents": frozenset({"execute"}),
    "workflows": frozenset({"execute"}),
}
"""Verbs that take more than one transaction, or none at all."""
ELSEWHERE = {
    ("runs", "start"): "executions.prepare",
    ("runs", "fork"): "forks.fork",
    ("runs", "retry"): "forks.retry",
    ("agents", "execute"): "runnables.execute_agent",
    ("agents", "runs"): "runnables.agent_runs",
    ("workflows", "execute"): "runnables.execute_workflow",
    ("workflows", "runs"): "runnables.workflow_runs",
}
"""Verbs whose function is not the one of their name."""


async def perform(app: App, noun: str, verb: str, /, *, given_that: Check | None = None, **arguments: Any) -> Any:
    """`noun.verb(**arguments)` in the name of the app's actor; FORBIDDEN if they may not.

    `given_that` raises, in the transaction of a change, where the change must not be made.
    """
    rule = policies.permit(app.actor, noun, verb)
    with span(f"{noun}.{verb}"):
        return await _perform(app, noun, verb, arguments, given_that, changes=rule.access != "read")


async def _perform(
    app: App, noun: str, verb: str, arguments: dict[str, Any], given_that: Check | None, *, changes: bool
) -> Any:
    service = service_of(noun, verb)
    if noun in SETTINGS_ONLY:
        return await service(app.settings, **arguments)
    changes = changes and verb not in LOOKS
    if verb in WITH_APP.get(noun, ()):
        if given_that is not None:
            async with app.read() as work:
                await given_that(work)
        # What a guest does is done, and noted, in a workspace of their own.
        if not changes or app.actor.role == "guest":
            return await service(app, **arguments)
        return await _noted(app, noun, verb, arguments)
    if not changes:
        async with app.read() if verb in LOOKS else app.work() as work:
            return await service(work, **arguments)
    async with app.work() as work:
        if given_that is not None:
            await given_that(work)
        watch(work.session)
        result = await service(work, **arguments)
        await _audit(work, noun, verb, arguments)
        return result


async def _noted(app: App, noun: str, verb: str, arguments: dict[str, Any]) -> Any:
    """Call a verb of several transactions: the first that changes something says so in the log, with it or not at all.

    What changes nothing that is watched is noted once it is done.
    """
    told: list[UnitOfWork] = []

    async def note(work: UnitOfWork) -> None:
        await work.session.flush()
        if seen(work.session) and not told:
            told.append(work)
            await _audit(work, noun, verb, arguments)

    result = await service_of(noun, verb)(app.noting(note), **arguments)
    if not told:
        async with app.work() as work:
            await _audit(work, noun, verb, arguments)
    return result


async def _audit(work: UnitOfWork, noun: str, verb: str, arguments: dict[str, Any]) -> None:
    """Note what was done, to what as far as plain arguments say."""
    named = {name: value for name, value in arguments.items() if isinstance(value, int | str)}
    await service_of("audit_logs", "record")(work, noun, verb, named=named or None)


def service_of(noun: str, verb: str) -> Any:
    """The function behind a verb."""
    module, _, function = ELSEWHERE.get((noun, verb), f"{noun}.{verb}").partition(".")
    return getattr(importlib.import_module(f"savant.services.{module}"), function)
