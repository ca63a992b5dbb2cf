"""Many processes start at once on a machine where Savant never ran: each finds a whole database, made once."""

from __future__ import annotations

import subprocess
import sys
import textwrap

from sqlalchemy import func, select

from savant.database.connect import Database
from savant.database.migrate import current, revisions, upgrade
from savant.database.seed import local_actor
from savant.models.run import Run
from savant.models.user import User
from savant.models.workspace import Workspace

PROCESSES = 8
START = textwrap.dedent("""
    import asyncio, sys
    from savant.database.connect import Database
    from savant.database.migrate import upgrade
    from savant.database.seed import local_actor
    from savant.models.run import Run

    async def main():
        async with Database.open(sys.argv[1]) as database:
            sys.stdin.readline()
            await upgrade(database)
            async with database.work(await local_actor(database)) as work:
                work.session.add(Run(runnable_type="agent", runnable_slug="a"))

    print("ready", flush=True)
    asyncio.run(main())
""")
LOADED = textwrap.dedent("""
    import asyncio, sys
    from savant.database.connect import Database
    from savant.database.migrate import upgrade
    from savant.database.seed import local_actor

    async def main():
        async with Database.open(sys.argv[1]) as database:
            await upgrade(database)
            from sqlalchemy import select
            from savant.models.agent import Agent
            async with database.read(await local_actor(database)) as work:
                assert (await work.session.scalars(select(Agent))).all() == []

    asyncio.run(main())
    print(*sys.modules)
""")


async def test_eight_processes_start_at_once(empty_url: str) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", START, empty_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for _ in range(PROCESSES)
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    failures = [errors for process in started if (errors := process.communicate(timeout=120)[1])]
    assert failures == []
    assert [process.returncode for process in started] == [0] * PROCESSES
    async with Database.open(empty_url) as database:
        assert await current(database) == revisions()[-1]
        async with database.read(await local_actor(database)) as work:
            for model, count in ((User, 1), (Workspace, 1), (Run, PROCESSES)):
                assert await work.session.scalar(select(func.count(model.id))) == count


async def test_a_database_that_is_up_to_date_loads_no_alembic_and_no_other_dialect(database_url: str) -> None:
    listed = subprocess.run(
        [sys.executable, "-c", LOADED, database_url], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "savant.models.agent" in listed
    assert not {"alembic", "mako", "savant.models.all", "savant.models.webhook"} & set(listed)
    if database_url.startswith("sqlite"):
        assert not {"psycopg", "sqlalchemy.dialects.postgresql"} & set(listed)


async def test_upgrading_again_changes_nothing(database: Database) -> None:
    before = await local_actor(database)
    await upgrade(database)
    assert await local_actor(database) == before
    assert (before.role, before.team_id) == ("owner", 1)
