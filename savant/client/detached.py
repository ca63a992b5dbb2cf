"""A run that outlives the command that started it: another process of the same installation carries it out."""

from __future__ import annotations

import os
import subprocess
import sys

from savant.settings import Settings


def spawn(settings: Settings, run_id: int) -> None:
    """Carry out the run in the background; what the process says goes to a log in the home folder."""
    logs = settings.home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / f"run-{run_id}.log").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "savant.jobs", str(run_id)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "SAVANT_HOME": str(settings.home)},
        )
