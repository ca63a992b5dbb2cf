"""The migrations are in the wheel, and are found there."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from savant.database.migrate import folder, revisions

ROOT = Path(__file__).parents[2]
START = """
import asyncio, sys
import savant
from savant.database.connect import Database
from savant.database.migrate import current, folder, upgrade

async def main():
    async with Database.open(sys.argv[1]) as database:
        await upgrade(database)
        print(folder(), await current(database))

asyncio.run(main())
"""


def test_a_wheel_brings_its_migrations_and_makes_a_database_with_them(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(unpacked)
    scripts = {path.relative_to(folder()).as_posix() for path in folder().rglob("*.py")}
    assert {f"savant/_migrations/{script}" for script in scripts} <= names
    assert len(scripts) >= 2
    assert not any("__pycache__" in name for name in names)
    made = subprocess.run(
        [sys.executable, "-c", START, f"sqlite+aiosqlite:///{tmp_path}/savant.db"],
        cwd=unpacked, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert made.stdout.split() == [str(unpacked / "savant" / "_migrations"), revisions()[-1]]


def test_a_checkout_uses_its_own() -> None:
    assert folder() == ROOT / "migrations"
