"""Savant as a person has it: real processes over a database of their own, and a killer that leaves no children."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from sqlalchemy.engine import make_url

from savant.database.postgres import conninfo

PATIENCE = 90.0
LOOK_SECONDS = 0.002


@dataclass
class Installation:
    """A home, a database, and `savant` processes over them; `close` finds whatever was left running."""

    home: Path
    database_url: str
    connection: Any = field(init=False)

    def __post_init__(self) -> None:
        url = make_url(self.database_url)
        if url.get_backend_name() == "sqlite":
            self.connection = sqlite3.connect(str(url.database), isolation_level=None, timeout=30)
        else:
            self.connection = psycopg.connect(conninfo(url, workspace_id=1), autocommit=True)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What the database holds, read beside Savant."""
        return list(self.connection.execute(statement).fetchall())

    def value(self, statement: str) -> Any:
        return self.rows(statement)[0][0]

    def start(self, folder: Path, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "savant", *arguments, "--json"],
            cwd=folder, env=self._environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def savant(self, folder: Path, *arguments: str) -> tuple[int, Any]:
        """The exit code and the JSON of a command that is left alone."""
        return finished(self.start(folder, *arguments))

    def processes(self) -> list[psutil.Process]:
        """Every process that belongs to this home, whoever started it."""
        return [process for process in psutil.process_iter() if _of_home(process, str(self.home))]

    def close(self) -> None:
        self.connection.close()
        left = self.processes()
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        assert left == []

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "HOME": str(self.home),
            "SAVANT_HOME": str(self.home),
            "SAVANT_DATABASE_URL": self.database_url,
            "SAVANT_SHELL": "true",
        }


def finished(process: subprocess.Popen[str]) -> tuple[int, Any]:
    """The exit code of a process and the one JSON document it printed (None if it was killed)."""
    out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err, err
    return process.returncode, json.loads(out) if out.strip() else None


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"It never came to this: {what}"
        time.sleep(LOOK_SECONDS)


def kill(process: subprocess.Popen[str] | psutil.Process, meanwhile: Callable[[], None] = lambda: None) -> None:
    """kill -9; returns when the process and what it had started have ended, so that the world stands still."""
    children: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        os.kill(process.pid, signal.SIGSTOP)  # it starts nothing between the look at its children and its end
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    meanwhile()
    psutil.wait_procs(children, timeout=PATIENCE)


def kill_at_random(process: subprocess.Popen[str], dice: random.Random, home: Installation, ahead: int) -> None:
    """Kill a process that carries out a run when up to `ahead` more traces are stored, or a moment after."""
    seen = home.value("SELECT count(*) FROM traces") + dice.randint(0, ahead)
    while process.poll() is None and home.value("SELECT count(*) FROM traces") < seen:
        time.sleep(LOOK_SECONDS)
    time.sleep(dice.choice([0, dice.uniform(0, 0.01), dice.uniform(0, 0.1)]))
    kill(process)


def _of_home(process: psutil.Process, home: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("SAVANT_HOME") == home
    except psutil.Error:
        return False


def files_in(folder: Path) -> Iterator[str]:
    """Every file under a folder, relative, sorted, without git's own."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return (str(path.relative_to(folder)) for path in paths if ".git" not in path.parts)
