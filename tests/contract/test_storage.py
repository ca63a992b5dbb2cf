"""Room: old runs go, what is pinned or shared stays, and nothing that is left is harmed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from savant.client import Client
from savant.database.connect import Database
from savant.schemas.runs import Run
from savant.schemas.storage import Gc
from tests.contract.test_replays import review
from tests.contract.test_runs import a_run, carried_out

pytestmark = pytest.mark.carried_out


async def three(client: Client, root: Path) -> list[Run]:
    return [(await carried_out(client, a_run(root)))[0] for _ in range(3)]


async def left(client: Client) -> list[int]:
    return [run.id for run in (await client.runs.list()).items][::-1]


async def age(superuser: Database) -> None:
    """Make what is stored old enough to be collected beside running work."""
    async with superuser.engine.begin() as connection:
        kept_at = "kept_at - interval '1 day'" if superuser.dialect == "postgresql" else "datetime(kept_at, '-1 day')"
        await connection.execute(text(f"UPDATE blobs SET kept_at = {kept_at}"))


async def test_without_limits_nothing_goes(client: Client, root: Path) -> None:
    runs = await three(client, root)
    report = await client.storage.gc(Gc())
    assert (report.runs, report.blobs) == ([], 0)
    assert report.bytes_before == report.bytes_after > 0
    assert await left(client) == [run.id for run in runs]


async def test_what_is_too_old_goes_and_what_is_pinned_stays(client: Client, root: Path, superuser: Database) -> None:
    first, second, third = await three(client, root)
    await age(superuser)
    await asyncio.sleep(0.05)
    report = await client.storage.gc(Gc(keep_seconds=0.01, pin=[second.id], dry_run=True))
    assert report.runs == [first.id, third.id]
    assert await left(client) == [first.id, second.id, third.id]
    report = await client.storage.gc(Gc(keep_seconds=0.01, pin=[second.id]))
    assert (report.runs, report.pinned) == ([first.id, third.id], [second.id])
    assert (await client.storage.gc(Gc(keep_seconds=0.01))).runs == []
    assert await left(client) == [second.id]
    assert (await client.runs.replay(second.id)).equal
    await client.storage.gc(Gc(keep_seconds=0.01, unpin=[second.id]))
    assert await left(client) == []
    assert (await client.storage.gc(Gc())).bytes_before == 0


async def test_the_oldest_go_until_the_rest_fits(client: Client, root: Path, superuser: Database) -> None:
    from savant.schemas.runs import RunConfig, RunCreate

    first, second, third = await three(client, root)
    create = RunCreate(type="workflow", slug="review", bundle=review(root), config=RunConfig(root=str(root)))
    last, _ = await carried_out(client, create)
    await age(superuser)
    size = (await client.storage.gc(Gc())).bytes_before
    report = await client.storage.gc(Gc(max_bytes=size - 1))
    assert report.runs == [first.id]
    assert report.bytes_after < size
    report = await client.storage.gc(Gc(max_bytes=1, pin=[last.id]))
    assert report.runs == [second.id, third.id]
    assert (await client.runs.replay(last.id)).equal
    assert (await client.storage.gc(Gc())).bytes_before == report.bytes_after
