"""A run whose record cannot be written ends as failed; it never stays running, and never looks like a success."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from savant.client import Client
from savant.database.connect import Database
from tests.contract.test_runs import a_run

pytestmark = pytest.mark.local("who follows a run on a server reads the very record that breaks here")

LONG: list[dict[str, object]] = [
    {"id": "each", "foreach": list(range(300)), "steps": [{"id": "two", "set": {"twice": "${{ item * 2 }}"}}]},
    {"id": "last", "set": {"commits": 1}},
]


async def execute(owner: Database, statement: str) -> None:
    async with owner.engine.begin() as connection:
        await connection.execute(text(statement))


async def test_a_run_whose_record_breaks_fails(client: Client, owner: Database, root: Path) -> None:
    run = await client.runs.start(a_run(root, LONG))
    await execute(owner, "ALTER TABLE traces RENAME TO elsewhere")
    async for _ in client.runs.follow(run.id):
        pass
    ended = await client.runs.get(run.id)
    assert (ended.status, ended.result) == ("failed", None)
    assert ended.error_code in ("unreachable", "unexpected")
    assert "traces" in (ended.error_message or "")

    await execute(owner, "ALTER TABLE elsewhere RENAME TO traces")
    await client.runs.resume(run.id)
    async for _ in client.runs.follow(run.id):
        pass
    assert (await client.runs.get(run.id)).status == "completed"
