"""Secrets: sealed in the database, given to tools, shown to nobody, and sealed anew with another key."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from savant.client import Client, connect
from savant.crypto import new_key
from savant.database.connect import Database
from savant.database.declared import Declared
from savant.database.lookups import declared
from savant.database.seed import local_actor
from savant.errors import ErrorCode, SavantError
from savant.models.all import MODELS
from savant.schemas.programs import Bundle
from savant.schemas.runs import Run, RunConfig, RunCreate
from savant.schemas.secrets import SecretSet
from savant.schemas.workflows import WorkflowDefinition
from savant.settings import Settings

pytestmark = pytest.mark.carried_out

VALUE = 'hunter22-Ω"quoted"'


def program(root: Path, *steps: dict[str, Any]) -> RunCreate:
    workflow = WorkflowDefinition(name="W", steps=list(steps))
    return RunCreate(
        type="workflow", slug="w", bundle=Bundle(workflows={"w": workflow}), config=RunConfig(root=str(root))
    )


WRITE = {"id": "put", "tool": "fs.write", "with": {"path": "t.txt", "text": "Bearer ${{ secrets.TOKEN }}"}}
READ = {"id": "take", "tool": "fs.read", "with": {"path": "t.txt"}}


async def started(client: Client, create: RunCreate) -> Run:
    run = await client.runs.start(create)
    async for _ in client.runs.follow(run.id):
        pass
    return await client.runs.get(run.id)


@asynccontextmanager
async def in_the_workspace(settings: Settings) -> AsyncGenerator[AsyncConnection, None]:
    """A bare connection, that sees what the local user's workspace has."""
    async with Database.open(settings.database) as database:
        actor = await local_actor(database)
        who = Declared(actor.workspace_id, actor.team_id, actor.user_id)
        async with declared(database, who, write=True) as connection:
            yield connection


async def everything(settings: Settings) -> str:
    """All that is in the database, as text."""
    async with in_the_workspace(settings) as connection:
        names = [model.__tablename__ for model in MODELS]
        rows = [(await connection.execute(text(f"SELECT * FROM {name}"))).all() for name in names]
    return repr([[tuple(_plain(value) for value in row) for row in table] for table in rows])


def _plain(value: Any) -> Any:
    import zlib

    if not isinstance(value, bytes):
        return value
    for unpack in (zlib.decompress, bytes):
        try:
            return unpack(value).decode()
        except (zlib.error, UnicodeDecodeError):
            continue
    return value.hex()


async def test_names_and_times_are_listed_and_values_are_not(client: Client) -> None:
    first = await client.secrets.set(SecretSet(name="TOKEN", value=VALUE))
    await client.secrets.set(SecretSet(name="ANOTHER", value=VALUE))
    listed = await client.secrets.list()
    assert [secret.name for secret in listed] == ["ANOTHER", "TOKEN"]
    assert listed[1] == first
    assert "hunter22" not in msgspec.json.encode(listed).decode() + repr(SecretSet(name="TOKEN", value=VALUE))
    changed = await client.secrets.set(SecretSet(name="TOKEN", value="another"))
    assert (changed.created_at, changed.updated_at > first.updated_at) == (first.created_at, True)
    await client.secrets.delete("TOKEN")
    assert [secret.name for secret in await client.secrets.list()] == ["ANOTHER"]
    with pytest.raises(SavantError, match="no secret `TOKEN`") as gone:
        await client.secrets.delete("TOKEN")
    assert gone.value.code is ErrorCode.NOT_FOUND


async def test_a_tool_is_given_it_and_the_record_is_not(client: Client, settings: Settings, root: Path) -> None:
    await client.secrets.set(SecretSet(name="TOKEN", value=VALUE))
    run = await started(client, program(root, WRITE, READ))
    assert (run.status, run.error_message) == ("completed", None)
    assert (root / "t.txt").read_text() == f"Bearer {VALUE}"
    put, take = await client.runs.steps(run.id)
    assert put.input == {"path": "t.txt", "text": "Bearer ${{ secrets.TOKEN }}"}
    assert take.output["text"].splitlines()[0].endswith("Bearer ***")
    assert "secrets.TOKEN" in await everything(settings)
    assert "hunter22" not in await everything(settings)


async def test_a_replay_needs_no_secret(client: Client, root: Path) -> None:
    await client.secrets.set(SecretSet(name="TOKEN", value=VALUE))
    run = await started(client, program(root, WRITE, READ))
    await client.secrets.delete("TOKEN")
    (root / "t.txt").unlink()
    assert (await client.runs.replay(run.id)).equal


async def test_what_looks_like_a_secret_in_data_stays_data(client: Client, root: Path) -> None:
    await client.secrets.set(SecretSet(name="TOKEN", value=VALUE))
    (root / "evil.txt").write_text("${{ secrets.TOKEN }}")
    read = {"id": "evil", "tool": "fs.read", "with": {"path": "evil.txt"}}
    copy = {"id": "copy", "tool": "fs.write", "with": {"path": "c.txt", "text": "${{ steps.evil.output.text }}"}}
    assert (await started(client, program(root, WRITE, read, copy))).status == "completed"
    assert "${{ secrets.TOKEN }}" in (root / "c.txt").read_text()
    assert "hunter22" not in (root / "c.txt").read_text()


async def test_a_secret_that_is_not_there_is_said_before_anything_is_done(client: Client, root: Path) -> None:
    with pytest.raises(SavantError, match=r"no secret `TOKEN`.*savant secrets set TOKEN") as gone:
        await client.runs.start(program(root, WRITE))
    assert gone.value.code is ErrorCode.NOT_FOUND
    plan = await client.previews.plan(program(root, WRITE))
    assert any("no secret `TOKEN`" in problem for problem in plan.problems)
    assert (await client.runs.list()).items == []


@pytest.mark.local("the keys of a server are changed on its own machine")
async def test_a_secret_is_sealed_anew_and_opens_with_the_new_key(
    client: Client, settings: Settings, root: Path
) -> None:
    first = await client.secrets.set(SecretSet(name="TOKEN", value=VALUE))
    rotation = await client.secrets.rotate_key()
    assert (rotation.resealed, rotation.unopened, rotation.forgotten) == (1, [], [])
    [after] = await client.secrets.list()
    assert after.key_id == rotation.key_id != first.key_id
    again = await client.secrets.rotate_key(forget=True)
    assert (again.resealed, sorted(again.forgotten)) == (1, sorted([first.key_id, rotation.key_id]))
    assert (settings.home / "secret.keys").stat().st_mode & 0o777 == 0o600
    assert (await started(client, program(root, WRITE))).status == "completed"
    assert (root / "t.txt").read_text() == f"Bearer {VALUE}"


async def test_keys_of_the_settings_come_before_those_of_the_machine(settings: Settings, root: Path) -> None:
    old, new = new_key(), new_key()
    settings = msgspec.structs.replace(settings, secret_keys=old)
    async with connect(settings) as client:
        first = await client.secrets.set(SecretSet(name="TOKEN", value=VALUE))
    assert not (settings.home / "secret.keys").exists()
    both = msgspec.structs.replace(settings, secret_keys=f"{new},{old}")
    async with connect(both) as client:
        assert (await client.secrets.rotate_key()).resealed == 1
        with pytest.raises(SavantError, match="by taking them out"):
            await client.secrets.rotate_key(forget=True)
    async with connect(msgspec.structs.replace(settings, secret_keys=new)) as client:
        assert (await started(client, program(root, WRITE))).status == "completed"
    async with connect(settings) as client:
        run = await started(client, program(root, WRITE))
        assert (run.status, run.error_code) == ("failed", "invalid_config")
        assert "`TOKEN` cannot be opened" in (run.error_message or "")
        assert (await client.secrets.rotate_key()).unopened == ["TOKEN"]
        assert (await client.secrets.set(SecretSet(name="TOKEN", value="once more"))).key_id == first.key_id


async def test_a_row_copied_to_another_name_does_not_open(client: Client, settings: Settings, root: Path) -> None:
    await client.secrets.set(SecretSet(name="MINE", value=VALUE))
    await client.secrets.set(SecretSet(name="TOKEN", value="something else"))
    async with in_the_workspace(settings) as connection:
        await connection.execute(
            text("UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'MINE') WHERE name = 'TOKEN'")
        )
    run = await started(client, program(root, WRITE))
    assert (run.status, run.error_code) == ("failed", "unexpected")
    assert "sealed for something else" in (run.error_message or "")
    assert not (root / "t.txt").exists()


async def test_a_lost_key_is_said(client: Client, settings: Settings, root: Path) -> None:
    await client.secrets.set(SecretSet(name="TOKEN", value=VALUE))
    (settings.home / "secret.keys").unlink()
    run = await started(client, program(root, WRITE))
    assert run.error_code == "invalid_config"
    assert "key that opens secrets is not here" in (run.error_message or "")
