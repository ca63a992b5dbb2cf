"""A server's side of an installation: it makes runs, and only a worker carries them out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from savant.database.seed import local_actor
from savant.services.app import App
from savant.settings import ServerSettings, Settings


@pytest.fixture
async def served(tmp_path: Path, database_url: str) -> AsyncIterator[App]:
    """In the name of the owner of the local team."""
    home = tmp_path / "home"
    lenient = ServerSettings(models_by_path=True)
    opened = App.serving(Settings(home=home, config_dir=home, database_url=database_url, shell=True, server=lenient))
    yield opened.acting_as(await local_actor(opened.database))
    await opened.aclose()
