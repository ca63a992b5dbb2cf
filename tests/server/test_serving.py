"""`savant serve` as a person starts it: one command in an empty home, and gone without a trace when it is told to."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from savant.crypto import new_key
from tests.database.test_embedded import postmaster
from tests.served import free_port, wait_until_ready

pytestmark = pytest.mark.postgres
PATIENCE = 60.0
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="savant-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def environment(home: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "SAVANT_HOME": str(home), **NO_KEYRING, **more}


def savant(home: Path, *arguments: str, typed: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "savant", *arguments],
        env=environment(home, **more), input=typed, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip


def start(home: Path, port: int) -> subprocess.Popen[str]:
    """A server that answers."""
    errors = (home / "stderr").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "savant", "serve", "--port", str(port)],
        env=environment(home), stdout=subprocess.PIPE, stderr=errors, text=True,
    )  # fmt: skip
    wait_until_ready(process, f"http://127.0.0.1:{port}", home / "stderr")
    return process


def stop(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    return said


def test_it_needs_nothing_and_lets_its_first_owner_in_once(home: Path) -> None:
    port = free_port()
    process = start(home, port)
    try:
        assert postmaster(home)
    finally:
        said = stop(process)
    key = re.search(r"svt_live_\w+", said)
    assert key and f"http://127.0.0.1:{port}" in said
    assert postmaster(home) is None
    lines = [json.loads(line) for line in (home / "stderr").read_text().splitlines()]
    assert all(line["timestamp"] and line["level"] for line in lines)

    again = start(home, port)
    try:
        _a_day_with_it(home, f"http://127.0.0.1:{port}", key[0])
    finally:
        assert "svt_" not in stop(again), "an owner is welcomed once"
    assert key[0] not in (home / "stderr").read_text()


def _a_day_with_it(home: Path, url: str, key: str) -> None:
    """The owner invites somebody, who signs in with a password; a key that may little; who is refused, and how."""
    owner = {"SAVANT_URL": url, "SAVANT_API_KEY": key}
    invited = savant(home, "members", "add", "ada@example.org", **owner)
    token = invited.stdout.strip()
    word = "four random words"
    accepted = savant(home, "invitations", "accept", url, token, "--email", "ada@example.org", typed=word)
    assert accepted.returncode == 0, accepted.stderr
    assert savant(home, "login", url, "--email", "ada@example.org", typed=word).returncode == 0
    me = json.loads(savant(home, "whoami", "--json").stdout)["me"]
    assert (me["email"], me["role"]) == ("ada@example.org", "member")
    denied = savant(home, "audit", "list")
    assert (denied.returncode, "admin" in denied.stderr) == (3, True)
    told = json.loads(savant(home, "audit", "list", "--json", **owner).stdout)["items"]
    assert {"members.add", "api_keys.create"} <= {each["action"] for each in told}
    narrow = savant(home, "keys", "create", "ci", "--scope", "runs:execute", **owner).stdout.strip()
    scoped = savant(home, "agents", "list", **owner | {"SAVANT_API_KEY": narrow})
    assert (scoped.returncode, "agents:read" in scoped.stderr) == (3, True)
    assert savant(home, "agents", "list", SAVANT_URL=url, SAVANT_API_KEY="nonsense").returncode == 3
    assert savant(home, "agents", "list", SAVANT_URL="http://127.0.0.1:1", SAVANT_API_KEY=key).returncode == 4
    _somebody_moves_up_and_away(home, owner)
    assert json.loads(savant(home, "whoami", "--json").stdout)["url"] is None


def _somebody_moves_up_and_away(home: Path, owner: dict[str, str]) -> None:
    """Ada becomes an admin, works in another workspace, signs out there, and is removed from the team."""
    assert savant(home, "members", "set-role", "ada@example.org", "admin", **owner).returncode == 0
    assert savant(home, "workspaces", "create", "Pay", **owner).stdout == "local/pay\n"
    assert savant(home, "workspaces", "use", "local/pay").returncode == 0
    shown = savant(home, "whoami", "--json")
    assert shown.returncode == 0, shown.stderr
    moved = json.loads(shown.stdout)["me"]
    assert (moved["workspace"], moved["role"]) == ("pay", "admin")
    out = savant(home, "logout")
    assert (out.returncode, "not revoked" in out.stderr) == (0, False), out.stderr
    names = {each["name"]: each["id"] for each in _keys(home, owner)}
    assert set(names) == {"ci", "first owner"}, "the key went, although it is of another workspace than the one in use"
    assert savant(home, "keys", "delete", str(names["ci"]), **owner).returncode == 0
    assert savant(home, "members", "remove", "ada@example.org", "--yes", **owner).returncode == 0
    assert "ada@example.org" not in savant(home, "members", "list", **owner).stdout


def _keys(home: Path, owner: dict[str, str]) -> list[dict[str, Any]]:
    return json.loads(savant(home, "keys", "list", "--json", **owner).stdout)["items"]


DATABASE = {"DATABASE_URL": "postgresql://savant_app:pa55w0rd@127.0.0.1:1/savant"}
KEY = {"SAVANT_SECRET_KEYS": new_key()}
WEAK = base64.b64encode(b"password" * 4).decode()


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (["--host", "0.0.0.0"], {}, "loopback"),
        (["--host", "0.0.0.0"], DATABASE | KEY, "HTTPS"),
        ([], KEY | {"DATABASE_URL": "sqlite:///x.db"}, "Postgres"),
        ([], DATABASE | KEY, "127.0.0.1"),
        ([], DATABASE | KEY | {"SAVANT_SERVER__PROXIES": "*"}, "server.proxies"),
        ([], DATABASE, "openssl rand -base64 32"),
        ([], DATABASE | {"SAVANT_SECRET_KEYS": WEAK}, "can be guessed"),
        ([], DATABASE | {"SAVANT_SECRET_KEYS": f"{KEY['SAVANT_SECRET_KEYS']} {WEAK}"}, "can be guessed"),
        ([], DATABASE | {"SAVANT_SECRET_KEYS": "secret"}, "32 random bytes"),
    ],
)
def test_it_refuses_to_start_where_that_is_not_safe_or_cannot_be(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], told: str
) -> None:
    done = savant(tmp_path, "serve", *arguments, **environment)
    assert done.returncode in (2, 4)
    assert done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 1
    assert told in done.stderr
    assert "pa55w0rd" not in done.stderr


@pytest.mark.parametrize(("keys", "told"), [({}, "SAVANT_SECRET_KEYS"), ({"SAVANT_SECRET_KEYS": WEAK}, "guessed")])
def test_nor_does_a_worker_start_that_could_not_open_what_others_seal(
    tmp_path: Path, keys: dict[str, str], told: str
) -> None:
    done = savant(tmp_path, "worker", **DATABASE, **keys)
    assert (done.returncode, told in done.stderr, "pa55w0rd" in done.stderr) == (2, True, False)
