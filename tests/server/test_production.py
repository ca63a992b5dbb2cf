"""A production server over a Postgres it was given: several processes, workers on machines of their own, and stops."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psycopg
import pytest

from savant.crypto import new_key
from savant.database.postgres import IDLE_SECONDS
from tests.cli.conftest import Cli
from tests.conftest import OWNER, postgres
from tests.served import PATIENCE, free_port, wait_until_ready
from tests.server.test_waiting import until

pytestmark = pytest.mark.postgres
MODEL = """
turns:
  - {when: {goal: slowly}, text: At last., delay: 3}
  - {text: Hello., delay: 3}
loop: true
"""
FILES = {
    ".savant/agents/speaker.yaml": "name: Speaker\nvisibility: team\n",
    ".savant/workflows/talk.yaml": (
        "name: Talk\nvisibility: team\nsteps:\n"
        + "".join(f"  - {{id: say{number}, agent: speaker, goal: 'Speak slowly'}}\n" for number in range(8))
        + "outputs: {said: '${{ steps.say7.output.text }}'}\n"
    ),
}


class Production:
    """A server and workers, each in a home of its own, over an empty database with an owner and an app role."""

    def __init__(self, folder: Path, owner_url: str) -> None:
        self._folder = folder
        self.database = owner_url.replace(f"//{OWNER}@", "//savant_app@").replace("+psycopg", "")
        self._env = {
            "PATH": os.environ["PATH"], "SAVANT_SECRET_KEYS": new_key(), "SAVANT_MODEL": "scripted/script.yaml",
            "DATABASE_URL": self.database, "SAVANT_SERVER__OWNER_DATABASE_URL": owner_url,
            "SAVANT_SERVER__PUBLIC_URL": "https://savant.example.com", "SAVANT_SERVER__MODELS_BY_PATH": "true",
        }  # fmt: skip
        self.url = f"http://127.0.0.1:{free_port()}"
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        home = self._folder / f"machine-{len(self._started)}"
        home.mkdir()
        (home / "script.yaml").write_text(MODEL)
        process = subprocess.Popen(
            [sys.executable, "-m", "savant", *arguments], cwd=home, text=True,
            env={**self._env, "HOME": str(home), "SAVANT_HOME": str(home)},
            stdout=subprocess.PIPE, stderr=(home / "log").open("w"),
        )  # fmt: skip
        self._started.append(process)
        if arguments[0] == "serve":
            wait_until_ready(process, self.url, home / "log")
        return process

    def serve(self, *arguments: str) -> subprocess.Popen[str]:
        return self.start("serve", "--port", self.url.rpartition(":")[2], "--workers", "2", *arguments)

    def logs(self) -> str:
        return "".join(file.read_text() for file in self._folder.glob("machine-*/log"))

    def close(self) -> None:
        for process in self._started:
            process.terminate()
        for process in self._started:
            process.communicate(timeout=PATIENCE)


@pytest.fixture
def production(tmp_path: Path, postgres_admin: psycopg.Connection) -> Iterator[Production]:
    for url in postgres(postgres_admin, None, OWNER):
        opened = Production(tmp_path, url)
        yield opened
        opened.close()


def ended(process: subprocess.Popen[str]) -> str:
    """What a process printed that ended well on SIGTERM."""
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    return said


def test_a_days_operations(production: Production, tmp_path: Path, postgres_admin: psycopg.Connection) -> None:
    # The first start makes the tables and lets the first owner in, once.
    server = production.serve("--first-owner")
    first = production.start("worker")
    said = ended(server)
    (key,) = set(re.findall(r"svt_live_\w+", said))
    server = production.serve("--first-owner")
    project = tmp_path / "ada"
    project.mkdir()
    ada = Cli(project, {"PATH": os.environ["PATH"], "HOME": str(project), "SAVANT_HOME": str(project / "home")})
    ada.env |= {"SAVANT_URL": production.url, "SAVANT_API_KEY": key}
    for name, text in FILES.items():
        ada.write(name, text)
    assert ada("run", "speaker", "Speak").stdout == "Hello.\n"

    # A worker that is told to stop hands over what it has no time for; whoever follows sees it all the same.
    follower = ada.start("run", "talk")
    until(follower, "talk/say0")
    second = production.start("worker")
    first.send_signal(signal.SIGTERM)

    # A server that is told to stop answers what it was asked; whoever follows a run comes back by themselves.
    with ThreadPoolExecutor() as beside:
        asking = beside.submit(
            httpx2.post, f"{production.url}/v1/models/test", json={"id": "scripted/script.yaml"}, timeout=PATIENCE,
            headers={"Authorization": f"Bearer {key}"},
        )  # fmt: skip
        time.sleep(1.0)
        began = time.monotonic()
        assert "svt_" not in ended(server), "the owner is welcomed once"
        assert time.monotonic() - began < 15, "nobody who only follows keeps it from stopping"
        assert asking.result().status_code == 200, asking.result().text
    server = production.serve()
    told, steps = follower.communicate(timeout=PATIENCE)
    assert (follower.returncode, told) == (0, "At last.\n"), steps
    assert [len(re.findall(rf"talk/say{number} ", steps)) for number in range(1, 8)] == [1] * 7
    first.communicate(timeout=PATIENCE)
    assert first.returncode == 0

    # It is ready only while its database is.
    (name,) = re.findall(r"/(test_\w+)\?", production.database)
    postgres_admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
    postgres_admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
    assert ready(production.url, 503)
    assert httpx2.get(f"{production.url}/healthz").status_code == 200
    postgres_admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    assert ready(production.url, 200)
    time.sleep(2 * IDLE_SECONDS)  # what was used this moment is not tried first, and may be dead
    again = ada("run", "speaker", "Speak")
    assert again.stdout == "Hello.\n", again.stderr
    assert second.poll() is None
    assert "svt_" not in production.logs()
    ended(server)


def ready(url: str, status: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while (found := httpx2.get(f"{url}/readyz").status_code) != status and time.monotonic() < deadline:
        time.sleep(0.1)
    return found == status
