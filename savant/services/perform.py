"""The one way a door calls a service: who may is asked, a unit of work is opened, and the verb is called."""

from __future__ import annotations

import importlib
from typing import Any

from savant import policies
from savant.services.app import App

LOOKS = frozenset({"list", "get", "steps", "traces", "program", "replay", "diff", "export"})
"""Verbs that write nothing, so that they wait for no writer."""
SETTINGS_ONLY = frozenset({"models", "databases", "master_keys"})
"""Nouns that need no workspace."""
WITH_APP = {
    "repositories": frozenset({"create", "index", "locate", "status", "delete"}),
    "search": frozenset({"search"}),
    "secrets": frozenset({"set"}),
    "previews": frozenset({"plan", "prompt"}),
    "runs": frozenset({"start", "fork", "retry"}),
}
"""Verbs that take more than one transaction, or none at all."""
ELSEWHERE = {("runs", "start"): "executions.prepare", ("runs", "fork"): "forks.fork", ("runs", "retry"): "forks.retry"}
"""Verbs whose function is not the one of their name."""


async def perform(app: App, noun: str, verb: str, /, **arguments: Any) -> Any:
    """`noun.verb(**arguments)` in the name of the app's actor; FORBIDDEN if they may not."""
    policies.permit(app.actor, noun, verb)
    service = service_of(noun, verb)
    if noun in SETTINGS_ONLY:
        return await service(app.settings, **arguments)
    if verb in WITH_APP.get(noun, ()):
        return await service(app, **arguments)
    async with app.read() if verb in LOOKS else app.work() as work:
        return await service(work, **arguments)


def service_of(noun: str, verb: str) -> Any:
    """The function behind a verb."""
    module, _, function = ELSEWHERE.get((noun, verb), f"{noun}.{verb}").partition(".")
    return getattr(importlib.import_module(f"savant.services.{module}"), function)
