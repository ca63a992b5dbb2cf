"""A server on a real loopback socket, in this process; and keys for it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import uvicorn
from sqlalchemy.ext.asyncio import AsyncSession

import savant.models.all  # noqa: F401  # pyright: ignore[reportUnusedImport]
from savant.database.connect import Database
from savant.database.seed import local_actor
from savant.jobs.beside import working
from savant.models.api_key import ApiKey
from savant.models.team_member import TeamMember
from savant.models.user import User
from savant.schemas.actors import Actor, Role
from savant.server.app import create_app
from savant.services import tokens
from savant.services.app import App
from savant.settings import Settings


@asynccontextmanager
async def opening(settings: Settings, *, serves: bool = True, works: bool = False) -> AsyncGenerator[App]:
    app = App.serving(settings, serves=serves)
    try:
        async with working(app, grace=0.1) if works else nullcontext():
            yield app
    finally:
        await app.aclose()


@asynccontextmanager
async def serving(settings: Settings, *, serves: bool = True, works: bool = False) -> AsyncGenerator[str]:
    """The address of a server over the database of the settings; it is gone with the block.

    Where it does not serve others, whoever asks is on this machine, and may name its folders. Where it works, it
    carries runs out in this process.
    """
    async with serving_app(create_app(lambda: opening(settings, serves=serves, works=works))) as address:
        yield address


@asynccontextmanager
async def serving_app(app: Any) -> AsyncGenerator[str]:
    """The address of an ASGI application."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, lifespan="on", server_header=False)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def mint(superuser: Database, *, role: Role = "owner", scopes: list[str] | None = None) -> str:
    """An API key of somebody new in the local team, who has that role there."""
    local, key = await local_actor(superuser), tokens.make_key()
    async with AsyncSession(superuser.engine) as session:
        person = User(email=f"{key.hash[:12]}@example.org", encrypted_password="!", name=role.title())
        session.add(person)
        await session.flush()
        session.add(TeamMember(team_id=local.team_id, user_id=person.id, role=role))
        session.add(
            ApiKey(
                workspace_id=local.workspace_id, user_id=person.id, name="test",
                prefix=key.prefix, key_hash=key.hash, scopes=scopes,
            )
        )  # fmt: skip
        await session.commit()
    return key.text


async def key_of(superuser: Database, actor: Actor) -> str:
    """An API key of somebody, for the workspace they are in."""
    key = tokens.make_key()
    async with AsyncSession(superuser.engine) as session, session.begin():
        session.add(
            ApiKey(
                workspace_id=actor.workspace_id, user_id=actor.user_id, name="x", prefix=key.prefix, key_hash=key.hash
            )
        )
    return key.text
