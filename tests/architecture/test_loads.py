"""What is loaded for what: asked of real processes, because an import anywhere in the chain would show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"sqlalchemy", "litestar", "textual", "httpx", "pydantic", "rich", "yaml", "minijinja", "aiosqlite", "alembic"}


def loaded(*arguments: str, tmp_path: Path) -> set[str]:
    """The top-level modules in a process of `savant` when it exits, and `savant.*` in full."""
    script = (
        "import sys, atexit\n"
        "atexit.register(lambda: print('\\n' + ' '.join(sys.modules), file=sys.stderr))\n"
        f"sys.argv = ['savant', *{list(arguments)!r}]\n"
        "from savant.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "SAVANT_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    names = done.stderr.splitlines()[-1].split()
    return {name if name.startswith("savant") else name.split(".")[0] for name in names}


def test_the_version_is_answered_before_anything_is_loaded(tmp_path: Path) -> None:
    names = loaded("--version", tmp_path=tmp_path)
    assert not names & (HEAVY | {"typer", "msgspec", "asyncio", "typing", "savant.cli.app", "savant.settings"})


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_loads_none_of_the_heavy_libraries(arguments: list[str], tmp_path: Path) -> None:
    names = loaded(*arguments, tmp_path=tmp_path)
    assert "typer" in names
    assert not names & (HEAVY | {"msgspec", "asyncio", "savant.client", "savant.settings"})


@pytest.mark.parametrize("command", ["agents", "run", "runs", "config", "models"])
def test_the_help_of_a_command_loads_neither_database_nor_runtime(command: str, tmp_path: Path) -> None:
    names = loaded(command, "--help", tmp_path=tmp_path)
    assert not names & HEAVY
    assert not {name for name in names if name.startswith(("savant.services", "savant.runtime", "savant.database"))}


def test_settings_are_shown_without_the_database(tmp_path: Path) -> None:
    names = loaded("config", "show", "--resolved", tmp_path=tmp_path)
    assert not names & {"sqlalchemy", "litestar", "httpx", "rich", "yaml"}


def test_a_list_of_definitions_loads_neither_yaml_nor_engines_where_there_are_no_files(tmp_path: Path) -> None:
    loaded("agents", "list", tmp_path=tmp_path)  # makes the database, which takes more
    names = loaded("agents", "list", tmp_path=tmp_path)
    assert not names & (HEAVY - {"sqlalchemy", "aiosqlite"})
    assert not {name for name in names if name.startswith(("savant.runtime.engines", "savant.runtime.workflows.valid"))}


def test_a_client_of_a_server_loads_neither_database_nor_services(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from savant.client import connect\n"
        "from savant.errors import SavantError\n"
        "from savant.settings import Settings\n"
        "async def ask():\n"
        "    async with connect(Settings(home=Path('.'), config_dir=Path('.'), url='http://127.0.0.1:9')) as client:\n"
        "        await client.agents.list()\n"
        "try:\n"
        "    asyncio.run(ask())\n"
        "except SavantError as error:\n"
        "    print(error.code.value, *sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    code, *names = done.stdout.split()
    assert code == "unreachable", done.stderr
    assert not {name.split(".")[0] for name in names} & {"sqlalchemy", "aiosqlite", "psycopg", "litestar", "httpx"}
    assert not {name for name in names if name.startswith(("savant.services", "savant.database", "savant.models"))}
