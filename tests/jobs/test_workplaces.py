"""What a run on a server works in: a checkout of a repository of its workspace, or an empty folder of its own."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from savant import clock
from savant.errors import ErrorCode, SavantError
from savant.jobs.beside import working
from savant.models.run import Run as Row
from savant.schemas.programs import Bundle
from savant.schemas.runs import FINISHED, Run, RunConfig, RunCreate
from savant.schemas.workflows import WorkflowDefinition
from savant.services import workplaces
from savant.services.app import App
from savant.services.perform import perform
from tests.jobs.origins import add
from tests.runtime.indexing.trees import git, repository, write

pytestmark = [pytest.mark.parametrize("database_url", ["postgres"], indirect=True), pytest.mark.postgres]
READS: list[dict[str, Any]] = [
    {"id": "file", "tool": "fs.read", "with": {"path": "a.txt"}},
    {"id": "log", "tool": "git.log"},
]
OUTPUTS = {"text": "${{ steps.file.output.text }}", "log": "${{ steps.log.output.commits }}"}


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return repository(tmp_path.resolve() / "origin", {"a.txt": "As it was.\n"})


def create(steps: list[dict[str, Any]], outputs: dict[str, str] | None = None, **config: Any) -> RunCreate:
    bundle = Bundle(workflows={"w": WorkflowDefinition(name="W", steps=steps, outputs=outputs or {})})
    return RunCreate(type="workflow", slug="w", bundle=bundle, config=RunConfig(**config))


async def ended(app: App, run: Run) -> Run:
    async with asyncio.timeout(60):
        while (now := await perform(app, "runs", "get", id=run.id)).status not in FINISHED:
            await asyncio.sleep(0.05)
    return now


async def carried_out(app: App, wanted: RunCreate) -> Run:
    run = await perform(app, "runs", "start", create=wanted)
    async with working(app):
        return await ended(app, run)


def folders(app: App) -> list[str]:
    return [each.name for each in (app.settings.home / "cache" / "runs").glob("*/*")]


def head(origin: Path) -> str:
    return git(origin, "rev-parse", "HEAD").decode().strip()


async def test_a_run_reads_the_files_and_the_history_of_a_repository(served: App, origin: Path) -> None:
    await add(served, origin)
    run = await carried_out(served, create(READS, OUTPUTS, repository="r"))
    assert run.status == "completed", run.error_message
    assert run.result["outputs"]["text"] == "As it was.\n"
    assert [commit["commit"] for commit in run.result["outputs"]["log"]] == [head(origin)]
    assert run.repository_commit == head(origin)
    assert folders(served) == [], "what has ended for good leaves nothing behind"


async def test_a_commit_or_a_branch_is_worked_on_when_it_is_named(served: App, origin: Path) -> None:
    await add(served, origin)
    first = head(origin)
    write(origin, {"a.txt": "As it is now.\n"})
    git(origin, "commit", "-qam", "Second")
    git(origin, "branch", "side", first)
    for config, text in (
        ({}, "As it is now.\n"),
        ({"commit": first}, "As it was.\n"),
        ({"branch": "side"}, "As it was.\n"),
    ):
        run = await carried_out(served, create(READS, OUTPUTS, repository="r", **config))
        assert run.result["outputs"]["text"] == text, run.error_message
    run = await carried_out(served, create(READS, repository="r", branch="nowhere"))
    assert (run.status, run.error_code) == ("failed", "not_found")


async def test_a_run_without_a_repository_has_an_empty_folder_of_its_own(served: App) -> None:
    steps: list[dict[str, Any]] = [
        {"id": "before", "tool": "fs.list"},
        {"id": "write", "tool": "fs.write", "with": {"path": "b.txt", "text": "Mine."}},
        {"id": "read", "tool": "fs.read", "with": {"path": "b.txt"}},
    ]
    outputs = {"before": "${{ steps.before.output.entries }}", "text": "${{ steps.read.output.text }}"}
    for _ in range(2):
        run = await carried_out(served, create(steps, outputs))
        assert run.status == "completed", run.error_message
        assert run.result["outputs"] == {"before": [], "text": "Mine."}


async def test_there_is_no_shell_on_a_server_whatever_its_settings_say(served: App) -> None:
    with pytest.raises(SavantError) as refused:
        await perform(
            served, "runs", "start", create=create([{"id": "s", "tool": "shell.run", "with": {"command": "id"}}])
        )
    assert "shell.run" in str(refused.value)


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"root": "/"}, ErrorCode.FORBIDDEN),
        ({"repository": "other"}, ErrorCode.NOT_FOUND),
        ({"branch": "main"}, ErrorCode.VALIDATION),
    ],
)
async def test_what_cannot_be_worked_in_is_refused_before_there_is_a_run(
    served: App, config: dict[str, Any], code: ErrorCode
) -> None:
    with pytest.raises(SavantError) as refused:
        await perform(served, "runs", "start", create=create(READS, **config))
    assert refused.value.code is code


async def test_a_folder_waits_for_a_run_that_failed_until_nobody_will_resume_it(served: App) -> None:
    steps: list[dict[str, Any]] = [
        {"id": "write", "tool": "fs.write", "with": {"path": "b.txt", "text": "Mine."}},
        {"id": "fail", "tool": "fs.read", "with": {"path": "nowhere"}},
    ]
    run = await carried_out(served, create(steps))
    assert run.status == "failed"
    await workplaces.sweep(served)
    assert folders(served) == [str(run.id)]
    async with served.work() as work:
        old = clock.now() - 2 * workplaces.KEPT
        await work.session.execute(update(Row).where(Row.id == run.id).values(completed_at=old))
    await workplaces.sweep(served)
    assert folders(served) == []


async def test_what_a_worker_left_behind_that_was_killed_is_removed(served: App) -> None:
    steps: list[dict[str, Any]] = [{"id": "fail", "tool": "fs.read", "with": {"path": "nowhere"}}]
    run = await carried_out(served, create(steps))
    async with served.work() as work:  # another machine took the run up, and it ended well there
        await work.session.execute(update(Row).where(Row.id == run.id).values(status="completed", error_code=None))
    begun, given_up = (
        served.settings.home / "cache" / "runs" / str(served.actor.workspace_id) / f"{run.id}.{name}" for name in "ab"
    )
    for folder in (begun, given_up):
        folder.mkdir()
    old = (clock.now() - 2 * workplaces.MAKING).timestamp()
    os.utime(given_up, (old, old))
    gone = served.settings.home / "cache" / "runs" / "999" / "1"  # its workspace is not there any more
    gone.mkdir(parents=True)
    await workplaces.sweep(served)
    assert folders(served) == [begun.name]
