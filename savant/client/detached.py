"""A run that outlives the command that started it: another process of the same installation carries it out."""

from __future__ import annotations

import subprocess
import sys

import msgspec

from savant.settings import Settings


def spawn(settings: Settings, run_id: int) -> None:
    """Carry out the run in the background, under these very settings; what the process says goes to a log at home.

    The settings are handed over through a pipe: they may hold keys, which belong in no argument and no file.
    """
    logs = settings.home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / f"run-{run_id}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "savant.jobs", str(run_id)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdin is not None
    with process.stdin as pipe:
        pipe.write(msgspec.json.encode(settings, enc_hook=str))
