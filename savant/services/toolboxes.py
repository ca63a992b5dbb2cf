"""The tools a run may reach: the built-in engines over its repository."""

from __future__ import annotations

from pathlib import Path

from savant.runtime.engines.catalog import builtin
from savant.runtime.tools.toolbox import EngineToolbox
from savant.schemas.programs import Bundle
from savant.settings import Settings


def build(settings: Settings, root: Path | None, bundle: Bundle) -> EngineToolbox:
    """A toolbox over `root`; the shell is in it only where the settings turn it on."""
    return EngineToolbox(builtin(root, bundle, shell=settings.shell))
