"""An installation as a whole: made ready, checked for what is unsafe, and its first owner let in."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from savant.database import pgvector
from savant.database.connect import Database
from savant.database.measures import pool, queue, watch
from savant.database.migrate import current, revisions, upgrade
from savant.database.roles import faults, make_app_role
from savant.errors import ErrorCode, SavantError
from savant.services.app import App
from savant.settings import Settings
from savant.telemetry import metrics

LEAST_DIFFERENT = 12
"""Bytes of a key that differ; 32 random ones have fewer once in 10^25 keys."""


async def prepare(owner_url: str) -> None:
    """Make or upgrade the tables in the name of their owner, and let the role that servers work as at them."""
    async with Database.open(owner_url) as owner:
        await upgrade(owner)
        await pgvector.prepare_later(owner)
        await make_app_role(owner)


@asynccontextmanager
async def serving(settings: Settings) -> AsyncGenerator[App, None]:
    """The installation behind a server or a worker; INVALID_CONFIG if what it works on is not fit for it."""
    app = App.serving(settings)
    watch(app.database)
    try:
        await check(app)
        if found := await faults(app.database):
            raise SavantError(
                ErrorCode.INVALID_CONFIG,
                f"The database's role `{make_url(settings.database).username}` is not safe to serve with: "
                f"{', '.join(found)}.",
                hint="Give DATABASE_URL the role `savant_app`, and SAVANT_SERVER__OWNER_DATABASE_URL the owner's.",
            )
        yield app
    finally:
        await app.aclose()


async def check(app: App) -> None:
    """The database answers and has the tables of this version; else INVALID_CONFIG, or UNREACHABLE."""
    revision, known = await current(app.database), revisions()[-1]
    if revision != known:
        raise SavantError(
            ErrorCode.INVALID_CONFIG,
            f"The database is at revision {revision or 'none'}, and this version needs {known}.",
            hint="Set SAVANT_SERVER__OWNER_DATABASE_URL, so that `savant serve` can upgrade it.",
        )


def refuse_unsafe(settings: Settings, host: str) -> None:
    """INVALID_CONFIG where a production server would let others read or guess what they must not."""
    unsafe: list[str] = []
    public = settings.server.public_url
    if not is_loopback(host) and not (public and urlsplit(public).scheme == "https"):
        unsafe.append(
            f"it listens on {host} without HTTPS: put a proxy with HTTPS before it, and set SAVANT_SERVER__PUBLIC_URL"
            " to its https:// address"
        )
    if make_url(settings.database).get_backend_name() != "postgresql":
        unsafe.append("a server for a team needs Postgres: set DATABASE_URL to one")
    if "*" in settings.server.origins:
        unsafe.append("server.cors_origins lets every site in: name those that may")
    if "*" in settings.server.proxies:
        unsafe.append("server.proxies believes everybody about where they come from: name the proxies' addresses")
    _refuse([*unsafe, *_unsafe_keys(settings)])


def refuse_unsafe_keys(settings: Settings) -> None:
    """INVALID_CONFIG where what seals secrets is missing or can be guessed."""
    _refuse(_unsafe_keys(settings))


def _refuse(unsafe: list[str]) -> None:
    if unsafe:
        raise SavantError(ErrorCode.INVALID_CONFIG, f"This is not safe: {'; '.join(unsafe)}.")


def _unsafe_keys(settings: Settings) -> list[str]:
    """Of keys that seal secrets: none, so that each machine would make its own, or one that could be guessed."""
    from savant.crypto import read_keys
    from savant.services.keystores import keystore

    keys = read_keys(keystore(settings).read() or "")
    if not keys:
        return [
            "there is no key to seal secrets with: make one with `openssl rand -base64 32`, and set SAVANT_SECRET_KEYS"
            " to it for the server and for every worker"
        ]
    if any(len(set(key)) < LEAST_DIFFERENT for key in keys):
        return ["a key in SAVANT_SECRET_KEYS can be guessed: make another with `openssl rand -base64 32`"]
    return []


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_secure(settings: Settings, host: str) -> bool:
    """Whether people come by HTTPS, so that a cookie may go no other way; a proxy may call the server by any name."""
    return (settings.server.public_url or "").startswith("https://") or not is_loopback(host)


async def measure(app: App) -> None:
    """Take the measures that are only known by looking."""
    for state, number in pool(app.database).items():
        metrics.gauge("pool", number, state=state)
    jobs, oldest = await queue(app.database)
    for status in ("todo", "doing", "failed"):
        metrics.gauge("jobs", jobs.get(status, 0), status=status)
    metrics.gauge("oldest", oldest)
