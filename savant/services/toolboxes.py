"""The tools a run may reach: the built-in engines over its repository, and the workspace's index and memories."""

from __future__ import annotations

from pathlib import Path

from savant.runtime.engines.catalog import builtin
from savant.runtime.tools.toolbox import EngineToolbox
from savant.schemas.programs import Bundle
from savant.schemas.steps import Effect
from savant.services.app import App
from savant.services.code_index import StoredIndex
from savant.services.memories import Memories


def build(app: App, root: Path | None, bundle: Bundle, repository: str | None = None) -> EngineToolbox:
    """A toolbox over `root`, with the settings' word on effects; `repository` is what it is a checkout of, by slug.

    The shell is in it only where they turn it on, and never on a server, which is everybody's.
    """
    settings = app.settings
    effects: dict[str, Effect] = {name: tool.effect for name, tool in settings.tools.items() if tool.effect is not None}
    index = StoredIndex(app, repository)
    return EngineToolbox(
        builtin(root, bundle, shell=settings.shell and not app.serves, memories=Memories(app), index=index), effects
    )
