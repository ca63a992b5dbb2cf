"""`savant serve` and `savant worker` as processes over a test's Postgres, and people beside them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from sqlalchemy.engine import make_url

from savant.crypto import new_key
from savant.database.connect import Database
from tests.cli.conftest import Cli
from tests.serving import mint

PATIENCE = 60.0
UNLIMITED = {
    "SAVANT_SERVER__REQUESTS_PER_MINUTE": "0",
    "SAVANT_SERVER__STRANGERS_PER_MINUTE": "0",
    "SAVANT_SERVER__PRIVATE_ADDRESSES": "true",
    "SAVANT_SECRET_KEYS": new_key(),
}


class Served:
    """A server in `folder`, with as many workers as are started; `model` is the script that every agent follows."""

    def __init__(self, folder: Path, database_url: str, model: str) -> None:
        self._folder = folder
        self._database_url = database_url
        (folder / "script.yaml").write_text(model)
        self.url = f"http://127.0.0.1:{free_port()}"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._server = self._start("serve", "--port", self.url.rpartition(":")[2])
        wait_until_ready(self._server, self.url, self._folder / "log")

    def stop(self, number: int) -> None:
        """End the server with a signal; its workers go on."""
        self._server.send_signal(number)
        self._server.wait(PATIENCE)

    def worker(self) -> subprocess.Popen[bytes]:
        return self._start("worker")

    def key(self) -> str:
        """An API key of an owner of the team."""
        return asyncio.run(self._mint())

    def at(self, folder: Path, key: str | None) -> Cli:
        """`savant` as somebody with this key has it, in a folder and home of their own."""
        (folder / "project").mkdir(parents=True)
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "SAVANT_HOME": str(folder), "SAVANT_URL": self.url}
        return Cli(folder / "project", env if key is None else env | {"SAVANT_API_KEY": key})

    def settings(self, **settings: object) -> None:
        """Give all workspaces these settings."""
        address = make_url(self._database_url).set(drivername="postgresql", username="postgres")
        with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute("UPDATE workspaces SET settings = %s", (json.dumps(settings),))

    def close(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(PATIENCE)

    async def _mint(self) -> str:
        address = make_url(self._database_url).set(username="postgres")
        async with Database.open(address.render_as_string(hide_password=False)) as superuser:
            return await mint(superuser)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        home = str(self._folder)
        env = {"PATH": os.environ["PATH"], "HOME": home, "SAVANT_HOME": home, "DATABASE_URL": self._database_url}
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "savant", *arguments], cwd=home, stdout=log, stderr=log,
                env=env | UNLIMITED | {"SAVANT_MODEL": "scripted/script.yaml"},
            )  # fmt: skip
        self._processes.append(process)
        return process


@contextmanager
def served(folder: Path, database_url: str, model: str) -> Generator[Served]:
    """A server that answers, without a worker yet."""
    server = Served(folder, database_url, model)
    try:
        server.start()
        yield server
    finally:
        server.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_until_ready(process: subprocess.Popen[Any], url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"{url}/readyz").status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())
