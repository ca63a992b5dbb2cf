"""A server made for the occasion: its own Postgres, processes of it on loopback, an owner with a key; gone after it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from savant.crypto import new_key
from savant.database import embedded
from savant.services import first_owner, installations
from savant.settings import Settings

START_SECONDS = 60.0
ROOT = Path(__file__).parent.parent


class Installation:
    """A folder, a database with row-level security, and the key of its owner."""

    def __init__(self, home: Path, addresses: embedded.Addresses, key: str) -> None:
        self.home = home
        self.addresses = addresses
        self.key = key
        self._secret_key = new_key()

    @contextmanager
    def process(self, *command: str, **more: str) -> Generator[psutil.Process]:
        """A Python process of the installation, and what it is given on its way; ended with the block."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        home = {"HOME": str(self.home), "SAVANT_HOME": str(self.home), "SAVANT_DATABASE_URL": self.addresses.app}
        unlimited = {"SAVANT_SERVER__REQUESTS_PER_MINUTE": "100000000", "PYTHONPATH": str(ROOT)}
        environment = kept | home | unlimited | {"SAVANT_SECRET_KEYS": self._secret_key} | more
        log = (self.home / f"log-{time.monotonic_ns()}").open("wb")
        process = subprocess.Popen([sys.executable, *command], env=environment, cwd=self.home, stdout=log, stderr=log)
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()

    @asynccontextmanager
    async def served(self, *, limited: bool = True) -> AsyncGenerator[tuple[int, psutil.Process]]:
        """The port and the process of `savant serve`; without `limited` nobody counts how often one asks."""
        port = free_port()
        command = ("-m", "savant.server", "serve", "--port", str(port))
        more: Mapping[str, str] = {} if limited else {"SAVANT_SERVER__REQUESTS_PER_MINUTE": "0"}
        with self.process(*command, **more) as process:
            await answers(port, process)
            yield port, process

    @asynccontextmanager
    async def workers(self, count: int) -> AsyncGenerator[list[psutil.Process]]:
        """So many worker processes."""
        async with AsyncExitStack() as stack:
            started = [stack.enter_context(self.process("-m", "savant.server", "worker")) for _ in range(count)]
            yield started


@asynccontextmanager
async def installation(config: str = "") -> AsyncGenerator[Installation]:
    """A new one; `config` is its config.toml."""
    with tempfile.TemporaryDirectory(prefix="savant-bench-") as folder:
        home = Path(folder)
        (home / "config.toml").write_text(config)
        with embedded.postgres(home) as addresses:
            await installations.prepare(addresses.owner)
            settings = Settings(home=home, config_dir=home, database_url=addresses.app)
            async with installations.serving(settings) as app:
                welcome = await first_owner.welcome(app)
            assert welcome is not None
            yield Installation(home, addresses, welcome.api_key)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def answers(port: int, process: psutil.Process) -> None:
    """Return once somebody listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.status() != psutil.STATUS_ZOMBIE:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise RuntimeError("The process does not listen; see the logs in its folder.")


def spent(processes: Sequence[psutil.Process]) -> float:
    """CPU seconds that processes have spent, those of their children included."""
    times = [each.cpu_times() for process in processes for each in [process, *process.children(recursive=True)]]
    return sum(time.user + time.system for time in times)
