"""`savant serve`: one command that needs nothing, or a production server over a Postgres that it is given."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from savant.errors import ErrorCode, SavantError
from savant.server import operations, processes
from savant.server.app import create_app
from savant.server.protecting import Protected
from savant.server.watching import Watched
from savant.services import installations
from savant.settings import Settings, load
from savant.telemetry import logs, metrics, tracing

MEGABYTE = 1024 * 1024
APPLICATION = "savant.server.serving:application"


class Place(NamedTuple):
    """Where a server listens, and with how many processes."""

    host: str
    port: int
    workers: int
    welcomes: bool = False
    """Whether a production server lets its first owner in; what it prints then is a secret."""

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def settings_here() -> Settings:
    """The settings of this process; DATABASE_URL counts where nothing else names a database."""
    settings = load(Path.cwd(), os.environ)
    if settings.database_url is None and (url := os.environ.get("DATABASE_URL")):
        settings = msgspec.structs.replace(settings, database_url=url)
    return settings


def application() -> Any:
    """The whole server as an ASGI application; each process of it makes its own."""
    settings = settings_here()
    observe(settings, "savant-server")
    _collect_seldom()
    return complete(settings)


def complete(settings: Settings) -> Any:
    """The application with all that surrounds it."""
    inner = create_app(
        lambda: installations.serving(settings),
        handlers=operations.HANDLERS,
        origins=settings.server.origins,
        max_body=settings.server.max_body_mb * MEGABYTE,
    )
    https = (settings.server.public_url or "").startswith("https://")
    return Watched(Protected(inner, seconds=settings.server.request_seconds, https=https))


def observe(settings: Settings, service: str) -> None:
    """Begin to log, measure and trace in this process."""
    logs.configure()
    metrics.enable()
    if endpoint := settings.server.otlp_endpoint or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        tracing.enable(endpoint, service)


def work(concurrency: int, *, beside: bool = False) -> None:
    """Do jobs until a signal ends it; the worker `beside` a server has its home, and the key in it."""
    from savant.jobs import worker

    settings = settings_here()
    if settings.database_url is None:
        hint = "Set DATABASE_URL to that of the server; `savant serve` without one has a worker beside it."
        raise SavantError(ErrorCode.INVALID_CONFIG, "A worker needs the database of a server.", hint=hint)
    if not beside:
        installations.refuse_unsafe_keys(settings)
    observe(settings, "savant-worker")
    asyncio.run(worker.main(concurrency))


def serve(place: Place) -> None:
    """Serve until a signal ends it."""
    settings = settings_here()
    if settings.database_url is None:
        _serve_alone(settings, place)
        return
    installations.refuse_unsafe(settings, place.host)
    if owner := settings.server.owner_database_url:
        asyncio.run(installations.prepare(owner))
    asyncio.run(_introduce(settings, place) if place.welcomes else _try(settings))
    _run(settings, place)


def _serve_alone(settings: Settings, place: Place) -> None:
    """With a Postgres, a first owner and a worker of its own."""
    from savant.database import embedded

    if not installations.is_loopback(place.host):
        hint = "Set DATABASE_URL to a Postgres of your own, and put a proxy with HTTPS before the server."
        message = "A server without DATABASE_URL is for this machine, and listens on loopback alone."
        raise SavantError(ErrorCode.INVALID_CONFIG, message, hint=hint)
    with embedded.postgres(settings.home) as addresses:
        asyncio.run(installations.prepare(addresses.owner))
        os.environ["SAVANT_DATABASE_URL"] = addresses.app  # what the processes of this server work on
        settings = msgspec.structs.replace(settings, database_url=addresses.app)
        asyncio.run(_introduce(settings, place))
        with processes.worker_beside():
            _run(settings, place)


async def _try(settings: Settings) -> None:
    """Fail here, with a reason, rather than in every process."""
    async with installations.serving(settings):
        pass


async def _introduce(settings: Settings, place: Place) -> None:
    """Say where it is; on the first start, how its owner comes in."""
    from savant.services import first_owner

    async with installations.serving(settings) as app:
        welcome = await first_owner.welcome(app)
    at = settings.server.public_url or place.url
    print(f"Savant serves at {at}", flush=True)  # noqa: T201
    if welcome is not None:
        print(  # noqa: T201
            f"Its first owner's API key, shown this once: {welcome.api_key}\n"
            f"Sign in once, within {welcome.minutes} minutes, with the token: {welcome.sign_in_token}\n"
            f"On a machine of yours: savant login {at} --key {welcome.api_key}",
            flush=True,
        )


def _run(settings: Settings, place: Place) -> None:
    import uvicorn

    _take_all_files()
    with processes.measured_together(place.workers):
        observe(settings, "savant-server")
        uvicorn.run(
            APPLICATION,
            factory=True,
            host=place.host,
            port=place.port,
            workers=place.workers,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.server.proxies),
            forwarded_allow_ips=settings.server.proxies.replace(" ", ",") or None,
            timeout_graceful_shutdown=round(settings.server.stop_seconds),
        )


def _take_all_files() -> None:
    """Whoever follows a run is an open file, and the number that a process begins with is often 1,024."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _collect_seldom() -> None:
    """With ten thousand followers in memory, looking through it all for cycles is a quarter of the work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
