"""The shipped example runs as it is, and an agent needs no database."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples" / "hello_agent.py"


def test_the_example_answers_and_shows_what_it_recorded(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, EXAMPLE], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["It is 5.", "1. agent/1/model", "2. agent/1/tools[0]", "3. agent/2/model"]


def test_the_example_loads_no_database_and_nothing_else_that_is_heavy(tmp_path: Path) -> None:
    program = (
        "import json, runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__'); "
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, EXAMPLE], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "savant" in loaded
    assert not loaded & {
        "sqlalchemy",
        "aiosqlite",
        "alembic",
        "httpx",
        "minijinja",
        "yaml",
        "rich",
        "typer",
        "pydantic",
    }
