"""Workers as real processes: killed and frozen in the middle of a run, and the run goes on from its journal."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from savant.database.connect import Database
from savant.database.seed import local_actor
from savant.jobs.beside import working
from savant.models.team_member import TeamMember
from savant.models.user import User
from savant.schemas.agents import AgentDefinition
from savant.schemas.programs import Bundle
from savant.schemas.runs import Run, RunCreate
from savant.schemas.workflows import WorkflowDefinition
from savant.services.app import App
from savant.services.perform import perform
from savant.settings import ProviderSettings, Settings
from tests.stubs.models import ModelStub, Reply

pytestmark = [pytest.mark.parametrize("database_url", ["postgres"], indirect=True), pytest.mark.postgres]
ASKS = 4
BUNDLE = Bundle(
    agents={"slow": AgentDefinition(name="Slow")},
    workflows={
        "w": WorkflowDefinition(
            name="W",
            steps=[{"id": f"ask{number}", "agent": "slow", "goal": f"Question {number}"} for number in range(ASKS)],
            outputs={"last": f"${{{{ steps.ask{ASKS - 1}.output.text }}}}"},
        )
    },
)

PRIVATE = Bundle(
    agents=BUNDLE.agents, workflows={"w": msgspec.structs.replace(BUNDLE.workflows["w"], visibility="private")}
)


@pytest.fixture
async def stub() -> AsyncIterator[ModelStub]:
    async with ModelStub([Reply(text="An answer.", delay=1.0)]) as opened:
        yield opened


@pytest.fixture
async def app(tmp_path: Path, database_url: str, stub: ModelStub) -> AsyncIterator[App]:
    """The server's side: it makes runs and never carries one out."""
    provider = ProviderSettings(wire="openai", base_url=stub.url, default_model="stub-model", free=True)
    home = tmp_path / "server"
    settings = Settings(
        home=home, config_dir=home, database_url=database_url, model="stub/stub-model", providers={"stub": provider}
    )
    served = App.serving(settings)
    yield served.acting_as(await local_actor(served.database))
    await served.aclose()


@pytest.fixture
def workers(app: App, stub: ModelStub, tmp_path: Path) -> Iterator[Workers]:
    opened = Workers(app.settings.database, stub.url, tmp_path)
    yield opened
    opened.close()


class Workers:
    """Workers on machines that share nothing but the database: each has a home of its own, and its machine a name.

    All are gone with the test.
    """

    def __init__(self, database_url: str, model_url: str, folder: Path) -> None:
        self._database_url = database_url
        self._config = (
            'model = "stub/stub-model"\n[providers.stub]\nwire = "openai"\n'
            f'base_url = "{model_url}"\ndefault_model = "stub-model"\nfree = true\n'
        )
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        name = f"worker-{len(self._started)}"
        home = self._folder / name
        home.mkdir()
        (home / "config.toml").write_text(self._config)
        environment = kept | {"HOME": str(home), "SAVANT_HOME": str(home), "SAVANT_DATABASE_URL": self._database_url}
        command = [*on_machine(name), sys.executable, "-m", "savant.jobs.worker"]
        process = subprocess.Popen(command, env=environment, cwd=home)
        self._started.append(process)
        return process

    def close(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()


def on_machine(name: str) -> list[str]:
    """What starts a command where the machine has this name, so that nobody on another can look for its process.

    Where that is not allowed it is a process of this machine, which is only found to be dead sooner.
    """
    for user in ([], ["--user", "--map-root-user"]):
        there = ["unshare", *user, "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', name]
        if shutil.which("unshare") and subprocess.run([*there, "true"], capture_output=True).returncode == 0:
            return there
    return []


async def start(app: App) -> Run:
    return await perform(app, "runs", "start", create=RunCreate(type="workflow", slug="w", bundle=BUNDLE))


async def when(app: App, run: Run, condition: Any, seconds: float = 60.0) -> Run:
    async with asyncio.timeout(seconds):
        while not condition(now := await perform(app, "runs", "get", id=run.id)):
            await asyncio.sleep(0.05)
    return now


def finished(run: Run) -> bool:
    return run.status in ("completed", "failed", "stopped", "waiting")


async def in_the_middle(app: App, run: Run) -> None:
    """One answer is recorded, and the next question is asked."""
    async with asyncio.timeout(60):
        while True:
            steps = await perform(app, "runs", "steps", id=run.id)
            if sum(step.type == "model" and step.status == "completed" for step in steps) >= 1:
                return
            await asyncio.sleep(0.05)


async def completed_paths(app: App, run: Run) -> list[str]:
    return [step.path for step in await perform(app, "runs", "steps", id=run.id) if step.status == "completed"]


async def test_a_run_of_a_worker_that_is_killed_goes_on_at_another_within_30_seconds(
    app: App, workers: Workers, stub: ModelStub
) -> None:
    run = await start(app)
    assert run.status == "pending"
    first = workers.start()
    await in_the_middle(app, run)
    workers.start()
    first.kill()
    killed = time.monotonic()
    await when(app, run, lambda now: now.attempts == 2, seconds=45)
    assert time.monotonic() - killed < 30
    ended = await when(app, run, finished)
    assert (ended.status, ended.result) == ("completed", {"outputs": {"last": "An answer."}}), ended.error_message
    paths = await completed_paths(app, run)
    assert len(paths) == len(set(paths)), "no completed step is done twice"
    assert len(stub.requests) <= ASKS + 1, "only what was under way is asked again"


async def test_a_frozen_worker_that_wakes_up_writes_nothing_more(app: App, workers: Workers) -> None:
    run = await start(app)
    first = workers.start()
    await in_the_middle(app, run)
    first.send_signal(signal.SIGSTOP)
    workers.start()
    await when(app, run, lambda now: now.attempts == 2, seconds=45)
    before = await perform(app, "runs", "traces", id=run.id)
    first.send_signal(signal.SIGCONT)
    ended = await when(app, run, finished)
    assert ended.status == "completed", ended.error_message
    await asyncio.sleep(1.0)
    traces = await perform(app, "runs", "traces", id=run.id)
    assert [trace.seq for trace in traces] == list(range(1, len(traces) + 1))
    assert traces[: len(before)] == before
    assert sum(trace.event_type == "run.completed" for trace in traces) == 1
    paths = await completed_paths(app, run)
    assert len(paths) == len(set(paths))
    again = await start(app)  # and the one that was frozen is a worker like any other again
    assert first.poll() is None
    assert (await when(app, again, finished)).status == "completed"


async def test_a_stop_reaches_a_run_in_another_process_within_two_seconds(app: App, workers: Workers) -> None:
    run = await start(app)
    workers.start()
    await in_the_middle(app, run)
    asked = time.monotonic()
    await perform(app, "runs", "stop", id=run.id)
    ended = await when(app, run, finished)
    assert time.monotonic() - asked < 2
    assert (ended.status, ended.error_code) == ("stopped", "stopped")


async def test_a_worker_that_is_told_to_stop_hands_its_run_over_or_ends_it(app: App, workers: Workers) -> None:
    run = await start(app)
    first = workers.start()
    await in_the_middle(app, run)
    first.terminate()
    ended = await when(app, run, finished)
    assert (ended.status, ended.attempts) == ("completed", 1), "what ends within the grace is finished"
    assert await asyncio.to_thread(first.wait, 30) == 0


async def test_what_does_not_end_within_the_grace_is_handed_over_and_goes_on_elsewhere(
    app: App, stub: ModelStub
) -> None:
    run = await start(app)
    async with working(app, grace=0.1):
        await in_the_middle(app, run)
    handed = await perform(app, "runs", "get", id=run.id)
    assert (handed.status, handed.attempts, handed.error_code) == ("pending", 1, None)
    async with working(app):
        ended = await when(app, run, finished)
    assert (ended.status, ended.attempts) == ("completed", 2), ended.error_message
    paths = await completed_paths(app, run)
    assert len(paths) == len(set(paths))
    assert len(stub.requests) <= ASKS + 1


@pytest.mark.parametrize("change", ["left", "demoted"])
async def test_a_queued_run_of_somebody_who_may_not_any_more_is_refused(
    app: App, superuser: Database, change: str
) -> None:
    person, local = User(email="eve@example.org", encrypted_password="!", name="Eve"), app.actor
    async with AsyncSession(superuser.engine) as session:
        session.add(person)
        await session.flush()
        member = TeamMember(team_id=local.team_id, user_id=person.id, role="member")
        session.add(member)
        await session.commit()
        await session.refresh(person)
        theirs = app.acting_as(msgspec.structs.replace(local, user_id=person.id, role="member"))
        run = await perform(theirs, "runs", "start", create=RunCreate(type="workflow", slug="w", bundle=PRIVATE))
        await session.refresh(member)
        if change == "left":
            await session.delete(member)
        else:
            member.role = "viewer"
        await session.commit()
    async with working(app):
        ended = await when(app, run, finished)
    assert (ended.status, ended.error_code, ended.attempts) == ("failed", "forbidden", 0)
    assert [trace.event_type for trace in await perform(app, "runs", "traces", id=run.id)] == ["run.failed"]


async def test_a_run_that_takes_its_workers_with_it_is_given_up(app: App) -> None:
    from sqlalchemy import update

    from savant.models.run import Run as Row
    from savant.services import executions

    run = await start(app)
    async with app.work() as work:
        await work.session.execute(update(Row).where(Row.id == run.id).values(status="running", crashes=2, attempts=2))
    ended = await executions.execute(app, run.id)
    assert (ended.status, ended.error_code) == ("failed", "worker_lost")
