"""A real Postgres for one test session, shared by its workers, gone when the session is gone however it ends.

Run as a process of its own: `python embedded_postgres.py FOLDER PID`. It starts the server, writes its address to
FOLDER/address, and stops it and deletes FOLDER as soon as it is told to (SIGTERM) or process PID no longer lives.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from savant.database.embedded import start as start_postgres

SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}
START_SECONDS = 60.0
ROOM = 2 * 1024**3


def start(session: str, owner: int) -> Path:
    """Start the guardian of the session's server, unless another worker has; returns its folder."""
    folder = _folder(session)
    try:
        folder.mkdir(mode=0o755)
    except FileExistsError:
        return folder
    with (folder / "log").open("wb") as log:
        guardian = subprocess.Popen(
            [sys.executable, __file__, str(folder), str(owner)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    (folder / "guardian").write_text(str(guardian.pid))
    return folder


def _folder(session: str) -> Path:
    """In memory if there is room: a new database is 500 files, 15 ms there and 300 ms on a disk."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).total > ROOM
    return (memory if roomy else Path(tempfile.gettempdir())) / f"savant-postgres-{session}"


def address(folder: Path) -> str:
    """The server's address, as soon as it answers."""
    return wait_for_text(folder / "address", folder / "log")


def wait_for_text(path: Path, log: Path | None = None) -> str:
    """What another process writes into a file (atomically), once it is there."""
    deadline = time.monotonic() + START_SECONDS
    while not path.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{path} did not appear.\n{log.read_text() if log and log.exists() else ''}")
        time.sleep(0.02)
    return path.read_text()


def write_text(path: Path, content: str) -> None:
    """Write a file so that nobody sees half of it."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(content)
    partial.replace(path)


def stop(session: str) -> None:
    """Stop the session's server and return when it is gone; nothing if there is none."""
    pid = _folder(session) / "guardian"
    if not pid.exists():
        return
    try:
        guardian = psutil.Process(int(pid.read_text()))
        guardian.terminate()
        guardian.wait(START_SECONDS)
    except psutil.NoSuchProcess:
        pass


def _guard(folder: Path, owner: int) -> None:
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))
    try:
        _serve(folder, owner, told)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(folder: Path, owner: int, told: list[int]) -> None:
    server = start_postgres(folder / "data", SETTINGS)
    try:
        write_text(folder / "address", server.get_uri())
        while not told and psutil.pid_exists(owner):
            time.sleep(0.1)
    finally:
        server.stop()


if __name__ == "__main__":
    _guard(Path(sys.argv[1]), int(sys.argv[2]))
    os._exit(0)
